import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeOp } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';
import {
  createRun,
  DiskFull,
  gzipAboveBytes,
  NotARun,
  type RunOrigin,
  readRun,
  rewriteReports,
  StoreFailed,
  StoreNotWritable,
  type WriteBytes,
} from './store.ts';
import { sampleRun } from './testing/sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftest-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { spec, results } = sampleRun();
const origin: RunOrigin = {
  spec,
  versions: { ftest: '0.1.0', node: 'v20.20.2' },
  commandLine: 'ftest raft --nemesis partition,kill',
  startedAt: '2026-11-21T04:02:43.123Z',
};

const op = (index: number): Op => ({ index, time: index * 1000, process: 0, type: 'invoke', f: 'write', value: index });

/** A disk with room for so many bytes. */
function diskOf(bytes: number): WriteBytes {
  let left = bytes;
  return (fd, data, offset) => {
    if (left === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const written = writeSync(fd, data, offset, Math.min(left, data.length - offset));
    left -= written;
    return written;
  };
}

describe('a run is stored', () => {
  test('in a folder named after what it is, with the whole test at once', () => {
    const run = createRun(folder, origin);
    expect(run.path).toBe(join(folder, 'raft-register-partition+kill', '20261121T040243.123Z-7'));
    expect(JSON.parse(readFileSync(join(run.path, 'test.json'), 'utf8'))).toEqual(origin);
    run.close();
  });

  test('under none where there is no nemesis', () => {
    const run = createRun(folder, { ...origin, spec: { ...spec, nemesis: [] } });
    expect(run.path).toContain('raft-register-none');
    run.close();
  });

  test('in a folder of its own, even when two begin in one millisecond', () => {
    const [first, second] = [createRun(folder, origin), createRun(folder, origin)];
    expect(first.path).not.toBe(second.path);
    first.close();
    second.close();
  });

  test('within the store, whatever its target is called', () => {
    const run = createRun(folder, { ...origin, spec: { ...spec, target: '../../etc/x y' } });
    expect(run.path.startsWith(`${folder}/`)).toBe(true);
    expect(run.path).not.toContain('..');
    run.close();
  });

  test('with a history that is there after a flush, line by line, and its own hash', () => {
    const run = createRun(folder, origin);
    for (let i = 0; i < 3; i++) run.record(op(i));
    run.flush();
    const text = [0, 1, 2].map((i) => `${encodeOp(op(i))}\n`).join('');
    expect(readFileSync(run.historyPath, 'utf8')).toBe(text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect(run.close()).toEqual({ lines: 3, sha256 });
    expect(run.close()).toEqual({ lines: 3, sha256 });
  });

  test('with the log of each node', () => {
    const run = createRun(folder, origin);
    run.log('n1', 1_500_000_001, 'became leader\nof term 2');
    run.log('n2', 0, 'started');
    run.close();
    expect(readFileSync(join(run.path, 'nodes', 'n1.log'), 'utf8')).toBe('1.500000001 became leader\n    of term 2\n');
    expect(readFileSync(join(run.path, 'nodes', 'n2.log'), 'utf8')).toBe('0.000000000 started\n');
  });

  test('with a large history gzipped, under the hash of the uncompressed', () => {
    const run = createRun(folder, origin);
    const long = 'x'.repeat(1000);
    const hash = createHash('sha256');
    for (let i = 0; i * 1000 < gzipAboveBytes; i++) {
      run.record({ ...op(i), value: long });
      hash.update(`${encodeOp({ ...op(i), value: long })}\n`);
    }
    const { sha256 } = run.close();
    expect(sha256).toBe(hash.digest('hex'));
    expect(run.historyPath).toBe(join(run.path, 'history.jsonl.gz'));
    expect(existsSync(join(run.path, 'history.jsonl'))).toBe(false);
    expect(
      createHash('sha256')
        .update(gunzipSync(readFileSync(run.historyPath)))
        .digest('hex'),
    ).toBe(sha256);
  });

  test('and read again, also by the link to the latest', () => {
    createRun(folder, { ...origin, commandLine: 'an older one' }).close();
    const run = createRun(folder, origin);
    run.close();
    run.writeResults(results);
    run.writeHtml('<p>report');
    run.writeJunit('<testsuites/>');
    const read = readRun(join(folder, 'latest'));
    expect(read).toEqual({ ...origin, results, path: run.path, historyPath: run.historyPath });
    expect(readFileSync(rewriteReports(read, { html: '<p>again', junit: '<testsuites/>' }), 'utf8')).toBe('<p>again');
    expect(readFileSync(join(run.path, 'junit.xml'), 'utf8')).toBe('<testsuites/>');
  });

  test('and can be read without results, as a killed harness leaves it', () => {
    const run = createRun(folder, origin);
    run.record(op(0));
    run.flush();
    expect(readRun(run.path).results).toBeUndefined();
    run.close();
  });
});

describe('the link to the latest', () => {
  test('is relative, so that the store can be moved', () => {
    const run = createRun(folder, origin);
    run.close();
    expect(join(folder, readlinkSync(join(folder, 'latest')))).toBe(run.path);
  });

  test('replaces one that leads nowhere', () => {
    symlinkSync('gone', join(folder, 'latest'));
    const run = createRun(folder, origin);
    run.close();
    expect(readRun(join(folder, 'latest')).path).toBe(run.path);
  });
});

describe('a store that cannot be written', () => {
  test('is refused before the run', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => createRun(join(folder, 'file'), origin)).toThrow(StoreNotWritable);
    expect(() => createRun(join(folder, 'file'), origin)).toThrow(/must be a folder that can be written to.*--store/);
  });

  test('is refused when latest is a folder of somebody else', () => {
    mkdirSync(join(folder, 'latest', 'work'), { recursive: true });
    expect(() => createRun(folder, origin)).toThrow(StoreNotWritable);
  });
});

