/** Finds out by the ops of a history what kind of object they were done on. */
import { type History, okCode } from '../history/history.ts';
import { isArray, nameOf, type Value, ValueSet } from '../history/value.ts';
import { displayText } from '../reports/display.ts';
import { BadInput } from './exit.ts';
import { type ConsistencyModel, workloads, workloadsOf } from './models.ts';

/**
 * The workload that the ops make plain; null where there are none. Refuses what is not plain, or cannot be judged, in a
 * sentence that names the candidates. `file` is how it names the history. Linear.
 */
export function findWorkload(history: History, model: ConsistencyModel, file: string): string | null {
  const fs = fsOf(history);
  if (fs.length === 0) return null;
  const found = plainWorkload(history, fs);
  if (found !== undefined && workloadsOf(model).includes(found)) return found;
  throw new BadInput(`${file}: ${refusal(history, fs, model, found)}`);
}

/** Each f that a client invoked, sorted. */
export function fsOf(history: History): readonly string[] {
  const ids = new Set<number>();
  for (const line of history.clientInvocations()) ids.add(history.fIds[line]!);
  return [...ids].map((id) => history.fNames[id]!).sort();
}

const isWithin = (some: readonly string[], all: readonly string[]): boolean => some.every((each) => all.includes(each));

function plainWorkload(history: History, fs: readonly string[]): string | undefined {
  const holds = (...names: readonly string[]): boolean => names.some((name) => fs.includes(name));
  if (isWithin(fs, ['txn'])) return isWithin(microFsOf(history), readsAndWrites) ? 'multi-register' : undefined;
  if (isWithin(fs, ['read', 'write', 'cas']) && holds('write', 'cas')) {
    if (microFsOf(history).length > 0) return undefined;
    return holds('cas') ? 'cas-register' : 'register';
  }
  if (isWithin(fs, ['acquire', 'lock', 'release', 'unlock'])) return 'mutex';
  if (isWithin(fs, ['enqueue', 'dequeue'])) return 'queue';
  if (isWithin(fs, ['push', 'pop'])) return 'stack';
  if (isWithin(fs, ['get', 'put', 'append']) && holds('put', 'append')) return 'kv';
  if (isWithin(fs, ['add', 'remove', 'contains', 'read']) && holds('remove', 'contains')) return 'set';
  if (isWithin(fs, ['add', 'read', ...steps]) && holds(...steps)) return 'counter';
  return isWithin(fs, ['add', 'read']) && holds('add') ? setOrCounter(history) : undefined;
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

function refusal(history: History, fs: readonly string[], model: ConsistencyModel, found: string | undefined): string {
  const judged = workloadsOf(model);
  if (fs.includes('txn')) {
    const micro = microFsOf(history);
    if (micro.includes('append')) return 'its transactions append to lists, and list-append is not judged yet';
    if (found === undefined && fs.length === 1) {
      return `its transactions consist of ${list(micro)}; only those of reads and writes are judged, as multi-register`;
    }
  }
  const what = `its ops are ${list(fs)}`;
  if (found !== undefined) {
    const why = workloads.has(found) ? `the model ${model.name} does not judge that` : 'that is not judged yet';
    return `${what}, as of a ${found}: ${why}; it judges ${judged.join(', ')}`;
  }
  const candidates = judged.filter((name) => isWithin(fs, workloads.get(name)!.fs));
  if (candidates.length === 0) return `${what}, which no workload has: expected those of ${judged.join(', ')}`;
  return `${what}, which does not tell what they were done on: give --workload ${candidates.join(' or ')}`;
}

const namesMax = 10;

/** `read, write and cas`, on one line, however many and however long. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).map((name) => displayText(name.length > 40 ? `${name.slice(0, 39)}…` : name));
  if (names.length > namesMax) return `${shown.join(', ')} and ${names.length - namesMax} more`;
  return shown.length < 2 ? (shown[0] ?? 'nothing') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
