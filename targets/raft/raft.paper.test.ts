/** Raft's rules, each quoted from Ongaro's dissertation with its section. */
import { describe, expect, test } from 'vitest';
import type { Message } from '../../protocol/message.ts';
import type {
  AppendEntries,
  AppendEntriesReply,
  Entry,
  InstallSnapshot,
  RaftBody,
  RequestVote,
  RequestVoteReply,
} from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const noOpOf = (term: number): Entry => ({ term, command: null });

const write = (key: string, value: number) => ({ type: 'write', key, value }) as const;
const read = (key: string) => ({ type: 'read', key }) as const;

/** Messages of one type that are under way, or wait for a disk. */
function sent<Type extends RaftBody>(cluster: Cluster, type: Type['type'], from?: string): Message<Type>[] {
  const waiting = cluster.nodes.flatMap((node) => node.waiting.map(({ message }) => message));
  return [...cluster.network, ...waiting].filter(
    ({ src, body }) => body.type === type && (from === undefined || src === from),
  ) as Message<Type>[];
}

function receive(cluster: Cluster, src: string, dest: string, body: RaftBody): void {
  cluster.receive({ src, dest, body });
}

/** The node's reply to a message that nobody else takes part in, once its disk is done. */
function replyTo<Reply extends RaftBody>(cluster: Cluster, src: string, dest: string, body: RaftBody): Reply {
  while (cluster.sync(dest));
  cluster.network.length = 0;
  receive(cluster, src, dest, body);
  while (cluster.sync(dest));
  const reply = cluster.network.find((message) => message.src === dest && message.dest === src);
  if (reply === undefined) throw new Error(`${dest} did not reply`);
  return reply.body as Reply;
}

/** The minimum election timeout passes for everybody, with no leader. */
function grown(nodes = 3): Cluster {
  const cluster = new Cluster({ nodes });
  for (const id of cluster.nodeIds) cluster.fire(id, 'election');
  return cluster;
}

const requestVote = (term: number, lastLogIndex: number, lastLogTerm: number, preVote = false): RequestVote => ({
  type: 'request-vote',
  term,
  preVote,
  lastLogIndex,
  lastLogTerm,
});

const appendEntries = (
  term: number,
  prevLogIndex: number,
  prevLogTerm: number,
  entries: readonly Entry[],
  leaderCommit = 0,
): AppendEntries => ({ type: 'append-entries', term, prevLogIndex, prevLogTerm, entries, leaderCommit, round: 1 });

const termsOf = (cluster: Cluster, id: string): (number | undefined)[] => {
  const raft = cluster.raft(id);
  return Array.from({ length: raft.lastIndex }, (_, i) => raft.termAt(i + 1));
};

describe('§3.3 terms', () => {
  test('"If one server\'s current term is smaller than the other\'s, then it updates its current term to the larger value."', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(7, 0, 0, []));
    expect(cluster.raft('n1').term).toBe(7);
  });

  test('"If a candidate or leader discovers that its term is out of date, it immediately reverts to follower state."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const reply = { type: 'append-entries-reply', term: 9, success: false } as AppendEntriesReply;
    receive(cluster, 'n2', 'n1', reply);
    expect(cluster.raft('n1')).toMatchObject({ role: 'follower', term: 9, leader: null });
  });

  test('"If a server receives a request with a stale term number, it rejects the request."', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(7, 0, 0, []));
    const stale = appendEntries(6, 0, 0, [noOpOf(6)]);
    expect(replyTo<AppendEntriesReply>(cluster, 'n3', 'n1', stale)).toMatchObject({ success: false, term: 7 });
    expect(replyTo<RequestVoteReply>(cluster, 'n3', 'n1', requestVote(6, 9, 6))).toMatchObject({ voteGranted: false });
    const snapshot = { index: 5, term: 5, state: null };
    const install: InstallSnapshot = { type: 'install-snapshot', term: 6, snapshot, round: 1 };
    expect(replyTo<AppendEntriesReply>(cluster, 'n3', 'n1', install)).toMatchObject({ success: false, term: 7 });
    expect(cluster.raft('n1')).toMatchObject({ lastIndex: 0, snapshotIndex: 0 });
  });
});

