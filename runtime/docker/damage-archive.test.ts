import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { filesOfArchive, putTogether, takeApart } from './damage-archive.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftest-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const longName = `${'deep/'.repeat(30)}${'x'.repeat(90)} ü`;
mkdirSync(join(folder, 'deep/'.repeat(30)), { recursive: true });
writeFileSync(join(folder, longName), 'abc\0\0');
writeFileSync(join(folder, 'journal'), Buffer.concat([Buffer.alloc(700, 1), Buffer.alloc(70_000)]));
writeFileSync(join(folder, 'empty'), '');

const tar = (...args: string[]): Buffer => execFileSync('tar', ['-c', '--format=pax', ...args], { cwd: folder });

/** As Docker sends it: in pieces of any length. */
function* piecesOf(archive: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < archive.length; at += bytes) yield archive.subarray(at, at + bytes);
}

describe('an archive', () => {
  test.each([1, 511, 512, 4096, 1_000_000])('is listed, in pieces of %i bytes', async (bytes) => {
    const files = await filesOfArchive(Readable.from(piecesOf(tar('journal', 'empty', 'deep'), bytes)));
    expect(files).toEqual([
      { path: 'journal', sizeBytes: 70_700, dataBytes: 700 },
      { path: 'empty', sizeBytes: 0, dataBytes: 0 },
      { path: longName, sizeBytes: 5, dataBytes: 3 },
    ]);
  });

  test('that ends too early is refused', async () => {
    const pieces = Readable.from([tar('journal').subarray(0, 2000)]);
    await expect(filesOfArchive(pieces)).rejects.toThrow('an archive ended too early');
  });

  test.each([['journal'], [longName]])('of one file keeps all but the content: %s', (name) => {
    const { before, content } = takeApart(tar('--owner=1234', '--group=5678', '--mode=640', name));
    expect(content.subarray(0, 3).toString()).toBe(name === 'journal' ? '\x01\x01\x01' : 'abc');
    const archive = putTogether({ before, content: Buffer.from('other') });
    const listing = execFileSync('tar', ['-tv', '--numeric-owner'], { input: archive, encoding: 'utf8' });
    expect(listing).toMatch(/^-rw-r----- 1234\/5678 +5 /);
    expect(execFileSync('tar', ['-xO'], { input: archive, encoding: 'utf8' })).toBe('other');
  });

  test('without a file cannot be taken apart', () => {
    expect(() => takeApart(tar('--no-recursion', 'deep'))).toThrow('expected an archive with a file in it');
  });
});
