/**
 * Registers under keys, as Maelstrom's lin-kv has them: `read {key}`, `write {key, value}`, `cas {key, from, to}`.
 * Keys are strings or numbers (1 and "1" are two keys), values any JSON.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-lin-kv
 */
import type { Body, Json } from '../../protocol/message.ts';
import { errorReply, type Reply, type Request, type StateMachine } from './machine.ts';

type Key = string | number;
type Registers = Map<Key, Json>;

const writeOk: Reply = { type: 'write_ok' };
const casOk: Reply = { type: 'cas_ok' };

/** The fields that each request must have. */
const fields: ReadonlyMap<string, readonly string[]> = new Map([
  ['read', ['key']],
  ['write', ['key', 'value']],
  ['cas', ['key', 'from', 'to']],
]);

export const registerMachine: StateMachine<Registers> = {
  name: 'register',
  init: () => new Map(),
  classify(request) {
    const expected = fields.get(request.type);
    if (expected === undefined) {
      return errorReply('notSupported', `expected read, write, or cas, got ${request.type}`);
    }
    const { key } = request as Body & { readonly key?: unknown };
    if ((typeof key !== 'string' && typeof key !== 'number') || !expected.every((field) => field in request)) {
      return errorReply(
        'malformedRequest',
        `${request.type} needs ${expected.join(', ')}; the key is a string or a number`,
      );
    }
    return request.type === 'read' ? 'query' : 'command';
  },
  apply(registers, command) {
    const key = command.key as Key;
    if (command.type === 'write') {
      registers.set(key, command.value as Json);
      return writeOk;
    }
    const value = registers.get(key);
    if (value === undefined) return errorReply('keyDoesNotExist', `there is no key ${key}`);
    if (!equal(value, command.from as Json)) return refusal(command, value);
    registers.set(key, command.to as Json);
    return casOk;
  },
  query(registers, query) {
    const key = query.key as Key;
    const value = registers.get(key);
    return value === undefined ? errorReply('keyDoesNotExist', `there is no key ${key}`) : { type: 'read_ok', value };
  },
  snapshot: (registers) => [...registers],
  restore: (snapshot) => new Map(snapshot as readonly (readonly [Key, Json])[]),
};

const refusal = (cas: Request, value: Json): Reply =>
  errorReply('preconditionFailed', `expected ${JSON.stringify(cas.from)}, but had ${JSON.stringify(value)}`);

/** Whether two JSON values are the same; the order of an object's fields does not count. */
function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const fieldsOfA = Object.entries(a);
  const objectB = b as { readonly [field: string]: Json };
  if (fieldsOfA.length !== Object.keys(b).length) return false;
  return fieldsOfA.every(([field, value]) => field in objectB && equal(value, objectB[field] as Json));
}
