import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClientSetting, SystemClient } from '../../harness/container-system.ts';
import { SpecError } from '../../harness/spec.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import type { Outcome, ServiceName } from '../../protocol/service.ts';
import { SystemClients } from './system-clients.ts';

type Invoke = SystemClient['invoke'];

const endpoint = { node: 'n1', host: '127.0.0.1', ports: { 80: 8080 } };
const never: Invoke = () => new Promise(() => {});
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

const op = (f: string, process = 0, value: Value = 1): Op => {
  return { index: 0, time: 0, process, type: 'invoke', f, key: 'x', value };
};

/** Clients that do as they are told, and what became of them. */
function clientsThat(invoke: Invoke, service: ServiceName = 'register') {
  const opened: ClientSetting[] = [];
  const closed: number[] = [];
  const signals: AbortSignal[] = [];
  const clients = new SystemClients({
    name: 'toy',
    service,
    open(setting) {
      opened.push(setting);
      return {
        invoke(given, signal) {
          signals.push(signal);
          return invoke(given, signal);
        },
        close: () => closed.push(setting.process),
      };
    },
    targetOptions: { reads: 'fast' },
    opTimeoutMs: 1000,
    isRead: (f) => f === 'read',
  });
  return { clients, opened, closed, signals };
}

const rejecting = (error: unknown): Invoke => {
  return () => Promise.reject(error);
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a client', () => {
  test('is opened at the first op of its process, and stays', async () => {
    const { clients, opened, closed } = clientsThat(async () => ({ type: 'ok', value: 5 }));
    expect(opened).toEqual([]);
    expect(await clients.ask(op('read'), endpoint)).toEqual({ process: 0, type: 'ok', value: 5 });
    await clients.ask(op('write'), endpoint);
    await clients.ask(op('write', 3), endpoint);
    const options = { reads: 'fast' };
    expect(opened).toEqual([
      { endpoint, process: 0, options },
      { endpoint, process: 3, options },
    ]);
    expect(closed).toEqual([]);
    clients.close();
    expect(closed).toEqual([0, 3]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is closed after an info; a fail leaves it open', async () => {
    const outcomes: Outcome[] = [
      { type: 'fail', value: 1, error: 'no' },
      { type: 'info', value: 1, error: 'unsure' },
    ];
    const { clients, closed } = clientsThat(async () => outcomes.shift() as Outcome);
    expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'fail', error: 'no' });
    expect(closed).toEqual([]);
    expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'info', error: 'unsure' });
    expect(closed).toEqual([0]);
  });

  test.each([undefined, null, 'OK'])(
    'leaves the value of an op that has no result, whatever comes: %j',
    async (value) => {
      const { clients } = clientsThat(async () => ({ type: 'ok', value }));
      expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'ok', value: 1 });
      expect(await clients.ask(op('cas', 0, [1, 2]), endpoint)).toMatchObject({ type: 'ok', value: [1, 2] });
    },
  );

  test('leaves the value of an op that was not ok', async () => {
    const { clients } = clientsThat(async () => ({ type: 'fail', value: null }));
    expect(await clients.ask(op('cas', 0, [1, 2]), endpoint)).toMatchObject({ type: 'fail', value: [1, 2] });
  });

  test.each([null, undefined, 'ok', { type: 'okay' }])(
    'that resolves with %j is a mistake of its author',
    async (answer) => {
      const { clients } = clientsThat(async () => answer as unknown as Outcome);
      await expect(clients.ask(op('read'), endpoint)).rejects.toThrow(SpecError);
    },
  );

  test('that resolves a read with ok, and does not say what it found, is a mistake of its author', async () => {
    const { clients } = clientsThat(async () => ({ type: 'ok' }) as Outcome);
    const message =
      "a client of toy must resolve read with { type: 'ok', value } whose value, as JSON, is what was read, or null, and gave { type: 'ok' }";
    await expect(clients.ask(op('read'), endpoint)).rejects.toThrow(new SpecError(message));
  });

  test.each<[string, () => unknown]>([
    ['must give the client at once, and gave a Promise: what has to be awaited belongs into invoke', async () => ({})],
    ['must give the client at once, and gave a Promise', () => Promise.reject(new Error('no connection'))],
    ['must give an object with invoke and close, and invoke is no function', () => undefined],
    ['must give an object with invoke and close, and close is no function', () => ({ invoke: never })],
  ])('%s', async (message, open) => {
    const clients = new SystemClients({
      name: 'toy',
      service: 'register',
      open: open as () => SystemClient,
      targetOptions: {},
      opTimeoutMs: 1000,
      isRead: () => true,
    });
    await expect(clients.ask(op('read'), endpoint)).rejects.toThrow(`clients.register of toy ${message}`);
  });
});

