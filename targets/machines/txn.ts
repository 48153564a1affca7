/**
 * Transactions over keys, as Maelstrom's txn has them: micro-ops `["r", key, null]`, `["append", key, element]`, and `["w", key, value]`, one
 * after the other, all or none. Keys are strings or numbers, elements and values any JSON. One that only reads is a query.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-txn-list-append
 */
import type { Body, Json } from '../../protocol/message.ts';
import { errorReply, type Reply, type Request, type StateMachine } from './machine.ts';
import { classifierOf, isScalar, type Scalar } from './requests.ts';

type MicroOp = readonly [f: 'r' | 'append' | 'w', key: Scalar, value: Json];

/** Lists are replaced, never changed: replies and snapshots share them. */
type Contents = Map<Scalar, Json>;

const fs: readonly unknown[] = ['r', 'append', 'w'];

const isMicroOp = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && fs.includes(value[0]) && isScalar(value[1]);

const classify = classifierOf({
  txn: {
    kind: 'command',
    fields: { txn: (value) => Array.isArray(value) && value.every(isMicroOp) },
    needs: 'txn, a list of ["r" key null], ["append" key element], or ["w" key value]; keys are strings or numbers',
  },
});

const microOpsOf = (request: Request | Body): readonly MicroOp[] =>
  (request as unknown as { readonly txn: readonly MicroOp[] }).txn;

export const txnMachine: StateMachine<Contents> = {
  name: 'txn',
  init: () => new Map(),
  classify(request) {
    const kind = classify(request);
    return kind === 'command' && microOpsOf(request).every(([f]) => f === 'r') ? 'query' : kind;
  },
  apply(contents, command) {
    const changed: Contents = new Map();
    const reply = carryOut(contents, changed, microOpsOf(command));
    if (reply.type === 'txn_ok') for (const [key, value] of changed) contents.set(key, value);
    return reply;
  },
  query: (contents, query) => carryOut(contents, new Map(), microOpsOf(query)),
  snapshot: (contents) => [...contents],
  restore: (snapshot) => new Map(snapshot as readonly (readonly [Scalar, Json])[]),
};

/** What it writes goes to `changed`, so that a transaction which is aborted has changed nothing. */
function carryOut(contents: Contents, changed: Contents, txn: readonly MicroOp[]): Reply {
  const done: MicroOp[] = [];
  for (const microOp of txn) {
    const [f, key, value] = microOp;
    if (f === 'w') {
      changed.set(key, value);
      done.push(microOp);
      continue;
    }
    const held = changed.has(key) ? changed.get(key)! : (contents.get(key) ?? null);
    if (f === 'r') {
      done.push([f, key, held]);
      continue;
    }
    if (held !== null && !Array.isArray(held)) {
      return errorReply('abort', `append to key ${key}, which holds ${JSON.stringify(held)}, not a list`);
    }
    changed.set(key, held === null ? [value] : [...held, value]);
    done.push(microOp);
  }
  return { type: 'txn_ok', txn: done };
}
