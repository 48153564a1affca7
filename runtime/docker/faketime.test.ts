import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoDocker } from '../testing/docker.ts';
import { type Attached, attach, hostDefaults, stdinOf } from './attached.ts';
import { connectEngine } from './engine.ts';
import { FakeClock, faketimePackage, findLibfaketime } from './faketime.ts';
import { ensureNodeImage, ensurePodImage, ensureProgramImage, nodeBinary, programInImage } from './images.ts';
import { newRunLabels, runLabel } from './labels.ts';
import { ofRun, remove } from './leftovers.ts';

const missing =
  whyNoDocker ?? (findLibfaketime() === undefined ? `no libfaketime: apt-get install ${faketimePackage}` : undefined);

/** Says what its clocks show whenever it is told anything. */
const source = `process.stdin.on('data', () => console.log(JSON.stringify([Date.now(), performance.now()])));\n`;

describe.skipIf(missing !== undefined)('the clock of a program of others', () => {
  const labels = newRunLabels();
  const folder = mkdtempSync(join(tmpdir(), 'ftest-clock-'));
  let docker: Docker;
  let container: Docker.Container;
  let clock: FakeClock;
  let program: Attached;
  let heard: (line: string) => void = () => {};

  beforeAll(async () => {
    ({ docker } = await connectEngine());
    const path = join(folder, 'clock.mjs');
    writeFileSync(path, source);
    const image = await ensureProgramImage(docker, path, await ensureNodeImage(docker));
    clock = await FakeClock.make({
      docker,
      image: await ensurePodImage(docker),
      name: `ftest-${labels[runLabel]}-n1-clock`,
      labels,
    });
    container = await docker.createContainer({
      ...stdinOf(labels),
      Image: image,
      Cmd: [nodeBinary, await programInImage(path)],
      Env: Object.entries(FakeClock.environment({ SOME: 'thing' })).map(([name, value]) => `${name}=${value}`),
      Labels: labels,
      HostConfig: { ...hostDefaults(), NetworkMode: 'none', Mounts: [clock.mount] },
    });
    await start();
  });

  afterAll(async () => {
    await remove(docker, ofRun(labels[runLabel]));
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    program = await attach(docker, container, (line) => heard(line));
    await clock.started(Date.now());
    await container.start();
    const { State } = await container.inspect();
    await clock.started(Date.parse(State.StartedAt));
  }

  /** How far the wall clock of the program is ahead, at least and at most, and its monotonic clock, in milliseconds. */
  async function look() {
    const before = Date.now();
    const answer = new Promise<string>((resolve) => {
      heard = resolve;
    });
    program.write('?\n');
    const [wallMs, monotonicMs] = JSON.parse(await answer) as [number, number];
    return { least: wallMs - Date.now(), most: wallMs - before, monotonicMs };
  }

  /** The true skew lies between the two, but for a millisecond of rounding either way. */
  async function expectAhead(ms: number, slackMs = 2): Promise<void> {
    const { least, most } = await look();
    expect(least).toBeLessThanOrEqual(ms + slackMs);
    expect(most).toBeGreaterThanOrEqual(ms - slackMs);
    await clock.verify(container);
  }

  test('jumps forward and back and is reset; its monotonic clock does not jump', async () => {
    await expectAhead(0);
    const { monotonicMs: before } = await look();
    const began = performance.now();
    await clock.bump(3_600_000);
    await expectAhead(3_600_000);
    await clock.bump(-7_200_250);
    await expectAhead(-3_600_250);
    const { monotonicMs: after } = await look();
    expect(after).toBeGreaterThan(before);
    expect(after - before).toBeLessThanOrEqual(performance.now() - began + 2);
    await clock.reset();
    await expectAhead(0);
  });

  test('gains while it drifts, and stops to when reset', async () => {
    await clock.drift(1_000_000);
    const before = await look();
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const gainedMs = performance.now() - began;
    const after = await look();
    expect(after.most - before.least).toBeGreaterThan(gainedMs);
    await clock.verify(container);
    await clock.reset();
    await expectAhead(0);
  });

  test('is the same after a kill, though nobody has set it since', async () => {
    await clock.bump(60_000);
    await container.kill({ signal: 'SIGKILL' });
    await container.wait();
    await start();
    await expectAhead(60_000);
    await clock.reset();
  });

  test('that is not as it was set is noticed', async () => {
    const other = await FakeClock.make({
      docker,
      image: await ensurePodImage(docker),
      name: `ftest-${labels[runLabel]}-other-clock`,
      labels,
    });
    await other.bump(5000);
    await expect(other.verify(container)).rejects.toThrow(/was set 5000 ms ahead, and is -?\d+ ms ahead$/);
  });

  test('of a program without the library is noticed', async () => {
    const plain = await docker.createContainer({
      ...stdinOf(labels),
      Image: await ensurePodImage(docker),
      Cmd: ['/bin/bash'],
      Labels: labels,
      HostConfig: { ...hostDefaults(), NetworkMode: 'none', Mounts: [clock.mount] },
    });
    await attach(docker, plain, () => {});
    await plain.start();
    await clock.bump(5000);
    await expect(clock.verify(plain)).rejects.toThrow(/cannot be faked|was set/);
    await clock.reset();
  });
});
