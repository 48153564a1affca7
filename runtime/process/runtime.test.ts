/** What only the process runtime does: programs of others, programs that fail, and leaving nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime } from '../../harness/ports.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { begin, ended, inject, perform, recall, runScript, wait } from '../testing/script.ts';
import { hostedBy, processRuntime } from './runtime.ts';

let puppets: Bundle;
let directory: string;
beforeAll(async () => {
  puppets = await bundle('runtime/testing/puppet-node.ts');
  directory = await mkdtemp(join(tmpdir(), 'ftest-programs-'));
});
afterAll(async () => {
  await puppets.remove();
  await rm(directory, { recursive: true });
});

const puppetRuntime = () => processRuntime(hostedBy(puppets.path));

/** A Maelstrom program of somebody else: a shell script around a program, both unaware of ftest's arguments. */
async function foreign(source: string) {
  const path = join(directory, `${source.length}.mjs`);
  await writeFile(path, source);
  return processRuntime(() => ['/bin/sh', '-c', `'${process.execPath}' '${path}'; exit 1`]);
}

/** What a process was started with; empty when it is gone, or a zombie. Linux only. */
function commandLine(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const answering = (handle: string): string => `
  import { createInterface } from 'node:readline';
  let id;
  const reply = ({ src, body }, answer) => console.log(JSON.stringify(
    { src: id, dest: src, body: { ...answer, in_reply_to: body.msg_id } }));
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    if (message.body.type === 'init') {
      id = message.body.node_id;
      console.error('I am ' + id + ' of ' + message.body.node_ids.join());
      reply(message, { type: 'init_ok' });
    } else { ${handle} }
  }`;

describe('any Maelstrom program', () => {
  test.skipIf(process.platform !== 'linux')(
    'is driven behind a wrapper, killed with it, paused, and started again',
    async () => {
      const runtime = await foreign(answering(`reply(message, { type: 'done', value: process.pid })`));
      const { logLines, execution } = await runScript(runtime, 2, function* () {
        const before = (yield* perform('n1', { effects: [] })).value as number;
        yield* inject({ f: 'pause', nodes: ['n1'] });
        const asked = yield* begin('n1', 'recall');
        yield* wait(50);
        expect(asked.completion).toBeUndefined();
        yield* inject({ f: 'resume', nodes: ['n1'] });
        expect(yield* ended(asked)).toMatchObject({ type: 'ok', value: before });
        yield* inject({ f: 'kill', nodes: ['n1'] });
        while (commandLine(before) !== '') yield* wait(10);
        yield* inject({ f: 'start', nodes: ['n1'] });
        expect((yield* perform('n1', { effects: [] })).value).not.toBe(before);
      });
      expect(logLines.filter((line) => line === 'n1 I am n1 of n1,n2')).toHaveLength(2);
      const roles = execution.nodeChanges.filter(({ node }) => node === 'n1').map(({ role }) => role);
      expect(roles).toEqual(['up', 'paused', 'up', 'down', 'up']);
    },
  );

  test('must write messages', async () => {
    const runtime = await foreign(answering(`console.log('hello')`));
    const run = runScript(runtime, 1, function* () {
      yield* perform('n1', { effects: [] });
    });
    await expect(run).rejects.toThrow(/n1 must write messages on stdout, .* wrote: hello\. .*\nI am n1 of n1/s);
  });

  test('must not send to nobody', async () => {
    const runtime = await foreign(
      answering(`console.log(JSON.stringify({ src: id, dest: 'n9', body: { type: 'x' } }))`),
    );
    const run = runScript(runtime, 1, function* () {
      yield* perform('n1', { effects: [] });
    });
    await expect(run).rejects.toThrow('n1 sends to n9, which is neither a node nor a client');
  });

  test('must answer init with init_ok', async () => {
    const runtime = await foreign(answering('').replace('init_ok', 'init_no'));
    const run = runScript(runtime, 1, function* () {});
    await expect(run).rejects.toThrow('n1 must answer init with init_ok');
  });
});

describe('a run ends with a clear error', () => {
  test('when a node ends by itself, with the end of its stderr', async () => {
    const run = runScript(await puppetRuntime(), 3, function* () {
      yield* begin('n2', 'crash');
      yield* wait(10_000);
      yield* recall('n1');
    });
    await expect(run).rejects.toThrow(
      /^n2 exited with code 1, and nobody had killed it\. The end of its stderr:\nError: the puppet was told to crash/,
    );
  });

  test('when a node ends before it has answered init', async () => {
    const runtime = await processRuntime(() => ['/bin/sh', '-c', 'echo no licence >&2; exit 3']);
    const run = runScript(runtime, 2, function* () {});
    await expect(run).rejects.toThrow(/^n[12] exited with code 3, .*\nno licence/);
  });

  test('when there is no such program', async () => {
    const runtime = await processRuntime(() => ['/nonexistent/program']);
    const run = runScript(runtime, 1, function* () {});
    await expect(run).rejects.toThrow(/^n1 could not be started \(spawn \/nonexistent\/program ENOENT\)/);
  });

  test('when the program has not been built', async () => {
    const run = runScript(await processRuntime(hostedBy('/nonexistent/node.js')), 1, function* () {});
    await expect(run).rejects.toThrow("the nodes' program /nonexistent/node.js is missing: run npm run build");
  });

  test('when a fault is one that it refuses', async () => {
    const runtime = await puppetRuntime();
    expect(runtime.refuses('enospc')).toBe('the nodes write to ordinary files');
    expect(runtime.refuses('partition')).toBeUndefined();
    const run = runScript(runtime, 1, function* () {
      yield* inject({ f: 'enospc', nodes: ['n1'] });
    });
    await expect(run).rejects.toThrow('processes cannot enospc: the nodes write to ordinary files');
  });
});

test('a run that is interrupted before its nodes have answered init ends at once, and has done nothing', async () => {
  const controller = new AbortController();
  const { execute, ...others } = await processRuntime(() => ['/bin/sh', '-c', 'echo began >&2; exec sleep 60']);
  const interrupted: Runtime = {
    ...others,
    execute: (session) =>
      execute({
        ...session,
        journal: { ...session.journal, log: () => controller.abort() },
        signal: controller.signal,
      }),
  };
  const { execution } = await runScript(interrupted, 2, function* () {
    yield* recall('n1');
  });
  expect(execution).toMatchObject({ duration: 0, marks: {} });
});

describe('nothing is left behind', () => {
  /** Command lines that name the folder. */
  const processesOf = (folder: string): string[] =>
    readdirSync('/proc')
      .map(commandLine)
      .filter((line) => line.includes(folder));

  async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  test.skipIf(process.platform !== 'linux').each(['SIGKILL', 'SIGTERM'] as const)(
    'when the harness dies of %s, not even a node that is paused',
    async (signal) => {
      const harnessProgram = await bundle('runtime/testing/paused-harness.ts');
      const folder = await mkdtemp(join(directory, 'tmp-'));
      const harness = spawn(process.execPath, [harnessProgram.path, puppets.path], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(harness.stdout, 'data');
      expect(processesOf(folder).filter((line) => line.includes('--target=puppet'))).toHaveLength(2);
      expect(await readdir(folder)).toHaveLength(1);
      harness.kill(signal);
      await until(async () => processesOf(folder).length === 0 && (await readdir(folder)).length === 0);
      await harnessProgram.remove();
    },
  );
});
