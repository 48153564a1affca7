import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import { parseHistory } from '../../history/read.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import type { TransactionalVerdict } from './evidence.ts';
import { checkRwRegister, type RwRegisterOptions, rwRegister } from './rw-register.ts';
import { historyOfText } from './testing/transactions-of-text.ts';

const check = (text: string, model = 'strict-serializable', options: RwRegisterOptions = {}): TransactionalVerdict =>
  checkRwRegister(historyOfText(text), { consistencyModels: [model], ...options });

const storyOf = (verdict: TransactionalVerdict, anomaly: string): readonly string[] | undefined =>
  verdict.evidence[anomaly]?.[0]?.story;

/** Ops one after another, each invoked with what it returns. */
const serially = (text: string): string =>
  text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [process, , ...rest] = line.trim().split(/\s+/);
      return [`${process} invoke ${rest.join(' ')}`, line];
    })
    .join('\n');

/** Ops all at the same time. */
function atOnce(text: string): string {
  const lines = text.trim().split('\n');
  return [...lines.map((line) => line.replace(/ok|info|fail/, 'invoke')), ...lines].join('\n');
}

describe('a valid history', () => {
  test('is one that some order explains', () => {
    const verdict = check(serially('0 ok wx1 ry\n1 ok rx==1 wy2\n0 ok rx==1 ry==2 wx3\n2 ok rx==3 ry==2'));
    expect(verdict).toEqual({
      valid: true,
      models: ['strict-serializable'],
      transactions: 4,
      anomalies: [],
      otherAnomalies: [],
      not: [],
      alsoNot: [],
      undecided: [],
      evidence: {},
    });
  });

  test('may have anomalies that the models asked for do not rule out', () => {
    const lost = atOnce('0 ok rx wx1\n1 ok rx wx2');
    expect(check(lost, 'read-committed')).toMatchObject({ valid: true, anomalies: [], not: [] });
    expect(check(lost, 'read-committed').otherAnomalies).toContain('lost-update');
  });

  test('may have an ok without value, whose reads say nothing', () => {
    const history = historyOf(`
      0 invoke txn [["w","x",1],["r","y",null]]
      0 ok txn
      0 invoke txn [["r","x",null]]
      0 ok txn [["r","x",1]]`);
    expect(checkRwRegister(history).valid).toBe(true);
  });
});

