/** etcd's clients against real members on this machine: healthy, killed, paused, cut off, and without a quorum. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LockOwnershipVerdict, lockOwnership } from '../../../checkers/classic/lock-ownership.ts';
import { linearizable } from '../../../checkers/linearizable/linearizable.ts';
import { fencedMutex } from '../../../checkers/linearizable/models/fenced-mutex.ts';
import { casRegister } from '../../../checkers/linearizable/models/register.ts';
import { listAppend } from '../../../checkers/transactional/list-append.ts';
import type { SystemClient } from '../../../harness/container-system.ts';
import { isStatedLimit } from '../../../harness/promises.ts';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import type { Json } from '../../../protocol/message.ts';
import type { Outcome, ServiceName, ServiceOp } from '../../../protocol/service.ts';
import type { MicroOp } from '../../../protocol/services/txn.ts';
import { clientPort, Gateway } from './gateway.ts';
import { etcd } from './system.ts';
import { etcdBinary, LocalCluster } from './testing/local-cluster.ts';

type Options = Readonly<Record<string, string>>;
const agreed: Options = { reads: 'linearizable', lease: 'run' };
const local: Options = { ...agreed, reads: 'serializable' };
const leased: Options = { ...agreed, lease: '2s' };

const opened: SystemClient[] = [];
let processes = 0;

function open(cluster: LocalCluster, service: ServiceName, node = 'n1', options = agreed): SystemClient {
  const client = etcd.clients[service]?.({ endpoint: cluster.endpoint(node), process: processes++, options });
  if (client === undefined) throw new Error(`there is no client for ${service}`);
  opened.push(client);
  return client;
}

const never = new AbortController().signal;
const ask = (client: SystemClient, op: ServiceOp, signal = never): Promise<Outcome> => client.invoke(op, signal);

/** Asks again until it is ok: what was disturbed may take a while to be itself again. */
async function askUntilOk(client: SystemClient, op: ServiceOp): Promise<unknown> {
  while (true) {
    const { type, value } = await ask(client, op);
    if (type === 'ok') return value;
  }
}

/** Clients that have connections already. */
async function openConnected(
  cluster: LocalCluster,
  service: 'register',
  count: number,
): Promise<readonly SystemClient[]> {
  const clients = Array.from({ length: count }, () => open(cluster, service));
  await Promise.all(clients.map((client) => askUntilOk(client, read('connected'))));
  return clients;
}

const read = (key: unknown): ServiceOp => ({ f: 'read', key, value: null });
const write = (key: unknown, value: unknown): ServiceOp => ({ f: 'write', key, value });
const cas = (key: unknown, from: unknown, to: unknown): ServiceOp => ({ f: 'cas', key, value: [from, to] });
const txn = (...value: readonly MicroOp[]): ServiceOp => ({ f: 'txn', value });
const acquire = (key: unknown, client: string): ServiceOp => ({ f: 'acquire', key, value: { client } });
const release = (key: unknown, client: string): ServiceOp => ({ f: 'release', key, value: { client } });

const types = (outcomes: readonly Outcome[]): readonly string[] => outcomes.map(({ type }) => type);

/** What clients did, in the order in which it began and ended. A process that crashed is followed by another, as in a run. */
class Recorder {
  readonly #ops: Op[] = [];
  #nextProcess = 0;

  get history(): History {
    return History.from(this.#ops);
  }

  count(type: Op['type']): number {
    return this.#ops.filter((op) => op.type === type).length;
  }

  /** One client after the other carries out what `next` says, until it says nothing. */
  async drive(open: () => SystemClient, next: () => ServiceOp | undefined, timeoutMs: number): Promise<void> {
    let client = open();
    let process = this.#nextProcess++;
    for (let op = next(); op !== undefined; op = next()) {
      this.#record(process, 'invoke', op, op.value);
      const { type, value } = await client.invoke(op, AbortSignal.timeout(timeoutMs));
      this.#record(process, type, op, value);
      if (type !== 'info') continue;
      client.close();
      client = open();
      process = this.#nextProcess++;
    }
  }

  #record(process: number, type: Op['type'], { f, key }: ServiceOp, value: unknown): void {
    const index = this.#ops.length;
    const line = { index, time: index, process, type, f, value: value as Value };
    this.#ops.push(key === undefined ? line : { ...line, key: key as Value });
  }
}