describe('a rejection', () => {
  test('is info, a fail of reads, with the words of the error and of its cause', async () => {
    const error = new TypeError('fetch failed', { cause: new Error('read ECONNRESET') });
    const { clients, closed } = clientsThat(rejecting(error));
    const words = 'fetch failed: read ECONNRESET';
    expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'info', error: words });
    expect(closed).toEqual([0]);
    expect(await clients.ask(op('read'), endpoint)).toMatchObject({ type: 'fail', error: words });
  });

  test.each([refused, new TypeError('fetch failed', { cause: refused })])(
    'is info where nobody listened too, because it may not have been the first request of the op: %s',
    async (error) => {
      const { clients } = clientsThat(rejecting(error));
      const ending = await clients.ask(op('write'), endpoint);
      expect(ending).toMatchObject({ type: 'info', error: expect.stringContaining('ECONNREFUSED') });
      expect(await clients.ask(op('read'), endpoint)).toMatchObject({ type: 'fail' });
    },
  );

  test('is what it is too where a client throws at once; one that cannot be opened has sent nothing', async () => {
    const { clients } = clientsThat(() => {
      throw new Error('a mistake');
    });
    expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'info', error: 'a mistake' });
    const unopened = new SystemClients({
      name: 'toy',
      service: 'register',
      open() {
        throw refused;
      },
      targetOptions: {},
      opTimeoutMs: 1000,
      isRead: () => false,
    });
    expect(await unopened.ask(op('write'), endpoint)).toMatchObject({ type: 'fail', error: 'connect ECONNREFUSED' });
  });
});

describe('an op that is not answered', () => {
  test('ends with the op timeout, and with it the client; a read fails', async () => {
    const { clients, closed, signals, opened } = clientsThat(never);
    const write = clients.ask(op('write'), endpoint);
    await vi.advanceTimersByTimeAsync(999);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await write).toMatchObject({ type: 'info', error: 'timeout' });
    expect([signals[0]?.aborted, closed]).toEqual([true, [0]]);
    const read = clients.ask(op('read'), endpoint);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await read).toMatchObject({ type: 'fail', error: 'timeout' });
    expect([opened.length, closed]).toEqual([2, [0, 0]]);
  });

  test('ends when its process asks for another, by another client', async () => {
    const { clients, opened, closed, signals } = clientsThat((given) =>
      given.f === 'read' ? never(given, new AbortController().signal) : Promise.resolve({ type: 'ok', value: 2 }),
    );
    const read = clients.ask(op('read'), endpoint);
    expect(await clients.ask(op('write'), endpoint)).toMatchObject({ type: 'ok', value: 1 });
    expect(await read).toMatchObject({ type: 'fail', error: 'timeout' });
    expect([opened.length, closed, signals[0]?.aborted]).toEqual([2, [0], true]);
    await clients.ask(op('write'), endpoint);
    expect(opened).toHaveLength(2);
  });

  test('ends with the run, and holds nobody up, whatever its client does then', async () => {
    const clients = new SystemClients({
      name: 'toy',
      service: 'register',
      open: () => ({
        invoke: never,
        close() {
          throw new Error('cannot close');
        },
      }),
      targetOptions: {},
      opTimeoutMs: 1000,
      isRead: () => false,
    });
    const write = clients.ask(op('write'), endpoint);
    clients.close();
    expect(await write).toMatchObject({ type: 'info' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