describe('§3.4 leader election', () => {
  test('"To begin an election, a follower increments its current term and transitions to candidate state. It then votes for itself and issues RequestVote RPCs in parallel to each of the other servers in the cluster."', () => {
    const cluster = new Cluster({ nodes: 5, config: { preVote: false } });
    cluster.timeout('n1');
    expect(cluster.raft('n1')).toMatchObject({ role: 'candidate', term: 1 });
    cluster.sync('n1');
    expect(cluster.node('n1').values.get('term-and-vote')).toEqual({ term: 1, votedFor: 'n1' });
    expect(sent<RequestVote>(cluster, 'request-vote').map(({ dest }) => dest)).toEqual(['n2', 'n3', 'n4', 'n5']);
  });

  test('"A candidate wins an election if it receives votes from a majority of the servers in the full cluster for the same term."', () => {
    const cluster = grown(5);
    cluster.timeout('n1');
    const grant = (term: number, preVote: boolean, from: string): void =>
      receive(cluster, from, 'n1', { type: 'request-vote-reply', term, preVote, voteGranted: true });
    for (const from of ['n2', 'n3']) grant(1, true, from);
    grant(1, false, 'n2');
    grant(1, false, 'n2');
    expect(cluster.raft('n1').role).toBe('candidate');
    grant(0, false, 'n4');
    expect(cluster.raft('n1').role).toBe('candidate');
    grant(1, false, 'n3');
    expect(cluster.raft('n1').role).toBe('leader');
  });

  test('"Each server will vote for at most one candidate in a given term, on a first-come-first-served basis."', () => {
    const cluster = grown();
    const ask = (candidate: string): RequestVoteReply => replyTo(cluster, candidate, 'n1', requestVote(1, 0, 0));
    expect(ask('n2').voteGranted).toBe(true);
    expect(ask('n3').voteGranted).toBe(false);
    expect(ask('n2').voteGranted).toBe(true);
  });

  test('"Once a candidate wins an election, it becomes leader. It then sends heartbeat messages to all of the other servers."', () => {
    const cluster = grown();
    cluster.timeout('n1');
    cluster.settle(['n3']);
    cluster.network.length = 0;
    cluster.fire('n1', 'heartbeat');
    expect(sent<AppendEntries>(cluster, 'append-entries').map(({ dest }) => dest)).toEqual(['n2', 'n3']);
    expect(cluster.node('n1').timers.get('heartbeat')).toMatchObject({ minMs: 50, maxMs: 50 });
  });

  test('"If the leader\'s term (included in its RPC) is at least as large as the candidate\'s current term, then the candidate recognizes the leader as legitimate and returns to follower state."', () => {
    const cluster = new Cluster({ config: { preVote: false } });
    cluster.timeout('n1');
    receive(cluster, 'n2', 'n1', appendEntries(1, 0, 0, []));
    expect(cluster.raft('n1')).toMatchObject({ role: 'follower', term: 1, leader: 'n2' });
  });

  test('"If the term in the RPC is smaller than the candidate\'s current term, then the candidate rejects the RPC and continues in candidate state."', () => {
    const cluster = new Cluster({ config: { preVote: false } });
    cluster.timeout('n1');
    const reply = replyTo<AppendEntriesReply>(cluster, 'n2', 'n1', appendEntries(0, 0, 0, []));
    expect(reply).toMatchObject({ success: false, term: 1 });
    expect(cluster.raft('n1').role).toBe('candidate');
  });

  test('"Election timeouts are chosen randomly from a fixed interval": the host draws within it, in two parts', () => {
    const cluster = new Cluster();
    expect(cluster.node('n1').timers.get('election')).toMatchObject({ minMs: 150, maxMs: 150 });
    cluster.fire('n1', 'election');
    expect(cluster.node('n1').timers.get('election')).toMatchObject({ minMs: 0, maxMs: 150 });
    cluster.fire('n1', 'election');
    expect(cluster.node('n1').timers.get('election')).toMatchObject({ minMs: 150, maxMs: 300 });
  });

  test('a candidate that has no majority in time begins the next election in a new term', () => {
    const cluster = new Cluster({ config: { preVote: false } });
    cluster.timeout('n1');
    cluster.fire('n1', 'election');
    expect(cluster.raft('n1')).toMatchObject({ role: 'candidate', term: 2 });
  });

  test('a node alone is its own majority', () => {
    const cluster = new Cluster({ nodes: 1 });
    cluster.timeout('n1');
    cluster.settle();
    const id = cluster.request('c1', 'n1', write('x', 1));
    cluster.settle();
    const got = cluster.request('c1', 'n1', read('x'));
    cluster.settle();
    expect([cluster.reply('c1', id)?.type, cluster.reply('c1', got)]).toEqual([
      'write_ok',
      { type: 'read_ok', value: 1, in_reply_to: got },
    ]);
  });
});

