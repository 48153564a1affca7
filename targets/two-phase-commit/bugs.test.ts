/** Each named bug in the smallest situation in which it differs from the protocol as it should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bugs } from './bugs.ts';
import type { CommitMessage } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const tx = 'n1.1.1';

const tell = (cluster: Cluster, src: string, dest: string, body: CommitMessage): void =>
  cluster.receive({ src, dest, body });

/** n2 and n3 have voted yes on a transaction of n1, which has not heard of it. */
function prepare(cluster: Cluster): void {
  cluster.txn('c1', 'n1', [
    ['append', 1, 7],
    ['append', 2, 7],
  ]);
  cluster.pass('execute', 'executed', 'prepare');
}

function restart(cluster: Cluster, id: string): void {
  cluster.crash(id);
  cluster.start(id);
}

/** What n2 and n3 hold in the end. */
const held = (cluster: Cluster): unknown => [cluster.held('n2', 1) ?? null, cluster.held('n3', 2) ?? null];

interface Situation {
  readonly bug: string;
  /** Gives what is then to be seen. */
  readonly happens: (cluster: Cluster) => unknown;
  readonly correct: unknown;
  readonly wrong: unknown;
}

const situations: readonly Situation[] = [
  {
    bug: 'unilateral-abort',
    happens(cluster) {
      prepare(cluster);
      cluster.wait('n2', 5);
      return cluster.state('n2').uncertain;
    },
    correct: [tx],
    wrong: [],
  },
  {
    bug: 'unilateral-commit',
    happens(cluster) {
      prepare(cluster);
      cluster.wait('n2', 5);
      return held(cluster);
    },
    correct: [null, null],
    wrong: [[7], null],
  },
  {
    bug: 'prepare-not-durable',
    happens(cluster) {
      prepare(cluster);
      restart(cluster, 'n2');
      cluster.settle();
      return held(cluster);
    },
    correct: [[7], [7]],
    wrong: [null, [7]],
  },
  {
    bug: 'decision-not-logged',
    happens(cluster) {
      prepare(cluster);
      cluster.pass('vote');
      while (cluster.underWay('decide').length > 1) cluster.deliver(0);
      cluster.network.length = 0;
      restart(cluster, 'n1');
      cluster.wait('n3', 5);
      cluster.settle();
      return held(cluster);
    },
    correct: [[7], [7]],
    wrong: [[7], null],
  },
  {
    bug: 'commit-before-all-votes',
    happens(cluster) {
      cluster.txn('c1', 'n1', [
        ['append', 0, 7],
        ['append', 1, 7],
        ['append', 2, 7],
      ]);
      cluster.pass('execute', 'executed', 'prepare');
      tell(cluster, 'n1', 'n1', { type: 'vote', tx, vote: 'yes' });
      tell(cluster, 'n2', 'n1', { type: 'vote', tx, vote: 'yes' });
      cluster.sync('n1');
      return cluster.replies.length;
    },
    correct: 0,
    wrong: 1,
  },
  {
    bug: 'early-lock-release',
    happens(cluster) {
      prepare(cluster);
      cluster.txn('c2', 'n2', [['append', 1, 8]]);
      cluster.pass('execute', 'executed', 'prepare', 'vote', 'decide');
      cluster.settle();
      return cluster.held('n2', 1);
    },
    correct: [7, 8],
    wrong: [8],
  },
  {
    bug: 'forgets-prepared-on-restart',
    happens(cluster) {
      prepare(cluster);
      restart(cluster, 'n2');
      cluster.settle();
      return held(cluster);
    },
    correct: [[7], [7]],
    wrong: [null, [7]],
  },
  {
    bug: 'lost-decision-presumed-commit',
    happens(cluster) {
      prepare(cluster);
      cluster.network.length = 0;
      restart(cluster, 'n1');
      cluster.wait('n2', 5);
      cluster.settle();
      return held(cluster);
    },
    correct: [null, null],
    wrong: [[7], null],
  },
  {
    bug: 'ends-before-acknowledged',
    happens(cluster) {
      prepare(cluster);
      cluster.pass('vote');
      while (cluster.underWay('decide').length > 1) cluster.deliver(0);
      cluster.network.length = 0;
      cluster.wait('n3', 5);
      cluster.settle();
      return held(cluster);
    },
    correct: [[7], [7]],
    wrong: [[7], null],
  },
  {
    bug: 'votes-yes-when-unknown',
    happens(cluster) {
      cluster.txn('c1', 'n1', [
        ['append', 1, 7],
        ['append', 2, 7],
      ]);
      cluster.pass('execute', 'executed');
      restart(cluster, 'n2');
      cluster.settle();
      return held(cluster);
    },
    correct: [null, null],
    wrong: [null, [7]],
  },
  {
    bug: 'no-read-locks',
    happens(cluster) {
      // Each reads what the other writes: one of them must see the other's write.
      cluster.txn('c1', 'n1', [
        ['r', 1, null],
        ['w', 2, 1],
      ]);
      cluster.txn('c2', 'n2', [
        ['r', 2, null],
        ['w', 1, 1],
      ]);
      // Both are carried out on one node before either comes to the other.
      for (const [src, dest] of [
        ['n1', 'n2'],
        ['n2', 'n3'],
      ]) {
        cluster.deliver(cluster.network.findIndex((message) => message.src === src && message.dest === dest));
      }
      cluster.settle();
      return cluster.replies
        .map(({ body }) => (body as unknown as { txn: readonly [string, number, unknown][] }).txn[0]![2])
        .sort();
    },
    correct: [1, null],
    wrong: [null, null],
  },
];

describe('a bug is wrong where the protocol is right', () => {
  for (const { bug, happens, correct, wrong } of situations) {
    test(bug, () => {
      const repaired = new Cluster();
      expect(happens(repaired)).toEqual(correct);
      expect([...repaired.broken]).toEqual([]);
      expect(happens(new Cluster({ bug }))).toEqual(wrong);
    });
  }
});

test('every bug has its situation, a sentence, and a section', () => {
  expect(situations.map(({ bug }) => bug).sort()).toEqual(bugs.map(({ name }) => name).sort());
  for (const { summary, source } of bugs) {
    expect(summary).toMatch(/^[A-Z].*\.$/s);
    expect(source).toMatch(/§\d/);
  }
});

test('docs/two-phase-commit.md has a row for every bug, in their order', () => {
  const page = readFileSync(new URL('../../docs/two-phase-commit.md', import.meta.url), 'utf8');
  const rows = [...page.slice(page.indexOf('## Bugs')).matchAll(/^\| ([a-z][a-z-]+) +\|/gm)].map((row) => row[1]);
  expect(rows).toEqual(['bug', ...bugs.map(({ name }) => name)]);
});
