/** From the options of a run to its TestSpec. Names of workloads, nemeses, and bugs are judged by `resolveTest`. */
import { existsSync } from 'node:fs';
import { type AnySystem, isContainerSystem, nodesOf } from '../harness/container-system.ts';
import { durabilityFaults } from '../harness/fault.ts';
import { unknownName } from '../harness/near.ts';
import { type RuntimeName, runtimeNames, type TestSpec } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { commandNames } from './command-names.ts';
import type { LoadedConfig } from './config.ts';
import { BadInput } from './exit.ts';
import type { RunOptions } from './program.ts';
import { fullTargetName } from './registry.ts';

/** @param config where targets of somebody's own come from. */
export async function createSpec(
  targetName: string,
  options: RunOptions,
  seed: number,
  registry: Registry,
  config?: LoadedConfig,
): Promise<TestSpec> {
  const target = registry.targets.get(fullTargetName(targetName));
  if (target === undefined) {
    throw new BadInput(unknownName('target or command', targetName, [...registry.targets.keys(), ...commandNames]));
  }
  const own = config?.targets.includes(target) ? config : undefined;
  const inContainers = isContainerSystem(target);
  const runtime = options.runtime === undefined ? (inContainers ? 'docker' : 'sim') : readRuntime(options.runtime);
  if (options.paranoid && runtime !== 'sim')
    throw new BadInput('--paranoid needs --runtime sim: other runtimes share no objects');
  if (options.keep && runtime !== 'docker')
    throw new BadInput('--keep needs --runtime docker: elsewhere there is nothing to keep');
  if (own !== undefined && !inContainers && runtime === 'docker') {
    throw new BadInput(
      `${target.name} is a state machine of ${own.path}, which the image of the nodes does not contain: choose --runtime sim or process`,
    );
  }
  const nemesis = await readNemeses(options.nemesis, target, runtime, registry);
  for (const option of ['partition', 'direction'] as const) {
    if (options[option] !== undefined && !nemesis.includes('partition')) {
      throw new BadInput(`--${option} is about partitions: add --nemesis partition`);
    }
  }
  const nodes = options.nodes ?? nodesOf(target);
  const { count, perNode } = options.concurrency;
  const workload = options.workload ?? target.defaultWorkload;
  return {
    target: target.name,
    ...(own === undefined ? {} : { config: own.path }),
    workload,
    nemesis,
    runtime,
    nodes,
    concurrency: perNode ? count * nodes : count,
    rate: options.rate,
    timeLimitMs: options.timeLimit,
    opTimeoutMs: options.opTimeout,
    nemesisIntervalMs: options.nemesisInterval,
    seed,
    bug: options.bug ?? null,
    options: {
      ...(options.values === undefined ? {} : { values: options.values }),
      ...keyOptions(options, workload),
      ...(options.partition === undefined ? {} : { partition: options.partition.join(',') }),
      ...(options.direction === undefined ? {} : { direction: options.direction }),
      ...containerOptions(options, runtime),
      ...(options.paranoid ? { paranoid: 'true' } : {}),
    },
  };
}

/** What containers are made of, and how the system in them is set. */
function containerOptions(options: RunOptions, runtime: RuntimeName): Record<string, string> {
  const { image, dockerfile, targetOption } = options;
  if (image !== undefined && dockerfile !== undefined) {
    throw new BadInput('--image and --dockerfile both say what containers are made of: leave one out');
  }
  const given = { image, dockerfile, 'target-option': targetOption };
  const known = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const [first] = known;
  if (first !== undefined && runtime !== 'docker') {
    throw new BadInput(`--${first[0]} is about containers: add --runtime docker`);
  }
  if (dockerfile !== undefined && !existsSync(dockerfile)) {
    throw new BadInput(`--dockerfile expects a Dockerfile, and there is no file ${dockerfile}`);
  }
  return Object.fromEntries(known);
}

const ofTransactions = ['list-append', 'rw-register'];

/** What transactions are made of, by Elle's names; workloads/key-pool.ts judges them. */
function keyOptions(options: RunOptions, workload: string): Record<string, string> {
  const given = {
    'key-count': options.keyCount,
    'key-dist': options.keyDist,
    'min-txn-length': options.minTxnLength,
    'max-txn-length': options.maxTxnLength,
    'max-writes-per-key': options.maxWritesPerKey,
  };
  const known = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (known.length > 0 && !ofTransactions.includes(workload)) {
    throw new BadInput(`--${known[0]![0]} is about transactions: add --workload ${ofTransactions.join(' or ')}`);
  }
  return Object.fromEntries(known);
}

function readRuntime(name: string): RuntimeName {
  const runtime = runtimeNames.find((known) => known === name);
  if (runtime === undefined) throw new BadInput(unknownName('runtime', name, runtimeNames));
  return runtime;
}

/**
 * `none` is no nemesis; `all` is every one whose faults the runtime can carry out, but for those that lose or change what
 * was synced to disk: under them next to nothing is promised, and a run would say little about all others.
 */
async function readNemeses(
  names: readonly string[],
  target: AnySystem,
  runtime: RuntimeName,
  registry: Registry,
): Promise<readonly string[]> {
  for (const alone of ['none', 'all']) {
    if (names.includes(alone) && names.length > 1) {
      throw new BadInput(`--nemesis ${names.join(',')} contradicts itself: ${alone} stands alone`);
    }
  }
  if (names[0] === 'none') return [];
  if (names[0] !== 'all') return names;
  const host = await registry.runtimes.get(runtime)?.();
  return [...registry.nemeses.values()]
    .filter(({ faults }) =>
      faults.every((fault) => !durabilityFaults.has(fault) && host?.refuses(fault, target) === undefined),
    )
    .map(({ name }) => name);
}
