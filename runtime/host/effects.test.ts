import { beforeEach, describe, expect, test } from 'vitest';
import type { Effect } from '../../protocol/node.ts';
import { NodeClock } from './clock.ts';
import { EffectQueue } from './effects.ts';
import { Timers } from './timers.ts';

/** A disk whose commits end when the test says so. */
class HeldDisk {
  readonly commits: string[][] = [];
  finish = (): void => {};
  fail = (_error: Error): void => {};
  readonly commit = (writes: readonly { readonly type: string }[]): Promise<void> => {
    this.commits.push(writes.map((write) => ('key' in write ? String(write.key) : write.type)));
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  };
}

let disk: HeldDisk;
let out: string[];
let queue: EffectQueue;
beforeEach(() => {
  disk = new HeldDisk();
  out = [];
  queue = new EffectQueue({
    commit: disk.commit,
    timers: new Timers(new NodeClock(), () => {}),
    outlet: {
      send: (to) => out.push(`send ${to}`),
      log: (text) => out.push(`log ${text}`),
      mark: (name) => out.push(`mark ${name}`),
    },
    diskFailed: (error) => out.push(`failed ${String(error)}`),
  });
});

const send = (to: string): Effect => ({ type: 'send', to, body: { type: 'x' } });
const put = (key: string): Effect => ({ type: 'put', key, value: 1 });
const sync: Effect = { type: 'sync' };

async function finishSync(): Promise<void> {
  disk.finish();
  await Promise.resolve();
  await Promise.resolve();
}

describe('the effect queue', () => {
  test('a send goes at once when no sync is outstanding, and writes stay in memory', () => {
    queue.perform([put('a'), send('n2')]);
    expect(out).toEqual(['send n2']);
    expect(disk.commits).toEqual([]);
  });

  test('a send waits for the sync before it, not for one after it', async () => {
    queue.perform([put('a'), send('before'), sync, send('after')]);
    expect(out).toEqual(['send before']);
    await finishSync();
    expect(out).toEqual(['send before', 'send after']);
  });

  test('a send of a later step waits for the sync of an earlier one', async () => {
    queue.perform([put('a'), sync]);
    queue.perform([send('n2')]);
    expect(out).toEqual([]);
    await finishSync();
    expect(out).toEqual(['send n2']);
  });

  test('logs and marks do not wait', () => {
    queue.perform([put('a'), sync, { type: 'log', text: 'hello' }, { type: 'mark', name: 'seen' }]);
    expect(out).toEqual(['log hello', 'mark seen']);
  });

  test('syncs asked for while one runs become one, and sends go in order when theirs is done', async () => {
    queue.perform([put('a'), sync, send('1')]);
    queue.perform([put('b'), sync, send('2'), put('c'), sync, send('3')]);
    queue.perform([put('not synced')]);
    expect(disk.commits).toEqual([['a']]);
    await finishSync();
    expect(out).toEqual(['send 1']);
    expect(disk.commits).toEqual([['a'], ['b', 'c']]);
    await finishSync();
    expect(out).toEqual(['send 1', 'send 2', 'send 3']);
    expect(disk.commits).toHaveLength(2);
  });

  test('a sync with nothing to write waits for nothing but what is outstanding', async () => {
    queue.perform([sync, send('1')]);
    expect(out).toEqual(['send 1']);
    queue.perform([put('a'), sync]);
    queue.perform([sync, send('2')]);
    expect(out).toEqual(['send 1']);
    await finishSync();
    expect(out).toEqual(['send 1', 'send 2']);
    expect(disk.commits).toEqual([['a']]);
  });

  test('when the disk fails, what waits for it is never sent', async () => {
    queue.perform([put('a'), sync, send('n2')]);
    disk.fail(new Error('full'));
    await new Promise(setImmediate);
    queue.perform([put('b'), sync, send('n3')]);
    await new Promise(setImmediate);
    expect(out).toEqual(['failed Error: full']);
    expect(disk.commits).toEqual([['a']]);
  });
});
