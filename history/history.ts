/**
 * A history in columns: typed arrays with one entry a line, and tables for what repeats. 29 bytes a line where values
 * are small integers; what else a line carries (times of its own numbering, errors, nodes, unknown fields) costs memory
 * only in histories that have it.
 */
import { HistoryError } from './malformed.ts';
import type { Op, OpType, Process } from './op.ts';
import { OpenCalls } from './open-calls.ts';
import { exactInteger, type Value, valueKey } from './value.ts';

/** `types` holds positions in this list. */
export const opTypes: readonly OpType[] = ['invoke', 'ok', 'fail', 'info'];
export const invokeCode = 0;
export const okCode = 1;
export const failCode = 2;
export const infoCode = 3;

/** In `processes` the nemesis is this; other processes that are no clients are below, clients from 0 up. */
export const nemesisCode = -1;

/** Fields of a foreign file that ftest does not know, by name. */
export type Extra = { readonly [field: string]: Value };

/** Value codes from here up are positions in the table of values; below, they are the integer itself. */
const firstTableCode = 0x40000000;

interface Columns {
  readonly length: number;
  readonly times: Float64Array;
  readonly processes: Int32Array;
  readonly types: Uint8Array;
  readonly fIds: Int32Array;
  readonly keyIds: Int32Array;
  readonly valueCodes: Int32Array;
  readonly errorIds: Int32Array | undefined;
  readonly nodeIds: Int32Array | undefined;
  readonly lines: Int32Array | undefined;
  readonly fNames: readonly string[];
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
  readonly errors: readonly Value[];
  readonly nodes: readonly string[];
  readonly processNames: readonly string[];
  readonly extraIds: Int32Array | undefined;
  readonly extras: readonly Extra[];
  readonly cutAtLine: number | undefined;
  /** Which lines belong together, where processes and the order of lines do not say it; see History.reordered. */
  readonly pairs?: Int32Array;
}

/**
 * What was observed, line by line. A line is named by its index: its position, from 0. Files' own `index` fields are
 * not kept: the order of lines rules. Positions out of [0, length) give undefined or throw; nobody asks for them.
 */
export class History {
  readonly length: number;
  /** Nanoseconds since the run began, NaN on lines of foreign files that do not say. */
  readonly times: Float64Array;
  /** Clients from 0 up; -1 the nemesis; below, other processes that are no clients. */
  readonly processes: Int32Array;
  /** Positions in opTypes. */
  readonly types: Uint8Array;
  /** Positions in fNames. */
  readonly fIds: Int32Array;
  /** Positions in keys, -1 on lines without key. */
  readonly keyIds: Int32Array;
  readonly fNames: readonly string[];
  /** Each key once, in the order of first appearance. */
  readonly keys: readonly Value[];
  /** The line of the file whose op was left out because the file ended within it; see readHistory. */
  readonly cutAtLine: number | undefined;
  readonly #columns: Columns;
  #pairs: Int32Array | undefined;
  #clientInvocations: Int32Array | undefined;
  #nemesisLines: Int32Array | undefined;

  constructor(columns: Columns) {
    this.#columns = columns;
    this.length = columns.length;
    this.times = columns.times;
    this.processes = columns.processes;
    this.types = columns.types;
    this.fIds = columns.fIds;
    this.keyIds = columns.keyIds;
    this.fNames = columns.fNames;
    this.keys = columns.keys;
    this.cutAtLine = columns.cutAtLine;
    this.#pairs = columns.pairs;
  }

  static from(ops: Iterable<Op>): History {
    const builder = new HistoryBuilder();
    for (const op of ops) builder.push(op);
    return builder.build();
  }

  index(i: number): number {
    return i;
  }

  time(i: number): number {
    return this.times[i]!;
  }

