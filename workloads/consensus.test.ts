import { describe, expect, test } from 'vitest';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { paxos } from '../targets/paxos/system.ts';
import { ask, invocations, partsOf, probed } from './testing/imagined.ts';
import { firstConviction, runOnRaft } from './testing/on-raft.ts';

const nodeIds = ['n1', 'n2', 'n3'];

/** Decides for the first proposal of each key; those of some keys are not answered. */
function decisions(isLost: (key: number) => boolean) {
  const decided = new Map<Value, Value>();
  return ({ f, key = null, value }: Op) => {
    if (f === 'propose' && !decided.has(key)) decided.set(key, value);
    if (f === 'propose' && isLost(key as number)) return { type: 'info', value } as const;
    const decision = decided.get(key) ?? null;
    return { type: 'ok', value: f === 'learn' ? decision : { proposed: value, decided: decision } } as const;
  };
}

describe('the workload', () => {
  const isLost = (key: number): boolean => key === 5 || key === 90;
  const { load, final } = ask('consensus', { ops: 3000, nodes: 3, concurrency: 6, respond: decisions(isLost) });
  const asked = invocations(load);
  const proposals = asked.filter(({ f }) => f === 'propose');
  const last = invocations(final);
  const keys = Math.max(...asked.map(({ key }) => key as number));

  test('proposes each value once, and for each key several, from several nodes', () => {
    expect(new Set(proposals.map(({ value }) => value)).size).toBe(proposals.length);
    const byKey = new Map<Value, Op[]>();
    for (const op of proposals) byKey.set(op.key!, [...(byKey.get(op.key!) ?? []), op]);
    const nodes = [...byKey.values()].map((ops) => new Set(ops.map(({ node }) => node)).size);
    expect(byKey.size).toBe(keys);
    // The last key has only begun.
    expect([...byKey.values()].slice(0, -1).every(({ length }) => length >= 2)).toBe(true);
    expect(nodes.filter((count) => count === 3).length).toBeGreaterThan(keys / 2);
  });

  test('half of the ops propose for the key that came last; the others ask, and propose for earlier ones', () => {
    const { length } = asked;
    let newest = 0;
    let earlier = 0;
    for (const { f, key } of asked) {
      const isEarlier = (key as number) < newest;
      newest = Math.max(newest, key as number);
      if (f === 'propose' && isEarlier) earlier++;
    }
    expect(proposals.length / length).toBeCloseTo(5 / 8, 1);
    expect(earlier / length).toBeCloseTo(1 / 8, 1);
  });

  test('asks again where a proposal was not answered', () => {
    const of = (key: number): number => asked.filter((op) => op.key === key).length;
    const usual = asked.length / keys;
    expect(of(5)).toBeGreaterThan(3 * usual);
    expect(of(90)).toBeGreaterThan(3 * usual);
  });

  test('at last one client of each node asks about those that came last, and those that were not answered before', () => {
    const of = (id: string) => last.filter(({ node }) => node === id).map(({ key }) => key);
    const answers = load
      .slice(load.indexOf(asked.at(-1)!))
      .filter(({ f, type }) => f === 'propose' && type !== 'invoke');
    const late = answers.map(({ key }) => key as number).filter((key) => key <= keys - 40);
    expect(late.length).toBeGreaterThan(0);
    const latest = Array.from({ length: 40 }, (_, i) => keys - i);
    for (const id of nodeIds) expect(of(id)).toEqual([5, 90, ...late, ...latest]);
    expect(last.every(({ f }) => f === 'learn')).toBe(true);
    expect(new Set(last.map(({ process }) => process)).size).toBe(3);
  });

  test('what was answered as it should be is valid', () => {
    const [checker] = partsOf('consensus').checkers;
    expect(checker!.check(History.from([...load, ...final]))).toMatchObject({ valid: true, keys });
  });

  test('each probe has a key of its own, which no other op has', () => {
    const [proposed, learned] = probed('consensus', 20);
    const names = [...proposed!, ...learned!].map(({ f, key }) => `${f} ${key}`);
    expect(new Set(names).size).toBe(40);
    expect(asked.some(({ key }) => typeof key === 'string')).toBe(false);
  });
});

describe('on Multi-Paxos, where the first proposal that is applied is the decision', () => {
  const run = { workload: 'consensus', system: paxos as unknown as NodeSystem };

  test('is valid under partitions, kills, and pauses', async () => {
    for (const seed of [1, 2, 3]) {
      const { results } = await runOnRaft({ ...run, seed, nemesis: ['partition', 'kill', 'pause'] });
      expect([seed, results.valid]).toEqual([seed, true]);
    }
  });

  test.each(['minority-quorum', 'ignores-accepted-value', 'quorum-read-without-confirm'])(
    'convicts %s',
    async (bug) => {
      expect(await firstConviction({ ...run, bug }, 'consensus', 10)).toBeDefined();
    },
  );
});
