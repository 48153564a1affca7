/**
 * The store: one folder per run, `store/<target>-<workload>-<nemesis>/<time>-<seed>/`, written while the run happens,
 * so that a harness that dies leaves everything it had flushed. `store/latest` is a link to the newest.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Journal } from '../harness/ports.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import { encodeOp } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';

/** A history longer than this is gzipped when the run is closed. */
export const gzipAboveBytes = 8 * 1024 * 1024;
const bufferChars = 64 * 1024;
const gzipChunkBytes = 4 * 1024 * 1024;

/** What test.json says of a run besides its spec. */
export interface RunOrigin {
  readonly spec: TestSpec;
  readonly versions: { readonly ftest: string; readonly node: string };
  /** As a person would type it. */
  readonly commandLine: string;
  /** ISO 8601 in UTC, milliseconds included. */
  readonly startedAt: string;
}

/** The store could not be opened before the run began: nothing has happened yet. Exit code 254. */
export class StoreNotWritable extends Error {
  override readonly name = 'StoreNotWritable';
}

/** Writing failed in the middle of a run; what was written before is whole lines and can be checked. Exit code 255. */
export class StoreFailed extends Error {
  override readonly name: string = 'StoreFailed';
}

export class DiskFull extends StoreFailed {
  override readonly name = 'DiskFull';
}

/** The folder given is no run. Exit code 254. */
export class NotARun extends Error {
  override readonly name = 'NotARun';
}

/** `fs.writeSync` over bytes; tests put a full disk in its place. */
export type WriteBytes = (fd: number, bytes: Uint8Array, offset: number) => number;

const writeBytes: WriteBytes = (fd, bytes, offset) => writeSync(fd, bytes, offset);

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

function failure(path: string, error: unknown): StoreFailed {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DiskFull(
      `The disk is full: ${path} could not be written (${code}); what was recorded before is kept, so free some space and run ftest check on it, or choose another --store.`,
      { cause: error },
    );
  }
  return new StoreFailed(`${path} could not be written (${code}); what was recorded before is kept.`, { cause: error });
}

/** A file that only grows, by whole lines: a write that fails halfway is cut back to the last line that fits. */
class LineFile {
  readonly path: string;
  readonly #fd: number;
  readonly #write: WriteBytes;
  readonly #hash = createHash('sha256');
  #pending = '';
  #pendingLines = 0;
  #bytes = 0;
  #lines = 0;
  #failed = false;
  #sha256: string | undefined;