describe('what may have happened', () => {
  const later = (found: string): string =>
    `0 invoke wx1\n0 info wx1\n1 invoke rx\n1 ok rx==1\n1 invoke rx\n1 ok ${found}`;

  test('happened if it was read', () => {
    expect(check(later('rx==1')).valid).toBe(true);
    expect(check(later('rx')).anomalies).toContain('G-single-item-realtime');
    expect(check(later('rx').replace('0 info wx1\n', '')).anomalies).toContain('G-single-item-realtime');
    expect(check(later('rx'), 'strict-serializable', { inference: false }).valid).toBe(true);
  });

  test('may never have happened', () => {
    expect(check('0 invoke wx1\n0 info wx1\n1 invoke rx\n1 ok rx\n1 invoke rx\n1 ok rx').valid).toBe(true);
  });

  describe('happened whole if one of its writes was read', () => {
    const half = '0 invoke wx1 wy1\n0 info wx1 wy1\n3 invoke rx\n3 ok rx==1\n3 invoke ry\n3 ok ry';

    test('so that who did not see another of them was there before', () => {
      const verdict = check(half);
      expect(verdict).toMatchObject({ anomalies: ['G-single-item-realtime'], not: ['strong-snapshot-isolation'] });
      expect(storyOf(verdict, 'G-single-item-realtime')).toEqual([
        'T1 < T2, because T1 read nil from key "y", and T2 wrote 1, which comes after it: nil was there at first.',
        'T2 < T3, because T3 read 1, which T2 wrote to key "x".',
        'However, T3 < T1, because T3 had returned (line 4), 100 ms before T1 was invoked (line 5): a contradiction.',
      ]);
      expect(check(half.replace('0 info wx1 wy1\n', '')).anomalies).toEqual(['G-single-item-realtime']);
      expect(check(half, 'strong-session-serializable').anomalies).toEqual(['G-single-item-process']);
      expect(check(atOnce('0 info wx1 wy1\n1 ok rx==1 ry'), 'snapshot-isolation').anomalies).toEqual(['G-single-item']);
    });

    test('but not where nothing is known of when, nor where it does not count', () => {
      expect(check(half, 'serializable').valid).toBe(true);
      expect(check('0 invoke wx1 wy1\n3 invoke rx\n4 invoke ry\n3 ok rx==1\n4 ok ry').valid).toBe(true);
      expect(check('0 invoke wx1 wy1\n3 invoke ry\n3 ok ry\n3 invoke rx\n3 ok rx==1').valid).toBe(true);
      expect(check(half, 'strict-serializable', { inference: false }).valid).toBe(true);
      expect(check(half, 'strong-read-committed').valid).toBe(true);
    });

    test('but not where what was read is of another, of nobody, or not known', () => {
      expect(check(half.replace('ok rx==1', 'ok rx')).valid).toBe(true);
      const untold = half.replace('ok rx==1', 'info rx==1').replaceAll('3 invoke ry\n3 ok', '4 invoke ry\n4 ok');
      expect(check(untold).anomalies).toEqual(['empty-transaction-graph']);
      expect(check(`1 invoke wx1\n${half}`)).toMatchObject({
        valid: 'unknown',
        anomalies: [],
      });
      expect(check(half.replaceAll('wx1 wy1', 'wx2 wy1').replace('3', '1 invoke wx1\n1 ok wx1\n3')).valid).toBe(true);
    });

    test('but is no write that others surely overwrote, where reads may be dirty', () => {
      // Process 0 saw the 2 of y and then wrote x and y, which was undone after process 3 had read its 1 of x.
      const undone = (end: string): string => `
        1 invoke wx2 wy2
        0 invoke ry
        0 ok ry==2
        0 invoke wx1 wy1
        3 invoke rx
        3 ok rx==1
        0 ${end}
        3 invoke rx
        3 ok rx==2
        1 ok wx2 wy2`;
      const asserted = { sequentialKeys: true };
      expect(check(undone('info wx1 wy1'), 'read-uncommitted', asserted).valid).toBe(true);
      expect(check(undone('info wx1 wy1'), 'read-committed', asserted).anomalies).toEqual(['G1c']);
      expect(check(undone('ok wx1 wy1'), 'read-uncommitted', asserted).anomalies).toEqual(['G0']);
    });
  });

  test('is no G0: that it happened is known from reads', () => {
    const reads = atOnce('0 info wx1 wy1\n1 ok wx2 wy2\n2 ok rx==1 wx3\n3 ok rx==3');
    expect(check(reads, 'read-uncommitted').valid).toBe(true);
  });
});