describe('§3.5 log replication', () => {
  test('"The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in parallel to each of the other servers to replicate the entry."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    const messages = sent<AppendEntries>(cluster, 'append-entries');
    expect(messages.map(({ dest }) => dest)).toEqual(['n2', 'n3']);
    for (const { body } of messages) {
      expect(body).toMatchObject({ prevLogIndex: 1, prevLogTerm: 1, entries: [{ term: 1, command: { id } }] });
    }
  });

  test('"A log entry is committed once the leader that created the entry has replicated it on a majority of the servers"; then it answers', () => {
    const cluster = new Cluster({ nodes: 5 });
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    cluster.settle(['n2', 'n3', 'n4']);
    expect(cluster.reply('c1', id)).toBeUndefined();
    cluster.heartbeat('n1', ['n3', 'n4']);
    expect(cluster.reply('c1', id)).toEqual({ type: 'write_ok', in_reply_to: id });
  });

  test('"Once a follower learns that a log entry is committed, it applies the entry to its local state machine (in log order)."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 1));
    cluster.settle();
    expect(cluster.raft('n2').lastApplied).toBe(1);
    cluster.heartbeat('n1');
    expect(cluster.raft('n2')).toMatchObject({ commitIndex: 2, lastApplied: 2 });
  });

  test('"If the follower does not find an entry in its log with the same index and term, then it refuses the new entries."', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(2, 0, 0, [noOpOf(1), noOpOf(2)]));
    const ask = (index: number, term: number): AppendEntriesReply =>
      replyTo(cluster, 'n2', 'n1', appendEntries(2, index, term, [noOpOf(2)]));
    expect(ask(3, 2).success).toBe(false);
    expect(ask(2, 1).success).toBe(false);
    expect(termsOf(cluster, 'n1')).toEqual([1, 2]);
    expect(ask(2, 2)).toMatchObject({ success: true, matchIndex: 3 });
  });

  test('"If an existing entry conflicts with a new one (same index but different terms), delete the existing entry and all that follow it." (figure 3.1)', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(2, 0, 0, [noOpOf(1), noOpOf(2), noOpOf(2)]));
    receive(cluster, 'n3', 'n1', appendEntries(3, 1, 1, [noOpOf(3)]));
    while (cluster.sync('n1'));
    expect(termsOf(cluster, 'n1')).toEqual([1, 3]);
    expect(cluster.node('n1').logs.get('log')?.entries).toEqual([noOpOf(1), noOpOf(3)]);
  });

  test('a message that was overtaken removes nothing: its entries are there already', () => {
    const cluster = grown();
    const late = appendEntries(2, 0, 0, [noOpOf(1)]);
    receive(cluster, 'n2', 'n1', appendEntries(2, 0, 0, [noOpOf(1), noOpOf(2)]));
    expect(replyTo<AppendEntriesReply>(cluster, 'n2', 'n1', late)).toMatchObject({ success: true, matchIndex: 1 });
    expect(termsOf(cluster, 'n1')).toEqual([1, 2]);
  });

  test('"If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)." (figure 3.1)', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(2, 0, 0, [noOpOf(1), noOpOf(2), noOpOf(2)]));
    receive(cluster, 'n3', 'n1', appendEntries(3, 1, 1, [], 3));
    expect(cluster.raft('n1').commitIndex).toBe(1);
  });

  test('"The follower can include the term of the conflicting entry and the first index it stores for that term."', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(4, 0, 0, [noOpOf(1), noOpOf(3), noOpOf(3), noOpOf(3)]));
    const conflict = replyTo<AppendEntriesReply>(cluster, 'n3', 'n1', appendEntries(5, 4, 4, []));
    expect(conflict).toMatchObject({ success: false, conflictTerm: 3, conflictIndex: 2, prevLogIndex: 4 });
    const short = replyTo<AppendEntriesReply>(cluster, 'n3', 'n1', appendEntries(5, 9, 4, []));
    expect(short).toMatchObject({ success: false, conflictTerm: 0, conflictIndex: 5 });
  });

  test('"One AppendEntries RPC will be required for each term with conflicting entries, rather than one RPC per entry."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    for (let i = 1; i <= 30; i++) cluster.request('c1', 'n1', write('x', i)) && cluster.settle(['n3']);
    cluster.marks.clear();
    cluster.heartbeat('n1');
    expect(cluster.marks.get('backed-up')).toBe(1);
    expect(termsOf(cluster, 'n3')).toEqual(termsOf(cluster, 'n1'));
  });

  test('one message carries at most as many entries as are allowed, and the rest follows', () => {
    const cluster = new Cluster({ config: { maxEntriesPerMessage: 4 } });
    cluster.elect('n1');
    for (let i = 1; i <= 10; i++) cluster.request('c1', 'n1', write('x', i)) && cluster.settle(['n3']);
    const sizes: number[] = [];
    cluster.fire('n1', 'heartbeat');
    while (cluster.network.length > 0) {
      const { body, dest } = cluster.network[0] as Message<AppendEntries>;
      if (dest === 'n3' && body.type === 'append-entries') sizes.push(body.entries.length);
      cluster.deliver(0);
      for (const id of cluster.nodeIds) cluster.sync(id);
    }
    expect(sizes).toEqual([0, 0, 4, 4, 2]);
    expect(cluster.raft('n3').lastIndex).toBe(11);
  });
});

