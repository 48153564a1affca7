/**
 * A node's disk as real files: one journal in a directory of the node's own, replayed when the node starts.
 *
 * Guarantees: when `commit` resolves, its writes outlive a kill of the process and of the machine. While it runs, a
 * kill keeps a prefix of them, the last one perhaps torn, which is cut off. The journal is rewritten as what it amounts to
 * when it has grown far beyond that; the new one takes the old one's place in one rename.
 *
 * A journal that somebody has changed is refused, its last record included: what it held may have been acknowledged. A
 * journal that somebody has cut short looks like one that a crash has torn, or like an older one.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../protocol/message.ts';
import type { Durable } from '../../protocol/node.ts';
import { DurableImage, type Write } from './durable.ts';
import { decodeRecords, encodeRecord } from './records.ts';

/**
 * What is written to a file so opened is on disk when the write has returned: a write and a sync in one system call, and
 * one turn in the pool of threads instead of two.
 */
const durably = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC;

/** Below this a journal is not worth rewriting. */
const rewriteBytesMin = 1 << 20;

/** The record that a life begins with. */
interface Life {
  readonly type: 'life';
  readonly incarnation: number;
}

type JournalRecord = Write | Life;

const encode = (record: JournalRecord): Buffer => encodeRecord(record as unknown as Json);

/** Gives how many bytes they are. */
async function writeAll(file: FileHandle, records: readonly JournalRecord[]): Promise<number> {
  const bytes = Buffer.concat(records.map(encode));
  for (let offset = 0; offset < bytes.length; ) offset += (await file.write(bytes, offset)).bytesWritten;
  return bytes.length;
}

export class Storage {
  readonly #directory: string;
  readonly #image = new DurableImage();
  #incarnation = 0;
  #file: FileHandle | undefined;
  #bytes = 0;
  #bytesAfterRewrite = 0;
  #tornBytes = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Opens the node's directory, which is made if it is missing, and counts a new life, durably. Only one process may
   * have it open. Throws when the directory cannot be written, and when the journal is damaged.
   */
  static async open(directory: string): Promise<Storage> {
    const storage = new Storage(directory);
    await storage.#open();
    return storage;
  }

  /** 1 in the first life, greater by one in each later one. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** How much of a torn record was cut off when it was opened; 0 of a whole journal. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** What earlier lives have left. */
  read(): Durable {
    return this.#image.read();
  }

  /** Makes writes durable, in order. Not to be called again before it has resolved. */
  async commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    for (const write of writes) this.#image.apply(write);
    if (this.#bytes > rewriteBytesMin && this.#bytes > 2 * this.#bytesAfterRewrite) await this.#rewrite();
    else await this.#append(writes);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  get #path(): string {
    return join(this.#directory, 'journal');
  }

  async #open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const file = await open(this.#path, durably);
    this.#file = file;
    const bytes = await file.readFile();
    const { records, end, rest } = decodeRecords(bytes);
    if (rest === 'damaged') {
      await this.close();
      throw new Error(
        `the journal ${this.#path} is damaged at byte ${end} of ${bytes.length}: what stood there and behind it may have been acknowledged, so the node does not start without it`,
      );
    }
    for (const record of records as unknown as readonly JournalRecord[]) {
      if (record.type === 'life') this.#incarnation = record.incarnation;
      else this.#image.apply(record);
    }
    this.#tornBytes = bytes.length - end;
    if (this.#tornBytes > 0) await file.truncate(end);
    this.#bytes = end;
    this.#incarnation++;
    await this.#append([{ type: 'life', incarnation: this.#incarnation }]);
    await this.#syncDirectory();
  }

  async #append(records: readonly JournalRecord[]): Promise<void> {
    this.#bytes += await writeAll(this.#opened(), records);
  }

  async #rewrite(): Promise<void> {
    const records: JournalRecord[] = [{ type: 'life', incarnation: this.#incarnation }, ...this.#image.writes()];
    const newPath = `${this.#path}.new`;
    const file = await open(newPath, durably | constants.O_TRUNC);
    const bytes = await writeAll(file, records);
    await rename(newPath, this.#path);
    await this.#syncDirectory();
    await this.#opened().close();
    this.#file = file;
    this.#bytes = bytes;
    this.#bytesAfterRewrite = bytes;
  }

  /** A new name in a directory is durable only when the directory is. */
  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  #opened(): FileHandle {
    if (this.#file === undefined) throw new Error(`the storage in ${this.#directory} is closed`);
    return this.#file;
  }
}
