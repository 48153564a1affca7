/** Runs made up for the tests of reports: a register on five nodes, with partitions, drawn from a seed. */
import type { Validity, Verdict } from '../../checkers/checker.ts';
import type { KeyFailure, LinearizableVerdict } from '../../checkers/evidence.ts';
import type { Fault, Link } from '../../harness/fault.ts';
import type { NodeChange } from '../../harness/ports.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import type { Results } from '../../harness/results.ts';
import type { TestSpec } from '../../harness/spec.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import type { Lines } from '../spans.ts';

export interface SampleOptions {
  readonly valid?: Validity;
  /** Clients' ops. */
  readonly ops?: number;
  readonly seed?: number;
  /** Put into keys, values, errors, and the story. */
  readonly hostile?: string;
}

export interface Sample {
  readonly spec: TestSpec;
  readonly results: Results;
  readonly history: Lines & { readonly ops: readonly Op[] };
}

export const linesOf = (ops: readonly Op[]): Sample['history'] => ({
  length: ops.length,
  ops,
  op: (index) => ops[index] as Op,
});

const nodeIds = ['n1', 'n2', 'n3', 'n4', 'n5'];
const concurrency = 10;
const ms = 1_000_000;

const cutBetween = (side: readonly string[], other: readonly string[]): Link[] =>
  side.flatMap((a) =>
    other.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  );

type Draft = Omit<Op, 'index'>;

function nemesisOps(durationMs: number, random: Random): Draft[] {
  const op = (timeMs: number, f: string, value: Value): Draft[] =>
    [0, 3].map((laterMs) => ({ time: (timeMs + laterMs) * ms, process: 'nemesis', type: 'info', f, value }));
  const fault = (timeMs: number, value: Fault): Draft[] => op(timeMs, value.f, value as unknown as Value);
  const drafts: Draft[] = [...op(0, 'phase', 'faults').slice(0, 1)];
  const faultsEndMs = durationMs * 0.9;
  for (let at = durationMs / 12, i = 0; at + durationMs / 12 < faultsEndMs; at += durationMs / 6, i++) {
    const shuffled = random.shuffle(nodeIds);
    if (i % 3 === 2) {
      drafts.push(...fault(at, { f: 'kill', nodes: shuffled.slice(0, 2) }));
      drafts.push(...fault(at + durationMs / 14, { f: 'start', nodes: shuffled.slice(0, 2) }));
    } else {
      const cut = cutBetween(shuffled.slice(0, 2), shuffled.slice(2));
      drafts.push(...fault(at, { f: 'partition', shape: 'halves', direction: 'both', cut }));
      drafts.push(...fault(at + durationMs / 10, { f: 'heal' }));
    }
  }
  drafts.push(...op(faultsEndMs, 'phase', 'heal').slice(0, 1));
  drafts.push(...fault(faultsEndMs + 1, { f: 'heal' }));
  drafts.push(...op(faultsEndMs + 20, 'phase', 'recovery').slice(0, 1));
  drafts.push(...op(faultsEndMs + 500, 'phase', 'final-reads').slice(0, 1));
  return drafts;
}