describe('§3.6 safety', () => {
  test('"The voter denies its vote if its own log is more up-to-date than that of the candidate."', () => {
    const ask = (lastLogIndex: number, lastLogTerm: number): boolean => {
      const cluster = grown();
      receive(cluster, 'n2', 'n1', appendEntries(2, 0, 0, [noOpOf(1), noOpOf(2), noOpOf(2)]));
      cluster.fire('n1', 'election');
      return replyTo<RequestVoteReply>(cluster, 'n3', 'n1', requestVote(3, lastLogIndex, lastLogTerm)).voteGranted;
    };
    expect(ask(9, 1)).toBe(false);
    expect(ask(2, 2)).toBe(false);
    expect(ask(3, 2)).toBe(true);
    expect(ask(1, 3)).toBe(true);
  });

  test('"Raft never commits log entries from previous terms by counting replicas" (§3.6.2)', () => {
    const cluster = new Cluster({ config: { noOp: false } });
    cluster.elect('n1');
    cluster.request('c1', 'n2', write('x', 1));
    cluster.deliver(0);
    cluster.settle(['n2', 'n3']);
    cluster.crash('n2');
    cluster.start('n2');
    // The entry is on n1 only, and nobody asks for it again; n1 is elected once more, and copies it to all.
    cluster.fire('n1', 'check-quorum');
    cluster.fire('n1', 'check-quorum');
    cluster.elect('n1');
    cluster.heartbeat('n1');
    cluster.heartbeat('n1');
    expect(cluster.nodeIds.map((id) => termsOf(cluster, id))).toEqual([[1], [1], [1]]);
    expect(cluster.raft('n1').commitIndex).toBe(0);
    cluster.request('c2', 'n1', write('y', 1));
    cluster.settle();
    expect(cluster.raft('n1').commitIndex).toBe(2);
  });
});

describe('§3.8 persisted state', () => {
  test('"Each server persists its current term and vote": a vote leaves when it is on disk, and outlives a crash', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', requestVote(1, 0, 0));
    expect(cluster.network).toEqual([]);
    cluster.sync('n1');
    expect(sent<RequestVoteReply>(cluster, 'request-vote-reply', 'n1')).toHaveLength(1);
    cluster.crash('n1');
    cluster.start('n1');
    cluster.fire('n1', 'election');
    expect(replyTo<RequestVoteReply>(cluster, 'n3', 'n1', requestVote(1, 0, 0)).voteGranted).toBe(false);
  });

  test('"Each server also persists new log entries before they are counted towards the entries\' commitment"', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.network.length = 0;
    cluster.request('c1', 'n1', write('x', 1));
    cluster.deliver(cluster.network.findIndex(({ dest }) => dest === 'n2'));
    expect(sent<AppendEntriesReply>(cluster, 'append-entries-reply').map(({ src }) => src)).toEqual(['n2']);
    expect(cluster.network.some(({ body }) => body.type === 'append-entries-reply')).toBe(false);
    cluster.crash('n2');
    cluster.start('n2');
    expect(cluster.raft('n2').lastIndex).toBe(1);
  });

  test('a node that dies in the middle of its writes comes back with a prefix of them', () => {
    for (let kept = 0; kept <= 3; kept++) {
      const cluster = grown();
      receive(cluster, 'n2', 'n1', appendEntries(1, 0, 0, [noOpOf(1), noOpOf(1)]));
      while (cluster.sync('n1'));
      receive(cluster, 'n3', 'n1', appendEntries(2, 1, 1, [noOpOf(2), noOpOf(2)]));
      cluster.crash('n1', kept);
      cluster.start('n1');
      const expected = [[1, 1], [1, 1], [1], [1, 2, 2]][kept];
      expect(termsOf(cluster, 'n1')).toEqual(expected);
      expect(cluster.raft('n1').term).toBe(kept === 0 ? 1 : 2);
    }
  });
});

