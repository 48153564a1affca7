/** Each named bug in the smallest situation in which it differs from the protocol as it should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../protocol/message.ts';
import { bugs } from './bugs.ts';
import type { AppendEntries, AppendEntriesReply, Entry, RaftBody, RequestVote } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const noOpOf = (term: number): Entry => ({ term, command: null });

const entriesAfter = (
  prevLogIndex: number,
  prevLogTerm: number,
  term: number,
  entries: readonly Entry[],
): AppendEntries => ({
  type: 'append-entries',
  term,
  prevLogIndex,
  prevLogTerm,
  entries,
  leaderCommit: 0,
  round: 1,
});

function receive(cluster: Cluster, src: string, dest: string, body: RaftBody): void {
  cluster.receive({ src, dest, body });
}

const termsOf = (cluster: Cluster, id: string): (number | undefined)[] => {
  const raft = cluster.raft(id);
  return Array.from({ length: raft.lastIndex }, (_, i) => raft.termAt(i + 1));
};

function write(cluster: Cluster, client: string, node: string, value: number, cut: readonly string[] = []): void {
  cluster.request(client, node, { type: 'write', key: 'x', value } as RaftBody);
  cluster.settle(cut);
}

/** The value that a read of x gives, 'unknown key', or undefined without an answer. */
function read(cluster: Cluster, node: string, cut: readonly string[] = []): unknown {
  const id = cluster.request('c99', node, { type: 'read', key: 'x' } as RaftBody);
  cluster.settle(cut);
  const reply = cluster.reply('c99', id) as { readonly type: string; readonly value?: unknown } | undefined;
  return reply?.type === 'error' ? 'unknown key' : reply?.value;
}

function vote(cluster: Cluster, candidate: string, voter: string): boolean {
  const request: RequestVote = { type: 'request-vote', term: 1, preVote: false, lastLogIndex: 0, lastLogTerm: 0 };
  receive(cluster, candidate, voter, request);
  while (cluster.sync(voter));
  const reply = cluster.network.findLast(({ src, dest }) => src === voter && dest === candidate);
  return (reply?.body as { readonly voteGranted?: boolean } | undefined)?.voteGranted ?? false;
}