  /** A number, `nemesis`, or in foreign files another name; only numbers are clients. */
  process(i: number): Process {
    const code = this.processes[i]!;
    // Names other than nemesis occur in foreign files only, where nothing but isClient is asked of them.
    return code >= 0 ? code : (this.#columns.processNames[-1 - code] as Process);
  }

  type(i: number): OpType {
    return opTypes[this.types[i]!]!;
  }

  f(i: number): string {
    return this.fNames[this.fIds[i]!]!;
  }

  key(i: number): Value | undefined {
    const id = this.keyIds[i]!;
    return id < 0 ? undefined : this.keys[id]!;
  }

  value(i: number): Value {
    const code = this.#columns.valueCodes[i]!;
    return code < firstTableCode ? code : this.#columns.values[code - firstTableCode]!;
  }

  error(i: number): Value | undefined {
    const { errorIds, errors } = this.#columns;
    return errorIds === undefined ? undefined : errors[errorIds[i]! - 1];
  }

  node(i: number): string | undefined {
    const { nodeIds, nodes } = this.#columns;
    return nodeIds === undefined ? undefined : nodes[nodeIds[i]! - 1];
  }

  /** Fields that ftest does not know. */
  extra(i: number): Extra | undefined {
    const { extraIds, extras } = this.#columns;
    return extraIds === undefined ? undefined : extras[extraIds[i]! - 1];
  }

  /** The line of the file it was read from, from 1, for messages; without file, the position from 1. */
  line(i: number): number {
    return this.#columns.lines?.[i] || i + 1;
  }

  op(i: number): Op {
    const key = this.key(i);
    const error = this.error(i);
    const node = this.node(i);
    const op: { -readonly [Field in keyof Op]: Op[Field] } = {
      index: i,
      time: this.time(i),
      process: this.process(i),
      type: this.type(i),
      f: this.f(i),
      value: this.value(i),
    };
    if (key !== undefined) op.key = key;
    if (error !== undefined) op.error = error;
    if (node !== undefined) op.node = node;
    return op;
  }

  *ops(): IterableIterator<Op> {
    for (let i = 0; i < this.length; i++) yield this.op(i);
  }

  /** Whether a process is a client: a number. The nemesis and other named processes are none. */
  isClient(i: number): boolean {
    return this.processes[i]! >= 0;
  }

  /**
   * For an invocation its completion, for a completion its invocation, -1 where there is none. Clients only: lines of
   * the nemesis are -1. A completion belongs to the last open invocation of its process; an invocation that comes while
   * another is open leaves that one without completion (see validatePairing). Computed once, in linear time.
   */
  get pairs(): Int32Array {
    this.#pairs ??= pairUp(this);
    return this.#pairs;
  }

  /** The line that completes the invocation i; -1 when none does, which means `info`, or when i is no client's invocation. */
  completionOf(i: number): number {
    return this.types[i] === invokeCode ? this.pairs[i]! : -1;
  }

  /** The invocation that line i completes; -1 when there is none or i is an invocation. */
  invocationOf(i: number): number {
    return this.types[i] === invokeCode ? -1 : this.pairs[i]!;
  }

  /** The lines on which clients invoke, ascending. */
  clientInvocations(): Int32Array {
    this.#clientInvocations ??= this.#linesWhere((i) => this.types[i] === invokeCode && this.processes[i]! >= 0);
    return this.#clientInvocations;
  }

  /** The lines of the nemesis, ascending; not those of other processes that are no clients. */
  nemesisLines(): Int32Array {
    this.#nemesisLines ??= this.#linesWhere((i) => this.processes[i] === nemesisCode);
    return this.#nemesisLines;
  }

  /**
   * The same lines in another order: line i is what line `order[i]` was. Completions stay with their invocations, whatever
   * the order. Linear.
   */
  reordered(order: Uint32Array): History {
    const columns = this.#columns;
    const { length } = this;
    const positions = new Int32Array(length);
    for (let i = 0; i < length; i++) positions[order[i]!] = i;
    const pairs = new Int32Array(length);
    const lines = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const pair = this.pairs[order[i]!]!;
      pairs[i] = pair < 0 ? -1 : positions[pair]!;
      lines[i] = this.line(order[i]!);
    }
    return new History({
      ...columns,
      times: permuted(columns.times, order, new Float64Array(length)),
      processes: permuted(columns.processes, order, new Int32Array(length)),
      types: permuted(columns.types, order, new Uint8Array(length)),
      fIds: permuted(columns.fIds, order, new Int32Array(length)),
      keyIds: permuted(columns.keyIds, order, new Int32Array(length)),
      valueCodes: permuted(columns.valueCodes, order, new Int32Array(length)),
      errorIds: columns.errorIds && permuted(columns.errorIds, order, new Int32Array(length)),
      nodeIds: columns.nodeIds && permuted(columns.nodeIds, order, new Int32Array(length)),
      extraIds: columns.extraIds && permuted(columns.extraIds, order, new Int32Array(length)),
      lines,
      pairs,
    });
  }

  #linesWhere(matches: (i: number) => boolean): Int32Array {
    let count = 0;
    for (let i = 0; i < this.length; i++) if (matches(i)) count++;
    const lines = new Int32Array(count);
    for (let i = 0, at = 0; i < this.length; i++) if (matches(i)) lines[at++] = i;
    return lines;
  }
}

function permuted<Column extends Float64Array | Int32Array | Uint8Array>(
  from: Column,
  order: Uint32Array,
  to: Column,
): Column {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]!]!;
  return to;
}