function clientOps(count: number, durationMs: number, random: Random, hostile: string | undefined): Draft[] {
  const drafts: Draft[] = [];
  const freeAt = Array.from({ length: concurrency }, () => 0);
  const processes = Array.from({ length: concurrency }, (_, thread) => thread);
  let written = 0;
  for (let i = 0; i < count; i++) {
    const due = Math.floor((durationMs * ms * i) / count) + random.below(400_000);
    const thread = freeAt.indexOf(Math.min(...freeAt));
    const start = Math.max(due, (freeAt[thread] as number) + 1000);
    const slow = random.chance(1, 40);
    const duration =
      (slow ? random.between(200, 5000) : random.between(2, 5) * random.between(1, 6)) * ms + random.below(ms);
    const outcome = slow && random.chance(1, 2) ? 'info' : random.chance(1, 30) ? 'fail' : 'ok';
    const f = random.pick(['read', 'read', 'write', 'cas']);
    const key: Value = hostile !== undefined && i % 50 === 0 ? hostile : random.below(5);
    written++;
    const input: Value = f === 'read' ? null : f === 'write' ? written : [written - 1, written];
    const common = { process: processes[thread] as number, f, key, node: nodeIds[thread % nodeIds.length] as string };
    const output: Value =
      f === 'read' ? (hostile !== undefined && i % 20 === 0 ? hostile : Math.max(0, written - 1)) : input;
    drafts.push({ ...common, time: start, type: 'invoke', value: input });
    drafts.push({
      ...common,
      time: start + duration,
      type: outcome,
      value: outcome === 'ok' ? output : input,
      ...(outcome === 'ok' ? {} : { error: hostile ?? (outcome === 'info' ? 'timeout' : 'precondition-failed') }),
    });
    freeAt[thread] = start + duration;
    if (outcome === 'info') processes[thread] = (processes[thread] as number) + concurrency;
  }
  return drafts;
}

function nodeChanges(durationMs: number, random: Random): NodeChange[] {
  const changes: NodeChange[] = nodeIds.map((node) => ({ time: 0, node, role: 'follower', term: 0, primary: false }));
  let leader: string | undefined;
  for (let at = 200, term = 1; at < durationMs; at += random.between(4000, 12_000), term++) {
    const next = random.pick(nodeIds.filter((id) => id !== leader));
    const change = (node: string, role: string, laterMs: number): NodeChange => ({
      time: (at + laterMs) * ms,
      node,
      role,
      term,
      primary: role === 'leader',
    });
    changes.push(change(next, 'candidate', 0), change(next, 'leader', 30));
    for (const node of nodeIds) if (node !== next) changes.push(change(node, 'follower', 60));
    leader = next;
  }
  return changes.sort((a, b) => a.time - b.time);
}

/** A write that is acknowledged, and a read that begins later and still gives the value before. */
function staleRead(ops: readonly Op[], hostile: string | undefined): { drafts: Draft[]; key: Value } {
  const last = ops.at(-1) as Op;
  const at = Math.floor(last.time * 0.55);
  const key: Value = hostile ?? 'x';
  const pair = (process: number, f: string, value: Value, output: Value, fromMs: number, toMs: number): Draft[] => {
    const common = { process, f, key, node: nodeIds[process % nodeIds.length] as string };
    return [
      { ...common, time: at + fromMs * ms, type: 'invoke', value },
      { ...common, time: at + toMs * ms, type: 'ok', value: output },
    ];
  };
  return {
    key,
    drafts: [
      ...pair(1001, 'write', 41, 41, 0, 12),
      ...pair(1002, 'read', null, 41, 8, 20),
      ...pair(1003, 'write', 42, 42, 25, 48),
      ...pair(1004, 'read', null, 42, 40, 61),
      ...pair(1000, 'read', null, hostile ?? 41, 70, 84),
      ...pair(1001, 'read', null, 42, 90, 99),
    ],
  };
}

function failureOf(ops: readonly Op[], key: Value): KeyFailure {
  const invocations = ops.filter((op) => op.key === key && (op.process as number) >= 1000 && op.type === 'invoke');
  const index = (i: number): number => (invocations[i] as Op).index;
  const completion = ops.find((op) => op.process === 1000 && op.type === 'ok' && op.key === key) as Op;
  return {
    key,
    completion: completion.index,
    minimal: [0, 2, 4].map(index),
    window: { from: index(0), to: completion.index },
    basis: 'history',
    prefix: [0, 1, 2, 3].map(index),
    configurations: [
      {
        state: '42',
        pending: [index(4)],
        whyDead: `the read gave ${String(completion.value)}, but the register held 42`,
      },
    ],
    paths: [
      {
        skipped: 0,
        start: 'nil',
        steps: [0, 1, 2, 3].map((i) => ({ op: index(i), state: i < 2 ? '41' : '42' })),
        dies: { op: index(4), why: `it held 42, but the read gave ${String(completion.value)}` },
      },
      {
        skipped: 2,
        start: '41',
        steps: [{ op: index(2), state: '42' }],
        dies: { op: index(4), why: `it held 42, but the read gave ${String(completion.value)}` },
      },
    ],
    story: [
      'Client 1003 wrote 42 on n4, and it was acknowledged.',
      'Client 1004 read 42 on n5.',
      `Client 1000 began to read after both on n1, and was given ${String(completion.value)}, which 42 had replaced: no order of these ops explains it.`,
    ],
  };
}

