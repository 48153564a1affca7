/**
 * Atomic commitment: each transaction is committed by all its nodes or by none (Bernstein, Hadzilacos, and Goodman, Concurrency Control and
 * Recovery in Database Systems, 1987, section 7.3; Gray and Lamport, Consensus on Transaction Commit, 2006). Clients ask for
 * transactions, and ask nodes what they know of them. Judged by that:
 *
 * - *Agreement* (AC1): no two nodes decide differently, or one has only half of the transaction; and what a client was told of
 *   the outcome is what the nodes decided.
 * - *Stability* (AC2): no node decides otherwise later. Nor is a commit *lost*: once a node or a client is known to have it, no node that is
 *   asked then knows nothing of the transaction, nor does one that had committed know no decision. For a commit takes a yes of each node,
 *   which was on its disk before it was said (section 7.4), and so is the commit before a node answers that it has it. An abort may be forgotten, for it would be
 *   presumed again.
 * - *One vote*: a yes does not become a no, nor, where the transaction is committed at any time, nothing.
 * - *Validity* (AC3): a transaction is committed only if no node voted no.
 * - *Termination* (AC5), if so asked: in the end each node that has voted yes has decided. Until then it is *blocked*, for it
 *   may neither commit nor abort; how long is told in any case, as far as it was seen.
 *
 * Assumed: all nodes that are asked about a transaction vote on it, remember their vote and its commit as long as they are asked, and tell
 * only what a crash does not undo. What was so before is told by the order of lines: an answer is later than another if it was asked for
 * when the other was there.
 *
 * That a transaction is committed where all vote yes and nothing fails (AC4) cannot be judged by a history, which does not show all
 * that fails.
 */
