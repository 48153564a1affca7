/**
 * The clock of a node of others, faked by libfaketime: a library of this machine that is loaded into the node's programs
 * before libc, and reads from a file, at each call, how far their wall clock is ahead and how fast it runs. Only programs
 * that ask libc for the time can be fooled: those of Go ask the kernel themselves, those of musl cannot load a library
 * made for glibc, and those that allocate by jemalloc, as Redis does, never get started: jemalloc asks for the time before
 * libfaketime is ready (0.9.10). Monotonic clocks are left alone.
 *
 * Library, file, and a `date` to look by lie on a volume that the node cannot write to. A container of its own writes the
 * file in place, in one write of one length: at no moment is it missing or half written.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { NodeClock } from '../host/clock.ts';
import { attach, hostDefaults, stdinOf } from './attached.ts';
import { ask, DockerFailed } from './engine.ts';
import { findProgram, podProgramFolder } from './images.ts';
import type { Labels } from './labels.ts';
import { tarOf } from './tar.ts';

/** The Debian package that has the library. */
export const faketimePackage = 'libfaketime';

/** That for programs of several threads, which serves those of one as well. */
const libraryName = 'libfaketimeMT.so.1';

/** Where the volume is in the node's container. */
const folder = '/ftest-clock';
const settingFile = 'setting';
/** Long enough for any setting. */
const settingLength = 60;

const million = 1_000_000;

/** A program that has just been started loads its libraries first. */
const loadAttempts = 20;
const loadPauseMs = 50;

/** What is seen may be read from a clock that the machine's own has been set against meanwhile, in milliseconds. */
const toleranceMs = 50;

/** The path of the library on this machine; undefined where it is not installed. */
export function findLibfaketime(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].filter((each) => existsSync(each));
  const candidates = folders.flatMap((each) => [each, ...readdirSync(each).map((name) => join(each, name))]);
  return candidates.map((each) => join(each, 'faketime', libraryName)).find((path) => existsSync(path));
}

export interface FakeClockOptions {
  readonly docker: Docker;
  /** Of pods: it has a shell. */
  readonly image: string;
  /** Of the volume, and of the container that writes to it. */
  readonly name: string;
  readonly labels: Labels;
}

export class FakeClock {
  /** To be mounted into the node's container. */
  readonly mount: Docker.MountSettings;
  readonly #write: (setting: string) => Promise<void>;
  /** How the clock should be, kept here because it outlives a life. */
  readonly #clock = new NodeClock();
  /** When the node's program was started, in milliseconds since 1970: its clock gains from then on. */
  #startedMs = Date.now();

  private constructor(volume: string, write: (setting: string) => Promise<void>) {
    this.mount = { Type: 'volume', Source: volume, Target: folder, ReadOnly: true };
    this.#write = write;
  }

  /** Throws a DockerFailed where this machine has no libfaketime. */
  static async make(options: FakeClockOptions): Promise<FakeClock> {
    const { docker, name, labels } = options;
    await ask(`create the volume ${name}`, docker.createVolume({ Name: name, Labels: labels }));
    const container = await ask(`create the container ${name}`, docker.createContainer(configuration(options)));
    await ask(`place libfaketime in ${name}`, container.putArchive(await archive(), { path: folder }));
    const waiting: (() => void)[] = [];
    const writer = await attach(docker, container, () => waiting.shift()?.());
    await ask(`start the container ${name}`, container.start());
    return new FakeClock(name, (setting) => {
      const written = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      writer.write(`${setting}\n`);
      return ask('set a clock', written);
    });
  }

