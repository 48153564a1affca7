/** Sets that only grow, in time linear in what was read, whatever the concurrency and however many calls crashed. */
import { isArray, type Value, ValueSet } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';
import type { Decision } from '../models/model.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { earliestContradiction } from './earliest.ts';
import { type Spans, spansOf } from './spans.ts';

/**
 * What reads returned is accounted for in the core up to so many adds. Of larger reads it has only the adds that the
 * contradiction is about, and is not linearizable for want of the others too.
 */
const addsMax = 32;

/**
 * Decides a set with add and read of all its elements, which begins empty; a value may be added repeatedly. Undefined
 * where there are other ops or refused ones, an add returned whether it changed the set, or a read anything but an array
 * of different values or a set.
 *
 * What reads returned must be a chain by inclusion, so it gives them levels, and each value that was read the level of
 * the first read that has it. A linearization then is: the reads of level 0 (nothing), a first add of each value of level
 * 1, the reads of level 1, and so on. As the first add of a value the one invoked first serves as well as any: another
 * can be no earlier, and just before that other there is room for it. A crashed add that is not first is left out. Other
 * adds of a value may be anywhere from its level on. All this is possible just if no call returned before one was invoked
 * that must come earlier:
 *
 * - a read, before a read of a lower level, or before the first add of a value that it has;
 * - an add, before a read of a lower level than its value (any read, if no read has it), or before the first add of a
 *   value of a lower level. To put it later than the adds and reads that it can follow is never wrong: what it precedes
 *   is then at least as late.
 *
 * The core shows the contradiction that is known first. Linear in the calls and the values read, and times
 * the logarithm of the events where not linearizable.
 */
export function decideGrowOnlySet(calls: Calls): Decision | undefined {
  const set = parse(calls);
  if (set === undefined) return undefined;
  return earliestContradiction(set.returned, (limit) => contradictionBefore(set, limit));
}

interface SetCalls extends Spans {
  /** Of each add the number of its value; -1 of a read. */
  readonly numberOf: Int32Array;
  /** Values below this were added; those from it on only read. */
  readonly added: number;
  readonly values: number;
  /** Of each value the add that was invoked first. */
  readonly firstAdd: Int32Array;
  /** The reads that returned, those of fewer values first. */
  readonly reads: Int32Array;
  /** Where the values that each of these reads returned begin in `read`; one more at the end. */
  readonly readFrom: Int32Array;
  readonly read: Int32Array;
}

function parse(calls: Calls): SetCalls | undefined {
  const { length, fate, f, input, output } = calls;
  const numbers = new ValueNumbers();
  const numberOf = new Int32Array(length).fill(-1);
  const sizes = new Int32Array(length);
  const returnedReads: number[] = [];
  let total = 0;
  for (let call = 0; call < length; call++) {
    if (fate[call] === REFUSED) return undefined;
    if (f[call] === 'add') {
      if (saysWhether(output[call]!)) return undefined;
      numberOf[call] = numbers.of(input[call]!);
    } else if (f[call] !== 'read') {
      return undefined;
    } else if (fate[call] !== CRASHED) {
      const values = valuesOf(output[call]!);
      if (values === undefined) return undefined;
      returnedReads.push(call);
      sizes[call] = values.length;
      total += values.length;
    }
  }
  const added = numbers.count;
  const firstAdd = new Int32Array(added).fill(-1);
  for (let call = length - 1; call >= 0; call--) if (numberOf[call]! >= 0) firstAdd[numberOf[call]!] = call;

  const reads = Int32Array.from(returnedReads).sort((a, b) => sizes[a]! - sizes[b]!);
  const readFrom = new Int32Array(reads.length + 1);
  const read = new Int32Array(total);
  let at = 0;
  reads.forEach((call, index) => {
    readFrom[index] = at;
    for (const value of valuesOf(output[call]!)!) read[at++] = numbers.of(value);
  });
  readFrom[reads.length] = at;
  const set = { numberOf, added, values: numbers.count, firstAdd, reads, readFrom, read, ...spansOf(calls) };
  return hasRepeats(set) ? undefined : set;
}

/** A boolean, alone or after the value in a pair. */
const saysWhether = (output: Value): boolean =>
  typeof output === 'boolean' || (isArray(output) && output.length === 2 && typeof output[1] === 'boolean');

function valuesOf(output: Value): readonly Value[] | undefined {
  if (output instanceof ValueSet) return output.elements;
  return isArray(output) ? output : undefined;
}

function hasRepeats({ values, reads, readFrom, read }: SetCalls): boolean {
  const readBy = new Int32Array(values).fill(-1);
  for (let index = 0; index < reads.length; index++) {
    for (let at = readFrom[index]!; at < readFrom[index + 1]!; at++) {
      if (readBy[read[at]!] === index) return true;
      readBy[read[at]!] = index;
    }
  }
  return false;
}

/** The levels of what returned before some position. */
interface Levels {
  /** Of each read; -1 of those that had not returned. */
  readonly ofRead: Int32Array;
  /** Of each value the first that has it; `count` where none has. */
  readonly ofValue: Int32Array;
  /** Level 0 included, even if nothing read it. */
  readonly count: number;
}