describe('what is wrong with reads', () => {
  test('G1a: of what failed', () => {
    const verdict = check(atOnce('0 fail wx1\n1 ok rx==1'), 'read-committed');
    expect(verdict).toMatchObject({
      valid: false,
      anomalies: ['G1a', 'empty-transaction-graph'],
      not: ['read-committed'],
    });
    expect(storyOf(verdict, 'G1a')).toEqual([
      'T1 failed, so it wrote nothing.',
      'T2 read 1 from key "x", which T1 would have written.',
    ]);
    expect(check(atOnce('0 info wx1\n1 ok rx==1'), 'read-committed').valid).toBe(true);
    expect(check(atOnce('0 fail wx1\n2 ok wx1\n1 ok rx==1'), 'read-committed').valid).toBe(true);
  });

  test('G1b: of what was overwritten by who wrote it', () => {
    const verdict = check(atOnce('0 ok wx1 wx2\n1 ok rx==1\n2 ok rx==2'), 'read-committed');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['G1b'] });
    expect(storyOf(verdict, 'G1b')).toEqual([
      'T1 wrote 1 to key "x", and later another value.',
      'T2 read 1: a state from the middle of T1.',
    ]);
    expect(check(atOnce('0 ok wx1 rx==1 wx2\n1 ok rx==2'), 'read-committed').valid).toBe(true);
    expect(check(atOnce('0 ok wx1 wx2 wx1\n1 ok rx==1'), 'read-committed').valid).toBe(true);
  });

  test('garbage-read: of what nobody wrote, but not nil', () => {
    const verdict = check(atOnce('0 ok wx1\n1 ok rx==9'), 'read-committed');
    expect(verdict.anomalies).toContain('garbage-read');
    expect(storyOf(verdict, 'garbage-read')).toEqual(['T1 read 9 from key "x", but nobody wrote it there.']);
    expect(check(atOnce('0 ok wx1\n1 ok rx\n2 ok rx==1'), 'read-committed').anomalies).toEqual([]);
    expect(check(atOnce('0 ok wy9\n1 ok rx==9'), 'read-committed').anomalies).toContain('garbage-read');
  });

  test('internal: not what the transaction itself had read or written', () => {
    const verdict = check(atOnce('0 ok wx1 rx==2\n1 ok wx2\n2 ok rx==2'), 'read-atomic');
    expect(storyOf(verdict, 'internal')).toEqual(['T1 read 2 from key "x", where it had written 1 just before.']);
    for (const own of ['wx1 rx', 'rx==3 rx==1', 'rx rx==3', 'wx1 wx2 rx==1']) {
      expect(check(atOnce(`0 ok ${own}\n1 ok wx3`), 'read-atomic').anomalies, own).toContain('internal');
    }
    expect(check(atOnce('0 ok rx==3 rx==3 wx1 rx==1\n1 ok wx3'), 'read-atomic').valid).toBe(true);
    // Elle does not hold a transaction to a nil that it read.
    expect(check(atOnce('0 ok rx rx==3\n1 ok wx3'), 'read-atomic', { inference: false }).anomalies).toEqual([]);
  });

  test('future-read: what the transaction wrote only later', () => {
    const verdict = check(serially('0 ok rx==1 wx1'), 'serializable');
    expect(storyOf(verdict, 'future-read')).toEqual(['T1 read 1 from key "x", which it wrote itself, but later.']);
    expect(check(serially('0 ok wx1 rx==1 wx1\n0 ok rx==1'), 'serializable').anomalies).toEqual([]);
    for (const fate of ['info', 'fail']) {
      expect(check(atOnce(`0 ${fate} rx==1 wx1\n1 ok ry==1\n2 ok wy1`), 'serializable').anomalies, fate).toEqual([]);
    }
  });

  test('future-read: also of what the transaction then overwrote itself', () => {
    const seen = serially('0 ok wx1\n0 ok rx==1\n0 ok ry==1 wy1 wy2');
    const verdict = check(seen);
    expect(verdict).toMatchObject({ valid: false, anomalies: ['future-read'], not: ['read-committed'] });
    expect(storyOf(verdict, 'future-read')).toEqual(['T1 read 1 from key "y", which it wrote itself, but later.']);
    expect(verdict.evidence['future-read']![0]!.minimal).toEqual([4]);
    expect(check(seen, 'read-uncommitted').valid).toBe(true);
    expect(check(seen.replaceAll('ry==1 wy1 wy2', 'wy1 ry==1 wy1 wy2')).valid).toBe(true);
    expect(check(seen.replaceAll('ry==1 wy1 wy2', 'wy1 ry==1 wy2')).valid).toBe(true);
    const again = check(seen.replaceAll('ry==1 wy1 wy2', 'wy1 wy2 ry==1 wy1 wy3'));
    expect([...again.anomalies, ...again.otherAnomalies]).toEqual(['internal']);
    // It may have read what process 1 wrote.
    for (const other of ['wy1', 'wy1 wy3']) {
      const invoked = `1 invoke ${other}\n`;
      for (const ofTwo of [invoked + seen, seen.replace('0 ok ry', `${invoked}0 ok ry`)]) {
        expect(check(ofTwo).valid, ofTwo).not.toBe(true);
        expect(check(ofTwo).anomalies, ofTwo).not.toContain('future-read');
      }
    }
    // What process 1 failed to write it cannot have read either.
    expect(check(`1 invoke wy1\n1 fail wy1\n${seen}`).anomalies).toEqual(['future-read']);
  });

  test('dirty-update: a committed write by who had read what failed', () => {
    const verdict = check(atOnce('0 fail wx1\n1 ok rx==1 wx2\n2 ok rx==2'), 'read-committed');
    expect(verdict.anomalies).toEqual(['G1a', 'dirty-update']);
    expect(storyOf(verdict, 'dirty-update')).toEqual([
      'T1 failed, so it wrote nothing.',
      'T2, which was ok, read T1\'s 1 from key "x" and then wrote 2.',
    ]);
    expect(check(atOnce('0 fail wx1\n1 info rx wx2\n2 ok rx==2'), 'read-committed').anomalies).toEqual([]);
  });

  test('lost-update: two that wrote a key after they read the same version of it', () => {
    const verdict = check(atOnce('0 ok wx1\n1 ok rx==1 wx2\n2 ok rx==1 wx3'), 'cursor-stability');
    expect(verdict.anomalies).toEqual(['lost-update']);
    expect(verdict.evidence['lost-update']![0]).toMatchObject({ ops: [1, 2], minimal: [0, 1, 2] });
    expect(check(atOnce('0 ok rx wx1\n1 info rx wx2\n2 ok rx==2'), 'cursor-stability').anomalies).toEqual([]);
    expect(check(atOnce('0 ok rx wx1\n1 ok rx wy2\n2 ok wx3 rx==3'), 'cursor-stability').anomalies).toEqual([]);
    // The second saw what the first wrote before it wrote itself.
    expect(check(atOnce('0 ok rx wx1\n1 ok rx rx==1 wx2'), 'cursor-stability').anomalies).toEqual([]);
  });
});

