/** Options about containers, as far as no container is started. */
import { describe, expect, test } from 'vitest';
import { reproduceCommand } from '../harness/results.ts';
import { createProgram, type RunOptions } from './program.ts';
import { createRegistry } from './registry.ts';
import { createSpec } from './spec.ts';
import { ftest } from './testing/ftest.ts';

/** The options as commander reads them. */
async function optionsOf(...args: readonly string[]): Promise<RunOptions> {
  let read: RunOptions | undefined;
  const never = () => Promise.reject(new Error('another command was meant'));
  const test = async (_: string, options: RunOptions) => {
    read = options;
    return 0 as const;
  };
  const commands = { test, check: never, replay: never, report: never, list: never, doctor: never, clean: never };
  await createProgram('0', commands, () => {}).parseAsync(['test', 'any', ...args], { from: 'user' });
  return read as RunOptions;
}

const specOf = async (target: string, ...args: readonly string[]) =>
  createSpec(target, await optionsOf(...args), 7, createRegistry());

describe('a target that runs in containers only', () => {
  test('runs there without being told to, with as many nodes as it says', async () => {
    expect(await specOf('etcd')).toMatchObject({ target: 'etcd', runtime: 'docker', nodes: 5, concurrency: 10 });
    expect(await specOf('etcd', '--nodes', '3')).toMatchObject({ runtime: 'docker', nodes: 3, concurrency: 6 });
    expect(await specOf('raft')).toMatchObject({ runtime: 'sim', nodes: 5 });
  });

  test('is listed with its runtime and its options', async () => {
    const { targets } = JSON.parse((await ftest(['list', 'targets', '--json'])).stdout);
    const named = (name: string) => targets.find((target: { name: string }) => target.name === name);
    expect(named('etcd').runtimes).toEqual(['docker']);
    expect(named('etcd').options).toContain('reads=linearizable|serializable');
    expect(named('raft')).toMatchObject({ runtimes: ['sim', 'process', 'docker'], options: [] });
  });
});

test('all nemeses are those that the runtime can carry out, without damage to what was synced', async () => {
  expect((await specOf('raft', '--nemesis', 'all')).nemesis).toEqual(['partition', 'packet', 'kill', 'pause', 'clock']);
  const inProcesses = await specOf('raft', '--runtime', 'process', '--nemesis', 'all');
  expect(inProcesses.nemesis).toEqual(['partition', 'kill', 'pause', 'clock']);
});

test('what containers are made of and how the target is set stands in the line that does the run again', async () => {
  const etcd = await specOf('etcd', '--target-option', 'reads=serializable', '--image', 'quay.io/coreos/etcd:v3.5.0');
  expect(etcd.options).toEqual({ image: 'quay.io/coreos/etcd:v3.5.0', 'target-option': 'reads=serializable' });
  expect(reproduceCommand(etcd)).toBe(
    'ftest etcd --workload register --runtime docker --image quay.io/coreos/etcd:v3.5.0 --target-option reads=serializable --seed 7',
  );
  const raft = await specOf('raft', '--runtime', 'docker', '--dockerfile', 'package.json');
  expect(reproduceCommand(raft)).toContain(' --runtime docker --dockerfile package.json ');
});

test.each([
  ['raft --image node:20', /--image is about containers: add --runtime docker/],
  ['raft --dockerfile package.json --runtime process', /--dockerfile is about containers: add --runtime docker/],
  ['raft --target-option reads=serializable', /--target-option is about containers: add --runtime docker/],
  ['raft --runtime docker --target-option reads=no', /raft has no options: leave --target-option reads=no out/],
  ['raft --runtime docker --image a --dockerfile b', /--image and --dockerfile both say what .*: leave one out/],
  ['raft --runtime docker --dockerfile no/Dockerfile', /--dockerfile expects a Dockerfile, .* no file no\/Dockerfile/],
  ['etcd --runtime sim', /etcd runs in containers only, not in the runtime sim: add --runtime docker/],
  ['etcd --target-option raeds=serializable', /unknown option of etcd "raeds": did you mean reads\?/],
  ['etcd --target-option reads=serialisable', /unknown value of reads "serialisable": did you mean serializable\?/],
])('ftest %s is refused', async (line, message) => {
  const { code, stdout, stderr } = await ftest(line.split(' '));
  expect([code, stdout]).toEqual([254, '']);
  expect(stderr).toMatch(message);
});