if (etcdBinary === undefined)
  console.log('skipped the tests of etcd: it is not installed here (apt-get install etcd-server)');

afterEach(() => {
  for (const client of opened.splice(0)) client.close();
});

describe.skipIf(etcdBinary === undefined)('one member of etcd', () => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start(1);
  }, 60_000);
  afterAll(() => cluster?.end());

  test('says that it leads', async () => {
    const status = await etcd.status?.(cluster.endpoint('n1'), never);
    expect(status).toEqual({ role: 'leader', term: expect.any(Number), primary: true });
    expect(status?.term).toBeGreaterThan(0);
  });

  test.each([agreed, local])('a register holds what was written, of any kind, and null before: %j', async (options) => {
    const client = open(cluster, 'register', 'n1', options);
    const key = `kinds, ${options.reads}`;
    expect(await ask(client, read(key))).toEqual({ type: 'ok', value: null });
    for (const value of [1, 0, -7, '', 'two', false, null, [1, 'ü'], { a: 1 }]) {
      expect(await ask(client, write(key, value))).toEqual({ type: 'ok', value });
      expect(await ask(client, read(key))).toEqual({ type: 'ok', value });
    }
  });

  test('registers of different keys have nothing to do with each other', async () => {
    const client = open(cluster, 'register');
    const keys = [1, '1', 'a', 'a/', 'a/b', 'ä', '', 10, null];
    for (const [value, key] of keys.entries()) await ask(client, write(key, value));
    for (const [value, key] of keys.entries()) expect(await ask(client, read(key))).toEqual({ type: 'ok', value });
  });

  test('cas sets a key that has the value, and no other', async () => {
    const client = open(cluster, 'register');
    const refused = { type: 'fail', error: 'precondition-failed' };
    expect(await ask(client, cas('c', null, 1))).toMatchObject(refused);
    expect(await ask(client, cas('c', 0, 1))).toMatchObject(refused);
    await ask(client, write('c', 1));
    expect(await ask(client, cas('c', 2, 3))).toMatchObject(refused);
    expect(await ask(client, read('c'))).toEqual({ type: 'ok', value: 1 });
    expect(await ask(client, cas('c', 1, 3))).toEqual({ type: 'ok', value: [1, 3] });
    expect(await ask(client, read('c'))).toEqual({ type: 'ok', value: 3 });
  });

  test('what etcd refuses to begin is a failure that is certain', async () => {
    const client = open(cluster, 'register');
    await ask(client, write('large', 1));
    expect(await ask(client, write('large', 'x'.repeat(1_600_000)))).toMatchObject({
      type: 'fail',
      error: 'etcdserver: request is too large',
    });
    expect(await ask(client, read('large'))).toEqual({ type: 'ok', value: 1 });
  });

  test('transactions, one after the other, do what a map does', async () => {
    const client = open(cluster, 'txn');
    const model = new Map<number, Json>();
    for (let i = 0; i < 60; i++) {
      // Keys 0 to 2 are lists, 3 and 4 registers.
      const asked = Array.from({ length: 1 + (i % 5) }, (_, j): MicroOp => {
        const key = (i * 7 + j * j) % 5;
        if ((i + j) % 3 === 0) return ['r', key, null];
        return key < 3 ? ['append', key, i * 10 + j] : ['w', key, i * 10 + j];
      });
      const expected = asked.map(([f, key, value]): MicroOp => {
        const before = model.get(key as number) ?? null;
        if (f === 'r') return ['r', key, before];
        model.set(key as number, f === 'w' ? value : [...((before ?? []) as Json[]), value]);
        return [f, key, value];
      });
      expect(await ask(client, txn(...asked))).toEqual({ type: 'ok', value: expected });
    }
  });

  test('a transaction of which a key has changed since it was read fails and writes nothing', async () => {
    const clients = Array.from({ length: 8 }, () => open(cluster, 'txn'));
    const append = (client: SystemClient, value: number) =>
      ask(client, txn(['append', 'contended', value], ['append', `own ${value}`, value]));
    const outcomes = await Promise.all(clients.map(append));
    const won = outcomes.flatMap(({ type }, value) => (type === 'ok' ? [value] : []));
    expect(won.length).toBeGreaterThan(0);
    expect(won.length).toBeLessThan(clients.length);
    for (const { type, error } of outcomes) if (type !== 'ok') expect([type, error]).toEqual(['fail', 'txn-conflict']);
    const reads = clients.map((_, value): MicroOp => ['r', `own ${value}`, null]);
    const { value } = await ask(clients[0]!, txn(['r', 'contended', null], ...reads));
    const [contended, ...own] = (value as readonly MicroOp[]).map((microOp) => microOp[2]);
    expect((contended as number[]).toSorted()).toEqual(won);
    expect(own.flat().filter((element) => element !== null)).toEqual(won);
  });

  test('of two transactions, each of which writes what the other reads, one fails', async () => {
    const [one, two] = [open(cluster, 'txn'), open(cluster, 'txn')];
    let conflicts = 0;
    for (let i = 0; i < 30; i++) {
      const [a, b] = [`skew a${i}`, `skew b${i}`];
      const outcomes = await Promise.all([
        ask(one, txn(['r', a, null], ['w', b, 1])),
        ask(two, txn(['r', b, null], ['w', a, 1])),
      ]);
      const sawNothing = outcomes.filter(({ type, value }) => type === 'ok' && (value as MicroOp[])[0]![2] === null);
      expect(sawNothing, JSON.stringify(outcomes)).toHaveLength(1);
      conflicts += outcomes.filter(({ error }) => error === 'txn-conflict').length;
    }
    expect(conflicts).toBeGreaterThan(0);
  });

  test('a read-only transaction sees one state, whatever is written meanwhile', async () => {
    const writer = open(cluster, 'txn');
    const reader = open(cluster, 'txn');
    const seen: unknown[] = [];
    let writing = true;
    const writes = async () => {
      for (let i = 0; i < 100; i++) await ask(writer, txn(['w', 'left', i], ['w', 'right', i]));
      writing = false;
    };
    const reads = async () => {
      while (writing) {
        const { value } = await ask(reader, txn(['r', 'left', null], ['r', 'right', null]));
        seen.push(value);
      }
    };
    await Promise.all([writes(), reads()]);
    expect(seen.length).toBeGreaterThan(10);
    for (const value of seen) {
      const [left, right] = value as readonly MicroOp[];
      expect(left![2]).toEqual(right![2]);
    }
  });

  test('an op that is unknown is refused before etcd is asked', async () => {
    await expect(ask(open(cluster, 'register'), { f: 'add', value: 1 })).rejects.toThrow('read, write, and cas');
    await expect(ask(open(cluster, 'txn'), { f: 'add', value: 1 })).rejects.toThrow('has txn');
    await expect(ask(open(cluster, 'lock'), { f: 'add', value: 1 })).rejects.toThrow('acquire and release');
    await expect(ask(open(cluster, 'set'), { f: 'remove', value: 1 })).rejects.toThrow('add, write, and read');
  });

  test.each([agreed, local])('a set has what was added, in the order in which it came: %j', async (options) => {
    const client = open(cluster, 'set', 'n1', options);
    const key = `set, ${options.reads}`;
    const all = (...value: unknown[]) => ({ type: 'ok', value });
    expect(await ask(client, read(key))).toEqual(all());
    for (const value of [10, 9, '9', 'a/b', 9]) {
      expect(await ask(client, { f: 'add', key, value })).toEqual({ type: 'ok', value });
    }
    expect(await ask(client, { f: 'write', key: `${key}/`, value: 1 })).toEqual({ type: 'ok', value: 1 });
    expect(await ask(client, read(key))).toEqual(all(10, 9, '9', 'a/b'));
    expect(await ask(client, read(`${key}/`))).toEqual(all(1));
    expect((await ask(client, { f: 'add', value: 1 })).type).toBe('ok');
    expect((await ask(client, { f: 'read', value: null })).type).toBe('ok');
  });

  describe('locks', () => {
    test('have one holder, growing tokens, and are free when released', async () => {
      const client = open(cluster, 'lock');
      const tokens: number[] = [];
      for (let i = 0; i < 3; i++) {
        const { type, value } = await ask(client, acquire('k', 'a'));
        expect(type).toBe('ok');
        tokens.push((value as { readonly token: number }).token);
        expect(await ask(client, acquire('k', 'b'))).toMatchObject({ type: 'fail', error: 'precondition-failed' });
        expect(await ask(client, release('k', 'b'))).toMatchObject({ type: 'fail', error: 'precondition-failed' });
        expect(await ask(client, release('k', 'a'))).toEqual({ type: 'ok', value: { client: 'a' } });
        expect(await ask(client, release('k', 'a'))).toMatchObject({ type: 'fail' });
      }
      expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
      expect(new Set(tokens).size).toBe(3);
    });

    test('are released in the name of a client whose process is gone', async () => {
      const first = open(cluster, 'lock');
      expect((await ask(first, acquire('left', 'c'))).type).toBe('ok');
      first.close();
      const second = open(cluster, 'lock');
      expect((await ask(second, acquire('left', 'd'))).type).toBe('fail');
      expect((await ask(second, release('left', 'c'))).type).toBe('ok');
      expect((await ask(second, acquire('left', 'd'))).type).toBe('ok');
    });

    test('that a client gave up waiting for go to the next, not to it', async () => {
      const clients = ['e', 'f', 'g'].map((name) => ({ name, client: open(cluster, 'lock') }));
      const [e, f, g] = clients as [(typeof clients)[0], (typeof clients)[0], (typeof clients)[0]];
      expect((await ask(e.client, acquire('queue', 'e'))).type).toBe('ok');
      expect((await ask(f.client, acquire('queue', 'f'))).type).toBe('fail');
      const waiting = ask(g.client, acquire('queue', 'g'));
      expect((await ask(e.client, release('queue', 'e'))).type).toBe('ok');
      expect((await waiting).type).toBe('ok');
      expect((await ask(f.client, release('queue', 'f'))).type).toBe('fail');
    });

    test('leave no lease behind that is not needed', async () => {
      const gateway = new Gateway(cluster.endpoint('n1'));
      const leases = async (): Promise<readonly unknown[]> => {
        const { leases = [] } = (await gateway.call('lease/leases', {})) as { readonly leases?: readonly unknown[] };
        return leases;
      };
      const client = open(cluster, 'lock');
      const before = await leases();
      expect((await ask(client, acquire('tidy', 'k'))).type).toBe('ok');
      expect(await leases()).toHaveLength(before.length + 1);
      expect((await ask(client, acquire('tidy', 'l'))).type).toBe('fail');
      expect(await leases()).toHaveLength(before.length + 1);
      expect((await ask(client, release('tidy', 'k'))).type).toBe('ok');
      expect(await leases()).toEqual(before);
      gateway.close();
    });

    test('with short leases are kept by a client that lives, and lost by one that does not', async () => {
      const other = open(cluster, 'lock', 'n1', leased);
      /** Twice as long as the lease, in tries that take half a second each. */
      const isKept = async (client: SystemClient, key: string): Promise<boolean> => {
        expect((await ask(client, acquire(key, 'i'))).type).toBe('ok');
        for (let tries = 0; tries < 8; tries++) {
          if ((await ask(other, acquire(key, 'j'))).type === 'ok') return false;
        }
        return true;
      };
      // On a machine that stands still for a second, a renewal may come too late.
      let key = 0;
      let client = open(cluster, 'lock', 'n1', leased);
      while (!(await isKept(client, `kept ${key}`))) {
        expect(++key).toBeLessThan(3);
        client = open(cluster, 'lock', 'n1', leased);
      }
      client.close();
      let type = 'fail';
      while (type === 'fail') ({ type } = await ask(other, acquire(`kept ${key}`, 'j')));
      expect(type).toBe('ok');
    });

    test('of which the name is the beginning of another are two', async () => {
      const client = open(cluster, 'lock');
      for (const key of ['p', 'p/q', 1, 11]) expect((await ask(client, acquire(key, 'h'))).type, `${key}`).toBe('ok');
      for (const key of [11, 'p', 1, 'p/q']) expect((await ask(client, release(key, 'h'))).type, `${key}`).toBe('ok');
    });
  });

  test('paused: reads fail, writes are in doubt, and it goes on where it was', async () => {
    const clients = await openConnected(cluster, 'register', 4);
    await ask(clients[0]!, write('paused', 0));
    await cluster.pause('n1');
    const abort = new AbortController();
    const asked = [read('paused'), write('paused', 1), cas('paused', 0, 2), read('paused')].map((op, i) =>
      ask(clients[i]!, op, abort.signal),
    );
    setTimeout(() => abort.abort(), 300);
    const outcomes = await Promise.all(asked);
    cluster.resume('n1');
    expect(types(outcomes)).toEqual(['fail', 'info', 'info', 'fail']);
    expect([0, 1, 2]).toContain(await askUntilOk(clients[0]!, read('paused')));
  });

  test('killed: what was under way is in doubt, what comes after certainly failed, what was acknowledged is there', async () => {
    const recorder = new Recorder();
    let killed: Promise<void> | undefined;
    let value = 0;
    const next = (): ServiceOp | undefined => {
      if (value === 60) killed = cluster.kill('n1');
      return value < 120 ? write('killed', value++) : undefined;
    };
    const clients = Array.from({ length: 4 }, () => recorder.drive(() => open(cluster, 'register'), next, 5000));
    await Promise.all(clients);
    await killed;
    expect(recorder.count('ok')).toBeGreaterThan(40);
    expect(recorder.count('fail')).toBeGreaterThan(30);
    for (const op of [write('killed', -1), cas('killed', 1, -2), read('killed')]) {
      expect(await ask(open(cluster, 'register'), op)).toMatchObject({
        type: 'fail',
        error: expect.stringContaining('ECONNREFUSED'),
      });
    }
    expect((await ask(open(cluster, 'txn'), txn(['w', 'x', 1]))).type).toBe('fail');
    expect((await ask(open(cluster, 'lock'), acquire('x', 'a'))).type).toBe('fail');
    expect(await etcd.ready?.(cluster.endpoint('n1'), never)).toBe(false);
    cluster.run('n1');
    await cluster.ready('n1');
    const last = open(cluster, 'register');
    await askUntilOk(last, read('killed'));
    const before = recorder.count('ok');
    await recorder.drive(() => last, once(read('killed')), 30_000);
    expect(recorder.count('ok')).toBe(before + 1);
    expect(linearizable({ model: casRegister() }).check(recorder.history)).toMatchObject({ valid: true });
  });
});