  constructor(path: string, write: WriteBytes) {
    this.path = path;
    this.#write = write;
    this.#fd = openSync(path, 'wx');
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Text that ends with a newline. After a failure, which was thrown once, nothing more is taken in. */
  append(line: string): void {
    if (this.#failed) return;
    this.#pending += line;
    this.#pendingLines++;
    if (this.#pending.length >= bufferChars) this.flush();
  }

  flush(): void {
    if (this.#pending === '' || this.#failed) return;
    const bytes = Buffer.from(this.#pending, 'utf8');
    const lines = this.#pendingLines;
    this.#pending = '';
    this.#pendingLines = 0;
    let offset = 0;
    try {
      while (offset < bytes.length) offset += this.#write(this.#fd, bytes, offset);
    } catch (error) {
      this.#failed = true;
      const whole = bytes.subarray(0, bytes.subarray(0, offset).lastIndexOf(0x0a) + 1);
      this.#hash.update(whole);
      this.#bytes += whole.length;
      this.#lines += whole.reduce((sum, byte) => (byte === 0x0a ? sum + 1 : sum), 0);
      ftruncateSync(this.#fd, this.#bytes);
      throw failure(this.path, error);
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#lines += lines;
  }

  /** SHA-256 in hex of everything so far. */
  digest(): string {
    this.flush();
    return this.#sha256 ?? this.#hash.copy().digest('hex');
  }

  /** SHA-256 in hex of everything that was written. Called again, also after it threw, it says so again. */
  close(): string {
    if (this.#sha256 !== undefined) return this.#sha256;
    this.flush();
    closeSync(this.#fd);
    this.#sha256 = this.#hash.digest('hex');
    return this.#sha256;
  }
}

/** Members of one gzip file, chunk by chunk, so that no history has to fit in memory; level 1, for speed. */
function gzipFile(path: string): void {
  const temporary = `${path}.gz.partial`;
  const source = openSync(path, 'r');
  const target = openSync(temporary, 'w');
  try {
    const chunk = Buffer.allocUnsafe(gzipChunkBytes);
    for (let size = readSync(source, chunk); size > 0; size = readSync(source, chunk)) {
      const packed = gzipSync(chunk.subarray(0, size), { level: 1 });
      for (let offset = 0; offset < packed.length; ) offset += writeSync(target, packed, offset);
    }
    renameSync(temporary, `${path}.gz`);
    rmSync(path);
  } catch (error) {
    // A smaller copy that could not be made is no loss: the history itself is complete.
    rmSync(temporary, { force: true });
    if (!(error instanceof Error && 'code' in error)) throw error;
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._+-]/g, '_').replaceAll('..', '_');

/** `12.000345000`: seconds since the run began, to the nanosecond. */
const logTime = (timeNs: number): string =>
  `${Math.floor(timeNs / 1e9)}.${String(Math.floor(timeNs % 1e9)).padStart(9, '0')}`;

/** A run being written. Everything after the constructor throws StoreFailed or DiskFull when it cannot write. */
export class StoredRun implements Journal {
  /** The run's folder. */
  readonly path: string;
  readonly #write: WriteBytes;
  readonly #history: LineFile;
  readonly #logs = new Map<string, LineFile>();
  #closed: { readonly lines: number; readonly sha256: string } | undefined;

  constructor(path: string, origin: RunOrigin, write: WriteBytes) {
    this.path = path;
    this.#write = write;
    writeFileSync(join(path, 'test.json'), `${JSON.stringify(origin, null, 2)}\n`);
    mkdirSync(join(path, 'nodes'));
    this.#history = new LineFile(join(path, 'history.jsonl'), write);
  }

  record(op: Op): void {
    this.#history.append(`${encodeOp(op)}\n`);
  }

  log(node: string, time: number, text: string): void {
    let log = this.#logs.get(node);
    if (log === undefined) {
      log = this.#openLog(join(this.path, 'nodes', `${fileName(node)}.log`));
      this.#logs.set(node, log);
    }
    log.append(`${logTime(time)} ${text.replaceAll('\n', '\n    ')}\n`);
  }

  flush(): void {
    this.#history.flush();
    for (const log of this.#logs.values()) log.flush();
  }

  /** What history.jsonl has come to so far. */
  digest(): { readonly lines: number; readonly sha256: string } {
    return { sha256: this.#history.digest(), lines: this.#history.lines };
  }

  /**
   * Ends the recording and says what history.jsonl came to: its lines, and the SHA-256 (hex) of its uncompressed
   * bytes. A history above `gzipAboveBytes` becomes history.jsonl.gz. Called again, also after it threw because the
   * last lines did not fit, it says what there is.
   */
  close(): { readonly lines: number; readonly sha256: string } {
    if (this.#closed !== undefined) return this.#closed;
    const sha256 = this.#history.close();
    for (const log of this.#logs.values()) log.close();
    if (this.#history.bytes > gzipAboveBytes) gzipFile(this.#history.path);
    this.#closed = { lines: this.#history.lines, sha256 };
    return this.#closed;
  }

  /** history.jsonl, or after `close` perhaps history.jsonl.gz. */
  get historyPath(): string {
    return findHistory(this.path) ?? this.#history.path;
  }

  writeResults(results: Results): string {
    return this.#replace('results.json', `${JSON.stringify(results, null, 2)}\n`);
  }

  writeHtml(html: string): string {
    return this.#replace('index.html', html);
  }

  writeJunit(xml: string): string {
    return this.#replace('junit.xml', xml);
  }

  #openLog(path: string): LineFile {
    try {
      return new LineFile(path, this.#write);
    } catch (error) {
      throw failure(path, error);
    }
  }

  #replace(name: string, content: string): string {
    const path = join(this.path, name);
    replaceFile(path, content, this.#write);
    return path;
  }
}

/** Whole or not at all: a reader never sees half a file. Throws StoreFailed or DiskFull. */
function replaceFile(path: string, content: string, write: WriteBytes = writeBytes): void {
  const temporary = `${path}.partial`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      const bytes = Buffer.from(content, 'utf8');
      for (let offset = 0; offset < bytes.length; ) offset += write(fd, bytes, offset);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw failure(path, error);
  }
}

/** `20261121T040243.123Z`. */
const folderTime = (startedAt: string): string => startedAt.replace(/[-:]/g, '');

function makeRunFolder(parent: string, name: string): string {
  for (let attempt = 1; ; attempt++) {
    const folder = attempt === 1 ? name : `${name}-${attempt}`;
    try {
      mkdirSync(join(parent, folder));
      return folder;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Replaced by a rename, so that `latest` always is a run, whoever else writes. */
function pointLatest(storeDir: string, target: string): void {
  const temporary = join(storeDir, `.latest-${process.pid}-${fileName(target)}`);
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary, 'dir');
  try {
    renameSync(temporary, join(storeDir, 'latest'));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes the folder of a run, with its test.json, and opens its history. Throws StoreNotWritable. */
export function createRun(storeDir: string, origin: RunOrigin, write: WriteBytes = writeBytes): StoredRun {
  const { spec } = origin;
  const nemesis = spec.nemesis.length === 0 ? 'none' : spec.nemesis.join('+');
  const series = fileName(`${spec.target}-${spec.workload}-${nemesis}`);
  try {
    mkdirSync(join(storeDir, series), { recursive: true });
    const folder = makeRunFolder(join(storeDir, series), `${folderTime(origin.startedAt)}-${spec.seed}`);
    const run = new StoredRun(join(storeDir, series, folder), origin, write);
    pointLatest(storeDir, join(series, folder));
    return run;
  } catch (error) {
    throw new StoreNotWritable(
      `The store ${storeDir} must be a folder that can be written to, but is not (${errorCode(error)}): give another with --store.`,
      { cause: error },
    );
  }
}

/** A run as it lies in the store. */
export interface RecordedRun extends RunOrigin {
  /** The run's real folder, links followed. */
  readonly path: string;
  /** history.jsonl or history.jsonl.gz. */
  readonly historyPath: string;
  /** Absent when the harness died before it had a verdict. */
  readonly results?: Results;
}

function findHistory(path: string): string | undefined {
  return ['history.jsonl', 'history.jsonl.gz'].map((name) => join(path, name)).find((file) => existsSync(file));
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NotARun(`${path} should be JSON as ftest writes it, but is not: ${reason}.`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a run's folder, or a link to one such as `store/latest`. Throws NotARun. */
export function readRun(path: string): RecordedRun {
  if (!existsSync(path)) throw new NotARun(`${path} should be the folder of a run, but there is nothing there.`);
  const folder = realpathSync(path);
  if (!statSync(folder).isDirectory() || !existsSync(join(folder, 'test.json'))) {
    throw new NotARun(`${path} should be the folder of a run, with a test.json in it, but has none: try store/latest.`);
  }
  const origin = readJson(join(folder, 'test.json'));
  if (!isRecord(origin) || !isRecord(origin.spec) || !isRecord(origin.versions)) {
    throw new NotARun(`${join(path, 'test.json')} should hold a spec and versions as ftest writes them, but does not.`);
  }
  const historyPath = findHistory(folder);
  if (historyPath === undefined) {
    throw new NotARun(`${path} should hold a history.jsonl or history.jsonl.gz, but has neither.`);
  }
  const resultsPath = join(folder, 'results.json');
  const results = existsSync(resultsPath) ? { results: readJson(resultsPath) as Results } : {};
  return { ...(origin as unknown as RunOrigin), path: folder, historyPath, ...results };
}

/** Writes the reports of a recorded run again; gives the path of index.html. Throws StoreFailed or DiskFull. */
export function rewriteReports(run: RecordedRun, reports: { readonly html: string; readonly junit: string }): string {
  const path = join(run.path, 'index.html');
  replaceFile(path, reports.html);
  replaceFile(join(run.path, 'junit.xml'), reports.junit);
  return path;
}