describe('cycles', () => {
  test('G1c: two that read from each other', () => {
    const verdict = check(atOnce('0 ok wx1 ry==2\n1 ok wy2 rx==1'), 'read-committed');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['G1c'] });
    expect(storyOf(verdict, 'G1c')).toEqual([
      'T1 < T2, because T2 read 1, which T1 wrote to key "x".',
      'However, T2 < T1, because T1 read 2, which T2 wrote to key "y": a contradiction.',
    ]);
  });

  test('G-single-item: one that saw half of another', () => {
    const verdict = check(atOnce('0 ok wx1 wy1\n1 ok rx==1 ry'), 'snapshot-isolation');
    expect(verdict).toMatchObject({ anomalies: ['G-single-item'], not: ['consistent-view', 'repeatable-read'] });
    expect(storyOf(verdict, 'G-single-item')).toEqual([
      'T1 < T2, because T1 read nil from key "y", and T2 wrote 1, which comes after it: nil was there at first.',
      'However, T2 < T1, because T1 read 1, which T2 wrote to key "x": a contradiction.',
    ]);
    expect(check(atOnce('0 ok wx1 wy1\n1 ok rx ry==1\n2 ok wz1'), 'read-committed').valid).toBe(true);
  });

  test('G-nonadjacent-item: a long fork', () => {
    const fork = atOnce('0 ok wx1\n1 ok wy1\n2 ok rx==1 ry\n3 ok rx ry==1');
    expect(check(fork, 'snapshot-isolation').anomalies).toEqual(['G-nonadjacent-item']);
    expect(check(fork, 'parallel-snapshot-isolation').valid).toBe(true);
  });

  test('G2-item: write skew', () => {
    const skew = atOnce('0 ok rx wy1\n1 ok ry wx1');
    expect(check(skew, 'serializable').anomalies).toEqual(['G2-item']);
    expect(check(skew, 'snapshot-isolation').valid).toBe(true);
  });

  test('with a step of time, only where it is asked for', () => {
    const stale = serially('0 ok wx1\n1 ok rx');
    expect(check(stale, 'strong-session-serializable').valid).toBe(true);
    expect(check(stale)).toMatchObject({ anomalies: ['G-single-item-realtime'], not: ['strong-snapshot-isolation'] });
    const own = serially('0 ok wx1\n0 ok rx');
    expect(check(own, 'serializable').valid).toBe(true);
    expect(check(own, 'strong-session-serializable').anomalies).toEqual(['G-single-item-process']);
  });
});

describe('writes follow reads', () => {
  // T2 overwrote what T3 read; T3 saw the rest of T2.
  const half = atOnce('0 ok wx1\n1 ok rx==1 wx2 wy2\n2 ok rx==1 ry==2');

  test('in what was committed, from read-committed up', () => {
    const verdict = check(half, 'snapshot-isolation');
    expect(verdict).toMatchObject({ anomalies: ['G-single-item'], not: ['consistent-view', 'repeatable-read'] });
    expect(storyOf(verdict, 'G-single-item')).toEqual([
      'T1 < T2, because T1 read 1 from key "x", and T2 wrote 2, which comes after it: T2 read 1 before it wrote 2.',
      'However, T2 < T1, because T1 read 2, which T2 wrote to key "y": a contradiction.',
    ]);
    expect(verdict.evidence['G-single-item']![0]!.minimal).toEqual([0, 1, 2]);
  });

  test('only by inference, unless that is asserted', () => {
    expect(check(half, 'snapshot-isolation', { inference: false }).valid).toBe(true);
    expect(check(half, 'snapshot-isolation', { inference: false, writesFollowReads: true }).valid).toBe(false);
    expect(check(half.replaceAll('rx==1 wx2', 'wx2'), 'snapshot-isolation').valid).toBe(true);
  });

  test('are cyclic-versions where they are asserted, and a G1c where they are not', () => {
    const each = atOnce('0 ok rx==1 wx2\n1 ok rx==2 wx1');
    expect(check(each).not).toEqual(['read-committed']);
    const verdict = check(each, 'read-uncommitted', { writesFollowReads: true });
    expect(verdict).toMatchObject({ valid: false, not: ['read-uncommitted'], anomalies: ['cyclic-versions'] });
    expect(verdict.otherAnomalies).toContain('G1c');
    expect(storyOf(verdict, 'cyclic-versions')).toEqual([
      '1 of key "x" precedes 2, because T1 read 1 before it wrote 2.',
      'However, 2 of key "x" precedes 1, because T2 read 2 before it wrote 1: a contradiction.',
    ]);
  });
});

