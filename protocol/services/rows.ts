/**
 * Rows, inserted by transactions that look first at what is there: under a key only where it has none, or with a number
 * greater than all others; and rows of a key, which are looked for in any order. What Jepsen's tests of databases do with SQL: adya.clj, and
 * `monotonic` and `sequential` of its tests of CockroachDB.
 */
import type { Body, Json } from '../message.ts';
import type { Outcome, Service, ServiceOp } from '../service.ts';
import { failure } from './errors.ts';

/** The tables into one of which a row of a key may be inserted. */
export const rowTables = ['a', 'b'] as const;

export interface InsertBody extends Body {
  readonly type: 'insert';
  readonly key: Json;
  readonly table: string;
  readonly id: Json;
}

export interface WriteRowBody extends Body {
  readonly type: 'write';
  readonly key: Json;
  readonly row: Json;
}

export interface FindRowsBody extends Body {
  readonly type: 'find';
  readonly key: Json;
  readonly rows: readonly Json[];
}

/** `[key, rows]`: what is looked for, and what was found. */
type FindValue = readonly [key: Json, rows: readonly Json[]];

/** `[key, [a, b]]`: the id that the row gets, at the place of its table, and null at the other. */
type InsertValue = readonly [key: Json, ids: readonly [Json, Json]];

function insertBody({ value }: ServiceOp, msgId: number): InsertBody {
  const [key, ids] = value as InsertValue;
  const place = ids[0] === null ? 1 : 0;
  return { type: 'insert', key, table: rowTables[place], id: ids[place], msg_id: msgId };
}

export const rows: Service = {
  name: 'rows',
  summary: 'Rows, inserted by transactions that look first at what is there.',
  rpcs: [
    {
      request: '{"type": "insert", "key": k, "table": "a", "id": n}',
      reply: '{"type": "insert_ok"}',
      summary: 'Inserts a row of the key into table a or b. Error 21 where one of them has a row of the key.',
    },
    {
      request: '{"type": "add"}',
      reply: '{"type": "add_ok", "row": {"val": n, "sts": t}}',
      summary:
        'Inserts a row into a third table: its number is one more than the greatest there, its timestamp that of the transaction.',
    },
    {
      request: '{"type": "read"}',
      reply: '{"type": "read_ok", "value": [{"val": n, "sts": t}]}',
      summary: 'All rows of the third table, in the order of their timestamps.',
    },
    {
      request: '{"type": "write", "key": k, "row": n}',
      reply: '{"type": "write_ok"}',
      summary: 'Inserts a row of the key into a fourth table.',
    },
    {
      request: '{"type": "find", "key": k, "rows": [n, m]}',
      reply: '{"type": "find_ok", "rows": [n, null]}',
      summary:
        'Looks for rows of the key in the fourth table: null for each that is not there. The op that asks for it is read.',
    },
  ],
  isRead: (f) => f === 'read',
  request(op, msgId) {
    switch (op.f) {
      case 'insert':
        return insertBody(op, msgId);
      case 'write': {
        const [key, row] = op.value as readonly [Json, Json];
        const body: WriteRowBody = { type: 'write', key, row, msg_id: msgId };
        return body;
      }
      case 'add':
        return { type: 'add', msg_id: msgId };
      case 'read':
        return op.value === null ? { type: 'read', msg_id: msgId } : findBody(op.value as FindValue, msgId);
      default:
        throw new RangeError(`the rows service has insert, add, write, and read, not ${op.f}`);
    }
  },
  outcome(op, reply) {
    if (op.f === 'add') return addOutcome(op, reply);
    if (op.f === 'read') return op.value === null ? readOutcome(op, reply) : findOutcome(op, reply);
    const success = `${op.f}_ok`;
    if (reply.type === success) return { type: 'ok', value: op.value };
    return failure(op, reply, false, `${success} or an error`);
  },
};

const findBody = ([key, rows]: FindValue, msgId: number): FindRowsBody => ({ type: 'find', key, rows, msg_id: msgId });

function findOutcome(op: ServiceOp, reply: Body): Outcome {
  const [key, asked] = op.value as FindValue;
  const { rows } = reply as { readonly rows?: Json };
  if (reply.type === 'find_ok' && Array.isArray(rows) && rows.length === asked.length) {
    return { type: 'ok', value: [key, rows] };
  }
  return failure(op, reply, true, 'find_ok with as many rows as were asked for, or an error');
}

function addOutcome(op: ServiceOp, reply: Body): Outcome {
  const { row } = reply as { readonly row?: Json };
  if (reply.type === 'add_ok' && typeof row === 'object' && row !== null) return { type: 'ok', value: row };
  return failure(op, reply, false, 'add_ok with a row or an error');
}

function readOutcome(op: ServiceOp, reply: Body): Outcome {
  const { value } = reply as { readonly value?: Json };
  if (reply.type === 'read_ok' && Array.isArray(value)) return { type: 'ok', value };
  return failure(op, reply, true, 'read_ok with a list of rows or an error');
}