function contradictionBefore(set: SetCalls, limit: number): number[] | undefined {
  const levels = levelsBefore(set, limit);
  const calls = 'count' in levels ? returnedTooEarly(set, levels, limit) : levels;
  return calls === undefined ? undefined : [...calls, ...addsOfReads(set, calls)];
}

/** The first adds of all that the reads among the calls returned, if they are not many. */
function addsOfReads(set: SetCalls, calls: readonly number[]): number[] {
  const adds = new Set<number>();
  for (const call of calls) {
    const index = set.reads.indexOf(call);
    if (index < 0) continue;
    for (const value of readValues(set, index)) if (value < set.added) adds.add(set.firstAdd[value]!);
  }
  return adds.size <= addsMax ? [...adds] : [];
}

/** The levels; or calls that show that there are none. */
function levelsBefore(set: SetCalls, limit: number): Levels | number[] {
  const { returned, added, values, reads, firstAdd } = set;
  const ofRead = new Int32Array(reads.length).fill(-1);
  const ofValue = new Int32Array(values);
  let level = 0;
  let last = -1;
  let size = 0;
  for (let index = 0; index < reads.length; index++) {
    const read = reads[index]!;
    if (returned[read]! >= limit) continue;
    const here = readValues(set, index);
    let known = 0;
    for (const value of here) {
      if (value >= added) return [read];
      if (ofValue[value]! > 0) known++;
    }
    if (known < size) {
      const missing = missingFrom(here, readValues(set, last))!;
      const further = missingFrom(readValues(set, last), here)!;
      return [reads[last]!, read, firstAdd[missing]!, firstAdd[further]!];
    }
    if (here.length > size) level++;
    for (const value of here) if (ofValue[value] === 0) ofValue[value] = level;
    ofRead[index] = level;
    last = index;
    size = here.length;
  }
  const count = level + 1;
  for (let value = 0; value < values; value++) if (ofValue[value] === 0) ofValue[value] = count;
  return { ofRead, ofValue, count };
}

/** Calls of which one returned before another was invoked that must come earlier. */
function returnedTooEarly(set: SetCalls, levels: Levels, limit: number): number[] | undefined {
  const { invoked, returned, numberOf, added, firstAdd, reads } = set;
  const { ofRead, ofValue, count } = levels;
  const readInvoked = new Int32Array(count).fill(-1);
  const addInvoked = new Int32Array(count + 1).fill(-1);
  for (let index = 0; index < reads.length; index++) {
    const level = ofRead[index]!;
    if (level >= 0) readInvoked[level] = Math.max(readInvoked[level]!, invoked[reads[index]!]!);
  }
  for (let value = 0; value < added; value++) {
    const level = ofValue[value]!;
    addInvoked[level] = Math.max(addInvoked[level]!, invoked[firstAdd[value]!]!);
  }
  // Of each level the latest invocation of what must come before its adds, and before its reads.
  const beforeAdds = new Int32Array(count + 1);
  const beforeReads = new Int32Array(count);
  let latest = -1;
  for (let level = 0; level < count; level++) {
    beforeAdds[level] = latest;
    latest = Math.max(latest, addInvoked[level]!);
    beforeReads[level] = latest;
    latest = Math.max(latest, readInvoked[level]!);
  }
  beforeAdds[count] = latest;

  const readAfter = (call: number, level: number): number =>
    ofRead.findIndex((of, index) => of >= 0 && of < level && invoked[reads[index]!]! > returned[call]!);
  const addedAfter = (call: number, level: number): number =>
    firstAdd.findIndex((add, value) => ofValue[value]! < level && invoked[add]! > returned[call]!);

  for (let index = 0; index < reads.length; index++) {
    const level = ofRead[index]!;
    const read = reads[index]!;
    if (level < 0 || returned[read]! >= beforeReads[level]!) continue;
    const later = readAfter(read, level);
    if (later < 0) return [read, firstAdd[addedAfter(read, level + 1)]!];
    return [read, reads[later]!, firstAdd[missingFrom(readValues(set, later), readValues(set, index))!]!];
  }
  for (let add = 0; add < numberOf.length; add++) {
    if (numberOf[add]! < 0 || returned[add]! >= limit) continue;
    const level = ofValue[numberOf[add]!]!;
    if (returned[add]! >= beforeAdds[level]!) continue;
    const later = readAfter(add, level);
    if (later >= 0) return [add, reads[later]!];
    const value = addedAfter(add, level);
    return [add, reads[ofRead.indexOf(ofValue[value]!)]!, firstAdd[value]!];
  }
  return undefined;
}

const readValues = ({ read, readFrom }: SetCalls, index: number): Int32Array =>
  read.subarray(readFrom[index]!, readFrom[index + 1]!);

function missingFrom(values: Int32Array, others: Int32Array): number | undefined {
  const present = new Set(values);
  return others.find((value) => !present.has(value));
}