/** Says one op, then nothing. */
function once(op: ServiceOp): () => ServiceOp | undefined {
  const left = [op];
  return () => left.pop();
}

describe.skipIf(etcdBinary === undefined)('three members of etcd', () => {
  const nodes = ['n1', 'n2', 'n3'];
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start(3);
  }, 60_000);
  afterAll(() => cluster?.end());

  test('one leads, in a term that all know', async () => {
    const statuses = await Promise.all(nodes.map((id) => etcd.status?.(cluster.endpoint(id), never)));
    expect(statuses.filter((status) => status?.primary)).toHaveLength(1);
    expect(new Set(statuses.map((status) => status?.term)).size).toBe(1);
    expect(statuses.map((status) => status?.role).toSorted()).toEqual(['follower', 'follower', 'leader']);
  });

  test('locks under contention on all members: one holder at a time, by both checkers', async () => {
    const recorder = new Recorder();
    const clients = Array.from({ length: 6 }, (_, i) => {
      let held = false;
      let left = 24;
      const next = (): ServiceOp | undefined => {
        if (left-- === 0) return held ? release('shared', `${i}`) : undefined;
        return held ? release('shared', `${i}`) : acquire('shared', `${i}`);
      };
      const client = open(cluster, 'lock', nodes[i % 3]);
      const observed: SystemClient = {
        async invoke(op, signal) {
          const outcome = await client.invoke(op, signal);
          if (outcome.type === 'ok') held = op.f === 'acquire';
          return outcome;
        },
        close: () => client.close(),
      };
      return recorder.drive(() => observed, next, 30_000);
    });
    await Promise.all(clients);
    expect(recorder.count('info')).toBe(0);
    const ownership = lockOwnership({ fenced: true }).check(recorder.history) as LockOwnershipVerdict;
    expect(ownership).toMatchObject({ valid: true });
    expect(ownership.acquireCount).toBeGreaterThan(20);
    expect(linearizable({ model: fencedMutex() }).check(recorder.history)).toMatchObject({ valid: true });
  });

  test('transactions on all members while the leader is killed are strictly serializable', async () => {
    const recorder = new Recorder();
    const leader = await cluster.leader();
    let count = 0;
    let killed: Promise<void> | undefined;
    const nextOf = () => {
      let left = 60;
      return (): ServiceOp | undefined => {
        if (left-- === 0) return undefined;
        const i = count++;
        if (i === 100) killed = cluster.kill(leader).then(() => cluster.run(leader));
        const key = (i * i) % 3;
        if (i % 3 === 0) return txn(['r', key, null], ['r', (key + 1) % 3, null]);
        return txn(['append', key, i], ['r', (i + 1) % 3, null]);
      };
    };
    const clients = nodes.flatMap((id) =>
      [1, 2].map(() => recorder.drive(() => open(cluster, 'txn', id), nextOf(), 10_000)),
    );
    await Promise.all(clients);
    await killed;
    await cluster.ready(leader);
    const all = txn(['r', 0, null], ['r', 1, null], ['r', 2, null]);
    for (const id of nodes) {
      const client = open(cluster, 'txn', id);
      await askUntilOk(client, all);
      await recorder.drive(() => client, once(all), 30_000);
    }
    expect(recorder.count('ok')).toBeGreaterThan(100);
    const verdict = listAppend({ consistencyModels: ['strict-serializable'] }).check(recorder.history);
    expect(verdict).toMatchObject({ valid: true });
  });

  test('a member that is behind answers a serializable read with what was, and no linearizable one', async () => {
    const leader = await cluster.leader();
    const behind = nodes.find((id) => id !== leader) as string;
    const others = nodes.filter((id) => id !== behind);
    const writer = open(cluster, 'register', leader);
    await askUntilOk(writer, write('stale', 'old'));
    await askUntilOk(open(cluster, 'txn', leader), txn(['w', 'stale', 'old']));
    expect(await askUntilOk(open(cluster, 'register', behind), read('stale'))).toBe('old');
    await cluster.pause(behind);
    // More than fits into the buffers of its connections, so that what follows cannot reach it.
    for (let i = 0; i < 24; i++) await askUntilOk(writer, write('filler', `${i}`.repeat(500_000)));
    await askUntilOk(writer, write('stale', 'new'));
    await askUntilOk(open(cluster, 'txn', leader), txn(['w', 'stale', 'new']));
    for (const id of others) await cluster.pause(id);
    cluster.resume(behind);

    expect(await ask(open(cluster, 'register', behind, local), read('stale'))).toEqual({ type: 'ok', value: 'old' });
    const reads: MicroOp = ['r', 'stale', null];
    expect(await ask(open(cluster, 'txn', behind, local), txn(reads))).toEqual({
      type: 'ok',
      value: [['r', 'stale', 'old']],
    });
    const soon = AbortSignal.timeout(1000);
    const agreedOutcomes = [
      ask(open(cluster, 'register', behind), read('stale'), soon),
      ask(open(cluster, 'txn', behind), txn(reads), soon),
      ask(open(cluster, 'txn', behind), txn(reads, ['w', 'stale', 'never']), soon),
      ask(open(cluster, 'txn', behind, local), txn(reads, ['w', 'stale', 'later']), soon),
    ];
    expect(types(await Promise.all(agreedOutcomes))).toEqual(['fail', 'fail', 'fail', 'info']);

    for (const id of others) cluster.resume(id);
    const after = open(cluster, 'txn', behind);
    // What it read was old, so the transaction that wrote on it never takes place.
    expect(await askUntilOk(after, txn(reads))).toEqual([['r', 'stale', 'new']]);
    expect(await askUntilOk(open(cluster, 'register', behind), read('stale'))).toBe('new');
  });

  test('without a quorum: linearizable reads fail, writes are in doubt, and a member that starts is ready', async () => {
    await askUntilOk(open(cluster, 'register'), write('alone', 1));
    const clients = await openConnected(cluster, 'register', 4);
    await cluster.kill('n2');
    await cluster.kill('n3');
    const soon = AbortSignal.timeout(1000);
    const outcomes = await Promise.all([
      ask(clients[0]!, read('alone'), soon),
      ask(clients[1]!, write('alone', 2), soon),
      ask(clients[2]!, cas('alone', 1, 3), soon),
      ask(open(cluster, 'lock'), acquire('alone', 'a'), soon),
      // etcd gives up by itself, and says so.
      ask(clients[3]!, write('alone', 4)),
    ]);
    expect(types(outcomes)).toEqual(['fail', 'info', 'info', 'fail', 'info']);
    expect(await ask(open(cluster, 'register', 'n1', local), read('alone'))).toEqual({ type: 'ok', value: 1 });
    expect(await etcd.status?.(cluster.endpoint('n1'), never)).toMatchObject({ primary: false });

    await cluster.kill('n1');
    cluster.run('n1');
    await cluster.ready('n1');
    cluster.run('n2');
    const last = open(cluster, 'register');
    await askUntilOk(last, write('alone', 5));
    expect(await askUntilOk(last, read('alone'))).toBe(5);
  });
});

