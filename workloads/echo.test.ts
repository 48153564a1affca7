import { expect, test } from 'vitest';
import { clients, limit } from '../harness/combinators.ts';
import { defaultSpec } from '../harness/spec.ts';
import { simulate } from '../harness/testing/simulate.ts';
import { History } from '../history/history.ts';
import { echoWorkload } from './echo.ts';
import { workloads } from './index.ts';

const parts = echoWorkload.create({ spec: defaultSpec('echo', 'echo', 1), nodeIds: ['n1', 'n2', 'n3'] });

test('echo sends distinct texts from every client', () => {
  const history = simulate(clients(limit(100, parts.generator)), { concurrency: 6 });
  const sent = history.filter(({ type }) => type === 'invoke');
  expect(new Set(sent.map(({ value }) => value)).size).toBe(100);
  expect(new Set(sent.map(({ process }) => process)).size).toBe(6);
  expect(parts.checkers.map((checker) => checker.check(History.from(history)).valid)).toEqual([true]);
});

test('every workload is listed under its own name, with a summary of one sentence', () => {
  for (const [name, workload] of workloads) {
    expect(workload.name).toBe(name);
    expect(workload.summary).toMatch(/\.$/);
  }
  expect([...workloads.keys()]).toEqual([
    'register',
    'list-append',
    'rw-register',
    'bank',
    'queue',
    'set',
    'set-full',
    'counter',
    'lock',
    'long-fork',
    'unique-ids',
    'write-skew',
    'monotonic',
    'sequential',
    'causal',
    'causal-reverse',
    'kafka',
    'atomic-commit',
    'consensus',
    'echo',
  ]);
});
