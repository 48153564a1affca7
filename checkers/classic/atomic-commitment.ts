/**
 * Atomic commitment: each transaction is committed by all its nodes or by none (Bernstein, Hadzilacos, and Goodman, Concurrency Control and
 * Recovery in Database Systems, 1987, section 7.3; Gray and Lamport, Consensus on Transaction Commit, 2006). Clients ask for
 * transactions, and ask nodes what they know of them. Judged by that:
 *
 * - *Agreement* (AC1): no two nodes decide differently, or one has only half of the transaction; and what a client was told of
 *   the outcome is what the nodes decided.
 * - *Stability* (AC2): no node decides otherwise later.
 * - *Validity* (AC3): a transaction is committed only if no node voted no.
 * - *Termination* (AC5), if so asked: in the end each node that has voted yes has decided. Until then it is *blocked*, for it
 *   may neither commit nor abort; how long is told in any case, as far as it was seen.
 *
 * That a transaction is committed where all vote yes and nothing fails (AC4) cannot be judged by a history, which does not show all
 * that fails.
 */
import { failCode, type History, okCode } from '../../history/history.ts';
import { fieldOf, formatValue, type Json, nameOf, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { Findings, type Scene } from './findings.ts';
import { conclusion, judgeTogether, type ObjectVerdict, type Undecided, Unjudgeable } from './object-checker.ts';
import { type Quantiles, quantilesOf } from './quantiles.ts';

export interface AtomicCommitmentOptions {
  /**
   * Whether a node that never was seen to have decided what it had voted yes on is wrong. Default: no. For histories at
   * whose end all nodes are asked, when all faults are healed.
   */
  readonly mustDecide?: boolean;
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

/** What was seen of one node of a transaction: lines, the first that said so. */
interface NodeState {
  readonly node: string;
  commit: number | undefined;
  abort: number | undefined;
  no: number | undefined;
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

function judge(history: History, { mustDecide = false }: AtomicCommitmentOptions): AtomicCommitmentVerdict {
  const transactions = transactionsOf(history);
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
    for (const { node, commit, abort, blockedFrom, blockedUntil } of nodes) {
      if (blockedFrom === undefined || blockedUntil === undefined) continue;
      counts.blocked++;
      // What a node answered was so at some time between the question and the answer.
      const timeNs = history.time(history.invocationOf(blockedUntil)) - history.time(blockedFrom);
      if (!Number.isNaN(timeNs)) stretches.push(Math.max(0, timeNs));
      if (commit !== undefined || abort !== undefined) continue;
      stillBlocked.push({ transaction: toJson(transaction.id), node });
      findings.add('blocked', () => ({
        lines: [blockedFrom, history.invocationOf(blockedUntil), blockedUntil],
        sentence: `Node ${node} had voted yes on ${nameOfTransaction(transaction)}, but still knew no decision when it was asked for the last time, ${momentOf(history, blockedUntil)}.`,
      }));
    }
  }
  const blockedNs = quantilesOf(stretches);
  const wrong = ['half-commit', 'false-outcome', 'reversed', 'commit-despite-no', ...(mustDecide ? ['blocked'] : [])];
  return {
    ...conclusion(findings.reason(wrong)),
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

function judgeDecisions(
  history: History,
  transaction: Transaction,
  nodes: readonly NodeState[],
  findings: Findings,
): void {
  const { toldCommit, toldAbort } = transaction;
  const name = nameOfTransaction(transaction);
  const tell = (kind: string, one: number, what: string, other: number, but: string): void =>
    findings.add(kind, () => ({
      lines: [one, other].flatMap((line) => [history.invocationOf(line), line]),
      sentence: `${what} ${name} ${momentOf(history, one)}, but ${but} ${momentOf(history, other)}.`,
      story: storyOf(history, transaction),
    }));

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
    see(blockedFrom, `${node} has voted yes and knows no decision`);
    see(no, `${node} has voted no`);
    see(commit, `${node} has committed it`);
    see(abort, `${node} has aborted it`);
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
      if (isCommitted) transaction.toldCommit ??= line;
      else transaction.toldAbort ??= line;
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
  if (vote === 'no') state.no ??= line;
  if (decision === 'commit') state.commit ??= line;
  if (decision === 'abort') state.abort ??= line;
  if (vote !== 'yes' || decision !== undefined) return;
  if (state.blockedFrom === undefined || line < state.blockedFrom) state.blockedFrom = line;
  if (state.blockedUntil === undefined || line > state.blockedUntil) state.blockedUntil = line;
}

const newState = (node: string): NodeState => ({
  node,
  commit: undefined,
  abort: undefined,
  no: undefined,
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