describe('§4.2.3 and §9.6 disruptive servers', () => {
  test('"If a server receives a RequestVote request within the minimum election timeout of hearing from a current leader, it does not update its term or grant its vote."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.heartbeat('n1');
    receive(cluster, 'n3', 'n2', requestVote(9, 99, 9));
    receive(cluster, 'n3', 'n1', requestVote(9, 99, 9));
    expect([cluster.raft('n1'), cluster.raft('n2')]).toMatchObject([{ term: 1, role: 'leader' }, { term: 1 }]);
    expect(sent(cluster, 'request-vote-reply')).toEqual([]);
    cluster.fire('n2', 'election');
    receive(cluster, 'n3', 'n2', requestVote(9, 99, 9));
    expect(cluster.raft('n2').term).toBe(9);
  });

  test('"A candidate only increments its term if it first learns from a majority of the cluster that they would be willing to grant the candidate their votes." (§9.6)', () => {
    const cluster = grown(5);
    for (let i = 0; i < 5; i++) cluster.fire('n1', 'election');
    expect(cluster.raft('n1')).toMatchObject({ role: 'pre-candidate', term: 0 });
    cluster.settle(['n2', 'n3', 'n4']);
    expect(cluster.raft('n1')).toMatchObject({ role: 'pre-candidate', term: 0 });
    cluster.fire('n1', 'election');
    cluster.settle();
    expect(cluster.raft('n1')).toMatchObject({ role: 'leader', term: 1 });
  });

  test('a pre-vote binds nobody: two may have it, and neither term nor vote change', () => {
    const cluster = grown();
    const ask = (from: string): RequestVoteReply => replyTo(cluster, from, 'n1', requestVote(1, 0, 0, true));
    expect([ask('n2'), ask('n3')]).toMatchObject([{ voteGranted: true }, { voteGranted: true }]);
    expect(cluster.raft('n1').term).toBe(0);
    expect(cluster.node('n1').values.size).toBe(0);
  });
});

