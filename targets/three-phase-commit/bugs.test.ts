/** Each named bug in the smallest situation in which it differs from the protocol as it should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bugs } from './bugs.ts';
import type { ThreePhaseMessage } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const tx = 'n1.1.1';

const tell = (cluster: Cluster, src: string, dest: string, body: ThreePhaseMessage): void =>
  cluster.receive({ src, dest, body });

function vote(cluster: Cluster): void {
  cluster.transact('n1');
  cluster.pass('vote-request');
}

function restart(cluster: Cluster, id: string): void {
  cluster.crash(id);
  cluster.start(id);
}

/** The coordinator is gone for good, and the others lose their patience. */
function terminate(cluster: Cluster): readonly string[] {
  cluster.crash('n1');
  cluster.network.length = 0;
  for (let i = 0; i < 40; i++) {
    for (const id of ['n2', 'n3']) cluster.wait(id, 1);
    cluster.settle();
  }
  return cluster.states();
}

interface Situation {
  readonly bug: string;
  /** Gives what is then to be seen. */
  readonly happens: (cluster: Cluster) => unknown;
  readonly correct: unknown;
  readonly wrong: unknown;
}

const situations: readonly Situation[] = [
  {
    bug: 'no-precommit',
    happens(cluster) {
      vote(cluster);
      cluster.pass('vote');
      return cluster.states();
    },
    correct: ['wait', 'wait', 'wait'],
    wrong: ['committed', 'wait', 'wait'],
  },
  {
    bug: 'recovers-by-abort',
    happens(cluster) {
      vote(cluster);
      restart(cluster, 'n3');
      return cluster.states();
    },
    correct: ['wait', 'wait', 'wait'],
    wrong: ['wait', 'wait', 'aborted'],
  },
  {
    bug: 'wait-not-durable',
    happens(cluster) {
      vote(cluster);
      restart(cluster, 'n3');
      return cluster.states();
    },
    correct: ['wait', 'wait', 'wait'],
    wrong: ['wait', 'wait', 'initial'],
  },
  {
    bug: 'precommit-aborts',
    happens(cluster) {
      vote(cluster);
      tell(cluster, 'n1', 'n2', { type: 'precommit', tx });
      return terminate(cluster);
    },
    correct: ['down', 'committed', 'committed'],
    wrong: ['down', 'aborted', 'aborted'],
  },
  {
    bug: 'commits-from-wait',
    happens(cluster) {
      vote(cluster);
      return terminate(cluster);
    },
    correct: ['down', 'aborted', 'aborted'],
    wrong: ['down', 'committed', 'committed'],
  },
  {
    bug: 'impatient',
    happens(cluster) {
      vote(cluster);
      cluster.wait('n1', 1);
      return cluster.states();
    },
    correct: ['wait', 'wait', 'wait'],
    wrong: ['aborted', 'wait', 'wait'],
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

test('every bug has its situation, a sentence, and a source', () => {
  expect(situations.map(({ bug }) => bug).sort()).toEqual(bugs.map(({ name }) => name).sort());
  for (const { summary, source } of bugs) {
    expect(summary).toMatch(/^[A-Z].*\.$/s);
    expect(source).toMatch(/^Skeen 1981, |§\d/);
  }
});

test('docs/three-phase-commit.md has a row for every bug, in their order', () => {
  const page = readFileSync(new URL('../../docs/three-phase-commit.md', import.meta.url), 'utf8');
  const rows = [...page.slice(page.indexOf('## Bugs')).matchAll(/^\| ([a-z][a-z-]+) +\|/gm)].map((row) => row[1]);
  expect(rows).toEqual(['bug', ...bugs.map(({ name }) => name)]);
});
