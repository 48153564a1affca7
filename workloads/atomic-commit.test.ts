/** The workload itself, and the two protocols of atomic commitment under it: right as far as they promise, convicted where they are wrong. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import type { AtomicCommitmentVerdict } from '../checkers/classic/atomic-commitment.ts';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { bugs as bugsOfThree } from '../targets/three-phase-commit/bugs.ts';
import { threePhaseCommit } from '../targets/three-phase-commit/system.ts';
import { noCommitBesideWait } from '../targets/three-phase-commit/testing/no-commit-beside-wait.ts';
import { bugs as bugsOfTwo } from '../targets/two-phase-commit/bugs.ts';
import { twoPhaseCommit } from '../targets/two-phase-commit/system.ts';
import { ask, invocations, partsOf } from './testing/imagined.ts';
import { firstConviction, type RaftRun, runOnRaft } from './testing/on-raft.ts';

const two = twoPhaseCommit as unknown as NodeSystem;
const three = threePhaseCommit as unknown as NodeSystem;
const workload = 'atomic-commit';

/** The checkers that were not satisfied, each with its reason. */
async function complaints(run: RaftRun): Promise<(readonly [string, Verdict])[]> {
  const { results } = await runOnRaft(run);
  return Object.entries(results.checkers).filter(([, { valid }]) => valid !== true);
}

describe('the workload', () => {
  const isUnknown = (node: string | undefined, key: unknown): boolean =>
    node === 'n3' && [5, 6, 7, 8].includes(key as number);
  /** The client of transaction 2 is told nothing; n3 never knows what became of 5 to 8. */
  const { load, final } = ask(workload, {
    ops: 3000,
    nodes: 3,
    respond({ f, key, node, value }) {
      if (f === 'transact') return { type: key === 2 ? 'info' : 'ok', value };
      const decision = isUnknown(node, key) ? null : 'commit';
      return { type: 'ok', value: { vote: 'yes', decision } };
    },
  });
  const asked = invocations(load);
  const transactions = asked.filter(({ f }) => f === 'transact');
  const last = invocations(final);

  test('a third begins transactions, each of which has a name of its own; in a fifth of them a node votes no', () => {
    expect(transactions.length / asked.length).toBeCloseTo(1 / 3, 1);
    expect(new Set(transactions.map(({ key }) => key)).size).toBe(transactions.length);
    const against = transactions.flatMap(({ value }) => value as unknown as string[]);
    expect(against.length / transactions.length).toBeCloseTo(1 / 5, 1);
    expect([...new Set(against)].sort()).toEqual(['n1', 'n2', 'n3']);
  });

  test('nodes are asked about what was begun last, and again about what they were undecided on', () => {
    let count = 0;
    let again = 0;
    for (const { f, key, node } of asked) {
      if (f === 'transact') count = key as number;
      else if (isUnknown(node, key)) again++;
      else expect(count - (key as number)).toBeLessThan(12);
    }
    expect(again).toBeGreaterThan(100);
  });

  test('at last each node is asked about those begun last, and those whose end was not seen', () => {
    for (const id of ['n1', 'n2', 'n3']) {
      const keys = last.filter(({ node }) => node === id).map(({ key }) => key as number);
      expect(keys).toContain(2);
      for (let key = transactions.length; key > transactions.length - 300; key--) expect(keys).toContain(key);
      expect(new Set(keys).size).toBeLessThan(301 + 8 + 5);
    }
  });

  test('what a node has not decided it is asked about again and again, the rest once', () => {
    const times = new Map<string, number>();
    for (const { node, key } of last) times.set(`${node} ${key}`, (times.get(`${node} ${key}`) ?? 0) + 1);
    const again = [...times].filter(([, count]) => count > 1);
    expect(again.length).toBeGreaterThan(0);
    for (const [asked, count] of again) {
      expect(asked).toMatch(/^n3 [5-8]$/);
      expect(count).toBeGreaterThan(10);
    }
  });

  test('a node is convicted as blocked by what it answers in the end, not by what it answered before', () => {
    const [checker] = partsOf(workload).checkers;
    const recovery = {
      process: 'nemesis',
      type: 'info',
      f: 'phase',
      value: 'recovery',
      time: load.at(-1)!.time,
    } as const;
    const judge = (ops: readonly Omit<Op, 'index'>[]) =>
      checker!.check(History.from(ops.map((op, index) => ({ ...op, index }))));
    expect(judge([...load, recovery, recovery])).toMatchObject({ valid: true });
    expect(judge([...load, recovery, recovery, ...final])).toMatchObject({
      valid: false,
      reason: expect.stringMatching(/^blocked \(\d\): Node n3 had voted yes on transaction /),
    });
  });

  test('what is answered after the load, or not at all, is asked again in the end', () => {
    // So slow that 300 more transactions begin before a node has answered.
    const slow = ask(workload, {
      ops: 1600,
      nodes: 3,
      concurrency: 1200,
      latencyMs: 990,
      respond: ({ f, value, index }) => {
        if (f === 'transact') return { type: 'ok', value };
        return index % 5 === 0 ? { type: 'info', value } : { type: 'ok', value: { vote: 'yes', decision: null } };
      },
    });
    const open = new Set(slow.load.filter(({ f, type }) => f === 'inspect' && type === 'ok').map(questionOf));
    const asked = new Set(invocations(slow.final).map(questionOf));
    expect(open.size).toBeGreaterThan(500);
    expect([...open].filter((question) => !asked.has(question))).toEqual([]);
  });
});

