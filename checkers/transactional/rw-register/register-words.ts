/** Why one transaction precedes another, by what they read and wrote, and why one version of a key precedes another. */
import { formatValue } from '../../../history/value.ts';
import type { StepReason, TellStep } from '../cycle-evidence.ts';
import { BY_COMMITTED_READS, BY_PROCESS, BY_REALTIME, RW, WR } from '../graph.ts';
import { COMMITTED, READ, type Transactions, WRITE } from '../transactions.ts';
import type { Source, Sources } from './register-graph.ts';
import { NO_VERSION, NOBODY, type RegisterVersions } from './register-versions.ts';
import { firstOf, Groups, lastOf, type Touch, touchesOf } from './touches.ts';

/** How transactions are called. */
export type Names = (transaction: number) => string;

export interface OrderReason {
  readonly why: string;
  /** The transactions that show it. */
  readonly witnesses: readonly number[];
}

export class RegisterWords {
  private readonly transactions: Transactions;
  private readonly versions: RegisterVersions;
  private readonly sources: Sources;
  private microOpsByKey: Groups | undefined;

  constructor(transactions: Transactions, versions: RegisterVersions, sources: Sources) {
    this.transactions = transactions;
    this.versions = versions;
    this.sources = sources;
  }

  readonly tell: TellStep = ({ from, to, kind, reason }, earlier, later): StepReason => {
    const { transactions, versions } = this;
    const { microOps, keys } = transactions;
    const key = keys[microOps.key[reason]!]!;
    const before = versions.of[reason]!;
    const name = this.keyName(before);
    if ((kind & WR) !== 0) {
      return { because: `${later} read ${this.value(before)}, which ${earlier} wrote to ${name}`, key, witnesses: [] };
    }
    const after = this.lastWritten(to, microOps.key[reason]!);
    const did = microOps.kind[reason] === READ ? `read ${this.value(before)} from` : `wrote ${this.value(before)} to`;
    const names: Names = (t) => (t === from ? earlier : t === to ? later : this.opName(t));
    // From who wrote to who wrote, inferred from a process: it had read the later version. Had it written it, its own steps would say so.
    const mustRead = (kind & BY_PROCESS) !== 0 && microOps.kind[reason] !== READ;
    const { why, witnesses } = this.order(before, after, kind, names, mustRead);
    const writer = versions.installer[before]!;
    return {
      because: `${earlier} ${did} ${name}, and ${later} wrote ${this.value(after)}, which comes after it: ${why}`,
      key,
      witnesses: writer === NOBODY ? witnesses : [...witnesses, microOps.transaction[writer]!],
    };
  };

  value(version: number): string {
    return formatValue(this.transactions.values[this.versions.value[version]!]!, 40);
  }

  keyName(version: number): string {
    return `key ${formatValue(this.transactions.keys[this.versions.key[version]!]!, 40)}`;
  }

  opName(transaction: number): string {
    const { history, invocation } = this.transactions;
    return `the op on line ${history.line(invocation[transaction]!)}`;
  }

  /** Why one version of a key precedes another, by what the kind of the step says; of a plain one, by any of what the user asserts. */
  order(before: number, after: number, kind: number, names: Names, mustRead = false): OrderReason {
    const key = this.versions.key[before]!;
    const initial = this.versions.initial[key]!;
    if (before === initial) return { why: `${this.value(before)} was there at first`, witnesses: [] };
    const { transactions, versions, sources } = this;
    this.microOpsByKey ??= new Groups(transactions.microOps.key, transactions.keys.length);
    const touches = touchesOf(transactions, versions, this.microOpsByKey.of(key));
    const isByOrder = (kind & (BY_PROCESS | BY_REALTIME)) !== 0;
    const isByReads = !isByOrder && (kind & RW) !== 0 && (kind & BY_COMMITTED_READS) !== 0;
    const isAsserted = !isByOrder && !isByReads;
    const mayBe = (is: boolean, source: Source): boolean => is || (isAsserted && source === 'asserted');
    const found =
      (mayBe(isByReads, sources.writesFollowReads) ? this.byReads(touches, before, after, names) : undefined) ??
      (mayBe((kind & BY_PROCESS) !== 0, sources.process)
        ? this.byProcess(touches, before, after, initial, mustRead, names)
        : undefined) ??
      this.byRealTime(touches, before, after, isAsserted ? initial : undefined, names);
    if (found === undefined) throw new Error(`nothing shows that version ${before} precedes version ${after}`);
    return found;
  }

  private byReads(touches: readonly Touch[], before: number, after: number, names: Names): OrderReason | undefined {
    const both = touches.find(({ read, written }) => read === before && written === after);
    if (both === undefined) return undefined;
    const why = `${names(both.transaction)} read ${this.value(before)} before it wrote ${this.value(after)}`;
    return { why, witnesses: [both.transaction] };
  }

  private byProcess(
    touches: readonly Touch[],
    before: number,
    after: number,
    initial: number,
    mustRead: boolean,
    names: Names,
  ): OrderReason | undefined {
    const { process, fate } = this.transactions;
    const last = new Map<number, Touch>();
    for (const touch of touches) {
      if (fate[touch.transaction] !== COMMITTED && !this.sources.byReads) continue;
      const own = process[touch.transaction]!;
      const previous = last.get(own);
      const isFirst = mustRead ? touch.read === after : firstOf(touch, initial) === after;
      if (previous !== undefined && lastOf(previous) === before && isFirst) {
        const [did, didLater] = [this.did(previous, before), this.did(touch, after)];
        return {
          why: `process ${own} ${did} in ${names(previous.transaction)} and then ${didLater} in ${names(touch.transaction)}`,
          witnesses: [previous.transaction, touch.transaction],
        };
      }
      if (fate[touch.transaction] === COMMITTED && lastOf(touch) !== NO_VERSION) last.set(own, touch);
    }
    return undefined;
  }

  /** With `initial`, only what shows first and last counts. */
  private byRealTime(
    touches: readonly Touch[],
    before: number,
    after: number,
    initial: number | undefined,
    names: Names,
  ): OrderReason | undefined {
    const { history, completion, invocation, fate } = this.transactions;
    let first: Touch | undefined;
    let last: Touch | undefined;
    for (const touch of touches) {
      const { transaction: t, read, written } = touch;
      const had = initial === undefined ? read === before || written === before : lastOf(touch) === before;
      if (had && fate[t] === COMMITTED && (first === undefined || completion[t]! < completion[first.transaction]!)) {
        first = touch;
      }
      const has = initial === undefined ? read === after || written === after : firstOf(touch, initial) === after;
      if (has) last = touch;
    }
    if (first === undefined || last === undefined) return undefined;
    const returned = completion[first.transaction]!;
    const invoked = invocation[last.transaction]!;
    if (returned > invoked) return undefined;
    return {
      why:
        `${names(first.transaction)}, which ${this.did(first, before)}, had returned (line ${history.line(returned)}) ` +
        `before ${names(last.transaction)}, which ${this.did(last, after)}, was invoked (line ${history.line(invoked)})`,
      witnesses: [first.transaction, last.transaction],
    };
  }

  private did({ written }: Touch, version: number): string {
    return `${written === version ? 'wrote' : 'read'} ${this.value(version)}`;
  }

  private lastWritten(transaction: number, key: number): number {
    const { microOps } = this.transactions;
    for (let m = microOps.start[transaction + 1]! - 1; m >= microOps.start[transaction]!; m--) {
      if (microOps.kind[m] === WRITE && microOps.key[m] === key) return this.versions.of[m]!;
    }
    throw new Error(`transaction ${transaction} wrote nothing to key ${key}`);
  }
}
