import { describe, expect, test } from 'vitest';
import { beginsFault, inverses } from '../harness/fault.ts';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import { countFaults, faultsHappened } from './faults.ts';

const line = (f: string, error?: string): Op => {
  return {
    index: 0,
    time: 0,
    process: 'nemesis',
    type: 'info',
    f,
    value: null,
    ...(error === undefined ? {} : { error }),
  };
};
const done = (f: string): Op[] => [line(f), line(f)];

describe('faults that happened', () => {
  test('are counted when done, without phases and the ends of faults', () => {
    const history = History.from([
      ...done('phase'),
      ...done('partition'),
      ...done('heal'),
      ...done('partition'),
      ...done('kill'),
      ...done('start'),
      line('kill'),
    ]);
    expect(countFaults(history)).toEqual({ partition: 2, kill: 1 });
  });

  test('do not include one whose completion carries an error', () => {
    expect(countFaults(History.from([line('kill'), line('kill', 'no such node'), ...done('kill')]))).toEqual({
      kill: 1,
    });
  });

  test('know every fault that only ends another', () => {
    for (const f of Object.keys(inverses)) expect(countFaults(History.from(done(f))), f).toEqual({});
    for (const f of ['partition', 'delay', 'kill', 'pause', 'bump', 'torn-write', 'add', 'remove']) {
      expect(beginsFault(f)).toBe(true);
      expect(countFaults(History.from(done(f))), f).toEqual({ [f]: 1 });
    }
  });

  test('make the run unknown where an asked nemesis began none', () => {
    const asked = [
      { name: 'partition', faults: ['partition', 'heal'] },
      { name: 'clock', faults: ['bump', 'drift', 'reset-clock'] },
    ];
    const history = History.from([...done('partition'), ...done('heal'), ...done('reset-clock')]);
    expect(faultsHappened(history, asked)).toEqual({
      valid: 'unknown',
      reason: 'no fault of clock happened, so nothing was tested under it',
      faults: { partition: 1 },
    });
    expect(faultsHappened(history, asked.slice(0, 1)).valid).toBe(true);
    // It kills for the sake of what it is called after.
    const truncate = { name: 'truncate', faults: ['kill', 'truncate', 'start'] };
    const killed = [...done('kill'), ...done('start')];
    expect(faultsHappened(History.from(killed), [truncate]).valid).toBe('unknown');
    expect(faultsHappened(History.from([...killed, ...done('truncate')]), [truncate]).valid).toBe(true);
    expect(faultsHappened(History.from([]), []).valid).toBe(true);
  });
});
