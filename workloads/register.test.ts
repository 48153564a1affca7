import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clients, limit, phase, phases, stagger } from '../harness/combinators.ts';
import { defaultSpec, SpecError, type TestSpec } from '../harness/spec.ts';
import { simulate } from '../harness/testing/simulate.ts';
import { History } from '../history/history.ts';
import type { Op, Process } from '../history/op.ts';
import { type Value, valueKey } from '../history/value.ts';
import { registerWorkload } from './register.ts';

type Settings = Partial<Omit<TestSpec, 'target' | 'workload'>>;

const nodeIdsOf = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i + 1}`);

function createParts(settings: Settings = {}) {
  const base = defaultSpec('raft', 'register', settings.seed ?? 1, settings.nodes);
  const spec = { ...base, ...settings };
  return { spec, parts: registerWorkload.create({ spec, nodeIds: nodeIdsOf(spec.nodes) }) };
}

/** Registers as they should be, except that every `infoEvery`-th op is never answered. */
function registers(infoEvery = Number.POSITIVE_INFINITY) {
  const held = new Map<Value, Value>();
  let count = 0;
  return ({ f, key = null, value }: Op) => {
    if (++count % infoEvery === 0) return { type: 'info' } as const;
    if (f === 'read') return { type: 'ok', value: held.get(key) ?? null } as const;
    if (f === 'cas') {
      const [from, to] = value as readonly [Value, Value];
      if (held.get(key) !== from) return { type: 'fail' } as const;
      held.set(key, to);
    } else {
      held.set(key, value);
    }
    return { type: 'ok' } as const;
  };
}

interface RunOptions extends Settings {
  readonly ops?: number;
  readonly infoEvery?: number;
}

/** `ops` ops of load, then the final reads. */
function run({ ops = 1000, infoEvery, ...settings }: RunOptions = {}, { spec, parts } = createParts(settings)): Op[] {
  const load = clients(limit(ops, stagger(1, parts.generator)));
  const generator = phases(load, phase('final-reads'), clients(parts.finalReads!));
  return simulate(generator, {
    concurrency: spec.concurrency,
    nodeIds: nodeIdsOf(spec.nodes),
    seed: spec.seed,
    latencyMs: 5,
    respond: registers(infoEvery),
  });
}

const boundary = (history: readonly Op[]): number => history.findIndex(({ f }) => f === 'phase');
const loadOf = (history: readonly Op[]): Op[] => history.slice(0, boundary(history));
const finalOf = (history: readonly Op[]): Op[] =>
  history.slice(boundary(history)).filter(({ process }) => process !== 'nemesis');
const invocations = (history: readonly Op[]): Op[] => history.filter(({ type }) => type === 'invoke');

/** What a write or cas writes. */
const written = ({ f, value }: Op): Value => (f === 'cas' ? (value as readonly [Value, Value])[1] : value);

const settings = fc.record({
  seed: fc.nat({ max: 2 ** 32 - 1 }),
  nodes: fc.integer({ min: 1, max: 9 }),
  concurrency: fc.integer({ min: 1, max: 30 }),
  infoEvery: fc.integer({ min: 3, max: 200 }),
  ops: fc.constant(500),
});

const forEach = (claim: (history: Op[], spec: { nodes: number; concurrency: number }) => void): void =>
  fc.assert(
    fc.property(settings, (drawn) => claim(run(drawn), drawn)),
    { numRuns: 40 },
  );

describe('the load', () => {
  test('never writes a value to a key twice', () => {
    forEach((history) => {
      const writes = invocations(history).filter(({ f }) => f !== 'read');
      const distinct = new Set(writes.map((op) => valueKey([op.key ?? null, written(op)])));
      expect(distinct.size).toBe(writes.length);
    });
  });

  test('cas expects what its process last saw of the key, and a process that has seen nothing does not cas', () => {
    forEach((history) => {
      const seen = new Map<string, Value>();
      for (const op of history) {
        const who = `${op.process} ${op.key}`;
        if (op.type === 'invoke' && op.f === 'cas') expect((op.value as Value[])[0]).toBe(seen.get(who));
        if (op.type === 'ok' && written(op) !== null) seen.set(who, written(op));
      }
    });
  });

  test('is half reads, and a quarter each of writes and cas once there is something to expect', () => {
    const load = invocations(loadOf(run({ ops: 4000 })));
    const share = (f: string) => load.filter((op) => op.f === f).length / load.length;
    expect(share('read')).toBeCloseTo(0.5, 1);
    expect(share('write')).toBeCloseTo(0.26, 1);
    expect(share('cas')).toBeCloseTo(0.24, 1);
  });

  test('some cas succeed, some fail', () => {
    const types = loadOf(run()).filter(({ f, type }) => f === 'cas' && type !== 'invoke');
    expect(types.filter(({ type }) => type === 'ok').length).toBeGreaterThan(20);
    expect(types.filter(({ type }) => type === 'fail').length).toBeGreaterThan(20);
  });

  test('leaves a key after 200 ops and goes on with the next', () => {
    const load = invocations(loadOf(run({ ops: 1000 })));
    const counts = new Map<Value, number>();
    for (const { key = null } of load) counts.set(key, (counts.get(key) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBe(200);
    expect([...counts.values()].filter((count) => count < 200).length).toBeLessThanOrEqual(2);
    expect([...counts.keys()].sort()).toEqual([...counts.keys()].map((_, i) => i));
  });

  test.each([
    { nodes: 5, concurrency: 10, groups: 2, nodesPerKey: 5 },
    { nodes: 5, concurrency: 12, groups: 2, nodesPerKey: 5 },
    { nodes: 5, concurrency: 4, groups: 1, nodesPerKey: 4 },
    { nodes: 3, concurrency: 6, groups: 2, nodesPerKey: 3 },
    { nodes: 2, concurrency: 4, groups: 1, nodesPerKey: 2 },
    { nodes: 1, concurrency: 2, groups: 1, nodesPerKey: 1 },
    { nodes: 20, concurrency: 40, groups: 4, nodesPerKey: 10 },
  ])('$concurrency clients on $nodes nodes work on $groups keys at once, each on $nodesPerKey nodes', (expected) => {
    const load = invocations(loadOf(run({ ...expected, ops: 100 * expected.groups })));
    const nodesByKey = new Map<Value, Set<string | undefined>>();
    for (const { key = null, node } of load) nodesByKey.set(key, (nodesByKey.get(key) ?? new Set()).add(node));
    expect(nodesByKey.size).toBe(expected.groups);
    for (const nodes of nodesByKey.values()) expect(nodes.size).toBe(expected.nodesPerKey);
  });

  test('the same seed gives the same history, also from the same parts again', () => {
    const created = createParts({ seed: 7 });
    expect(run({ seed: 7 }, created)).toEqual(run({ seed: 7 }, created));
    expect(run({ seed: 7 })).not.toEqual(run({ seed: 8 }));
  });
});

describe('small values', () => {
  const load = invocations(loadOf(run({ options: { values: 'small' } })));

  test('are five, for writes and both sides of cas', () => {
    const values = (f: string) => new Set(load.filter((op) => op.f === f).flatMap(({ value }) => value as Value));
    expect([...values('write')].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...values('cas')].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('any other choice is refused with the near matches', () => {
    expect(() => createParts({ options: { values: 'smal' } })).toThrow(
      new SpecError('unknown choice of values "smal": did you mean small?'),
    );
    expect(() => createParts({ options: { values: 'distinct' } })).not.toThrow();
  });
});

describe('the final reads', () => {
  test('read every key that was used, on up to three different nodes', () => {
    forEach((history, { nodes, concurrency }) => {
      const used = new Set(invocations(loadOf(history)).map(({ key = null }) => key));
      const readBy = new Map<Value, Set<string | undefined>>();
      for (const { key = null, node, f } of invocations(finalOf(history))) {
        expect(f).toBe('read');
        readBy.set(key, (readBy.get(key) ?? new Set()).add(node));
      }
      expect([...readBy.keys()].sort()).toEqual([...used].sort());
      for (const on of readBy.values()) expect(on.size).toBe(Math.min(3, nodes, concurrency));
    });
  });

  test('of a long run are those of the last 64 keys', () => {
    const history = run({ ops: 200 * 70 });
    const keys = new Set(invocations(finalOf(history)).map(({ key }) => key as number));
    const used = Math.max(...invocations(loadOf(history)).map(({ key }) => key as number));
    expect(keys.size).toBe(64);
    expect(Math.max(...keys)).toBe(used);
  });

  test('of a run that did nothing are none', () => {
    expect(finalOf(run({ ops: 0 }))).toEqual([]);
  });
});

test('the probes write and read a key that the load does not use', () => {
  for (const { f, generator } of createParts().parts.probes) {
    const drawn = invocations(simulate(clients(limit(20, generator)), { concurrency: 10 }));
    expect(new Set(drawn.map((op) => op.f))).toEqual(new Set([f]));
    expect(new Set(drawn.map((op) => op.key))).toEqual(new Set(['recovery']));
    expect(new Set(drawn.map((op) => op.value)).size).toBe(f === 'write' ? 20 : 1);
  }
  expect(createParts().parts.probes.map(({ f }) => f)).toEqual(['write', 'read']);
});

describe('the checker', () => {
  const verdict = (history: readonly Op[]) =>
    createParts().parts.checkers[0]?.check(
      History.from(history.filter(({ process }): boolean => process !== 'nemesis')),
    );

  test('finds what well-behaved registers did linearizable', () => {
    expect(verdict(run({ infoEvery: 50 }))).toMatchObject({ valid: true, failures: [] });
    expect(verdict(run({ infoEvery: 50, options: { values: 'small' } }))).toMatchObject({ valid: true });
  });

  test('sees a single final read that is stale', () => {
    const history = run();
    const index = history.findLastIndex(({ type, f }) => type === 'ok' && f === 'read');
    const stale = history.with(index, { ...history[index]!, value: 1 });
    expect(verdict(stale)).toMatchObject({ valid: false, failures: [{ key: history[index]!.key }] });
  });

  test('sees a lost write', () => {
    const history = run();
    const final = new Set<Process>();
    const lost = history.map((op, i) => {
      if (i < boundary(history) || op.type !== 'ok' || op.key !== 0) return op;
      final.add(op.process);
      return { ...op, value: null };
    });
    expect(final.size).toBeGreaterThan(1);
    expect(verdict(lost)).toMatchObject({ valid: false });
  });
});
