/**
 * Bank: money is transferred between accounts, and all balances are read at once (Jepsen, tests/bank.clj). Transfers leave the total
 * as it is, so each read must show the same one, whatever happened or failed meanwhile: snapshot isolation suffices for that.
 */
import type { History } from '../../history/history.ts';
import { entriesOf, exactInteger, formatValue, type Json, toJson, type Value, valueKey } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  unexpectedResult,
} from './object-checker.ts';

export interface BankOptions {
  /** Default: whatever accounts are read. `"0"` and 0 are one account: JSON has no other way to say it. */
  readonly accounts?: readonly Value[];
  /** A whole number. Default: what most reads show, so that only reads that differ from others are wrong. */
  readonly total?: Value;
  /** Whether balances may be negative. Default: yes. */
  readonly negativeBalances?: boolean;
}

/** What is wrong with a read; of several things the first in this order. */
export type BankErrorKind = 'unexpected-key' | 'nil-balance' | 'wrong-total' | 'negative-value';

export interface BankError {
  readonly kind: BankErrorKind;
  /** The line on which the read ended. */
  readonly read: number;
  readonly total?: Json;
  /** Accounts that there should not be, or that have no balance, or a negative one. */
  readonly accounts?: readonly Json[];
}

export interface BankErrors {
  readonly count: number;
  readonly first: BankError;
  readonly last: BankError;
  readonly worst: BankError;
  /** Of wrong totals. */
  readonly lowest?: BankError;
  readonly highest?: BankError;
}

export interface BankVerdict extends ObjectVerdict {
  readonly readCount: number;
  readonly errorCount: number;
  /** What each read should show. */
  readonly total: Json;
  readonly firstError?: BankError;
  readonly errors: Readonly<Partial<Record<BankErrorKind, BankErrors>>>;
}

/** Ops are `transfer`, which may be of anything, and `read` of a map of accounts to whole numbers. Linear. */
export const checkBank = (history: History, options: BankOptions = {}): Judged<BankVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const bank = (options: BankOptions = {}): Checker => objectChecker('bank', (object) => judge(object, options));

interface Balances {
  readonly call: number;
  readonly entries: readonly (readonly [Value, Value])[];
  /** Without accounts that have no balance. */
  readonly total: bigint;
}

function judge({ history, calls }: ObjectCalls, options: BankOptions): BankVerdict {
  expectCalls(calls, 'bank', ['transfer', 'read']);
  const reads: Balances[] = [];
  for (let call = 0; call < calls.length; call++) {
    if (calls.f[call] !== 'read' || calls.fate[call] !== RETURNED) continue;
    const entries = entriesOf(calls.output[call]!);
    const total = entries === undefined ? undefined : totalOf(entries);
    if (entries === undefined || total === undefined)
      unexpectedResult(calls, call, 'a map of accounts to whole numbers');
    reads.push({ call, entries, total });
  }
  const total = options.total === undefined ? mostShown(reads) : wholeNumber(options.total);
  if (total === undefined) throw new TypeError('the total of a bank is a whole number');
  const known = options.accounts === undefined ? undefined : new Set(options.accounts.map(nameOf));

  const findings = new Findings();
  const errors = new Map<BankErrorKind, Tally>();
  let firstError: BankError | undefined;
  for (const { call, entries, total: shown } of reads) {
    const found = errorIn(entries, shown, total, known, options.negativeBalances ?? true);
    if (found === undefined) continue;
    const { kind, accounts, badness } = found;
    const read = calls.completion[call]!;
    const error: BankError = {
      kind,
      read,
      ...(kind === 'wrong-total' ? { total: json(shown) } : {}),
      ...(accounts === undefined ? {} : { accounts: accounts.map(toJson) }),
    };
    if (firstError === undefined || read < firstError.read) firstError = error;
    const tally = errors.get(kind);
    if (tally === undefined) errors.set(kind, new Tally(error, badness, shown));
    else tally.add(error, badness, shown);
    findings.add(kind, () => ({
      lines: [calls.invocation[call]!, read],
      sentence: `The read by process ${calls.process[call]} that ended ${momentOf(history, read)} ${sentenceOf(found, shown, options.total === undefined ? `${total} as others do` : String(total))}.`,
    }));
  }
  const wrong = findings.reason(['unexpected-key', 'nil-balance', 'wrong-total', 'negative-value']);
  return {
    ...conclusion(wrong, { untested: reads.length === 0 ? 'no balances were read' : undefined }),
    readCount: reads.length,
    errorCount: [...errors.values()].reduce((count, tally) => count + tally.count, 0),
    total: json(total),
    ...(firstError === undefined ? {} : { firstError }),
    errors: Object.fromEntries([...errors].map(([kind, tally]) => [kind, tally.summary(kind === 'wrong-total')])),
    findings: findings.told,
  };
}

