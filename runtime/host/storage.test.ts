import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Durable } from '../../protocol/node.ts';
import { DurableImage, type Write } from './durable.ts';
import { encodeRecord } from './records.ts';
import { Storage } from './storage.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ftest-storage-'));
});
afterEach(() => rm(directory, { recursive: true }));

const path = (): string => join(directory, 'node', 'journal');
const open = (): Promise<Storage> => Storage.open(join(directory, 'node'));

/** A life that makes these writes durable, one commit each, and ends. */
async function live(...writes: Write[]): Promise<Durable> {
  const storage = await open();
  const found = storage.read();
  for (const write of writes) await storage.commit([write]);
  await storage.close();
  return found;
}

const entries = (durable: Durable): unknown => durable.logs.get('log');

describe('storage', () => {
  test('counts lives from 1', async () => {
    for (let life = 1; life <= 3; life++) {
      const storage = await open();
      expect(storage.incarnation).toBe(life);
      await storage.close();
    }
  });

  test('gives back what earlier lives have committed', async () => {
    await live({ type: 'put', key: 'a', value: 1 }, { type: 'append', log: 'log', entries: ['x', 'y', 'z'] });
    await live({ type: 'put', key: 'a', value: [2] }, { type: 'truncate', log: 'log', from: 3 });
    await live({ type: 'compact', log: 'log', before: 2 });
    const found = await live();
    expect(found.values).toEqual(new Map([['a', [2]]]));
    expect(entries(found)).toEqual({ first: 2, entries: ['y'] });
  });

  test('discards a torn last record, and what is written later is not behind it', async () => {
    await live({ type: 'append', log: 'log', entries: [1] });
    const torn = encodeRecord({ type: 'append', log: 'log', entries: [2] });
    await appendFile(path(), torn.subarray(0, torn.length - 1));
    expect(entries(await live({ type: 'append', log: 'log', entries: [3] }))).toEqual({ first: 1, entries: [1] });
    expect(entries(await live())).toEqual({ first: 1, entries: [1, 3] });
  });

  test('says how much was torn off', async () => {
    await live({ type: 'append', log: 'log', entries: [1] });
    await appendFile(path(), encodeRecord('torn').subarray(0, 5));
    const storage = await open();
    expect(storage.tornBytes).toBe(5);
    await storage.close();
    const again = await open();
    expect(again.tornBytes).toBe(0);
    await again.close();
  });

  test.each([
    ['in the middle', 0.5],
    ['in the last record', 1],
  ])('refuses a journal that is damaged %s, and leaves it as it is', async (_where, part) => {
    await live({ type: 'append', log: 'log', entries: [1] }, { type: 'append', log: 'log', entries: [2] });
    const bytes = await readFile(path());
    const place = Math.floor(bytes.length * part) - 1;
    bytes[place] = (bytes[place] as number) ^ 4;
    await writeFile(path(), bytes);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(open()).rejects.toThrow(/^the journal .*node\/journal is damaged at byte \d+ of \d+: /);
    }
    expect(await readFile(path())).toEqual(bytes);
  });

  test('what it reads back does not change when it goes on writing', async () => {
    await live({ type: 'append', log: 'log', entries: [1] });
    const storage = await open();
    const found = storage.read();
    await storage.commit([{ type: 'append', log: 'log', entries: [2] }]);
    expect(entries(found)).toEqual({ first: 1, entries: [1] });
    await storage.close();
  });

  test('rewrites a journal that has grown far beyond what it amounts to, and loses nothing', async () => {
    const storage = await open();
    const text = 'x'.repeat(100_000);
    await storage.commit([{ type: 'append', log: 'log', entries: [1, 2] }]);
    for (let i = 0; i < 40; i++) await storage.commit([{ type: 'put', key: 'snapshot', value: `${i} ${text}` }]);
    await storage.commit([{ type: 'append', log: 'log', entries: [3] }]);
    await storage.close();
    expect((await stat(path())).size).toBeLessThan(2_000_000);
    const again = await open();
    expect(again.incarnation).toBe(2);
    expect(again.read().values.get('snapshot')).toBe(`39 ${text}`);
    expect(entries(again.read())).toEqual({ first: 1, entries: [1, 2, 3] });
    await again.close();
  });

  test('a rewrite that was cut off leaves the old journal in force', async () => {
    await live({ type: 'append', log: 'log', entries: [1] });
    await writeFile(`${path()}.new`, (await readFile(path())).subarray(0, 20));
    expect(entries(await live())).toEqual({ first: 1, entries: [1] });
  });

  test('refuses a directory that it cannot make', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(Storage.open(join(directory, 'file', 'node'))).rejects.toThrow('ENOTDIR');
  });
});

describe('an image', () => {
  test('is made again by its own writes, an emptied log that goes on at its index included', () => {
    const image = new DurableImage();
    image.apply({ type: 'put', key: 'term', value: 4 });
    image.apply({ type: 'append', log: 'log', entries: ['a', 'b', 'c'] });
    image.apply({ type: 'compact', log: 'log', before: 3 });
    image.apply({ type: 'append', log: 'emptied', entries: ['a'] });
    image.apply({ type: 'compact', log: 'emptied', before: 9 });
    image.apply({ type: 'append', log: 'truncated', entries: ['a'] });
    image.apply({ type: 'truncate', log: 'truncated', from: 1 });
    const copy = new DurableImage();
    for (const write of image.writes()) copy.apply(write);
    expect(copy.read()).toEqual(image.read());
    expect(copy.read().logs.get('emptied')).toEqual({ first: 9, entries: [] });
  });
});