import { failCode, type History, okCode } from '../../history/history.ts';
import { fieldOf, formatValue, type Json, nameOf, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { type Finding, Findings, type Scene } from './findings.ts';
import { conclusion, judgeTogether, type ObjectVerdict, type Undecided, Unjudgeable } from './object-checker.ts';
import { type Quantiles, quantilesOf } from './quantiles.ts';

export interface AtomicCommitmentOptions {
  /**
   * Whether a node that never was seen to have decided what it had voted yes on is wrong. Default: no. For histories at
   * whose end all nodes are asked, when all faults are healed.
   */
  readonly mustDecide?: boolean;
  /**
   * Where the nemesis has a line `phase` with the value `recovery`, only those answers show a node blocked for good that were asked for so
   * long after it. Without such a line, as in the histories of others, all do. Default 0.
   */
  readonly settlingMs?: number;
}

/** Of each list the first hundred. Times in nanoseconds. */
export interface AtomicCommitmentVerdict extends ObjectVerdict {
  readonly transactionCount: number;
  /** Transactions that a node, or what a client was told, says are committed or aborted. */
  readonly committedCount: number;
  readonly abortedCount: number;
  /** Transactions of which it is never seen what became of them. */
  readonly openCount: number;
  /** Nodes of a transaction that were seen blocked. */
  readonly blockedCount: number;
  /** Those of them that never were seen to have decided. */
  readonly stillBlockedCount: number;
  readonly stillBlocked: readonly { readonly transaction: Json; readonly node: string }[];
  /** From when a node was first seen blocked to when it was last. */
  readonly blockedNs?: Quantiles;
}

/**
 * - `transact` asks for a transaction: ok is committed, if the value does not say `aborted`; fail is aborted.
 * - `inspect` asks a node what it knows of one: a map with `vote` (`yes`, `no`, or nil) and `decision` (`commit`, `abort`, or nil).
 *
 * The transaction is the key of the line, or `txn` in the value; the node that of the line, or `node` in the value. Linear, but for the
 * quantiles.
 */
export const checkAtomicCommitment = (
  history: History,
  options: AtomicCommitmentOptions = {},
): AtomicCommitmentVerdict | Undecided => judgeTogether(history, () => judge(history, options));

export const atomicCommitment = (options: AtomicCommitmentOptions = {}): Checker => ({
  name: 'atomic-commitment',
  check: (history) => checkAtomicCommitment(history, options),
});

type Decision = 'commit' | 'abort';

/** What was seen of one node of a transaction: lines. */
interface NodeState {
  readonly node: string;
  /** The first that said so. */
  commit: number | undefined;
  abort: number | undefined;
  yes: number | undefined;
  no: number | undefined;
  /** All that said so, in the order in which they were asked for. */
  readonly against: number[];
  readonly undecided: number[];
  /** Neither a vote nor a decision. */
  readonly nothing: number[];
  /** The first line on which it had voted yes and knew no decision, and the last. */
  blockedFrom: number | undefined;
  blockedUntil: number | undefined;
}

interface Transaction {
  readonly id: Value;
  /** The first line on which a client asked for it; that it was inspected alone is no asking. */
  begun: number | undefined;
  /** The first lines on which a client was told so. */
  toldCommit: number | undefined;
  toldAbort: number | undefined;
  readonly nodes: Map<string, NodeState>;
}

const listedMax = 100;

const wrong = ['half-commit', 'false-outcome', 'reversed', 'commit-despite-no', 'lost-commit', 'vote-changed'];

function judge(history: History, options: AtomicCommitmentOptions): AtomicCommitmentVerdict {
  const { mustDecide = false, settlingMs = 0 } = options;
  const transactions = transactionsOf(history);
  const isSettled = settledAfter(history, settlingMs);
  const findings = new Findings();
  const counts = { committed: 0, aborted: 0, open: 0, blocked: 0 };
  const stillBlocked: { transaction: Json; node: string }[] = [];
  const stretches: number[] = [];
  for (const transaction of transactions) {
    const nodes = [...transaction.nodes.values()];
    const { toldCommit, toldAbort } = transaction;
    const committed = nodes.find(({ commit }) => commit !== undefined);
    const aborted = nodes.find(({ abort }) => abort !== undefined);
    const isCommitted = committed !== undefined || toldCommit !== undefined;
    const isAborted = aborted !== undefined || toldAbort !== undefined;
    if (isCommitted) counts.committed++;
    if (isAborted) counts.aborted++;
    if (!isCommitted && !isAborted) counts.open++;
    judgeDecisions(history, transaction, nodes, findings);
    judgeMemory(history, transaction, nodes, findings);
    for (const { node, commit, abort, undecided, blockedFrom, blockedUntil } of nodes) {
      if (blockedFrom === undefined || blockedUntil === undefined) continue;
      counts.blocked++;
      // What a node answered was so at some time between the question and the answer.
      const timeNs = history.time(history.invocationOf(blockedUntil)) - history.time(blockedFrom);
      if (!Number.isNaN(timeNs)) stretches.push(Math.max(0, timeNs));
      if (commit !== undefined || abort !== undefined) continue;
      stillBlocked.push({ transaction: toJson(transaction.id), node });
      if (!undecided.some((line) => isSettled(history.invocationOf(line)))) continue;
      findings.add('blocked', () => ({
        lines: [blockedFrom, history.invocationOf(blockedUntil), blockedUntil],
        sentence: `Node ${node} had voted yes on ${nameOfTransaction(transaction)}, but still knew no decision when it was asked for the last time, ${momentOf(history, blockedUntil)}.`,
      }));
    }
  }
  const blockedNs = quantilesOf(stretches);
  return {
    ...conclusion(findings.reason(mustDecide ? [...wrong, 'blocked'] : wrong)),
    transactionCount: transactions.length,
    committedCount: counts.committed,
    abortedCount: counts.aborted,
    openCount: counts.open,
    blockedCount: counts.blocked,
    stillBlockedCount: stillBlocked.length,
    stillBlocked: stillBlocked.slice(0, listedMax),
    ...(blockedNs === undefined ? {} : { blockedNs }),
    findings: findings.told,
  };
}

/** Whether what was asked for on a line was asked for when faults had been over for so long. */
function settledAfter(history: History, settlingMs: number): (invocation: number) => boolean {
  const begun = history
    .nemesisLines()
    .find((line) => history.f(line) === 'phase' && history.value(line) === 'recovery');
  if (begun === undefined) return () => true;
  const fromNs = history.time(begun) + settlingMs * 1e6;
  return (invocation) => invocation > begun && !(history.time(invocation) < fromNs);
}

function judgeDecisions(
  history: History,
  transaction: Transaction,
  nodes: readonly NodeState[],
  findings: Findings,
): void {
  const { toldCommit, toldAbort } = transaction;
  const name = nameOfTransaction(transaction);
  const tell = (kind: string, one: number, what: string, other: number, but: string): void =>
    findings.add(kind, () => contradiction(history, transaction, one, `${what} ${name}`, other, but));

  for (const { node, commit, abort } of nodes) {
    if (commit === undefined || abort === undefined) continue;
    tell('reversed', commit, `Node ${node} had committed`, abort, 'had aborted it');
  }
  const committed = nodes.filter(({ commit }) => commit !== undefined);
  const aborted = nodes.filter(({ abort }) => abort !== undefined);
  const [first] = committed;
  const half = aborted.find((state) => state !== first) ?? aborted[0];
  const whole = half === first ? committed[1] : first;
  if (half !== undefined && whole !== undefined) {
    const what = `Node ${whole.node} had committed`;
    tell('half-commit', whole.commit!, what, half.abort!, `node ${half.node} had aborted it`);
  }

  if (toldCommit !== undefined && aborted[0] !== undefined) {
    const but = `node ${aborted[0].node} had aborted it`;
    tell('false-outcome', toldCommit, 'A client was told of the commit of', aborted[0].abort!, but);
  }
  if (toldAbort !== undefined && first !== undefined) {
    const but = `node ${first.node} had committed it`;
    tell('false-outcome', toldAbort, 'A client was told of the abort of', first.commit!, but);
  }
  if (toldCommit !== undefined && toldAbort !== undefined) {
    tell('false-outcome', toldCommit, 'A client was told of the commit of', toldAbort, 'another of its abort');
  }

  const against = nodes.find(({ no }) => no !== undefined);
  const commit = first?.commit ?? toldCommit;
  if (against !== undefined && commit !== undefined) {
    const what = first === undefined ? 'A client was told of the commit of' : `Node ${first.node} had committed`;
    tell('commit-despite-no', commit, what, against.no!, `node ${against.node} had voted no`);
  }
}

/** What nodes knew once, and do not know any more. */
function judgeMemory(
  history: History,
  transaction: Transaction,
  nodes: readonly NodeState[],
  findings: Findings,
): void {
  const { toldCommit } = transaction;
  const name = nameOfTransaction(transaction);
  const commits = nodes.filter(({ commit }) => commit !== undefined).sort((a, b) => a.commit! - b.commit!);
  const [committer] = commits;
  const isTold = toldCommit !== undefined && !(committer !== undefined && committer.commit! < toldCommit);
  const seen = isTold ? toldCommit : committer?.commit;
  const firstAfter = (lines: readonly number[], line: number | undefined): number | undefined =>
    line === undefined ? undefined : lines.find((answer) => history.invocationOf(answer) > line);
  const tell = (kind: string, one: number, what: string, other: number, but: string, then: string): void =>
    findings.add(kind, () =>
      contradiction(history, transaction, one, what, other, but, { line: other, sentence: then }),
    );

  for (const { node, commit, yes, against, undecided, nothing } of nodes) {
    const ignorant = firstAfter(nothing, seen);
    const forgotten = seen === undefined ? undefined : firstAfter(nothing, yes);
    const reopened = firstAfter(undecided, commit);
    const changed = firstAfter(against, yes);
    if (ignorant !== undefined) {
      const what = isTold ? 'A client was told of the commit of' : `Node ${committer!.node} had committed`;
      const who = !isTold && committer!.node === node ? 'it' : `node ${node}`;
      tell(
        'lost-commit',
        seen!,
        `${what} ${name}`,
        ignorant,
        `${who} knew nothing of it`,
        `${node} knows nothing of it`,
      );
    } else if (forgotten !== undefined) {
      const what = `Node ${node} had voted yes on ${name}, which was committed,`;
      tell('vote-changed', yes!, what, forgotten, 'it knew nothing of it', `${node} knows nothing of it`);
    }
    if (reopened !== undefined) {
      const what = `Node ${node} had committed ${name}`;
      tell('lost-commit', commit!, what, reopened, 'it knew no decision any more', `${node} knows no decision`);
    }
    if (changed !== undefined) {
      const what = `Node ${node} had voted yes on ${name}`;
      tell('vote-changed', yes!, what, changed, 'no', `${node} says that it has voted no`);
    }
  }
}

/** Two answers that cannot both be, with the story; `then` belongs to it, where it would not be told else. */
function contradiction(
  history: History,
  transaction: Transaction,
  one: number,
  what: string,
  other: number,
  but: string,
  then?: Scene,
): Omit<Finding, 'kind'> {
  const story = storyOf(history, transaction);
  const isNew = then !== undefined && !story.some(({ line }) => line === then.line);
  return {
    lines: [one, other].flatMap((line) => [history.invocationOf(line), line]),
    sentence: `${what} ${momentOf(history, one)}, but ${but} ${momentOf(history, other)}.`,
    story: isNew ? [...story, then].sort((a, b) => a.line - b.line) : story,
  };
}

/** From the client's wish to what each node made of it. */
function storyOf(history: History, transaction: Transaction): readonly Scene[] {
  const { begun, toldCommit, toldAbort } = transaction;
  const scenes: Scene[] = [];
  const see = (line: number | undefined, sentence: string): void => {
    if (line !== undefined) scenes.push({ line, sentence });
  };
  const asked = begun === undefined ? undefined : history.node(begun);
  see(begun, `a client asks ${asked ?? 'for'}${asked === undefined ? '' : ' for'} ${nameOfTransaction(transaction)}`);
  see(toldCommit, 'a client is told that it is committed');
  see(toldAbort, 'a client is told that it is aborted');
  for (const { node, commit, abort, no, blockedFrom } of transaction.nodes.values()) {
    see(blockedFrom, `${node} says that it has voted yes and knows no decision`);
    see(no, `${node} says that it has voted no`);
    see(commit, `${node} says that it has committed it`);
    see(abort, `${node} says that it has aborted it`);
  }
  return scenes.sort((a, b) => a.line - b.line);
}

/** What was seen of each transaction, in the order of their first appearance. */
function transactionsOf(history: History): Transaction[] {
  const numbers = new ValueNumbers();
  const transactions: Transaction[] = [];
  for (const invocation of history.clientInvocations()) {
    const f = history.f(invocation);
    if (f !== 'transact' && f !== 'inspect') {
      const known = 'the atomic-commitment checker knows transact, inspect';
      throw new Unjudgeable(`op ${invocation} is a ${f}; ${known}: choose another one`);
    }
    const id = transactionIn(history, invocation);
    const number = numbers.of(id);
    if (number === transactions.length) {
      transactions.push({ id, begun: undefined, toldCommit: undefined, toldAbort: undefined, nodes: new Map() });
    }
    const transaction = transactions[number]!;
    const line = history.completionOf(invocation);
    const type = line < 0 ? undefined : history.types[line];
    if (f === 'transact') {
      transaction.begun ??= invocation;
      if (type !== okCode && type !== failCode) continue;
      const isCommitted = type === okCode && decisionIn(history.value(line)) !== 'abort';
      if (isCommitted) transaction.toldCommit = earlier(transaction.toldCommit, line);
      else transaction.toldAbort = earlier(transaction.toldAbort, line);
    } else if (type === okCode) {
      inspect(history, transaction, invocation, line);
    }
  }
  return transactions;
}

function inspect(history: History, { nodes }: Transaction, invocation: number, line: number): void {
  const value = history.value(line);
  const node = nodeIn(history, invocation, line);
  const state = nodes.get(node) ?? newState(node);
  nodes.set(node, state);
  const vote = nameOf(fieldOf(value, 'vote') ?? null);
  const decision = decisionIn(fieldOf(value, 'decision') ?? null);
  if (vote === 'yes') state.yes = earlier(state.yes, line);
  if (vote === 'no') state.no = earlier(state.no, line);
  if (vote === 'no') state.against.push(line);
  if (decision === 'commit') state.commit = earlier(state.commit, line);
  if (decision === 'abort') state.abort = earlier(state.abort, line);
  if (decision !== undefined) return;
  // A history that does not speak of votes denies none.
  if (vote === undefined && fieldOf(value, 'vote') !== undefined) state.nothing.push(line);
  if (vote !== 'yes') return;
  state.undecided.push(line);
  state.blockedFrom = earlier(state.blockedFrom, line);
  state.blockedUntil = Math.max(state.blockedUntil ?? line, line);
}

const earlier = (first: number | undefined, line: number): number => Math.min(first ?? line, line);

const newState = (node: string): NodeState => ({
  node,
  commit: undefined,
  abort: undefined,
  yes: undefined,
  no: undefined,
  against: [],
  undecided: [],
  nothing: [],
  blockedFrom: undefined,
  blockedUntil: undefined,
});

function decisionIn(value: Value): Decision | undefined {
  switch (nameOf(value)) {
    case 'commit':
    case 'committed':
      return 'commit';
    case 'abort':
    case 'aborted':
      return 'abort';
    default:
      return undefined;
  }
}

function transactionIn(history: History, invocation: number): Value {
  const id = history.key(invocation) ?? fieldOf(history.value(invocation), 'txn');
  if (id !== undefined) return id;
  const what = `op ${invocation} is a ${history.f(invocation)} of ${formatValue(history.value(invocation))}`;
  throw new Unjudgeable(`${what}; expected the transaction as key of the line, or as \`txn\` in the value`);
}

function nodeIn(history: History, invocation: number, line: number): string {
  const named = fieldOf(history.value(line), 'node') ?? fieldOf(history.value(invocation), 'node') ?? null;
  const node = nameOf(named) ?? history.node(line) ?? history.node(invocation);
  if (node !== undefined) return node;
  throw new Unjudgeable(
    `op ${invocation} is an inspect of no node; expected it in the line, or as \`node\` in the value`,
  );
}

const nameOfTransaction = ({ id }: Transaction): string => `transaction ${formatValue(id)}`;