interface Found {
  readonly kind: BankErrorKind;
  readonly accounts?: readonly Value[];
  /** The greater, the worse, among errors of one kind. */
  readonly badness: bigint;
}

function errorIn(
  entries: Balances['entries'],
  shown: bigint,
  total: bigint,
  known: ReadonlySet<string> | undefined,
  negativeBalances: boolean,
): Found | undefined {
  const accountsWhere = (holds: (account: Value, balance: Value) => boolean): Value[] =>
    entries.flatMap(([account, balance]) => (holds(account, balance) ? [account] : []));
  if (known !== undefined) {
    const accounts = accountsWhere((account) => !known.has(nameOf(account)));
    if (accounts.length > 0) return { kind: 'unexpected-key', accounts, badness: BigInt(accounts.length) };
  }
  if (entries.some(([, balance]) => balance === null)) {
    const accounts = accountsWhere((_, balance) => balance === null);
    return { kind: 'nil-balance', accounts, badness: BigInt(accounts.length) };
  }
  if (shown !== total) return { kind: 'wrong-total', badness: shown > total ? shown - total : total - shown };
  const isNegative = (balance: Value): boolean => (wholeNumber(balance) ?? 0n) < 0n;
  if (negativeBalances || !entries.some(([, balance]) => isNegative(balance))) return undefined;
  const overdrawn = entries.filter(([, balance]) => isNegative(balance));
  return { kind: 'negative-value', accounts: overdrawn.map(([account]) => account), badness: -totalOf(overdrawn)! };
}

function sentenceOf({ kind, accounts = [] }: Found, shown: bigint, total: string): string {
  const names = accounts.map((account) => formatValue(account)).join(', ');
  switch (kind) {
    case 'unexpected-key':
      return `shows accounts that there should not be: ${names}`;
    case 'nil-balance':
      return `shows no balance of ${names}`;
    case 'wrong-total':
      return `shows ${shown} in total, not ${total}`;
    case 'negative-value':
      return `shows less than nothing in ${names}`;
  }
}

/** The errors of one kind. */
class Tally {
  count = 1;
  readonly #first: BankError;
  #last: BankError;
  #worst: { readonly error: BankError; readonly badness: bigint };
  #lowest: { readonly error: BankError; readonly total: bigint };
  #highest: { readonly error: BankError; readonly total: bigint };

  constructor(error: BankError, badness: bigint, total: bigint) {
    this.#first = error;
    this.#last = error;
    this.#worst = { error, badness };
    this.#lowest = { error, total };
    this.#highest = { error, total };
  }

  add(error: BankError, badness: bigint, total: bigint): void {
    this.count++;
    this.#last = error;
    if (badness > this.#worst.badness) this.#worst = { error, badness };
    if (total < this.#lowest.total) this.#lowest = { error, total };
    if (total > this.#highest.total) this.#highest = { error, total };
  }

  summary(withTotals: boolean): BankErrors {
    const bounds = withTotals ? { lowest: this.#lowest.error, highest: this.#highest.error } : {};
    return { count: this.count, first: this.#first, last: this.#last, worst: this.#worst.error, ...bounds };
  }
}

/** Of totals shown equally often the first. */
function mostShown(reads: readonly Balances[]): bigint {
  const counts = new Map<bigint, number>();
  for (const { total, entries } of reads) {
    if (entries.some(([, balance]) => balance === null)) continue;
    counts.set(total, (counts.get(total) ?? 0) + 1);
  }
  let most = 0n;
  for (const [total, count] of counts) if (count > (counts.get(most) ?? 0)) most = total;
  return most;
}

/** Undefined where a balance is no whole number. No balance counts as nothing. */
function totalOf(entries: Balances['entries']): bigint | undefined {
  let total = 0n;
  for (const [, balance] of entries) {
    if (balance === null) continue;
    const number = wholeNumber(balance);
    if (number === undefined) return undefined;
    total += number;
  }
  return total;
}

const wholeNumber = (value: Value): bigint | undefined =>
  typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value as number | bigint) : undefined;

const json = (number: bigint): Json => toJson(exactInteger(number));

const nameOf = (account: Value): string => (typeof account === 'string' ? account : valueKey(account));