/** n1 leads for itself; the others have elected n2. */
function deposed(cluster: Cluster): void {
  cluster.elect('n1');
  write(cluster, 'c1', 'n1', 1);
  cluster.elect('n2', ['n1']);
  write(cluster, 'c2', 'n2', 2, ['n1']);
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
    bug: 'stale-read',
    happens(cluster) {
      deposed(cluster);
      return read(cluster, 'n1', ['n1']);
    },
    correct: undefined,
    wrong: 1,
  },
  {
    bug: 'no-log-check',
    happens(cluster) {
      cluster.elect('n1', ['n3']);
      write(cluster, 'c1', 'n1', 1, ['n3']);
      cluster.fire('n2', 'election');
      for (let i = 0; i < 3; i++) {
        if (cluster.node('n3').timers.has('election')) cluster.fire('n3', 'election');
        cluster.settle(['n1']);
      }
      return cluster.raft('n3').role === 'leader';
    },
    correct: false,
    wrong: true,
  },
  {
    bug: 'commit-old-term',
    happens(cluster) {
      cluster.elect('n1');
      cluster.request('c1', 'n2', { type: 'write', key: 'x', value: 1 } as RaftBody);
      cluster.deliver(0);
      cluster.settle(['n2', 'n3']);
      cluster.crash('n2');
      cluster.start('n2');
      receive(cluster, 'n3', 'n1', { type: 'append-entries-reply', term: 5, success: false } as AppendEntriesReply);
      cluster.elect('n1');
      for (let i = 0; i < 3; i++) cluster.heartbeat('n1');
      return [termsOf(cluster, 'n3'), cluster.raft('n1').commitIndex];
    },
    correct: [[1], 0],
    wrong: [[1], 1],
  },
  {
    bug: 'forgets-vote',
    happens(cluster) {
      cluster.fire('n1', 'election');
      const first = vote(cluster, 'n2', 'n1');
      cluster.crash('n1');
      cluster.start('n1');
      cluster.fire('n1', 'election');
      return [first, vote(cluster, 'n3', 'n1')];
    },
    correct: [true, false],
    wrong: [true, true],
  },
  {
    bug: 'ack-before-sync',
    happens(cluster) {
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 0, []));
      cluster.settle();
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 0, [noOpOf(0)]));
      return cluster.network.map(({ body }) => (body as AppendEntriesReply).matchIndex);
    },
    correct: [],
    wrong: [1],
  },
  {
    bug: 'split-vote-double',
    happens(cluster) {
      cluster.fire('n1', 'election');
      return [vote(cluster, 'n2', 'n1'), vote(cluster, 'n3', 'n1')];
    },
    correct: [true, false],
    wrong: [true, true],
  },
  {
    bug: 'no-truncate',
    happens(cluster) {
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 2, [noOpOf(1), noOpOf(2)]));
      receive(cluster, 'n3', 'n1', entriesAfter(1, 1, 3, [noOpOf(3), noOpOf(3)]));
      return termsOf(cluster, 'n1');
    },
    correct: [1, 3, 3],
    wrong: [1, 2, 3],
  },
  {
    bug: 'snapshot-loses-tail',
    happens(cluster) {
      const entries = Array.from({ length: 12 }, () => noOpOf(1));
      receive(cluster, 'n2', 'n1', { ...entriesAfter(0, 0, 1, entries), leaderCommit: 10 });
      return cluster.raft('n1').lastIndex;
    },
    correct: 12,
    wrong: 10,
  },
  {
    bug: 'read-index-before-noop',
    happens(cluster) {
      cluster.elect('n1');
      // n2 has the entry, and does not know that it is committed.
      write(cluster, 'c1', 'n1', 1);
      cluster.fire('n3', 'election');
      cluster.timeout('n2');
      while (cluster.raft('n2').role !== 'leader') {
        for (const id of cluster.nodeIds) cluster.sync(id);
        cluster.deliver(0);
      }
      cluster.network.length = 0;
      cluster.sync('n2');
      const id = cluster.request('c2', 'n2', { type: 'read', key: 'x' } as RaftBody);
      // n3 answers that n2 leads, but has nothing on disk yet.
      receive(cluster, 'n3', 'n2', {
        type: 'append-entries-reply',
        term: cluster.raft('n2').term,
        success: false,
        prevLogIndex: 99,
        round: 9,
      } as AppendEntriesReply);
      return cluster.reply('c2', id)?.type;
    },
    correct: undefined,
    wrong: 'error',
  },
  {
    bug: 'duplicate-apply',
    happens(cluster) {
      cluster.elect('n1');
      cluster.request('c1', 'n2', { type: 'write', key: 'x', value: 1 } as RaftBody);
      const forward = cluster.network.find(({ body }) => body.type === 'forward') as Message<RaftBody>;
      cluster.settle();
      write(cluster, 'c2', 'n1', 2);
      cluster.receive(forward);
      cluster.settle();
      return read(cluster, 'n1');
    },
    correct: 2,
    wrong: 1,
  },
  {
    bug: 'lease-read-with-clock-skew',
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
    bug: 'reads-from-followers',
    happens(cluster) {
      cluster.elect('n1');
      write(cluster, 'c1', 'n1', 1);
      return read(cluster, 'n3');
    },
    correct: 1,
    wrong: 'unknown key',
  },
  {
    bug: 'minority-quorum',
    nodes: 5,
    happens(cluster) {
      cluster.elect('n1');
      write(cluster, 'c1', 'n1', 1, ['n3', 'n4', 'n5']);
      return cluster.raft('n1').commitIndex;
    },
    correct: 1,
    wrong: 2,
  },
  {
    bug: 'commit-beyond-match',
    happens(cluster) {
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 2, [noOpOf(1), noOpOf(2), noOpOf(2)]));
      receive(cluster, 'n3', 'n1', { ...entriesAfter(1, 1, 3, []), leaderCommit: 3 });
      return cluster.raft('n1').commitIndex;
    },
    correct: 1,
    wrong: 3,
  },
  {
    bug: 'truncate-without-conflict',
    happens(cluster) {
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 1, [noOpOf(1), noOpOf(1)]));
      receive(cluster, 'n2', 'n1', entriesAfter(0, 0, 1, [noOpOf(1)]));
      return cluster.raft('n1').lastIndex;
    },
    correct: 2,
    wrong: 1,
  },
];

describe('a bug is wrong where the protocol is right', () => {
  for (const { bug, nodes = 3, happens, correct, wrong } of situations) {
    test(bug, () => {
      const parameters = bugs.find(({ name }) => name === bug)?.config;
      expect(parameters).toBeDefined();
      const repaired = new Cluster({ nodes, config: { ...parameters, mistake: null, reads: 'read-index' } });
      expect(happens(repaired)).toEqual(correct);
      expect([...repaired.broken]).toEqual([]);
      expect(happens(new Cluster({ nodes, bug }))).toEqual(wrong);
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

test('docs/raft.md has a row for every bug, in their order', () => {
  const page = readFileSync(new URL('../../docs/raft.md', import.meta.url), 'utf8');
  const rows = [...page.slice(page.indexOf('## Bugs')).matchAll(/^\| ([a-z][a-z-]+) +\|/gm)].map((row) => row[1]);
  expect(rows).toEqual(['bug', ...bugs.map(({ name }) => name)]);
});
