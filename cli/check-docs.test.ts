/** Holds the pages on checking to the command. */
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { judgedWorkloads } from './judged-workloads.ts';
import { consistencyModels } from './object-workloads.ts';
import { ftest, temporaryFolder } from './testing/ftest.ts';
import { transactionModelsByName } from './transaction-workloads.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/checking.md'), 'utf8');
const cwd = temporaryFolder();
symlinkSync(join(root, 'docs'), join(cwd, 'docs'));

/** The cells of each row of the tables with this header. */
function table(header: string): string[][] {
  const [, ...tables] = page.split(`\n| ${header}`);
  const rows = tables.flatMap((text) => text.split('\n\n')[0]!.split('\n').slice(2));
  return rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

const withoutTimes = (text: string): string => text.replace(/\d+ ms/g, 'N ms').trim();

test('docs/transactions.md shows what the command prints', async () => {
  const text = readFileSync(join(root, 'docs/transactions.md'), 'utf8');
  const args = ['check', 'docs/examples/write-skew.jsonl', '--model', 'serializable'];
  expect(withoutTimes(text)).toContain(withoutTimes((await ftest(args, { cwd })).stdout));
});

describe('docs/checking.md', () => {
  test('names every workload, with its ops', () => {
    const rows = table('`--workload`');
    for (const { name, fs } of judgedWorkloads.values()) {
      const row = rows.find(([, names]) => names!.includes(`\`${name}\``));
      expect(row, name).toBeDefined();
      for (const f of fs) expect(row![3], name).toContain(f);
    }
  });

  test('names every model', () => {
    const names = table('`--model`').map(([, name]) => name);
    const known = [...consistencyModels, ...transactionModelsByName()].map(({ name }) => `\`${name}\``);
    expect(names).toEqual(known);
  });

  test('names every option', async () => {
    const { stdout } = await ftest(['check', '--help']);
    const documented = table('option').map(([, name]) => /`(--[a-z-]+)/.exec(name!)![1]!);
    const options = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map((match) => match[1]!);
    expect(documented.sort()).toEqual(options.sort());
  });

  test('shows what the command prints, as text and as JSON', async () => {
    const args = ['check', 'docs/examples/stale-read.jsonl'];
    const { stdout } = await ftest(args, { cwd });
    expect(withoutTimes(page)).toContain(withoutTimes(stdout));
    const shown = JSON.parse(/```json\n(\{\n {2}"file"[\s\S]*?)```/.exec(page)![1]!);
    const printed = JSON.parse((await ftest([...args, '--json'], { cwd })).stdout);
    expect(Object.keys(printed)).toEqual(Object.keys(shown));
    for (const field of ['workload', 'workloadFrom', 'model', 'order', 'anomalies', 'not', 'alsoNot', 'ops']) {
      expect(printed[field], field).toEqual(shown[field]);
    }
    for (const field of Object.keys(shown.evidence)) expect(printed.evidence).toHaveProperty(field);
  });
});