describe('a disk that fills up', () => {
  test('leaves the whole lines that fitted, says so, and stays readable', () => {
    const line = `${encodeOp(op(0))}\n`;
    const run = createRun(folder, origin, diskOf(line.length * 2 + 10));
    for (let i = 0; i < 5; i++) run.record(op(i));
    expect(() => run.flush()).toThrow(DiskFull);
    expect(readFileSync(run.historyPath, 'utf8')).toBe(`${encodeOp(op(0))}\n${encodeOp(op(1))}\n`);
    expect(readRun(run.path).spec).toEqual(spec);
  });

  test.skipIf(!existsSync('/dev/full'))('is recognised as the kernel reports it', () => {
    const full = openSync('/dev/full', 'w');
    const run = createRun(folder, origin, (_fd, data, offset) => writeSync(full, data, offset));
    run.record(op(0));
    expect(() => run.flush()).toThrow(DiskFull);
    closeSync(full);
  });

  test('is told once, and the run can still be closed with the hash of what is there', () => {
    const run = createRun(folder, origin, diskOf(0));
    run.record(op(0));
    expect(() => run.flush()).toThrow(/The disk is full: .*history\.jsonl/);
    run.flush();
    expect(run.close()).toEqual({ lines: 0, sha256: createHash('sha256').digest('hex') });
  });

  test('is told when the last lines do not fit at the end, and then closes', () => {
    const run = createRun(folder, origin, diskOf(encodeOp(op(0)).length + 5));
    for (let i = 0; i < 3; i++) run.record(op(i));
    expect(() => run.close()).toThrow(DiskFull);
    expect(run.close().lines).toBe(1);
  });

  test('leaves no half of a report', () => {
    const run = createRun(folder, origin, diskOf(10));
    run.close();
    expect(() => run.writeHtml('<p>longer than that')).toThrow(DiskFull);
    expect(existsSync(join(run.path, 'index.html'))).toBe(false);
    expect(existsSync(join(run.path, 'index.html.partial'))).toBe(false);
  });

  test('is told apart from other failures', () => {
    const run = createRun(folder, origin, () => {
      throw Object.assign(new Error('i/o error'), { code: 'EIO' });
    });
    run.record(op(0));
    expect(() => run.flush()).toThrow(StoreFailed);
    run.record(op(1));
    expect(() => run.writeResults(results)).toThrow(/could not be written \(EIO\)/);
  });
});

describe('what is no run', () => {
  test.each([
    ['nothing', () => undefined, /there is nothing there/],
    ['a folder without test.json', (path: string) => mkdirSync(path), /with a test\.json in it/],
    ['a file', (path: string) => writeFileSync(path, ''), /with a test\.json in it/],
    [
      'a test.json that is no JSON',
      (path: string) => {
        mkdirSync(path);
        writeFileSync(join(path, 'test.json'), '{');
      },
      /should be JSON/,
    ],
    [
      'a test.json of something else',
      (path: string) => {
        mkdirSync(path);
        writeFileSync(join(path, 'test.json'), '{"spec": 1}');
      },
      /should hold a spec and versions/,
    ],
  ])('%s', (_name, make, message) => {
    const path = join(folder, 'x');
    make(path);
    expect(() => readRun(path)).toThrow(NotARun);
    expect(() => readRun(path)).toThrow(message);
  });

  test('a run without a history', () => {
    const run = createRun(folder, origin);
    run.close();
    rmSync(run.historyPath);
    expect(() => readRun(run.path)).toThrow(/neither/);
  });
});
