/** Each named bug in the smallest situation in which it differs from the protocol as it should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Command } from '../machines/replicated.ts';
import { bugs } from './bugs.ts';
import type { Accept, PaxosBody, PValue } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const command = (id: number): Command => ({
  client: 'c1',
  id,
  origin: 'n1',
  bornAt: 0,
  request: { type: 'write', key: 'x', value: id, msg_id: id },
});

const proposal = (ballot: number, slot: number, id: number): PValue => ({ ballot, slot, command: command(id) });

function receive(cluster: Cluster, src: string, dest: string, body: PaxosBody): void {
  cluster.receive({ src, dest, body });
}

/** Phase 2a of a leader that need not exist. */
function accept(cluster: Cluster, src: string, dest: string, pvalues: readonly PValue[], chosen = 0): void {
  const { ballot, slot: first } = pvalues[0] as PValue;
  const last = first + pvalues.length - 1;
  const message: Accept = { type: 'accept', ballot, first, pvalues, chosen, last, round: 1 };
  receive(cluster, src, dest, message);
  while (cluster.sync(dest));
}

/** What a node last answered another. */
const answer = (cluster: Cluster, src: string, dest: string): PaxosBody | undefined =>
  cluster.network.findLast((message) => message.src === src && message.dest === dest)?.body;

/** Which commands a node has accepted, from slot 1 on. */
const accepted = (cluster: Cluster, id: string): (number | null | undefined)[] =>
  cluster.state(id).accepted.map(({ command }) => command?.id ?? null);

function write(cluster: Cluster, client: string, node: string, value: number, cut: readonly string[] = []): void {
  cluster.request(client, node, { type: 'write', key: 'x', value } as PaxosBody);
  cluster.settle(cut);
}

/** The value that a read of x gives, or undefined without an answer. */
function read(cluster: Cluster, node: string, cut: readonly string[] = []): unknown {
  const id = cluster.request('c99', node, { type: 'read', key: 'x' } as PaxosBody);
  cluster.settle(cut);
  return (cluster.reply('c99', id) as { readonly value?: unknown } | undefined)?.value;
}

/** n1 leads for itself; the others have made n2 the leader. */
function deposed(cluster: Cluster): void {
  cluster.elect('n1');
  write(cluster, 'c1', 'n1', 1);
  cluster.elect('n2', ['n1']);
  write(cluster, 'c2', 'n2', 2, ['n1']);
}

/** n1 is a proposer for which n2 and n3 report different values of slot 1: the higher ballot first, or last. */
function reported(cluster: Cluster): void {
  cluster.timeout('n1');
  const ballot = cluster.state('n1').promised;
  const promise = { type: 'promise', ballot, snapshot: null } as const;
  receive(cluster, 'n1', 'n1', { ...promise, accepted: [] });
  receive(cluster, 'n2', 'n1', { ...promise, accepted: [proposal(2, 1, 20)] });
  receive(cluster, 'n3', 'n1', { ...promise, accepted: [proposal(1, 1, 10)] });
}

interface Situation {
  readonly bug: string;
  readonly nodes?: number;
  /** Gives what is then to be seen. */
  readonly happens: (cluster: Cluster) => unknown;
  readonly correct: unknown;
  readonly wrong: unknown;
}

