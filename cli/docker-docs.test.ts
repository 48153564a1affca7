/** Runs the example of docs/docker.md, with the built library. Where no Docker answers, it is skipped. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runsOf, whyNoDocker } from '../runtime/testing/docker.ts';
import { temporaryFolder } from './testing/ftest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = temporaryFolder();

test.skipIf(whyNoDocker !== undefined)('the target of docs/docker.md is valid, and ends with its run', async () => {
  const page = readFileSync(join(root, 'docs/docker.md'), 'utf8');
  const [, code] = /^```js\n([\s\S]*?)^```$/m.exec(page) as unknown as [string, string];
  const file = join(folder, 'example.mjs');
  const library = JSON.stringify(pathToFileURL(join(root, 'dist/index.js')).href);
  writeFileSync(file, code.replace("from 'ftest'", `from ${library}`));
  const running = promisify(execFile)(process.execPath, [file], { encoding: 'utf8' });
  const { pid } = running.child;
  const { stdout } = await running;
  expect(stdout).toMatch(/^true \{ invoke: \d\d+, ok: \d\d+/);
  expect(await runsOf((owner) => owner === pid)).toEqual(new Set());
});