describe('§5 log compaction', () => {
  const compacting = { snapshotThreshold: 5, snapshotTail: 1 };

  function written(cluster: Cluster, count: number, cut: readonly string[]): void {
    for (let i = 1; i <= count; i++) {
      cluster.request('c1', 'n1', write('x', i));
      cluster.settle(cut);
    }
  }

  test('"Once the server completes writing a snapshot, it may delete all log entries up through the last included index."', () => {
    const cluster = new Cluster({ config: compacting });
    cluster.elect('n1');
    written(cluster, 6, []);
    expect(cluster.raft('n1')).toMatchObject({ snapshotIndex: 5, firstIndex: 5, lastIndex: 7 });
    expect(cluster.node('n1').logs.get('log')?.first).toBe(5);
  });

  test('"The leader must occasionally send snapshots to followers that lag behind", which take the state and go on', () => {
    const cluster = new Cluster({ config: compacting });
    cluster.elect('n1');
    written(cluster, 9, ['n3']);
    cluster.heartbeat('n1');
    cluster.heartbeat('n1');
    expect(cluster.marks.get('snapshot-installed')).toBe(1);
    expect(cluster.raft('n3')).toMatchObject({ snapshotIndex: 10, lastApplied: 10, lastIndex: 10 });
    cluster.elect('n3', ['n1']);
    const id = cluster.request('c2', 'n3', read('x'));
    cluster.settle();
    expect(cluster.reply('c2', id)).toMatchObject({ value: 9 });
  });

  test('"If existing log entry has same index and term as snapshot\'s last included entry, retain log entries following it." (figure 5.3)', () => {
    const cluster = grown();
    receive(cluster, 'n2', 'n1', appendEntries(1, 0, 0, [noOpOf(1), noOpOf(1), noOpOf(1)]));
    const state = { machine: [], sessions: [], forgottenUpTo: 0 };
    const install = (index: number, term: number): InstallSnapshot => ({
      type: 'install-snapshot',
      term: 1,
      snapshot: { index, term, state },
      round: 1,
    });
    expect(replyTo<AppendEntriesReply>(cluster, 'n2', 'n1', install(2, 1))).toMatchObject({ matchIndex: 2 });
    expect(cluster.raft('n1')).toMatchObject({ snapshotIndex: 2, lastIndex: 3, commitIndex: 2 });
    // An old one changes nothing.
    replyTo(cluster, 'n2', 'n1', install(1, 1));
    expect(cluster.raft('n1')).toMatchObject({ snapshotIndex: 2, lastIndex: 3 });
    replyTo(cluster, 'n2', 'n1', install(3, 2));
    expect(cluster.raft('n1')).toMatchObject({ snapshotIndex: 3, lastIndex: 3, firstIndex: 4 });
  });

  test('a node that dies while it installs a snapshot comes back with a log that fits, whichever writes survived', () => {
    for (let kept = 0; kept <= 3; kept++) {
      const cluster = new Cluster({ config: compacting });
      cluster.elect('n1');
      written(cluster, 9, ['n3']);
      cluster.fire('n1', 'heartbeat');
      cluster.deliver(cluster.network.findIndex(({ dest }) => dest === 'n3'));
      cluster.deliver(cluster.network.findIndex(({ src }) => src === 'n3'));
      cluster.deliver(cluster.network.findIndex(({ body }) => body.type === 'install-snapshot'));
      cluster.crash('n3', kept);
      cluster.start('n3');
      expect(cluster.raft('n3')).toMatchObject(
        kept === 0 ? { snapshotIndex: 0, lastIndex: 1 } : { snapshotIndex: 10, firstIndex: 11, lastIndex: 10 },
      );
      cluster.heartbeat('n1');
      cluster.heartbeat('n1');
      expect(cluster.raft('n3').lastApplied).toBe(10);
      expect([...cluster.broken]).toEqual([]);
    }
  });

  test('a node restarts from its snapshot and the log after it', () => {
    const cluster = new Cluster({ config: compacting });
    cluster.elect('n1');
    written(cluster, 6, []);
    cluster.heartbeat('n1');
    for (const id of cluster.nodeIds) cluster.crash(id);
    for (const id of cluster.nodeIds) cluster.start(id);
    expect(cluster.raft('n2')).toMatchObject({ snapshotIndex: 5, lastApplied: 5, lastIndex: 7 });
    cluster.elect('n2');
    const id = cluster.request('c2', 'n2', read('x'));
    cluster.settle();
    expect(cluster.reply('c2', id)).toMatchObject({ value: 6 });
  });
});

