/**
 * Rows, inserted by transactions that look first: `insert {key, table, id}` where neither table has a row of the key, and `add`, which
 * gives its row a number greater than all others, and as timestamp how many commands have been applied up to it. `read` gives
 * the rows that were added. `write {key, row}` inserts a row of a key, and `find {key, rows}` looks for some of them.
 */
import type { Json } from '../../protocol/message.ts';
import { rowTables } from '../../protocol/services/rows.ts';
import { errorReply, type StateMachine } from './machine.ts';
import { classifierOf, isScalar, type Scalar } from './requests.ts';

type Row = { readonly val: number; readonly sts: number };

interface Rows {
  /** By key the table that has its row. */
  readonly inserted: Map<Scalar, string>;
  /** Rows are in the order of their timestamps, and of their numbers. */
  readonly added: Row[];
  readonly written: Map<Scalar, Set<Scalar>>;
  commands: number;
}

type Snapshot = {
  readonly inserted: readonly (readonly [Scalar, string])[];
  readonly added: readonly Row[];
  readonly written: readonly (readonly [Scalar, readonly Scalar[]])[];
  readonly commands: number;
};

const isTable = (value: unknown): boolean => (rowTables as readonly unknown[]).includes(value);

export const rowsMachine: StateMachine<Rows> = {
  name: 'rows',
  init: () => ({ inserted: new Map(), added: [], written: new Map(), commands: 0 }),
  classify: classifierOf({
    insert: {
      kind: 'command',
      fields: { key: isScalar, table: isTable, id: isScalar },
      needs: `key, table (${rowTables.join(' or ')}), and id; key and id are strings or numbers`,
    },
    add: { kind: 'command', fields: {} },
    write: { kind: 'command', fields: { key: isScalar, row: isScalar }, needs: 'key and row, strings or numbers' },
    find: {
      kind: 'query',
      fields: { key: isScalar, rows: (value) => Array.isArray(value) && value.every(isScalar) },
      needs: 'key, a string or a number, and rows, a list of those',
    },
    read: { kind: 'query', fields: {} },
  }),
  apply(rows, command) {
    rows.commands++;
    if (command.type === 'add') {
      const row = { val: (rows.added.at(-1)?.val ?? 0) + 1, sts: rows.commands };
      rows.added.push(row);
      return { type: 'add_ok', row };
    }
    const key = command.key as Scalar;
    if (command.type === 'write') {
      const row = command.row as Scalar;
      const written = rows.written.get(key);
      if (written === undefined) rows.written.set(key, new Set([row]));
      else written.add(row);
      return { type: 'write_ok' };
    }
    const table = rows.inserted.get(key);
    if (table !== undefined) return errorReply('keyAlreadyExists', `table ${table} has a row of the key ${key}`);
    rows.inserted.set(key, command.table as string);
    return { type: 'insert_ok' };
  },
  query({ added, written }, query) {
    if (query.type === 'read') return { type: 'read_ok', value: [...added] };
    const ofKey = written.get(query.key as Scalar);
    const asked = query.rows as readonly Scalar[];
    return { type: 'find_ok', rows: asked.map((row) => (ofKey?.has(row) ? row : null)) };
  },
  snapshot: ({ inserted, added, written, commands }): Json => ({
    inserted: [...inserted],
    added: [...added],
    written: [...written].map(([key, ofKey]): Json => [key, [...ofKey]]),
    commands,
  }),
  restore(snapshot) {
    const { inserted, added, written, commands } = snapshot as Snapshot;
    return {
      inserted: new Map(inserted),
      added: [...added],
      written: new Map(written.map(([key, ofKey]) => [key, new Set(ofKey)])),
      commands,
    };
  },
};