describe('the order of each process', () => {
  // Process 0 saw version 1, then 2; T4 saw both 1 and what T2 wrote beside 2.
  const seen = atOnce('1 ok wx1\n2 ok wx2 wy2')
    .concat('\n', serially('0 ok rx==1\n0 ok rx==2'))
    .concat('\n', atOnce('3 ok rx==1 ry==2'));

  test('shows the order of versions to models that keep it', () => {
    const verdict = check(seen, 'strong-session-serializable');
    expect(verdict.anomalies).toEqual(['G-single-item-process']);
    expect(verdict.not).toEqual(['strong-session-snapshot-isolation']);
    expect(storyOf(verdict, 'G-single-item-process')).toEqual([
      'T1 < T2, because T1 read 1 from key "x", and T2 wrote 2, which comes after it: process 0 read 1 in the op on line 5 and then read 2 in the op on line 7.',
      'However, T2 < T1, because T1 read 2, which T2 wrote to key "y": a contradiction.',
    ]);
    expect(verdict.evidence['G-single-item-process']![0]).toMatchObject({ ops: [8, 1], minimal: [0, 1, 4, 6, 8] });
    expect(verdict.evidence['G-single-item-process']![0]!.steps![0]).toMatchObject({ kind: 'rw', restsOn: 'process' });
    expect(check(seen, 'serializable').valid).toBe(true);
    expect(check(seen, 'strong-session-serializable', { inference: false }).valid).toBe(true);
  });

  test('holds for all of them where that is asserted', () => {
    const verdict = check(seen, 'snapshot-isolation', { sequentialKeys: true });
    expect(verdict).toMatchObject({ anomalies: ['G-single-item'], not: ['consistent-view', 'repeatable-read'] });
  });

  test('contradicts itself where a process goes back, which is not cyclic-versions unless it is asserted', () => {
    const back = serially('0 ok wx1 wy1\n0 ok wx2\n0 ok rx==1');
    expect(check(back, 'strong-session-read-uncommitted').valid).toBe(true);
    expect(check(back, 'strong-session-serializable').not).toEqual(['strong-session-snapshot-isolation']);
    const verdict = check(back, 'read-uncommitted', { sequentialKeys: true });
    expect(verdict.anomalies).toEqual(['cyclic-versions']);
    expect(storyOf(verdict, 'cyclic-versions')).toEqual([
      '1 of key "x" precedes 2, because process 0 wrote 1 in T1 and then wrote 2 in T2.',
      'However, 2 of key "x" precedes 1, because process 0 wrote 2 in T2 and then read 1 in T3: a contradiction.',
    ]);
  });
});

describe('real time on each key', () => {
  const seen = `
    1 invoke wx1
    1 ok wx1
    2 invoke wx2 wy2
    4 invoke rx ry
    0 invoke rx
    0 ok rx==1
    3 invoke rx
    3 ok rx==2
    2 ok wx2 wy2
    4 ok rx==1 ry==2`;

  test('shows the order of versions to models that keep it', () => {
    const verdict = check(seen);
    expect(verdict.anomalies).toContain('G-single-item-realtime');
    expect(verdict.not).toEqual(['strong-snapshot-isolation']);
    expect(storyOf(verdict, 'G-single-item-realtime')).toEqual([
      'T1 < T2, because T1 read 1 from key "x", and T2 wrote 2, which comes after it: the op on line 1, which wrote 1, had returned (line 2) before the op on line 7, which read 2, was invoked (line 7).',
      'However, T2 < T1, because T1 read 2, which T2 wrote to key "y": a contradiction.',
    ]);
    expect(check(seen, 'strong-session-serializable').valid).toBe(true);
    expect(check(seen, 'strict-serializable', { inference: false }).valid).toBe(true);
  });

  test('holds for all of them where that is asserted', () => {
    expect(check(seen, 'snapshot-isolation', { linearizableKeys: true }).anomalies).toEqual(['G-single-item']);
    const stale = serially('0 ok wx1\n1 ok rx');
    expect(check(stale, 'read-uncommitted', { linearizableKeys: true }).anomalies).toEqual(['cyclic-versions']);
    expect(check(stale, 'read-uncommitted').valid).toBe(true);
  });
});

