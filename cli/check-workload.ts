/** Finds out by the ops of a history what they were done on. */
import { type History, okCode } from '../history/history.ts';
import { isArray, nameOf, type Value, ValueSet, valueKey } from '../history/value.ts';
import { displayText } from '../reports/display.ts';
import { BadInput } from './exit.ts';
import { judgedWorkloads, workloadsOf } from './judged-workloads.ts';

/**
 * The workload that the ops make plain, of those that can be held to these models; null where there are no ops. Refuses what is
 * not plain, or cannot be judged, in a sentence that names the candidates. `file` is how it names the history. Linear.
 */
export function findWorkload(history: History, models: readonly string[], file: string): string | null {
  const fs = fsOf(history);
  if (fs.length === 0) return null;
  const judged = workloadsOf(models);
  const found = plainWorkload(history, fs, judged) ?? onlyCandidate(fs, judged);
  if (found !== undefined && judged.includes(found)) return found;
  throw new BadInput(`${file}: ${refusal(history, fs, models, found)}`);
}

/** Each f that a client invoked, sorted. */
export function fsOf(history: History): readonly string[] {
  const ids = new Set<number>();
  for (const line of history.clientInvocations()) ids.add(history.fIds[line]!);
  return [...ids].map((id) => history.fNames[id]!).sort();
}

const isWithin = (some: readonly string[], all: readonly string[]): boolean => some.every((each) => all.includes(each));

function plainWorkload(history: History, fs: readonly string[], judged: readonly string[]): string | undefined {
  const holds = (...names: readonly string[]): boolean => names.some((name) => fs.includes(name));
  if (isWithin(fs, ['txn'])) return plainTransactions(history, judged);
  if (isWithin(fs, ['read', 'write', 'cas']) && holds('write', 'cas')) {
    if (microFsOf(history).length > 0 || readsListsOfWritten(history)) return undefined;
    return holds('cas') ? 'cas-register' : 'register';
  }
  if (isWithin(fs, ['acquire', 'lock', 'release', 'unlock'])) return 'mutex';
  if (isWithin(fs, ['enqueue', 'dequeue'])) return 'queue';
  if (isWithin(fs, ['push', 'pop'])) return 'stack';
  if (isWithin(fs, ['get', 'put', 'append']) && holds('put', 'append')) return 'kv';
  if (isWithin(fs, ['add', 'remove', 'contains', 'read']) && holds('remove', 'contains')) return 'set';
  if (isWithin(fs, ['add', 'read', ...steps]) && holds(...steps)) return 'counter';
  if (isWithin(fs, ['transfer', 'read']) && holds('transfer')) return 'bank';
  if (isWithin(fs, ['generate'])) return 'unique-ids';
  if (isWithin(fs, ['enqueue', 'dequeue', 'drain'])) return 'total-queue';
  return isWithin(fs, ['add', 'read']) && holds('add') ? setOrCounter(history) : undefined;
}

/**
 * Transactions that append are on lists. Those of reads and writes are on registers: what Elle can infer needs that each value was
 * written once to a key; others are judged as one object that holds all registers, if that can be held to the models.
 */
function plainTransactions(history: History, judged: readonly string[]): string | undefined {
  const micro = microFsOf(history);
  if (isWithin(micro, ['r', 'read', 'append']) && micro.includes('append')) return 'list-append';
  if (!isWithin(micro, readsAndWrites)) return undefined;
  // Of transactions that only read, lists tell, and where they read nothing either, nothing can be wrong with them.
  if (!micro.includes('w') && !micro.includes('write') && !readsScalars(history)) return 'list-append';
  if (!judged.includes('multi-register')) return 'rw-register';
  const isOfElle = judged.includes('rw-register') && isWithin(micro, ['r', 'w']) && writesDiffer(history);
  return isOfElle ? 'rw-register' : 'multi-register';
}

/** Whether some read of a transaction returned what is neither nil nor a list. */
function readsScalars(history: History): boolean {
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    const value = completion < 0 ? null : history.value(completion);
    for (const micro of isArray(value) ? value : []) {
      const found = isArray(micro) ? (micro[2] ?? null) : null;
      if (found !== null && !isCollection(found)) return true;
    }
  }
  return false;
}