  /** What the node's programs must be started with, besides what they are started with in any case. */
  static environment(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { LD_PRELOAD: others } = environment;
    const library = join(folder, libraryName);
    return {
      ...environment,
      LD_PRELOAD: others === undefined ? library : `${library}:${others}`,
      FAKETIME_TIMESTAMP_FILE: join(folder, settingFile),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** The wall clock jumps. */
  async bump(deltaMs: number): Promise<void> {
    await this.#set(this.#clock.skewMs() + deltaMs, this.#clock.driftPpm);
  }

  /** From now on the wall clock, and what the node's programs wait by, runs so much faster. */
  async drift(partsPerMillion: number): Promise<void> {
    await this.#set(this.#clock.skewMs(), partsPerMillion);
  }

  async reset(): Promise<void> {
    await this.#set(0, 0);
  }

  /** To be called when a life is about to begin, and again when it has, with the time when it did. */
  async started(atMs: number): Promise<void> {
    this.#startedMs = atMs;
    await this.#set(this.#clock.skewMs(), this.#clock.driftPpm);
  }

  /**
   * Resolves if the clock in the container is as it was set, or the container does not run; rejects with a DockerFailed if it
   * is not, or if the container's own program has not loaded the library. A container that is paused cannot be looked into.
   */
  async verify(container: Docker.Container): Promise<void> {
    try {
      await this.#look(container);
    } catch (error) {
      const { State } = await ask('inspect a container', container.inspect());
      if (State.Running) throw error;
    }
  }

  async #look(container: Docker.Container): Promise<void> {
    const { State, Name } = await ask('inspect a container', container.inspect());
    const name = Name.slice(1);
    if (await lacksLibrary(State.Pid)) {
      throw new DockerFailed(
        `the clock in ${name} cannot be faked: its program has not loaded libfaketime, as those that are linked statically, or run with privileges, do not`,
      );
    }
    const before = Date.now();
    const offsetMs = this.#offsetMs();
    const seenMs = await readClock(container);
    const after = Date.now();
    if (seenMs >= before + offsetMs - toleranceMs && seenMs <= after + offsetMs + toleranceMs) return;
    throw new DockerFailed(
      `the clock in ${name} was set ${Math.round(offsetMs)} ms ahead, and is ${Math.round(seenMs - after)} ms ahead`,
    );
  }

  async #set(skewMs: number, driftPpm: number): Promise<void> {
    this.#clock.set(skewMs, driftPpm);
    const rate = (1 + driftPpm / million).toFixed(6);
    const offset = (this.#offsetMs() / 1000).toFixed(6);
    await this.#write(`${offset.startsWith('-') ? '' : '+'}${offset} x${rate}`);
  }

  /** What the skew was when the node's program started, had it drifted ever since as it does now: libfaketime counts so. */
  #offsetMs(): number {
    return this.#clock.skewMs() - ((Date.now() - this.#startedMs) * this.#clock.driftPpm) / million;
  }
}

/** Whether a process is seen to run without the library; of one that cannot be looked at nothing is known. */
async function lacksLibrary(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < loadAttempts; attempt++) {
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
    if (maps === '' || maps.includes(libraryName)) return false;
    await sleep(loadPauseMs);
  }
  return true;
}

/** Milliseconds since 1970, as a program sees it that starts in the container now. */
async function readClock(container: Docker.Container): Promise<number> {
  const exec = await ask(
    'look at a clock',
    container.exec({ Cmd: [`${folder}/date`, '+%s.%N'], AttachStdout: true, AttachStderr: true }),
  );
  const stream = await ask('look at a clock', exec.start({}));
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, stdout, stderr);
  stream.on('end', () => {
    stdout.end();
    stderr.end();
  });
  const texts = await ask('look at a clock', Promise.all([buffer(stdout), buffer(stderr)]));
  const [said, failed] = texts.map((text) => text.toString().trim()) as [string, string];
  if (/^\d+\.\d+$/.test(said) && failed === '') return Number(said) * 1000;
  throw new DockerFailed(
    `the clock in a container cannot be faked: a program of this machine, with libfaketime, does not run in it (${failed || said})`,
  );
}

async function archive(): Promise<Buffer> {
  const [library, date] = [findLibfaketime(), findProgram('date')];
  if (library === undefined)
    throw new DockerFailed(`no clocks of others without libfaketime: apt-get install ${faketimePackage}`);
  if (date === undefined) throw new DockerFailed('no clocks of others without date: apt-get install coreutils');
  return tarOf([
    { path: libraryName, content: await readFile(library), executable: true },
    { path: 'date', content: await readFile(date), executable: true },
    { path: settingFile, content: Buffer.from(`${'+0 x1'.padEnd(settingLength)}\n`) },
  ]);
}

/** `1<>` opens the file for reading and writing, and so does not empty it. */
const script = `while read -r setting; do printf '%-${settingLength}s\\n' "$setting" 1<> ${folder}/${settingFile} && echo; done`;

const configuration = ({ image, name, labels }: FakeClockOptions): Docker.ContainerCreateOptions => ({
  ...stdinOf(labels),
  name,
  Image: image,
  Cmd: [`${podProgramFolder}/bash`, '-c', script],
  Env: [`PATH=${podProgramFolder}`],
  Labels: labels,
  HostConfig: {
    ...hostDefaults(),
    NetworkMode: 'none',
    Mounts: [{ Type: 'volume', Source: name, Target: folder }],
  },
});