describe('the verdict is unknown', () => {
  test('where nothing depends on anything', () => {
    expect(check(serially('0 ok wx1'))).toMatchObject({
      valid: 'unknown',
      anomalies: ['empty-transaction-graph'],
      not: [],
    });
    expect(check('').valid).toBe('unknown');
  });

  test('where a value that was read was written by two, unless something else is wrong', () => {
    const twice = '0 ok wx1\n1 ok wx1\n2 ok wy1\n1 ok ry==1';
    expect(check(serially(twice), 'serializable').valid).toBe(true);
    const verdict = check(serially(`${twice}\n1 ok rx==1`), 'serializable');
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toBe('1 was written to key "x" twice, by ops 0 and 2, so that nobody can tell whose it is.');
    expect(check(serially(`${twice}\n1 ok rx==1\n1 fail wz1\n1 ok rz==1`)).anomalies).toContain('G1a');
    const mutual = check(atOnce('2 ok wx1\n0 ok wx1 ry==2\n1 ok wy2 rx==1'), 'read-committed');
    expect(mutual).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(check('1 invoke wx1\n0 invoke rx wx1\n0 ok rx==1 wx1\n2 invoke rx\n2 ok rx==1').anomalies).toEqual([]);
  });

  test('where nil was written, and read', () => {
    const history = historyOf(`
      0 invoke txn [["w","x",null],["w","y",1]]
      0 ok txn [["w","x",null],["w","y",1]]
      1 invoke txn [["r","x",null],["r","y",null]]
      1 ok txn [["r","x",null],["r","y",1]]`);
    expect(checkRwRegister(history)).toMatchObject({
      valid: 'unknown',
      reason: 'nil was written to key "x" by op 0, so that nobody can tell it from what was there at first.',
    });
  });
});

describe('what is no history of transactions on registers', () => {
  test.each([
    ['{"value": 5}', '0 invoke txn 5', 'op 0 has the value 5; expected a list of micro-ops'],
    [
      'an append',
      '0 invoke txn [["append","x",1]]',
      'op 0 has the micro-op ["append" "x" 1]; expected ["w" key value]',
    ],
  ])('%s', (_, text, message) => {
    expect(() => checkRwRegister(historyOf(text))).toThrow(ModelMismatch);
    expect(() => checkRwRegister(historyOf(text))).toThrow(message);
  });

  test('nor is there a model of any name', () => {
    expect(() => check('', 'serialisable')).toThrow(RangeError);
  });
});

