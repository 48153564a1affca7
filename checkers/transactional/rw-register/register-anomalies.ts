/**
 * What is wrong with what transactions read, apart from cycles (Alvaro and Kingsbury 2020, section 5). Only reads of transactions that
 * certainly happened count.
 */
import { formatValue, toJson } from '../../../history/value.ts';
import { int32Column, uint8Column } from '../columns.ts';
import { linesOf } from '../cycle-evidence.ts';
import type { Evidence } from '../evidence.ts';
import { ABORTED, COMMITTED, NIL, READ, type Transactions, UNKNOWN, WRITE } from '../transactions.ts';
import { NO_VERSION, NOBODY, type RegisterVersions } from './register-versions.ts';

/** Of each anomaly so many cases are shown, the first ones. */
const casesMax = 8;

type Found = Map<string, Evidence[]>;

/**
 * G1a, G1b, garbage-read, internal, future-read, dirty-update, lost-update. Linear. Without `trustsNil` a transaction that first read nil may
 * read another value next, as far as `internal` is concerned.
 */
export function registerAnomalies(transactions: Transactions, versions: RegisterVersions, trustsNil: boolean): Found {
  const search = new Search(transactions, versions);
  search.reads();
  search.withinTransactions(trustsNil);
  search.updates();
  return search.found;
}

class Search {
  readonly found: Found = new Map();
  private readonly transactions: Transactions;
  private readonly versions: RegisterVersions;

  constructor(transactions: Transactions, versions: RegisterVersions) {
    this.transactions = transactions;
    this.versions = versions;
  }

  /** G1a, G1b, garbage-read. */
  reads(): void {
    const { transactions, versions } = this;
    const { microOps } = transactions;
    for (let m = 0; m < microOps.length; m++) {
      const version = versions.of[m]!;
      if (microOps.kind[m] !== READ || version === NO_VERSION || versions.installer[version] !== NOBODY) continue;
      if (microOps.value[m] === NIL) continue;
      const writer = versions.otherWriter[version]!;
      if (writer === NOBODY) this.note('garbage-read', () => this.garbageRead(m));
      else if (this.fateOf(writer) === ABORTED) this.note('G1a', () => this.abortedRead(m, writer));
      else if (!this.isOwn(writer, m) && !versions.ambiguous.has(version))
        this.note('G1b', () => this.intermediateRead(m, writer));
    }
  }

  /** internal, of each transaction the first; future-read. */
  withinTransactions(trustsNil: boolean): void {
    const { transactions, versions } = this;
    const { microOps } = transactions;
    let broken = -1;
    for (let m = 0; m < microOps.length; m++) {
      const t = microOps.transaction[m]!;
      if (microOps.kind[m] !== READ || microOps.value[m] === UNKNOWN) continue;
      const version = versions.of[m]!;
      const installer = versions.installer[version]!;
      const writer = installer === NOBODY ? versions.otherWriter[version]! : installer;
      if (writer > m && this.isOwn(writer, m) && !versions.ambiguous.has(version) && !this.wroteBefore(m)) {
        this.note('future-read', () => this.futureRead(m));
      }
      let before = versions.previous[m]!;
      while (before >= 0 && microOps.value[before] === UNKNOWN) before = versions.previous[before]!;
      if (broken === t || before < 0 || microOps.value[before] === microOps.value[m]) continue;
      if (!trustsNil && microOps.value[before] === NIL) continue;
      broken = t;
      this.note('internal', () => this.internal(m, before));
    }
  }

  /** Whether the transaction had already written what it read. */
  private wroteBefore(read: number): boolean {
    const { microOps } = this.transactions;
    for (let m = this.versions.previous[read]!; m >= 0; m = this.versions.previous[m]!) {
      if (microOps.kind[m] === WRITE && microOps.value[m] === microOps.value[read]) return true;
    }
    return false;
  }

  /** dirty-update: a write by who had read what was not committed. lost-update: two that read the same version before they wrote. */
  updates(): void {
    const { transactions, versions } = this;
    const { kind } = transactions.microOps;
    const { ambiguous, installer, of, otherWriter, previous } = versions;
    const firstUpdate = int32Column(versions.length).fill(NOBODY);
    const shown = uint8Column(versions.length);
    for (let m = 0; m < kind.length; m++) {
      if (kind[m] !== WRITE || this.fateOf(m) !== COMMITTED) continue;
      const read = this.firstReadBefore(m);
      if (read < 0 || of[read] === NO_VERSION) continue;
      const version = of[read]!;
      // Who read the key again, and saw another's write, wrote on top of that.
      if (ambiguous.has(version) || of[m] === version || of[previous[m]!] !== version) continue;
      const other = otherWriter[version]!;
      if (installer[version] === NOBODY && other !== NOBODY && this.fateOf(other) === ABORTED) {
        if (transactions.microOps.value[read] !== NIL)
          this.note('dirty-update', () => this.dirtyUpdate(other, read, m));
      }
      const first = firstUpdate[version]!;
      if (first === NOBODY) firstUpdate[version] = m;
      else if (shown[version] === 0) {
        shown[version] = 1;
        this.note('lost-update', () => this.lostUpdate(first, m, version));
      }
    }
  }

