import { describe, expect, test } from 'vitest';
import { settleAll, unlessAborted } from './interruption.ts';

const never = new Promise<never>(() => {});

describe('work that may be interrupted', () => {
  test('comes to what it comes to where it is not', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
    expect(await unlessAborted(Promise.resolve(1), undefined)).toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('no room')), signal)).rejects.toThrow('no room');
  });

  test('is not waited for once the signal is aborted, or where it was before', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toBe(controller.signal.reason);
    await expect(unlessAborted(Promise.resolve(1), controller.signal)).rejects.toBe(controller.signal.reason);
  });

  test('may fail afterwards, and nobody hears of it', async () => {
    const work = new Promise((_, reject) => setImmediate(() => reject(new Error('too late'))));
    await expect(unlessAborted(work, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await work.catch(() => {});
  });
});

describe('works that are settled together', () => {
  test('come to what each comes to', async () => {
    expect(await settleAll([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
  });

  test('have all ended before the first error is thrown', async () => {
    let ended = false;
    const slow = new Promise<void>((_, reject) =>
      setImmediate(() => {
        ended = true;
        reject(new Error('second'));
      }),
    );
    await expect(settleAll([slow, Promise.reject(new Error('first'))])).rejects.toThrow('first');
    expect(ended).toBe(true);
  });
});
