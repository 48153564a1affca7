/** Each named bug in the smallest situation in which it differs from the protocol as it should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bugs } from './bugs.ts';
import type { Mistake } from './config.ts';
import type { Proposal } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const proposal = (ballot: number, value: number): Proposal => ({ ballot, value });

/** n1 has promised, or accepted a proposal, in a ballot of n3; then it restarts, with what was on its disk. */
function restarted(cluster: Cluster, what: 'prepare' | 'accept', ballot: number, value = 0): void {
  cluster.say('n3', 'n1', what === 'prepare' ? { type: what, ballot } : { type: what, ballot, value });
  cluster.crash('n1');
  cluster.start('n1');
}

/** n1 proposes 7, with its own promise on disk, and those of others. */
function proposerOf7(cluster: Cluster, reports: Readonly<Record<string, Proposal | null>>): void {
  cluster.propose('n1', 7);
  cluster.sync('n1');
  cluster.pass('n1', 'n1');
  const { ballot } = cluster.instance('n1');
  for (const [from, accepted] of Object.entries(reports)) cluster.promise(from, 'n1', ballot, accepted);
}

const typeFrom = (cluster: Cluster, src: string, dest: string): string | undefined => cluster.lastFrom(src, dest)?.type;

interface Situation {
  readonly bug: Mistake;
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
      restarted(cluster, 'prepare', cluster.ballot(2, 'n3'));
      cluster.say('n2', 'n1', { type: 'accept', ballot: cluster.ballot(1, 'n2'), value: 8 });
      return [typeFrom(cluster, 'n1', 'n3'), typeFrom(cluster, 'n1', 'n2')];
    },
    correct: ['promise', 'preempted'],
    wrong: ['promise', 'accepted'],
  },
  {
    bug: 'forgets-acceptance',
    happens(cluster) {
      restarted(cluster, 'accept', cluster.ballot(1, 'n3'), 9);
      cluster.say('n2', 'n1', { type: 'prepare', ballot: cluster.ballot(2, 'n2') });
      return cluster.lastFrom<{ type: 'promise'; accepted: Proposal | null }>('n1', 'n2')?.accepted;
    },
    correct: proposal(5, 9),
    wrong: null,
  },
  {
    bug: 'forgets-ballot',
    happens(cluster) {
      const ballotOf = (value: number): number => {
        cluster.propose('n1', value);
        while (cluster.sync('n1'));
        return cluster.instance('n1').ballot;
      };
      const first = ballotOf(7);
      cluster.crash('n1');
      cluster.start('n1');
      return ballotOf(8) > first;
    },
    correct: true,
    wrong: false,
  },
  {
    bug: 'replies-before-sync',
    happens(cluster) {
      const { network } = cluster;
      cluster.receive({ src: 'n3', dest: 'n1', body: { type: 'prepare', instance: 'x', ballot: 5 } as never });
      return network.some(({ src }) => src === 'n1');
    },
    correct: false,
    wrong: true,
  },
  {
    bug: 'ignores-accepted-value',
    nodes: 5,
    happens(cluster) {
      proposerOf7(cluster, { n2: proposal(1, 8), n3: null });
      return cluster.instance('n1').proposal?.value;
    },
    correct: 8,
    wrong: 7,
  },
  {
    bug: 'highest-by-arrival',
    nodes: 5,
    happens(cluster) {
      proposerOf7(cluster, { n2: proposal(2, 8), n3: proposal(1, 9) });
      return cluster.instance('n1').proposal?.value;
    },
    correct: 8,
    wrong: 9,
  },
  {
    bug: 'accepts-below-promise',
    happens(cluster) {
      cluster.say('n3', 'n1', { type: 'prepare', ballot: cluster.ballot(2, 'n3') });
      cluster.say('n2', 'n1', { type: 'accept', ballot: cluster.ballot(1, 'n2'), value: 8 });
      return [typeFrom(cluster, 'n1', 'n2'), cluster.instance('n1').accepted];
    },
    correct: ['preempted', null],
    wrong: ['accepted', proposal(4, 8)],
  },
  {
    bug: 'reused-ballot',
    happens(cluster) {
      cluster.propose('n1', 7);
      cluster.propose('n2', 8);
      return cluster.instance('n1').ballot === cluster.instance('n2').ballot;
    },
    correct: false,
    wrong: true,
  },
  {
    bug: 'minority-quorum',
    nodes: 5,
    happens(cluster) {
      proposerOf7(cluster, { n2: null });
      return cluster.instance('n1').phase;
    },
    correct: 'prepare',
    wrong: 'accept',
  },
  {
    bug: 'skips-phase-1',
    happens(cluster) {
      proposerOf7(cluster, { n2: null });
      cluster.say('n3', 'n1', { type: 'preempted', ballot: cluster.ballot(2, 'n3') });
      cluster.timeout('n1');
      return cluster.instance('n1').phase;
    },
    correct: 'prepare',
    wrong: 'accept',
  },
  {
    bug: 'learns-from-one',
    nodes: 5,
    happens(cluster) {
      proposerOf7(cluster, { n2: null, n3: null });
      cluster.say('n2', 'n1', { type: 'accepted', ballot: cluster.instance('n1').ballot });
      return cluster.instance('n1').decided?.value;
    },
    correct: undefined,
    wrong: 7,
  },
  {
    bug: 'learns-from-report',
    nodes: 5,
    happens(cluster) {
      proposerOf7(cluster, { n2: proposal(1, 8), n3: null });
      return cluster.instance('n1').decided?.value;
    },
    correct: undefined,
    wrong: 8,
  },
  {
    bug: 'learns-alone',
    happens(cluster) {
      return cluster.told('n1', cluster.learn('n1'));
    },
    correct: undefined,
    wrong: null,
  },
];

describe('a bug is wrong where the protocol is right', () => {
  for (const { bug, nodes = 3, happens, correct, wrong } of situations) {
    test(bug, () => {
      expect(happens(new Cluster({ nodes }))).toEqual(correct);
      expect(happens(new Cluster({ nodes, bug }))).toEqual(wrong);
    });
  }
});

test('every bug has its situation, a sentence, and a section', () => {
  expect(situations.map(({ bug }) => bug).sort()).toEqual(bugs.map(({ name }) => name).sort());
  for (const { name, summary, source, config } of bugs) {
    expect(config).toEqual({ mistake: name });
    expect(summary).toMatch(/^[A-Z].*\.$/s);
    expect(source).toMatch(/§2\.\d/);
  }
});

test('docs/paxos.md has a row for every bug, in their order', () => {
  const page = readFileSync(new URL('../../docs/paxos.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('### Its bugs'));
  const rows = [...section.matchAll(/^\| `([a-z][a-z0-9-]+)` +\|/gm)].map((row) => row[1]);
  expect(rows).toEqual(bugs.map(({ name }) => name));
});