  /** The read with which the transaction began on the key, where this is its first write to it; else -1. */
  private firstReadBefore(write: number): number {
    const { previous } = this.versions;
    let first = -1;
    for (let m = previous[write]!; m >= 0; m = previous[m]!) {
      if (this.transactions.microOps.kind[m] === WRITE) return -1;
      first = m;
    }
    return first;
  }

  private note(anomaly: string, evidence: () => Evidence): void {
    const cases = this.found.get(anomaly);
    if (cases === undefined) this.found.set(anomaly, [evidence()]);
    else if (cases.length < casesMax) cases.push(evidence());
  }

  private fateOf(microOp: number): number {
    return this.transactions.fate[this.transactions.microOps.transaction[microOp]!]!;
  }

  private isOwn(one: number, other: number): boolean {
    const { transaction } = this.transactions.microOps;
    return transaction[one] === transaction[other];
  }

  private evidence(microOps: readonly number[], story: readonly string[], witnesses: readonly number[] = []): Evidence {
    const { transactions } = this;
    const { transaction, key } = transactions.microOps;
    return {
      ops: microOps.map((m) => transactions.invocation[transaction[m]!]!),
      minimal: linesOf(
        transactions,
        [...microOps, ...witnesses].map((m) => transaction[m]!),
      ),
      story,
      key: toJson(transactions.keys[key[microOps[0]!]!]!),
    };
  }

  private keyName(microOp: number): string {
    return `key ${formatValue(this.transactions.keys[this.transactions.microOps.key[microOp]!]!, 40)}`;
  }

  private value(microOp: number): string {
    return formatValue(this.transactions.values[this.transactions.microOps.value[microOp]!]!, 40);
  }

  private abortedRead(read: number, writer: number): Evidence {
    return this.evidence(
      [writer, read],
      [
        'T1 failed, so it wrote nothing.',
        `T2 read ${this.value(read)} from ${this.keyName(read)}, which T1 would have written.`,
      ],
    );
  }

  private intermediateRead(read: number, writer: number): Evidence {
    return this.evidence(
      [writer, read],
      [
        `T1 wrote ${this.value(writer)} to ${this.keyName(read)}, and later another value.`,
        `T2 read ${this.value(read)}: a state from the middle of T1.`,
      ],
    );
  }

  private garbageRead(read: number): Evidence {
    return this.evidence(
      [read],
      [`T1 read ${this.value(read)} from ${this.keyName(read)}, but nobody wrote it there.`],
    );
  }

  private futureRead(read: number): Evidence {
    return this.evidence(
      [read],
      [`T1 read ${this.value(read)} from ${this.keyName(read)}, which it wrote itself, but later.`],
    );
  }

  private internal(read: number, before: number): Evidence {
    const did = this.transactions.microOps.kind[before] === READ ? 'read' : 'written';
    return this.evidence(
      [read],
      [
        `T1 read ${this.value(read)} from ${this.keyName(read)}, where it had ${did} ${this.value(before)} just before.`,
      ],
    );
  }

  private dirtyUpdate(aborted: number, read: number, write: number): Evidence {
    return this.evidence(
      [aborted, write],
      [
        'T1 failed, so it wrote nothing.',
        `T2, which was ok, read T1's ${this.value(read)} from ${this.keyName(read)} and then wrote ${this.value(write)}.`,
      ],
    );
  }

  private lostUpdate(first: number, second: number, version: number): Evidence {
    const { values } = this.transactions;
    const { installer, value } = this.versions;
    const writer = installer[version]!;
    return this.evidence(
      [first, second],
      [
        `T1 and T2 both read ${formatValue(values[value[version]!]!, 40)} from ${this.keyName(first)} before they wrote it.`,
        `T1 wrote ${this.value(first)}, and T2 ${this.value(second)}, neither having seen the other's.`,
      ],
      writer === NOBODY ? [] : [writer],
    );
  }
}