function verdicts(valid: Validity, ops: readonly Op[], count: number, key: Value | undefined): Record<string, Verdict> {
  const linearizable: LinearizableVerdict = {
    valid,
    keys: 5,
    ops: count,
    failures: key === undefined ? [] : [failureOf(ops, key)],
    undecided: valid === 'unknown' ? [{ key: 3, reason: 'the budget of 1,000,000 configurations was used up' }] : [],
    ...(valid === 'unknown'
      ? { reason: 'key 3 is undecided: the budget of 1,000,000 configurations was used up' }
      : {}),
  };
  return { linearizable, recovery: { valid: true, recoveredMs: 312 }, stats: { valid: true } };
}

/** The same options give the same run. */
export function sampleRun({ valid = true, ops: count = 600, seed = 7, hostile }: SampleOptions = {}): Sample {
  const random = randomStream(seed, 'sample');
  // Ten clients manage about a hundred ops a second.
  const durationMs = Math.max(60_000, count * 10);
  const drafts = [...clientOps(count, durationMs, random, hostile), ...nemesisOps(durationMs, random)];
  const indexed = (all: Draft[]): Op[] => all.sort((a, b) => a.time - b.time).map((op, index) => ({ index, ...op }));
  const stale = valid === false ? staleRead(indexed([...drafts]), hostile) : undefined;
  const ops = indexed([...drafts, ...(stale?.drafts ?? [])]);
  const completed = (type: Op['type']): number =>
    ops.filter((op) => op.process !== 'nemesis' && op.type === type).length;
  const spec: TestSpec = {
    target: 'raft',
    workload: 'register',
    nemesis: ['partition', 'kill'],
    runtime: 'sim',
    nodes: 5,
    concurrency,
    rate: Math.round((count * 1000) / durationMs),
    timeLimitMs: durationMs,
    opTimeoutMs: 5000,
    nemesisIntervalMs: 10_000,
    seed,
    bug: valid === false ? 'stale-read' : null,
    options: {},
  };
  const bug = spec.bug === null ? '' : ` --bug ${spec.bug}`;
  const results: Results = {
    target: spec.target,
    workload: spec.workload,
    nemesis: spec.nemesis,
    runtime: 'sim',
    seed,
    bug: spec.bug,
    valid,
    expected: valid === false ? 'bug' : null,
    checkers: verdicts(valid, ops, count, stale?.key),
    stats: { invoke: completed('invoke'), ok: completed('ok'), fail: completed('fail'), info: completed('info') },
    faults: { partition: 4, kill: 2 },
    simulatedMs: durationMs,
    wallMs: 700,
    history: { lines: ops.length, sha256: 'ab'.repeat(32) },
    store: 'store/raft-register-partition+kill/20261121T040243.123Z-7',
    report: 'store/raft-register-partition+kill/20261121T040243.123Z-7/index.html',
    reproduce: `ftest raft --workload register --nemesis partition,kill --seed ${seed}${bug}`,
    interrupted: false,
    marks: { elections: 9, truncations: 3, 'crash-between-write-and-sync': 2, messages: 48_210 },
    nodeChanges: nodeChanges(durationMs, random),
    brokenInvariants:
      valid === false
        ? [
            {
              name: 'leader-completeness',
              time: 31_200_000_000,
              node: 'n1',
              reason: 'n1 leads term 4 without entry 212',
            },
          ]
        : [],
  };
  return { spec, results, history: linesOf(ops) };
}