describe('§6 clients', () => {
  test('"A leader in Raft steps down if an election timeout elapses without a successful round of heartbeats to a majority of its cluster." (§6.2)', () => {
    const cluster = new Cluster({ nodes: 5 });
    cluster.elect('n1');
    cluster.fire('n1', 'check-quorum');
    cluster.heartbeat('n1', ['n2', 'n3']);
    cluster.fire('n1', 'check-quorum');
    expect(cluster.raft('n1').role).toBe('leader');
    cluster.heartbeat('n1', ['n2', 'n3', 'n4']);
    cluster.fire('n1', 'check-quorum');
    expect(cluster.raft('n1')).toMatchObject({ role: 'follower', leader: null, term: 1 });
  });

  test('"If a server receives a command whose serial number has already been executed, it responds immediately without re-executing the request." (§6.3)', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const first = cluster.request('c1', 'n1', write('x', 1));
    cluster.settle();
    cluster.request('c2', 'n1', write('x', 2));
    cluster.settle();
    cluster.request('c1', 'n1', write('x', 1), first);
    cluster.settle();
    expect(cluster.replies.filter(({ dest }) => dest === 'c1')).toHaveLength(2);
    expect(cluster.marks.get('command-deduplicated')).toBe(1);
    const id = cluster.request('c3', 'n1', read('x'));
    cluster.settle();
    expect(cluster.reply('c3', id)).toMatchObject({ value: 2 });
  });

  test('a command that is in the log twice, because its node asked again, is applied once', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n2', write('x', 1));
    const forward = cluster.network.findIndex(({ body }) => body.type === 'forward');
    cluster.deliver(forward, true);
    cluster.deliver(forward);
    cluster.settle();
    expect(termsOf(cluster, 'n1')).toEqual([1, 1, 1]);
    expect(cluster.marks.get('command-deduplicated')).toBe(1);
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('a session that was forgotten is not begun anew by an old command', () => {
    const cluster = new Cluster({ config: { sessionsMax: 2 } });
    cluster.elect('n1');
    cluster.request('c1', 'n2', write('x', 1));
    const forward = cluster.network.find(({ body }) => body.type === 'forward') as Message<RaftBody>;
    cluster.settle();
    for (const client of ['c2', 'c3']) {
      cluster.request(client, 'n1', write('x', 2));
      cluster.settle();
    }
    cluster.receive(forward);
    cluster.settle();
    const id = cluster.request('c4', 'n1', read('x'));
    cluster.settle();
    expect(cluster.reply('c4', id)).toMatchObject({ value: 2 });
    // Whoever is new has nothing to do with what is forgotten.
    const later = cluster.request('c5', 'n1', write('x', 3));
    cluster.settle();
    expect(cluster.reply('c5', later)).toMatchObject({ type: 'write_ok' });
  });

  test('"The leader must have the latest information on which entries are committed": no read before it has committed one of its own term (§6.4, step 1)', () => {
    const cluster = grown();
    cluster.timeout('n1');
    const readEarly = cluster.request('c1', 'n1', read('x'));
    while (cluster.raft('n1').role !== 'leader') {
      for (const id of cluster.nodeIds) cluster.sync(id);
      cluster.deliver(0);
    }
    expect(cluster.marks.get('read-index')).toBeUndefined();
    cluster.settle();
    expect(cluster.marks.get('read-index')).toBe(1);
    expect(cluster.reply('c1', readEarly)).toMatchObject({ code: 20 });
  });

  test('"It issues a new round of heartbeats and waits for their acknowledgments from a majority of the cluster." (§6.4, step 3)', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.heartbeat('n1');
    cluster.fire('n1', 'heartbeat');
    const id = cluster.request('c1', 'n1', read('x'));
    const rounds = sent<AppendEntries>(cluster, 'append-entries').map(({ body }) => body.round);
    // The answer to a heartbeat from before the read came says nothing.
    cluster.deliver(0);
    cluster.deliver(cluster.network.findIndex(({ src }) => src === 'n2'));
    expect(cluster.reply('c1', id)).toBeUndefined();
    expect(new Set(rounds)).toEqual(new Set([2, 3]));
    cluster.settle();
    expect(cluster.reply('c1', id)).toMatchObject({ code: 20 });
  });

  test('reads that come during a round share the next: "It can use a single round of heartbeats for any number of read-only queries that it has accumulated." (§6.4)', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.marks.clear();
    for (const client of ['c1', 'c2', 'c3', 'c4']) cluster.request(client, 'n1', read('x'));
    cluster.settle();
    expect(cluster.marks.get('read-index')).toBe(2);
    expect(cluster.replies).toHaveLength(4);
  });

  test('a deposed leader that does not know it answers no read', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.elect('n2', ['n1']);
    expect([cluster.raft('n1').role, cluster.raft('n2').role]).toEqual(['leader', 'leader']);
    const id = cluster.request('c1', 'n1', read('x'));
    cluster.settle(['n1']);
    expect(cluster.reply('c1', id)).toBeUndefined();
  });
});

