/**
 * What the report's charts are drawn from: a little JSON and a lot of columns, in one run of bytes. The page's own
 * code (client/decode.ts) knows the types of this file and nothing else: the head says how to read the rest.
 */

export interface PageFault {
  readonly f: string;
  readonly label: string;
  readonly detail: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly healed: boolean;
}

export interface PagePhase {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface PageNodeChange {
  readonly timeMs: number;
  readonly node: string;
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

/** Completions per bin of time, by type; counted over all ops, also where only a sample of them is included. */
export interface PageThroughput {
  readonly binMs: number;
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
}

/** Where a counterexample is, or an anomaly of transactions. */
export interface PageProblem {
  /** What leads to it: `Counterexample 2`, `G2-item`. */
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  /** When the op completed that cannot be. */
  readonly atMs: number;
  /** Invocation lines of the ops that take part. */
  readonly ops: readonly number[];
  /** Invocation line of the op that cannot be; -1 when it is not known. */
  readonly contradiction: number;
}

export interface PageHead {
  readonly durationMs: number;
  /** Clients at once: a process belongs to client process modulo this. */
  readonly concurrency: number;
  readonly nodes: readonly string[];
  /** What columns of texts point into; the first is empty. */
  readonly texts: readonly string[];
  readonly throughput: PageThroughput;
  readonly faults: readonly PageFault[];
  readonly phases: readonly PagePhase[];
  readonly nodeChanges: readonly PageNodeChange[];
  readonly problems: readonly PageProblem[];
  /** Ops of the whole run; more than the columns hold where they are a sample. */
  readonly opsTotal: number;
  /** What the column `type` points into. */
  readonly opTypes: typeof opTypes;
  /** The duration of an op that never completed. */
  readonly neverUs: number;
  /** The order of the columns in the bytes. */
  readonly columns: readonly (keyof PageColumns)[];
}

export const opTypes = ['ok', 'fail', 'info'] as const;

/** The duration of an op that never completed. */
export const neverUs = 0xffffffff;

/** One row per op, in the order of invocations. */
export interface PageColumns {
  /** Line of the invocation. */
  readonly index: Uint32Array;
  /** Microseconds after the row before, never negative. */
  readonly startDeltaUs: Uint32Array;
  readonly durationUs: Uint32Array;
  readonly process: Uint32Array;
  readonly key: Uint32Array;
  readonly input: Uint32Array;
  readonly output: Uint32Array;
  readonly error: Uint32Array;
  readonly f: Uint32Array;
  readonly node: Uint32Array;
  /** Place in `opTypes`. */
  readonly type: Uint32Array;
}

export const columnNames = [
  'index',
  'startDeltaUs',
  'durationUs',
  'process',
  'key',
  'input',
  'output',
  'error',
  'f',
  'node',
  'type',
] as const satisfies readonly (keyof PageColumns)[];

export const makeColumns = (rows: number): PageColumns =>
  Object.fromEntries(columnNames.map((name) => [name, new Uint32Array(rows)])) as unknown as PageColumns;

/**
 * Head length, rows, the head as JSON in UTF-8, the columns. Each column is four planes of bytes, lowest byte
 * first: that packs far better than whole numbers, and needs no alignment.
 */
export function encodePage(head: PageHead, columns: PageColumns): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const rows = columns.index.length;
  const bytes = new Uint8Array(8 + json.length + rows * 4 * head.columns.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, json.length, true);
  view.setUint32(4, rows, true);
  bytes.set(json, 8);
  let at = 8 + json.length;
  for (const name of head.columns) {
    const column = columns[name];
    for (let shift = 0; shift < 32; shift += 8) {
      for (let row = 0; row < rows; row++) bytes[at++] = (column[row] as number) >>> shift;
    }
  }
  return bytes;
}
