import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FileDamage } from '../../harness/fault.ts';
import { whyNoDocker } from '../testing/docker.ts';
import { hostDefaults } from './attached.ts';
import { damageFileOf } from './damage.ts';
import { connectEngine } from './engine.ts';
import { ensurePodImage } from './images.ts';
import { newRunLabels } from './labels.ts';

describe.skipIf(whyNoDocker !== undefined)('a file on the volume of a container that does not run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ftest-damage-'));
  const before = Buffer.alloc(3000, 'a record ');
  let container: Docker.Container;

  beforeAll(async () => {
    mkdirSync(join(folder, 'log'));
    writeFileSync(join(folder, 'log', '1.wal'), before);
    writeFileSync(join(folder, 'log', 'allotted'), Buffer.alloc(5000));
    const { docker } = await connectEngine();
    container = await docker.createContainer({
      Image: await ensurePodImage(docker),
      Cmd: ['/bin/bash'],
      Labels: newRunLabels(),
      HostConfig: { ...hostDefaults(), Mounts: [{ Type: 'volume', Source: '', Target: '/var/data' }] },
    });
    const archive = execFileSync('tar', ['-c', '--owner=1234', '--group=5678', '--mode=u=rwX,go=rX', 'log'], {
      cwd: folder,
    });
    await container.putArchive(archive, { path: '/var/data' });
  });

  afterAll(async () => {
    await container?.remove({ v: true });
    rmSync(folder, { recursive: true });
  });

  const damage = (fault: FileDamage) => damageFileOf(container, ['/var/data'], 'n1', fault);

  async function archived(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of await container.getArchive({ path: '/var/data/log/1.wal' })) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }
  const content = async (): Promise<Buffer> => execFileSync('tar', ['-xO'], { input: await archived() });

  test('has its bits flipped, and by the same seed flipped back', async () => {
    const bitflip = { f: 'bitflip', nodes: ['n1'], probability: 0.001, seed: 3 } as const;
    const done = { node: 'n1', path: '/var/data/log/1.wal', sizeBytes: 3000, droppedBytes: 0, flippedBits: 24 };
    expect(await damage(bitflip)).toEqual(done);
    expect(await content()).not.toEqual(before);
    expect(await damage(bitflip)).toEqual(done);
    expect(await content()).toEqual(before);
  });

  test('is cut short, and keeps owner and mode', async () => {
    const done = await damage({ f: 'truncate', nodes: ['n1'], dropBytes: 1000, seed: 3 });
    expect(done).toMatchObject({ path: '/var/data/log/1.wal', sizeBytes: 3000, droppedBytes: 1000 });
    expect(await content()).toEqual(before.subarray(0, 2000));
    const listing = execFileSync('tar', ['-tv', '--numeric-owner'], { input: await archived(), encoding: 'utf8' });
    expect(listing).toMatch(/^-rw-r--r-- 1234\/5678 +2000 /);
  });

  test('is none where none has any data', async () => {
    await damage({ f: 'truncate', nodes: ['n1'], dropBytes: 3000, seed: 3 });
    expect(await damage({ f: 'truncate', nodes: ['n1'], dropBytes: 1, seed: 3 })).toBeUndefined();
  });
});

describe('a volume that holds more than Docker can go through', () => {
  test('is gone through for five minutes, and then said to be too large', async () => {
    vi.useFakeTimers();
    const endless = { getArchive: () => new Promise(() => {}) } as unknown as Docker.Container;
    const fault: FileDamage = { f: 'truncate', nodes: ['n1'], dropBytes: 1, seed: 3 };
    let message: string | undefined;
    const damaged = damageFileOf(endless, ['/var/data'], 'n1', fault).catch((error: Error) => {
      message = error.message;
    });
    await vi.advanceTimersByTimeAsync(299_000);
    expect(message).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    await damaged;
    vi.useRealTimers();
    expect(message).toBe(
      'Docker has not been able to list files of n1 within 300 s: keep less on its volumes, as by a shorter --time-limit, or leave truncate and bitflip out',
    );
  });
});
