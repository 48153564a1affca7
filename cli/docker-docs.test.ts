/** Runs the examples of docs/docker.md and docs/your-own.md in containers, with what is built. Where no Docker answers, they are skipped. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Results } from '../harness/results.ts';
import { runsOf, whyNoDocker } from '../runtime/testing/docker.ts';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = temporaryFolder();
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');

test.skipIf(whyNoDocker !== undefined)('the target of docs/docker.md is valid, and ends with its run', async () => {
  const [, code] = /^```js\n([\s\S]*?)^```$/m.exec(page('docker.md')) as unknown as [string, string];
  const file = join(folder, 'example.mjs');
  const library = JSON.stringify(pathToFileURL(join(root, 'dist/index.js')).href);
  writeFileSync(file, code.replace("from 'ftest'", `from ${library}`));
  const running = promisify(execFile)(process.execPath, [file], { encoding: 'utf8' });
  const { pid } = running.child;
  const { stdout } = await running;
  expect(stdout).toMatch(/^true \{ invoke: \d\d+, ok: \d\d+/);
  expect(await runsOf((owner) => owner === pid)).toEqual(new Set());
});

test.skipIf(whyNoDocker !== undefined)('the target of docs/your-own.md is convicted by its command', async () => {
  const text = page('your-own.md');
  const files = [...text.matchAll(/^```(?:js|ts)\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].slice(0, 2);
  for (const [, name, code] of files) writeFileSync(join(folder, name as string), code as string);
  const [, line] = /npx ftest (late-store .*)/.exec(text) as unknown as [string, string];
  // The order of the kills is that of the seed; the rest is real.
  const args = [...line.split(' '), '--seed', '1', '--json', '--quiet', '--no-report'];
  const running = execFile(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: folder });
  const stdout = (await running.stdout?.toArray())?.join('') as string;
  const results = JSON.parse(stdout) as Results;
  expect(results).toMatchObject({ target: 'late-store', runtime: 'docker', valid: false });
  expect(results.checkers.linearizable).toMatchObject({ valid: false });
  expect(results.reproduce).toContain(' --config ftest.config.ts ');
  expect(await runsOf((owner) => owner === running.pid)).toEqual(new Set());

  const { stdout: seen } = await ftest(['doctor', '--json'], { cwd: folder });
  const [partition] = JSON.parse(seen).faults;
  expect(partition).toMatchObject({ nemesis: 'partition', refusals: { docker: null, 'late-store': null } });
});
