/** Runs the example of docs/arbitraries.md, and holds its tables to what there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from '../index.ts';
import * as arbitraries from './index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/arbitraries.md'), 'utf8');
const example = /^```ts\n([\s\S]*?)^```$/m.exec(page)![1]!;

describe('docs/arbitraries.md: the example', () => {
  const names = { fc, check, expect, test, ...arbitraries };
  const body = example.replaceAll(/^import .*$/gm, '');
  new Function(...Object.keys(names), body)(...Object.values(names));

  test('imports what there is', () => {
    const imported = /import \{ ([^}]*) \} from 'ftest\/arbitraries'/.exec(example)![1]!.split(', ');
    expect(Object.keys(arbitraries)).toEqual(expect.arrayContaining(imported));
  });
});

test('docs/arbitraries.md has all arbitraries', () => {
  const documented = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name!);
  const functions = Object.entries(arbitraries).filter(([, value]) => typeof value === 'function');
  const exported = functions.map(([name]) => name).filter((name) => name !== 'textOf');
  expect(documented.sort()).toEqual(exported.sort());
});

test('docs/arbitraries.md names levels that there are', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)`(?: and `([a-z-]+)`)? +\| [^`]/gm)].flatMap(([, ...names]) => names);
  const named = rows.filter((name) => name !== undefined);
  expect(named).toHaveLength(6);
  for (const name of named) expect(arbitraries.isolationLevels).toContain(name);
});