describe('what etcd is said to be', () => {
  test('a violation is a stated limit only where an option gives the property up', () => {
    const isLimit = (options: Options, service: ServiceName, property: string, ...faults: string[]): boolean =>
      isStatedLimit(etcd.promisesWith?.(options, service) ?? [], property, faults);
    for (const property of ['linearizable', 'list-append', 'rw-register', 'set', 'set-full']) {
      const faults = ['partition', 'kill', 'pause', 'loss', 'rate', 'delay'];
      expect(isLimit(agreed, 'register', property, ...faults), property).toBe(false);
      expect(isLimit(local, 'register', property), property).toBe(true);
      expect(isLimit(leased, 'register', property, 'partition'), property).toBe(false);
    }
    for (const property of ['long-fork', 'causal', 'causal-reverse', 'recovery']) {
      expect(isLimit(local, 'txn', property, 'partition'), property).toBe(false);
    }
    for (const property of ['lock-ownership', 'linearizable']) {
      expect(isLimit(local, 'lock', property, 'partition'), property).toBe(false);
      expect(isLimit(leased, 'lock', property), property).toBe(false);
      expect(isLimit(leased, 'lock', property, 'partition'), property).toBe(true);
    }
    expect(etcd.promisesWith?.(agreed, 'register')).toEqual(etcd.promises);
  });

  test('a node writes to its volume alone, and knows all others', () => {
    const members = ['n1', 'n2', 'n3'].map((id, i) => ({ id, address: `10.0.0.${i + 1}` }));
    const plan = etcd.plan({ id: 'n2', address: '10.0.0.2', members, options: {} });
    expect(plan.volumes).toEqual(['/var/lib/etcd']);
    expect(plan.command).toContain('--data-dir=/var/lib/etcd/data');
    expect(plan.command).toContain(
      '--initial-cluster=n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380',
    );
    expect(etcd.clientPorts).toContain(clientPort);
    expect(etcd.services).toEqual(Object.keys(etcd.clients));
  });
});