describe('honest uncertainty', () => {
  const ticks = (cluster: Cluster, id: string, count: number): void => {
    for (let i = 0; i < count; i++) cluster.fire(id, 'requests');
  };

  test('a command that was never handed to a leader fails for certain', () => {
    const cluster = new Cluster();
    const id = cluster.request('c1', 'n1', write('x', 1));
    ticks(cluster, 'n1', 3);
    expect(cluster.reply('c1', id)).toBeUndefined();
    ticks(cluster, 'n1', 1);
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'error', code: 11 });
    expect(cluster.node('n1').timers.has('requests')).toBe(false);
    cluster.elect('n1');
    expect(cluster.raft('n1').lastIndex).toBe(1);
  });

  test('one that a leader may have is tried again, and never said to have failed', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n2', write('x', 1));
    cluster.network.length = 0;
    ticks(cluster, 'n2', 2);
    expect(sent(cluster, 'forward')).toHaveLength(1);
    cluster.settle();
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
    const lost = cluster.request('c1', 'n2', write('x', 2));
    ticks(cluster, 'n2', 60 - 20);
    expect(cluster.reply('c1', lost)).toBeUndefined();
    expect(cluster.node('n2').timers.has('requests')).toBe(false);
  });

  test('a read changes nothing, so that it may always fail', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n2', read('x'));
    cluster.network.length = 0;
    ticks(cluster, 'n2', 4);
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'error', code: 11 });
  });

  test('commands of a deposed leader are passed on to the next, and answered once', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    cluster.settle(['n1']);
    cluster.fire('n1', 'check-quorum');
    cluster.fire('n1', 'check-quorum');
    cluster.elect('n2', ['n1']);
    cluster.heartbeat('n2');
    cluster.heartbeat('n2');
    expect(cluster.replies.filter(({ dest }) => dest === 'c1').map(({ body }) => body)).toEqual([
      { type: 'write_ok', in_reply_to: id },
    ]);
  });

  test('what the machine does not know is refused at once, without a leader', () => {
    const cluster = new Cluster();
    const unknown = cluster.request('c1', 'n1', { type: 'enqueue' });
    const malformed = cluster.request('c2', 'n1', { type: 'write' });
    expect(cluster.reply('c1', unknown)).toMatchObject({ code: 10 });
    expect(cluster.reply('c2', malformed)).toMatchObject({ code: 12 });
  });
});

describe("§10.2.1 writing to the leader's disk in parallel", () => {
  test('"The leader can write to its disk in parallel with replicating to the followers": entries leave before it has written them', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 1));
    expect(cluster.network.map(({ dest }) => dest)).toEqual(['n2', 'n3']);
    expect(cluster.node('n1').unsynced.length).toBeGreaterThan(0);
  });

  test('the leader counts itself only when its own disk is done', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    cluster.deliver(0);
    cluster.sync('n2');
    cluster.deliver(cluster.network.findIndex(({ src }) => src === 'n2'));
    expect(cluster.raft('n1').commitIndex).toBe(1);
    cluster.sync('n1');
    cluster.deliver(cluster.network.findIndex(({ src, dest }) => src === dest));
    expect(cluster.raft('n1').commitIndex).toBe(2);
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('"The leader may even commit an entry before it has been written to its own disk, if a majority of followers have"', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 1));
    for (const follower of ['n2', 'n3']) {
      cluster.deliver(cluster.network.findIndex(({ dest }) => dest === follower));
      cluster.sync(follower);
      cluster.deliver(cluster.network.findIndex(({ src }) => src === follower));
    }
    expect(cluster.raft('n1').commitIndex).toBe(2);
    expect(cluster.node('n1').syncs).not.toEqual([]);
  });

  test('commands that come while the leader writes share the next message and the next sync', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    for (const client of ['c1', 'c2', 'c3', 'c4']) cluster.request(client, 'n1', write(client, 1));
    expect(cluster.raft('n1').lastIndex).toBe(2);
    cluster.sync('n1');
    cluster.deliver(cluster.network.findIndex(({ src, dest }) => src === dest));
    expect(cluster.raft('n1').lastIndex).toBe(5);
    expect(cluster.node('n1').syncs).toHaveLength(1);
  });

  test('the word that a log is durable does not outlive the term or the life in which it was given', () => {
    const cluster = new Cluster({ config: { mistake: null } });
    cluster.elect('n1');
    const { commitIndex } = cluster.raft('n1');
    cluster.request('c1', 'n1', write('x', 1));
    receive(cluster, 'n1', 'n1', { type: 'log-durable', term: 1, incarnation: 7, index: 2 });
    receive(cluster, 'n2', 'n1', {
      type: 'append-entries-reply',
      term: 1,
      success: true,
      matchIndex: 2,
    } as AppendEntriesReply);
    expect(cluster.raft('n1').commitIndex).toBe(commitIndex);
  });
});