const situations: readonly Situation[] = [
  {
    bug: 'forgets-promise',
    happens(cluster) {
      cluster.fire('n1', 'leader');
      receive(cluster, 'n3', 'n1', { type: 'prepare', ballot: cluster.ballot(2, 'n3'), from: 1 });
      while (cluster.sync('n1'));
      const promised = answer(cluster, 'n1', 'n3')?.type;
      cluster.crash('n1');
      cluster.start('n1');
      accept(cluster, 'n2', 'n1', [proposal(cluster.ballot(1, 'n2'), 1, 1)]);
      return [promised, answer(cluster, 'n1', 'n2')?.type];
    },
    correct: ['promise', 'preempted'],
    wrong: ['promise', 'accepted'],
  },
  {
    bug: 'ignores-accepted-value',
    nodes: 5,
    happens(cluster) {
      reported(cluster);
      return accepted(cluster, 'n1');
    },
    correct: [20],
    wrong: [],
  },
  {
    bug: 'highest-by-arrival',
    nodes: 5,
    happens(cluster) {
      reported(cluster);
      return accepted(cluster, 'n1');
    },
    correct: [20],
    wrong: [10],
  },
  {
    bug: 'accepts-below-promise',
    happens(cluster) {
      cluster.fire('n1', 'leader');
      receive(cluster, 'n3', 'n1', { type: 'prepare', ballot: cluster.ballot(2, 'n3'), from: 1 });
      accept(cluster, 'n2', 'n1', [proposal(cluster.ballot(1, 'n2'), 1, 1)]);
      return [answer(cluster, 'n1', 'n2')?.type, accepted(cluster, 'n1')];
    },
    correct: ['preempted', []],
    wrong: ['accepted', [1]],
  },
  {
    bug: 'reused-ballot',
    happens(cluster) {
      for (const id of ['n1', 'n2']) cluster.timeout(id);
      return cluster.state('n1').promised === cluster.state('n2').promised;
    },
    correct: false,
    wrong: true,
  },
  {
    bug: 'minority-quorum',
    nodes: 5,
    happens(cluster) {
      for (const id of cluster.nodeIds) if (cluster.isSticky(id)) cluster.fire(id, 'leader');
      cluster.timeout('n1');
      cluster.settle(['n3', 'n4', 'n5']);
      return cluster.state('n1').role;
    },
    correct: 'proposer',
    wrong: 'leader',
  },
  {
    bug: 'learns-from-one',
    happens(cluster) {
      cluster.elect('n1');
      write(cluster, 'c1', 'n1', 1, ['n2', 'n3']);
      return cluster.state('n1').chosen;
    },
    correct: 0,
    wrong: 1,
  },
  {
    bug: 'gap-skipped',
    happens(cluster) {
      const ballot = cluster.ballot(1, 'n2');
      accept(cluster, 'n2', 'n1', [proposal(ballot, 1, 1)]);
      accept(cluster, 'n2', 'n1', [proposal(ballot, 3, 3)], 3);
      return cluster.state('n1').applied;
    },
    correct: 1,
    wrong: 3,
  },
  {
    bug: 'stale-lease-read',
    happens(cluster) {
      cluster.elect('n1');
      write(cluster, 'c1', 'n1', 1);
      cluster.heartbeat('n1');
      cluster.node('n1').nowMs += 140;
      const inTime = read(cluster, 'n1', ['n1']);
      cluster.node('n1').nowMs += 20;
      const later = read(cluster, 'n1', ['n1']);
      cluster.elect('n2', ['n1']);
      write(cluster, 'c2', 'n2', 2, ['n1']);
      // The clock jumps back, and the lease runs again.
      cluster.node('n1').nowMs -= 1000;
      return [inTime, later, read(cluster, 'n1', ['n1'])];
    },
    correct: [undefined, undefined, undefined],
    wrong: [1, undefined, 1],
  },
  {
    bug: 'quorum-read-without-confirm',
    happens(cluster) {
      deposed(cluster);
      return read(cluster, 'n1', ['n1']);
    },
    correct: undefined,
    wrong: 1,
  },
];

describe('a bug is wrong where the protocol is right', () => {
  for (const { bug, nodes = 3, happens, correct, wrong } of situations) {
    test(bug, () => {
      const parameters = bugs.find(({ name }) => name === bug)?.config;
      expect(parameters).toBeDefined();
      const repaired = new Cluster({ nodes, config: { ...parameters, mistake: null, reads: 'confirm' } });
      expect(happens(repaired)).toEqual(correct);
      expect([...repaired.broken]).toEqual([]);
      expect(happens(new Cluster({ nodes, bug }))).toEqual(wrong);
    });
  }
});

test('a new leader with the bug gap-skipped leaves a gap, where the protocol has a no-op', () => {
  const led = (options: { readonly bug?: string }): unknown => {
    const cluster = new Cluster(options);
    accept(cluster, 'n2', 'n1', [proposal(cluster.ballot(1, 'n2'), 1, 1)]);
    accept(cluster, 'n2', 'n1', [proposal(cluster.ballot(1, 'n2'), 3, 3)]);
    cluster.elect('n1');
    return cluster.state('n1').accepted.map(({ slot, command }) => [slot, command?.id ?? null]);
  };
  expect(led({})).toEqual([
    [1, 1],
    [2, null],
    [3, 3],
  ]);
  expect(led({ bug: 'gap-skipped' })).toEqual([
    [1, 1],
    [3, 3],
  ]);
});

test('every bug has its situation, a sentence, and a section', () => {
  expect(situations.map(({ bug }) => bug).sort()).toEqual(bugs.map(({ name }) => name).sort());
  for (const { summary, source } of bugs) {
    expect(summary).toMatch(/^[A-Z].*\.$/s);
    expect(source).toMatch(/§\d/);
  }
});

test('docs/paxos.md has a row for every bug, in their order', () => {
  const page = readFileSync(new URL('../../docs/paxos.md', import.meta.url), 'utf8');
  const rows = [...page.slice(page.indexOf('## Bugs')).matchAll(/^\| ([a-z][a-z-]+) +\|/gm)].map((row) => row[1]);
  expect(rows).toEqual(['bug', ...bugs.map(({ name }) => name)]);
});