function pairUp(history: History): Int32Array {
  const { length, processes, types } = history;
  const pairs = new Int32Array(length).fill(-1);
  const open = new OpenCalls(processes);
  for (let i = 0; i < length; i++) {
    const process = processes[i]!;
    if (process < 0) continue;
    if (types[i] === invokeCode) {
      open.open(process, i);
      continue;
    }
    const invocation = open.get(process);
    if (invocation < 0) continue;
    pairs[i] = invocation;
    pairs[invocation] = i;
    open.close(process);
  }
  return pairs;
}

/**
 * Throws a HistoryError where clients' lines do not pair: a completion without invocation, or an invocation while the
 * process has another open. An invocation that is never completed is no error. `file` is how messages name the file.
 */
export function validatePairing(history: History, file = 'history'): void {
  const open = new OpenCalls(history.processes);
  for (let i = 0; i < history.length; i++) {
    if (!history.isClient(i)) continue;
    const process = history.processes[i]!;
    const invocation = open.get(process);
    const completes = history.types[i] !== invokeCode;
    if (completes && invocation < 0) {
      const what = `process ${process} completes "${history.f(i)}" with ${history.type(i)} but has no open invocation`;
      throw new HistoryError(what, i, file, history.line(i));
    }
    if (!completes && invocation >= 0) {
      const earlier = `its "${history.f(invocation)}" of line ${history.line(invocation)} is still open`;
      throw new HistoryError(`process ${process} invokes "${history.f(i)}" while ${earlier}`, i, file, history.line(i));
    }
    if (completes) open.close(process);
    else open.open(process, i);
  }
}

/** Numbers things in the order of their first appearance. */
class Table {
  readonly items: Value[] = [];
  readonly #scalarIds = new Map<Value, number>();
  readonly #otherIds = new Map<string, number>();

  idOf(given: Value): number {
    const value = exactInteger(given);
    const scalar = typeof value === 'number' || typeof value === 'string';
    const id = scalar ? this.#scalarIds.get(value) : this.#otherIds.get(valueKey(value));
    if (id !== undefined) return id;
    const fresh = this.items.push(value) - 1;
    if (scalar) this.#scalarIds.set(value, fresh);
    else this.#otherIds.set(valueKey(value), fresh);
    return fresh;
  }
}

/** Beyond so many distinct strings and the like, values are stored without looking for an equal one. */
const internedMax = 1 << 20;

/** What the builder takes of an op: an Op, or what a reader fills anew for each line. */
export interface OpFields extends Omit<Op, 'index' | 'key' | 'error' | 'node'> {
  readonly key?: Value | undefined;
  readonly error?: Value | undefined;
  readonly node?: string | undefined;
}