/** Whether there are writes, and no value is written twice to a key. */
function writesDiffer(history: History): boolean {
  const written = new Set<string>();
  for (const line of history.clientInvocations()) {
    const value = history.value(line);
    for (const micro of isArray(value) ? value : []) {
      if (!isArray(micro) || nameOf(micro[0]) !== 'w') continue;
      const write = valueKey(micro.slice(1, 3));
      if (written.has(write)) return false;
      written.add(write);
    }
  }
  return written.size > 0;
}

/** Whether reads return lists, though what was written is none: then they return several of what was written. */
function readsListsOfWritten(history: History): boolean {
  let lists = false;
  for (const line of history.clientInvocations()) {
    if (history.f(line) === 'write' && isCollection(history.value(line))) return false;
    const completion = history.f(line) === 'read' ? history.completionOf(line) : -1;
    lists ||= completion >= 0 && history.types[completion] === okCode && isCollection(history.value(completion));
  }
  return lists;
}

/** What only counters do. */
const steps = ['inc', 'increment', 'dec', 'decrement'];

const readsAndWrites = ['r', 'read', 'w', 'write'];

/** The names of the micro-ops in values that are lists of them, such as `[["r", 1, null], ["append", 2, 5]]`, sorted. */
function microFsOf(history: History): readonly string[] {
  const names = new Set<string>();
  for (const line of history.clientInvocations()) {
    const value = history.value(line);
    if (!isArray(value)) continue;
    for (const micro of value) {
      const name = isArray(micro) ? nameOf(micro[0]) : undefined;
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

const isCollection = (value: Value): boolean => isArray(value) || value instanceof ValueSet;
const isNumber = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint';

/** What the reads returned tells sets from counters; undefined where no read returned anything, or some this and some that. */
function setOrCounter(history: History): 'set' | 'counter' | undefined {
  let [collections, numbers, others] = [0, 0, 0];
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    if (history.f(line) === 'add') {
      if (!isNumber(history.value(line))) others++;
    } else if (completion >= 0 && history.types[completion] === okCode) {
      const value = history.value(completion);
      if (isCollection(value)) collections++;
      else if (isNumber(value)) numbers++;
    }
  }
  if (numbers > 0 && collections === 0 && others === 0) return 'counter';
  return collections > 0 && numbers === 0 ? 'set' : undefined;
}

function refusal(
  history: History,
  fs: readonly string[],
  models: readonly string[],
  found: string | undefined,
): string {
  const judged = workloadsOf(models);
  if (found === undefined && fs.includes('txn') && fs.length === 1) {
    return `its transactions consist of ${list(microFsOf(history))}; only those of reads and writes, or of reads and appends, are judged`;
  }
  const what = `its ops are ${list(fs)}`;
  if (found !== undefined) {
    return `${what}, as of a ${found}: the model ${models.join(', ')} does not judge that; it judges ${judged.join(', ')}`;
  }
  const candidates = candidatesOf(fs, judged);
  if (candidates.length === 0) return `${what}, which no workload has: expected those of ${judged.join(', ')}`;
  return `${what}, which does not tell what they were done on: give --workload ${candidates.join(' or ')}`;
}

/** The workloads that have all these ops. */
const candidatesOf = (fs: readonly string[], judged: readonly string[]): readonly string[] =>
  judged.filter((name) => {
    const known = judgedWorkloads.get(name)!.fs;
    return known.length > 0 && isWithin(fs, known);
  });

/** Transactions are told apart by what they consist of, not by their f. */
function onlyCandidate(fs: readonly string[], judged: readonly string[]): string | undefined {
  const [only, ...others] = fs.includes('txn') ? [] : candidatesOf(fs, judged);
  return others.length === 0 ? only : undefined;
}

const namesMax = 10;

/** `read, write and cas`, on one line, however many and however long. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).map((name) => displayText(name.length > 40 ? `${name.slice(0, 39)}…` : name));
  if (names.length > namesMax) return `${shown.join(', ')} and ${names.length - namesMax} more`;
  return shown.length < 2 ? (shown[0] ?? 'nothing') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
