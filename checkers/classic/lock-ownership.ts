/**
 * Lock ownership: no two clients hold a lock at once, as far as they know for certain. A client certainly holds a lock from when its
 * acquire returned until it begins to release it. No more is asked than that: whether there is an order of all calls in which the
 * lock is a lock, asks the linearizable model of a mutex, which costs more.
 *
 * What a client holds is no longer certain once it has crashed: after an info, or from the beginning of an op that never completes,
 * a process is dead, its connection closed, and the service may let go of what it held. Only where values name clients, these
 * outlive their processes.
 *
 * With leases a lock is certainly held no longer than its lease, counted from when the acquire began: the service cannot have
 * granted it earlier. With fencing tokens each acquire must return a token greater than those of all acquires by others that had
 * returned before it began (Kleppmann, How to do distributed locking, 2016).
 */
import { failCode, type History, infoCode, invokeCode, okCode } from '../../history/history.ts';
import { fieldOf, formatValue, type Json, nameOf, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import { conclusion, judgeTogether, type ObjectVerdict, type Undecided, Unjudgeable } from './object-checker.ts';

export interface LockOwnershipOptions {
  /** How long a lock is held if it is not released, in nanoseconds. Default: for ever. Only for histories with times. */
  readonly leaseNs?: number;
  /** Whether acquires return fencing tokens: integers, or maps with `fence` or `token`. Default: no. */
  readonly fenced?: boolean;
}

export interface LockOwnershipVerdict extends ObjectVerdict {
  readonly lockCount: number;
  /** Acquires that returned. */
  readonly acquireCount: number;
  /** Acquires that returned while another client certainly held the lock. */
  readonly overlapCount: number;
  /** The first ten of them. */
  readonly overlaps: readonly Overlap[];
  /** Acquires whose token is not greater than those of earlier ones by others. */
  readonly staleTokenCount: number;
}

export interface Overlap {
  /** null where lines have no keys. */
  readonly lock: Json;
  /** The lines on which the two acquires returned. */
  readonly acquires: readonly [number, number];
}

/**
 * Ops are `acquire` and `release` (or `lock`, `unlock`); the key is the lock. Who holds it is the `client` in the value of the completion
 * or of the invocation, where these are maps, else what other ops of the process name; and if no op names one, the process. An op
 * whose client is not known says nothing. Linear.
 */
export const checkLockOwnership = (
  history: History,
  options: LockOwnershipOptions = {},
): LockOwnershipVerdict | Undecided => judgeTogether(history, () => judge(history, options));

export const lockOwnership = (options: LockOwnershipOptions = {}): Checker => ({
  name: 'lock-ownership',
  check: (history) => checkLockOwnership(history, options),
});

const overlapsMax = 10;

const acquires: ReadonlySet<string> = new Set(['acquire', 'lock']);
const releases: ReadonlySet<string> = new Set(['release', 'unlock']);

const UNKNOWN = -1;

class Lock {
  /** Of each client that certainly holds it, the line on which its acquire returned. */
  readonly holders = new Map<number, number>();
  /** Clients of whom a release may still take effect, at any time: nothing that they acquire is certainly held. */
  readonly mayRelease = new Set<number>();
  tokens: Tokens = { greatest: undefined, line: -1, client: UNKNOWN, others: undefined, othersLine: -1 };
}

/** The greatest token so far, and the greatest that was given to another client. */
interface Tokens {
  readonly greatest: bigint | undefined;
  readonly line: number;
  readonly client: number;
  readonly others: bigint | undefined;
  readonly othersLine: number;
}

function judge(
  history: History,
  { leaseNs = Number.POSITIVE_INFINITY, fenced = false }: LockOwnershipOptions,
): LockOwnershipVerdict {
  const clients = clientsOf(history);
  const locks = new Map<number, Lock>();
  const lockOf = (line: number): Lock => {
    const id = history.keyIds[line]!;
    const known = locks.get(id) ?? new Lock();
    locks.set(id, known);
    return known;
  };
  /** Locks in which each process holds something, where processes are clients. */
  const heldBy = new Map<number, Set<Lock>>();
  const dies = (line: number, client: number): void => {
    if (!clients.areProcesses) return;
    const process = history.processes[line]!;
    for (const held of heldBy.get(process) ?? []) held.holders.delete(client);
    heldBy.delete(process);
  };
  const tokensAtBegin = new Map<number, Tokens>();
  const findings = new Findings();
  const overlaps: Overlap[] = [];
  let acquireCount = 0;
  for (let line = 0; line < history.length; line++) {
    if (!history.isClient(line)) continue;
    const type = history.types[line]!;
    const isAcquire = acquires.has(history.f(line));
    if (!isAcquire && !releases.has(history.f(line))) {
      throw new Unjudgeable(
        `op ${line} is a ${history.f(line)}; the lock-ownership checker knows acquire, release: choose another one`,
      );
    }
    const lock = lockOf(line);
    const invocation = type === invokeCode ? line : history.invocationOf(line);
    const client = invocation < 0 ? UNKNOWN : clients.of(invocation);
    if (type === invokeCode) {
      const completion = history.completionOf(line);
      const ends = completion < 0 ? infoCode : history.types[completion];
      if (isAcquire) tokensAtBegin.set(line, lock.tokens);
      else if (ends !== failCode) lock.holders.delete(client);
      if (!isAcquire && ends === infoCode) lock.mayRelease.add(client);
      if (completion < 0) dies(line, client);
      continue;
    }
    if (type === infoCode) dies(line, client);
    if (type !== okCode || !isAcquire || client === UNKNOWN) continue;
    acquireCount++;
    for (const [other, since] of lock.holders) {
      if (other === client) continue;
      const begun = history.invocationOf(since);
      const isInTime = leaseNs === Number.POSITIVE_INFINITY || history.time(line) - history.time(begun) < leaseNs;
      if (!isInTime) {
        lock.holders.delete(other);
        continue;
      }
      if (overlaps.length < overlapsMax) {
        overlaps.push({ lock: toJson(history.key(line) ?? null), acquires: [since, line] });
      }
      findings.add('two-holders', () => ({
        lines: [begun, since, invocation, line],
        sentence: `${capital(clients.name(client))} acquired ${nameOfLock(history, line)} ${momentOf(history, line)}, but ${clients.name(other)} had acquired it ${momentOf(history, since)} and had not released it.`,
      }));
      break;
    }
    if (!lock.mayRelease.has(client)) lock.holders.set(client, line);
    if (clients.areProcesses) {
      const process = history.processes[line]!;
      const held = heldBy.get(process) ?? new Set();
      heldBy.set(process, held.add(lock));
    }
    if (!fenced) continue;
    const token = tokenIn(history.value(line));
    if (token === undefined) {
      const what = `op ${invocation}, ${history.f(line)}, returned ${formatValue(history.value(line))}`;
      throw new Unjudgeable(`${what}; expected a fencing token, an integer, or a map with \`fence\``);
    }
    const before = tokensAtBegin.get(invocation)!;
    tokensAtBegin.delete(invocation);
    const mine = before.client === client;
    const least = mine ? before.others : before.greatest;
    if (least !== undefined && token <= least) {
      const earlier = mine ? before.othersLine : before.line;
      findings.add('stale-token', () => ({
        lines: [history.invocationOf(earlier), earlier, invocation, line],
        sentence: `${capital(clients.name(client))} acquired ${nameOfLock(history, line)} with token ${token} ${momentOf(history, line)}, but token ${least} had been given out ${momentOf(history, earlier)}.`,
      }));
    }
    lock.tokens = withToken(lock.tokens, token, client, line);
  }
  return {
    ...conclusion(findings.reason(['two-holders', 'stale-token'])),
    lockCount: locks.size,
    acquireCount,
    overlapCount: findings.count('two-holders'),
    overlaps,
    staleTokenCount: findings.count('stale-token'),
    findings: findings.told,
  };
}

function withToken(tokens: Tokens, token: bigint, client: number, line: number): Tokens {
  const { greatest, others } = tokens;
  if (greatest === undefined || token > greatest) {
    if (client === tokens.client) return { ...tokens, greatest: token, line };
    return { greatest: token, line, client, others: greatest, othersLine: tokens.line };
  }
  if (client === tokens.client || (others !== undefined && token <= others)) return tokens;
  return { ...tokens, others: token, othersLine: line };
}

interface Clients {
  /** The client that makes this call, by the line of its invocation; UNKNOWN where that is not known. */
  of(invocation: number): number;
  name(client: number): string;
  /** Whether no op names a client, so that each process is one. */
  readonly areProcesses: boolean;
}

function clientsOf(history: History): Clients {
  const numbers = new ValueNumbers();
  const ofProcess = new Map<number, number>();
  const named = (invocation: number): number => {
    const completion = history.completionOf(invocation);
    const returned = completion < 0 ? null : history.value(completion);
    const client = fieldOf(returned, 'client') ?? fieldOf(history.value(invocation), 'client') ?? null;
    return client === null ? UNKNOWN : numbers.of(client);
  };
  for (const line of history.clientInvocations()) {
    const client = named(line);
    if (client === UNKNOWN) continue;
    const process = history.processes[line]!;
    const known = ofProcess.get(process) ?? client;
    ofProcess.set(process, known === client ? client : UNKNOWN);
  }
  if (numbers.count === 0) {
    return { of: (line) => history.processes[line]!, name: (process) => `process ${process}`, areProcesses: true };
  }
  return {
    of(line) {
      const client = named(line);
      return client === UNKNOWN ? (ofProcess.get(history.processes[line]!) ?? UNKNOWN) : client;
    },
    name: (client) => `client ${numbers.describe(client)}`,
    areProcesses: false,
  };
}

function tokenIn(value: Value): bigint | undefined {
  const token = fieldOf(value, 'fence') ?? fieldOf(value, 'token') ?? value;
  return typeof token === 'bigint' || Number.isInteger(token) ? BigInt(token as number | bigint) : undefined;
}

function nameOfLock(history: History, line: number): string {
  const key = history.key(line);
  return key === undefined ? 'the lock' : `lock ${nameOf(key) ?? formatValue(key)}`;
}

const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
