/**
 * The transactions of a history, as columns: one entry a transaction, its micro-ops in one row each of a second table. Keys
 * and values are numbered once, so that what follows compares integers. About 20 bytes a transaction and 18 a micro-op.
 */

import { failCode, type History, okCode } from '../../history/history.ts';
import { formatValue, isArray, nameOf, type Value } from '../../history/value.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { int32Column, uint8Column } from './columns.ts';
import { Numbering } from './numbering.ts';

/** It certainly happened: ok. */
export const COMMITTED = 0;
/** It may have happened, now or at any later time: an `info`, or no completion at all. */
export const INDETERMINATE = 1;
/** It certainly did not happen: fail. */
export const ABORTED = 2;

export const READ = 0;
export const APPEND = 1;
export const WRITE = 2;

/** The number of the value nil, which is what a register holds before anyone writes it. */
export const NIL = 0;

/** What a read found out where nobody knows: the transaction did not certainly happen, or its completion does not say. */
export const UNKNOWN = -1;

/** What the reads of a history return: lists that transactions append to, or the value of a register that they write. */
export type ReadShape = 'lists' | 'registers';

export interface Transactions {
  readonly history: History;
  readonly length: number;
  /** Line of the invocation, ascending. */
  readonly invocation: Int32Array;
  /** Line of the completion; -1 where there is none. */
  readonly completion: Int32Array;
  /** COMMITTED, INDETERMINATE, or ABORTED. */
  readonly fate: Uint8Array;
  readonly process: Int32Array;
  readonly microOps: MicroOps;
  /** By the number of a key. */
  readonly keys: readonly Value[];
  /** By the number of a value; the first is nil. */
  readonly values: readonly Value[];
  /** The number of a value; -1 where it has none, so that nobody wrote it. */
  numberOf(value: Value): number;
}

/** All micro-ops, those of one transaction next to each other in the order in which it did them. */
export interface MicroOps {
  readonly length: number;
  /** Transaction t has the micro-ops in [start[t], start[t + 1]). */
  readonly start: Int32Array;
  readonly transaction: Int32Array;
  /** READ, APPEND, or WRITE. */
  readonly kind: Uint8Array;
  readonly key: Int32Array;
  /**
   * Of an append or a write, the number of what it put there. Of a read of a register, the number of what it found, or
   * UNKNOWN. Of a read of a list, the number of the last element; UNKNOWN where the list was empty or is not known.
   */
  readonly value: Int32Array;
  /** Of a read of a list how long it was, or UNKNOWN; else 0. */
  readonly size: Int32Array;
}

/** Told of each list that a committed transaction read, in the order of the micro-ops, empty ones left out. */
export type SeeList = (microOp: number, key: number, list: readonly Value[]) => void;

/**
 * Every client's op is a transaction: its value is a list of micro-ops `[f key value]`, f one of r, read, append (with
 * lists), w, write (with registers), as keywords or strings. An ok that comes without value did what was asked, its reads
 * unknown. Linear in the micro-ops; the elements of lists are not looked at, except the last.
 *
 * @throws ModelMismatch where an op is no such transaction
 */
export function transactionsOf(history: History, shape: ReadShape, seeList?: SeeList): Transactions {
  const invocation = history.clientInvocations();
  const { length } = invocation;
  const completion = int32Column(length);
  const fate = uint8Column(length);
  const process = int32Column(length);
  const start = int32Column(length + 1);
  for (let t = 0; t < length; t++) {
    const line = invocation[t]!;
    const completed = history.completionOf(line);
    completion[t] = completed;
    fate[t] = completed < 0 ? INDETERMINATE : fateOf(history.types[completed]!);
    process[t] = history.processes[line]!;
    if (history.keyIds[line] !== -1) throw onIndependentKey(line);
    start[t + 1] = start[t]! + microOpsOn(history, tellingLine(history, line, completed, fate[t]!)).length;
  }

  const count = start[length]!;
  const transaction = int32Column(count);
  const kind = uint8Column(count);
  const key = int32Column(count);
  const value = int32Column(count);
  const size = int32Column(count);
  const keys = new Numbering();
  const values = new Numbering();
  values.of(null);
  for (let t = 0; t < length; t++) {
    const line = tellingLine(history, invocation[t]!, completion[t]!, fate[t]!);
    const list = microOpsOn(history, line);
    for (let i = 0, m = start[t]!; i < list.length; i++, m++) {
      const microOp = list[i]!;
      const wanted = isArray(microOp) && microOp.length >= 2 ? kindOf(microOp[0]!, shape) : NO_KIND;
      if (wanted === NO_KIND) throw mismatch(line, microOp, shape);
      const given = (microOp as readonly Value[])[2] ?? null;
      transaction[m] = t;
      kind[m] = wanted;
      key[m] = keys.of((microOp as readonly Value[])[1]!);
      if (wanted !== READ) {
        value[m] = values.of(given);
      } else if (line === invocation[t]) {
        value[m] = UNKNOWN;
        size[m] = UNKNOWN;
      } else if (shape === 'registers') {
        value[m] = values.of(given);
      } else {
        if (given !== null && !isArray(given)) throw mismatch(line, microOp, shape);
        const found = given === null ? 0 : given.length;
        size[m] = found;
        value[m] = found === 0 ? UNKNOWN : values.of(given![found - 1]!);
        if (found > 0) seeList?.(m, key[m]!, given!);
      }
    }
  }
  return {
    history,
    length,
    invocation,
    completion,
    fate,
    process,
    microOps: { length: count, start, transaction, kind, key, value, size },
    keys: keys.values,
    values: values.values,
    numberOf: (given) => values.find(given),
  };
}

/** The list that a read of a list returned; empty where that is not known. */
export function listRead(transactions: Transactions, microOp: number): readonly Value[] {
  const { history, completion, microOps } = transactions;
  if (microOps.size[microOp]! <= 0) return [];
  const t = microOps.transaction[microOp]!;
  const list = microOpsOn(history, completion[t]!)[microOp - microOps.start[t]!] as readonly Value[];
  return list[2] as readonly Value[];
}

const fateOf = (type: number): number => (type === okCode ? COMMITTED : type === failCode ? ABORTED : INDETERMINATE);

/** The line that says what a transaction did: an ok that has a value, else the invocation, which does not say what reads found. */
const tellingLine = (history: History, invocation: number, completion: number, fate: number): number =>
  fate === COMMITTED && history.value(completion) !== null ? completion : invocation;

function microOpsOn(history: History, line: number): readonly Value[] {
  const value = history.value(line);
  if (isArray(value)) return value;
  throw new ModelMismatch(line, `op ${line} has the value ${formatValue(value, 40)}; expected a list of micro-ops`);
}

const NO_KIND = -1;

function kindOf(f: Value, shape: ReadShape): number {
  const name = typeof f === 'string' ? f : nameOf(f);
  if (name === 'r' || name === 'read') return READ;
  if (shape === 'lists') return name === 'append' ? APPEND : NO_KIND;
  return name === 'w' || name === 'write' ? WRITE : NO_KIND;
}

function onIndependentKey(line: number): ModelMismatch {
  return new ModelMismatch(line, `op ${line} is on an independent key; expected transactions, which name their keys`);
}

function mismatch(line: number, microOp: Value, shape: ReadShape): ModelMismatch {
  const expected =
    shape === 'lists' ? '["append" key element] or ["r" key list]' : '["w" key value] or ["r" key value]';
  return new ModelMismatch(line, `op ${line} has the micro-op ${formatValue(microOp, 40)}; expected ${expected}`);
}
