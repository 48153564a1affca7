/** How long a crash holds a transaction up, in the simulator, where delays keep to what the timeouts of the protocol are made for. */
import { expect, test } from 'vitest';
import { createRegistry } from '../../cli/registry.ts';
import { Interpreter } from '../../harness/interpreter.ts';
import type { NodeChange } from '../../harness/ports.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import { resolveTest } from '../../harness/test.ts';
import type { Description } from '../../protocol/node.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import { simRuntime } from '../../runtime/sim/runtime.ts';
import { threePhaseCommit } from './system.ts';
import type { ThreePhaseDescription } from './three-phase-commit.ts';

const seeds = 300;
const boundNs = 1_800_000_000;
const perFailureNs = 2_100_000_000;

/** The same protocol, but a node's role is the list of transactions on which it has voted yes in this life, and which it has not decided. */
const observed: NodeSystem = {
  ...(threePhaseCommit as NodeSystem),
  describe: (node) => openOf(node as ThreePhaseDescription),
};

const voted = new WeakMap<ThreePhaseDescription, { seen: number; open: readonly string[] }>();

function openOf(node: ThreePhaseDescription): Description {
  const known = voted.get(node) ?? { seen: 0, open: [] };
  voted.set(node, known);
  const open = [...known.open];
  for (; known.seen < node.deedCount; known.seen++) {
    const deed = node.deedAt(known.seen)!;
    if (deed.deed === 'voted-yes') open.push(deed.tx);
  }
  known.open = open.filter((tx) => ['wait', 'precommit'].includes(node.stateOf(tx)));
  return { role: known.open.join(' '), primary: false, term: node.term };
}

interface Seen {
  readonly changes: readonly NodeChange[];
  readonly takenOver: readonly { readonly node: string; readonly time: number; readonly tx: string }[];
  readonly durationNs: number;
}

async function run(seed: number): Promise<Seen> {
  const nodes = 3 + (seed % 3);
  const spec: TestSpec = {
    ...defaultSpec(observed.name, 'atomic-commit', seed, nodes),
    nemesis: ['kill'],
    nemesisIntervalMs: 1000 + 500 * (seed % 4),
    timeLimitMs: 10_000,
    rate: 60,
  };
  const registry = createRegistry();
  const test = resolveTest(spec, { ...registry, targets: new Map([[observed.name, observed]]) });
  const takenOver: { node: string; time: number; tx: string }[] = [];
  const { nodeChanges, duration } = await simRuntime().execute({
    test,
    journal: {
      record() {},
      flush() {},
      log(node, time, text) {
        const [, tx] = /^takes over (\S+)/.exec(text) ?? [];
        if (tx !== undefined) takenOver.push({ node, time, tx });
      },
    },
    begin: (view) =>
      new Interpreter({
        generator: test.generator,
        concurrency: spec.concurrency,
        nodeIds: test.nodeIds,
        opTimeoutMs: spec.opTimeoutMs,
        isRead: (f) => test.service.isRead(f),
        seed,
        view,
      }),
  });
  return { changes: nodeChanges, takenOver, durationNs: duration };
}

/** When each node died, in order. */
const deathsOf = (changes: readonly NodeChange[], node: string): readonly NodeChange[] =>
  changes.filter((change) => change.node === node && change.role === 'down');

interface Wait {
  readonly tx: string;
  readonly node: string;
  /** From the death of the coordinator, while this site was up and had voted yes, to the decision. */
  readonly ns: number;
  /** Sites that took over in the meantime, and failed. */
  readonly failures: number;
}

/** How long sites waited after the death of a coordinator. Who died before it knew the decision, or has voted in an earlier life, did not stay up. */
function waitsOf({ changes, takenOver, durationNs }: Seen): readonly Wait[] {
  const waits: Wait[] = [];
  const end = (tx: string, node: string, since: number, until: number): void => {
    const [coordinator, life] = tx.split('.') as [string, string];
    const death = deathsOf(changes, coordinator).find(({ term, time }) => term === Number(life) && time <= until);
    if (death === undefined) return;
    const failed = takenOver.filter(
      (taken) =>
        taken.tx === tx && deathsOf(changes, taken.node).some(({ time }) => time >= taken.time && time <= until),
    );
    const failures = new Set(failed.map((taken) => taken.node)).size;
    waits.push({ tx, node, ns: until - Math.max(death.time, since), failures });
  };
  for (const node of new Set(changes.map((change) => change.node))) {
    /** By transaction, since when. */
    let open = new Map<string, number>();
    for (const { role, time } of changes.filter((change) => change.node === node)) {
      const isDown = role === 'down';
      const now = new Set(isDown || role === '' ? [] : role.split(' '));
      for (const [tx, since] of open) if (!now.has(tx) && !isDown) end(tx, node, since, time);
      open = new Map([...now].map((tx) => [tx, open.get(tx) ?? time]));
    }
    for (const [tx, since] of open) end(tx, node, since, durationNs);
  }
  return waits;
}

test(`a transaction is decided where sites stay up within 1.8 s of the failure of its coordinator, in ${seeds} runs under kill`, async () => {
  const waits: (Wait & { readonly seed: number })[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const wait of waitsOf(await run(seed))) waits.push({ seed, ...wait });
  }
  expect(waits.filter(({ ns, failures }) => ns > boundNs + failures * perFailureNs)).toEqual([]);
  expect(waits.length).toBeGreaterThan(400);
  expect(waits.some(({ failures }) => failures > 0)).toBe(true);
});