/** Takes ops in the order of their lines. Amortized constant time and no allocation per op of the common shape. */
export class HistoryBuilder {
  #length = 0;
  #capacity = 1024;
  #times = new Float64Array(this.#capacity);
  #processes = new Int32Array(this.#capacity);
  #types = new Uint8Array(this.#capacity);
  #fIds = new Int32Array(this.#capacity);
  #keyIds = new Int32Array(this.#capacity);
  #valueCodes = new Int32Array(this.#capacity);
  #errorIds: Int32Array | undefined;
  #nodeIds: Int32Array | undefined;
  #lines: Int32Array | undefined;
  readonly #fNames: string[] = [];
  readonly #fIdsByName = new Map<string, number>();
  readonly #keys = new Table();
  readonly #values: Value[] = [null, true, false];
  readonly #valueIds = new Map<Value, number>([
    [null, 0],
    [true, 1],
    [false, 2],
  ]);
  readonly #errors = new Table();
  readonly #nodes: string[] = [];
  readonly #nodeIdsByName = new Map<string, number>();
  readonly #processNames: string[] = ['nemesis'];
  readonly #processCodes = new Map<string, number>([['nemesis', nemesisCode]]);
  #extraIds: Int32Array | undefined;
  readonly #extras: Extra[] = [];

  get length(): number {
    return this.#length;
  }

  /**
   * Adds the next line: the position counts, not an index. The op itself is not kept, its value is. Throws
   * a RangeError for a process that is no whole number from 0 to 2^31-1.
   */
  push(op: OpFields): void {
    const i = this.#length;
    if (i === this.#capacity) this.#grow();
    this.#times[i] = op.time;
    this.#processes[i] = typeof op.process === 'number' ? clientCode(op.process) : this.#processCode(op.process);
    this.#types[i] = typeCode(op.type);
    this.#fIds[i] = this.#fIdsByName.get(op.f) ?? this.#addF(op.f);
    this.#keyIds[i] = op.key === undefined ? -1 : this.#keys.idOf(op.key);
    this.#valueCodes[i] = this.#valueCode(op.value);
    if (op.error !== undefined) {
      this.#errorIds ??= new Int32Array(this.#capacity);
      this.#errorIds[i] = this.#errors.idOf(op.error) + 1;
    }
    if (op.node !== undefined) {
      this.#nodeIds ??= new Int32Array(this.#capacity);
      this.#nodeIds[i] = this.#nodeId(op.node) + 1;
    }
    this.#length = i + 1;
  }

  /** Says of the line pushed last where it stood in its file, from 1. */
  setLine(line: number): void {
    if (line === this.#length) return;
    this.#lines ??= new Int32Array(this.#capacity);
    this.#lines[this.#length - 1] = line;
  }

  /** Adds unknown fields to the line pushed last. */
  setExtra(extra: Extra): void {
    this.#extraIds ??= new Int32Array(this.#capacity);
    this.#extraIds[this.#length - 1] = this.#extras.push(extra);
  }

  /**
   * The history so far. Costs nothing; pushing may go on and does not change what was built. `cutAtLine` says that the
   * file ended within the op of that line.
   */
  build(cutAtLine?: number): History {
    const length = this.#length;
    return new History({
      length,
      times: this.#times.subarray(0, length),
      processes: this.#processes.subarray(0, length),
      types: this.#types.subarray(0, length),
      fIds: this.#fIds.subarray(0, length),
      keyIds: this.#keyIds.subarray(0, length),
      valueCodes: this.#valueCodes.subarray(0, length),
      errorIds: this.#errorIds?.subarray(0, length),
      nodeIds: this.#nodeIds?.subarray(0, length),
      lines: this.#lines?.subarray(0, length),
      fNames: this.#fNames,
      keys: this.#keys.items,
      values: this.#values,
      errors: this.#errors.items,
      nodes: this.#nodes,
      processNames: this.#processNames,
      extraIds: this.#extraIds?.subarray(0, length),
      extras: this.#extras,
      cutAtLine,
    });
  }

  #addF(f: string): number {
    const id = this.#fNames.push(f) - 1;
    this.#fIdsByName.set(f, id);
    return id;
  }

  #nodeId(node: string): number {
    const known = this.#nodeIdsByName.get(node);
    if (known !== undefined) return known;
    const id = this.#nodes.push(node) - 1;
    this.#nodeIdsByName.set(node, id);
    return id;
  }

  #processCode(name: string): number {
    const known = this.#processCodes.get(name);
    if (known !== undefined) return known;
    const code = -this.#processNames.push(name);
    this.#processCodes.set(name, code);
    return code;
  }

  #valueCode(given: Value): number {
    const value = typeof given === 'number' ? given : exactInteger(given);
    return typeof value === 'number' && (value | 0) === value && value < firstTableCode
      ? value
      : this.#tableCode(value);
  }

  #tableCode(value: Value): number {
    const comparable = typeof value !== 'object' || value === null;
    const known = comparable ? this.#valueIds.get(value) : undefined;
    if (known !== undefined) return firstTableCode + known;
    const id = this.#values.push(value) - 1;
    if (comparable && this.#valueIds.size < internedMax) this.#valueIds.set(value, id);
    return firstTableCode + id;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    this.#times = moved(this.#times, new Float64Array(capacity));
    this.#processes = moved(this.#processes, new Int32Array(capacity));
    this.#types = moved(this.#types, new Uint8Array(capacity));
    this.#fIds = moved(this.#fIds, new Int32Array(capacity));
    this.#keyIds = moved(this.#keyIds, new Int32Array(capacity));
    this.#valueCodes = moved(this.#valueCodes, new Int32Array(capacity));
    this.#errorIds &&= moved(this.#errorIds, new Int32Array(capacity));
    this.#nodeIds &&= moved(this.#nodeIds, new Int32Array(capacity));
    this.#extraIds &&= moved(this.#extraIds, new Int32Array(capacity));
    this.#lines &&= moved(this.#lines, new Int32Array(capacity));
    this.#capacity = capacity;
  }
}

function moved<Column extends Float64Array | Int32Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function clientCode(process: number): number {
  if ((process | 0) !== process || process < 0) {
    throw new RangeError(`expected a client's process to be a whole number from 0 to 2147483647, found ${process}`);
  }
  return process;
}

function typeCode(type: OpType): number {
  switch (type) {
    case 'invoke':
      return invokeCode;
    case 'ok':
      return okCode;
    case 'fail':
      return failCode;
    case 'info':
      return infoCode;
  }
}