test('is the checker of the name rw-register', () => {
  const checker = rwRegister();
  expect(checker.name).toBe('rw-register');
  expect(checker.check(historyOfText(serially('0 ok wx1\n0 ok rx==1'))).valid).toBe(true);
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/histories/elle');
const whyNot = existsSync(recorded) ? '' : ': skipped, the recorded histories are not there: ../shared/histories/elle';

interface Recorded {
  readonly file: string;
  readonly workload: string;
  readonly model: string;
  readonly options: Readonly<Record<string, boolean>>;
  readonly 'valid?': boolean | 'unknown' | 'error';
  readonly 'anomaly-types': readonly string[];
  readonly not: readonly string[];
  readonly 'also-not': readonly string[];
}

const garbage = 'a read of what nobody wrote, which Elle passes over';

/** Histories of which we say more, and why, with any options. */
const saysMore: Readonly<Record<string, string>> = { 'wr-unwritten-read.edn': garbage };

const byReads = 'writes that follow reads, which Elle looks at only where they are asserted';
const byTime = 'the order of processes and real time, at which Elle looks only where they are asserted';

/** Histories of which we say more by inference, and by what. */
const infersMore: Readonly<Record<string, string>> = {
  'wr-writeskew-from-1.edn': byReads,
  'wr-G-single-wfr.edn': byReads,
  'wr-si-2000tx.edn': byReads,
  'wr-psi-300tx-s1.edn': byReads,
  'wr-G0-linkeys.edn': byTime,
  'wr-fractured-1000tx-s2.edn': byTime,
  'wr-lag-100tx-s0.edn': byTime,
  'wr-lostlate-100tx-s0.edn': byTime,
  'wr-psi-2000tx.edn': byTime,
  'wr-si-100tx-s0.edn': byTime,
  'wr-si-300tx-s1.edn': byTime,
  'wr-stale-1000tx-s2.edn': byTime,
  'wr-stale-2000tx.edn': byTime,
};

const keepsTime = (model: string): boolean => /^(strict|strong)/.test(model);

describe('the recorded histories of elle', () => {
  const lines =
    whyNot === ''
      ? readFileSync(join(recorded, 'verdicts.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Recorded)
          .filter(({ workload }) => workload === 'wr')
      : [];
  const histories = new Map<string, History>();
  const verdictOf = ({ file, model, options }: Recorded, inference: boolean): TransactionalVerdict => {
    const history = histories.get(file) ?? parseHistory(readFileSync(join(recorded, file)));
    histories.set(file, history);
    return checkRwRegister(history, {
      consistencyModels: [model],
      inference,
      sequentialKeys: options['sequential-keys?'] ?? false,
      linearizableKeys: options['linearizable-keys?'] ?? false,
      writesFollowReads: options['wfr-keys?'] ?? false,
    });
  };
  const findings = (types: readonly string[]): string[] => types.filter((name) => !name.endsWith('-cycle-exists'));

  test.skipIf(whyNot !== '')(`have our verdict too, without inference${whyNot}`, () => {
    expect(lines.length).toBeGreaterThan(1000);
    for (const line of lines) {
      const verdict = verdictOf(line, false);
      const where = `${line.file} ${line.model} ${JSON.stringify(line.options)}`;
      expect(verdict.undecided, where).toEqual([]);
      if (saysMore[line.file] === garbage) {
        expect(verdict, where).toMatchObject({ valid: false, not: ['read-committed'] });
        expect(verdict.anomalies, where).toContain('garbage-read');
        continue;
      }
      expect(verdict.valid, where).toBe(line['valid?']);
      expect(verdict.not, where).toEqual([...line.not].sort());
      expect(verdict.alsoNot, where).toEqual([...line['also-not']].sort());
      expect(verdict.anomalies, where).toEqual(expect.arrayContaining(findings(line['anomaly-types'])));
    }
  });

  test.skipIf(whyNot !== '')(`have our verdict too, or a sharper one by inference${whyNot}`, () => {
    const sharper = new Set<string>();
    for (const line of lines) {
      if (saysMore[line.file] !== undefined) continue;
      const verdict = verdictOf(line, true);
      const where = `${line.file} ${line.model} ${JSON.stringify(line.options)}`;
      expect(verdict.undecided, where).toEqual([]);
      expect(verdict.anomalies, where).toEqual(expect.arrayContaining(findings(line['anomaly-types'])));
      const theirs = [...line.not, ...line['also-not']].sort();
      const ours = [...verdict.not, ...verdict.alsoNot].sort();
      const more = ours.filter((model) => !theirs.includes(model));
      expect(ours, where).toEqual(expect.arrayContaining(theirs));
      if (more.length === 0) {
        expect(verdict.valid, where).toBe(line['valid?']);
        continue;
      }
      sharper.add(line.file);
      expect(Object.keys(infersMore), where).toContain(line.file);
      expect(verdict.valid, where).toBe(false);
      if (infersMore[line.file] === byTime) expect(more.every(keepsTime), where).toBe(true);
    }
    expect([...sharper].sort()).toEqual(Object.keys(infersMore).sort());
  });
});

test("a value of one's own that another wrote too is no intermediate read", () => {
  const text = '0 invoke wy1 wy2\n0 ok wy1 wy2\n1 invoke wy1 ry wy3\n1 ok wy1 ry==1 wy3';
  expect(check(text).anomalies).toEqual([]);
  expect(check('0 invoke wy1 wy2\n0 ok wy1 wy2\n1 invoke ry wy3\n1 ok ry==1 wy3').anomalies).toContain('G1b');
});