const questionOf = ({ node, key }: Op): string => `${node} ${key}`;

describe('two-phase commit', () => {
  test.each(['list-append', 'rw-register', 'bank', 'register', workload])(
    '%s is valid under partitions, kills, and pauses',
    async (name) => {
      for (const seed of [1, 2, 3]) {
        const run = { workload: name, system: two, nemesis: ['partition', 'kill', 'pause'], seed, nodes: 3 };
        expect(await complaints(run)).toEqual([]);
      }
    },
  );

  test.each([1, 2, 7])('works on %i nodes, also when what is shared is frozen', async (nodes) => {
    for (const name of ['bank', workload]) {
      const run = { workload: name, system: two, nodes, nemesis: ['kill'], timeLimitMs: 3000 };
      const sha256 = async (options = {}) => (await runOnRaft({ ...run, options })).results.history.sha256;
      expect(await complaints(run)).toEqual([]);
      expect(await sha256({ paranoid: 'true' })).toBe(await sha256());
    }
  });

  test('nodes are blocked while faults last, and none is in the end', async () => {
    let longestNs = 0;
    for (let seed = 1; seed <= 5; seed++) {
      const { results } = await runOnRaft({ workload, system: two, nemesis: ['kill'], nemesisIntervalMs: 2000, seed });
      const verdict = results.checkers['atomic-commitment'] as AtomicCommitmentVerdict;
      expect(verdict).toMatchObject({ valid: true, stillBlockedCount: 0 });
      longestNs = Math.max(longestNs, verdict.blockedNs!.max);
    }
    expect(longestNs).toBeGreaterThan(5e8);
  });

  test.each([
    ['unilateral-abort', workload, 'atomic-commitment'],
    ['unilateral-commit', workload, 'atomic-commitment'],
    ['prepare-not-durable', 'bank', 'bank'],
    ['prepare-not-durable', workload, 'atomic-commitment'],
    ['decision-not-logged', workload, 'atomic-commitment'],
    ['commit-before-all-votes', workload, 'atomic-commitment'],
    ['early-lock-release', 'bank', 'bank'],
    ['forgets-prepared-on-restart', 'list-append', 'list-append'],
    ['forgets-prepared-on-restart', workload, 'atomic-commitment'],
    ['lost-decision-presumed-commit', workload, 'atomic-commitment'],
    ['ends-before-acknowledged', workload, 'atomic-commitment'],
    ['votes-yes-when-unknown', 'list-append', 'list-append'],
    ['no-read-locks', 'list-append', 'list-append'],
  ])('%s is found by %s', async (bug, name, checker) => {
    expect(bugsOfTwo.map((each) => each.name)).toContain(bug);
    expect(await firstConviction({ workload: name, system: two, bug }, checker, 10)).toBeDefined();
  });
});

describe('three-phase commit', () => {
  test('is valid under kills, and nobody commits while another that is up could abort', async () => {
    const invariants = [...three.invariants, noCommitBesideWait as unknown as NodeSystem['invariants'][number]];
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(await complaints({ workload, system: { ...three, invariants }, nemesis: ['kill'], seed })).toEqual([]);
    }
  });

  test.each([1, 2, 7])('works on %i nodes, also when what is shared is frozen', async (nodes) => {
    const run = { workload, system: three, nodes, nemesis: ['kill'], timeLimitMs: 3000 };
    const sha256 = async (options = {}) => (await runOnRaft({ ...run, options })).results.history.sha256;
    expect(await complaints(run)).toEqual([]);
    expect(await sha256({ paranoid: 'true' })).toBe(await sha256());
  });

  test.each(['partition', 'pause'])('is caught with half a commit under %s, which it says itself', async (nemesis) => {
    const run = { workload, system: three, nemesis: [nemesis], rate: 300 };
    const seed = await firstConviction(run, 'atomic-commitment', 100);
    expect(seed).toBeDefined();
    const { results } = await runOnRaft({ ...run, seed: seed! });
    expect(results).toMatchObject({ valid: false, expected: 'limit' });
  });

  test.each(bugsOfThree.map(({ name }) => name))('%s is found under kills', async (bug) => {
    const run = { workload, system: three, bug, nemesis: ['kill'], nemesisIntervalMs: 500, rate: 300 };
    expect(await firstConviction(run, 'atomic-commitment', 30)).toBeDefined();
  });
});
