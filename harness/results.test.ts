import { expect, test } from 'vitest';
import { reproduceCommand } from './results.ts';
import { defaultSpec } from './spec.ts';

const spec = defaultSpec('raft', 'register', 7);

test('a run of defaults is reproduced by its names and its seed', () => {
  expect(reproduceCommand(spec)).toBe('ftest raft --workload register --seed 7');
});

test('every option that is no default is named, durations in seconds', () => {
  const all = {
    ...spec,
    nemesis: ['partition', 'kill'],
    runtime: 'process' as const,
    nodes: 3,
    concurrency: 7,
    rate: 12.5,
    timeLimitMs: 1500,
    opTimeoutMs: 250,
    nemesisIntervalMs: 3000,
    bug: 'stale-read',
    options: { values: 'small', paranoid: 'true' },
  };
  expect(reproduceCommand(all)).toBe(
    'ftest raft --workload register --nemesis partition,kill --runtime process --nodes 3 --concurrency 7 --rate 12.5 --time-limit 1.5 --op-timeout 0.25 --nemesis-interval 3 --bug stale-read --values small --paranoid --seed 7',
  );
});

test('two clients per node need not be said, whatever the number of nodes', () => {
  expect(reproduceCommand(defaultSpec('raft', 'register', 1, 3))).toBe(
    'ftest raft --workload register --nodes 3 --seed 1',
  );
});

test('what a shell would take apart is quoted', () => {
  const odd = { ...spec, options: { values: "it's $HOME" } };
  expect(reproduceCommand(odd)).toContain(`--values 'it'\\''s $HOME'`);
});

test('a target that is not of ftest is found by the file it comes from', () => {
  expect(reproduceCommand({ ...spec, target: 'own', config: 'my config.ts' })).toContain(" --config 'my config.ts' ");
});
