import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ftest } from './testing/ftest.ts';

test('--version is that of package.json', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await ftest(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});
