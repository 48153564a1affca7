/** Everything that can be named on the command line: the one place that knows every part. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AnySystem } from '../harness/container-system.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { nemeses } from '../nemesis/index.ts';
import { services } from '../protocol/services/index.ts';
import { targets } from '../targets/index.ts';
import { realSystems } from '../targets/real/index.ts';
import { workloads } from '../workloads/index.ts';

/** Built by `npm run build`, also where this file runs from its source. */
const built = (name: string): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../dist/cli/${name}` : `./${name}`, import.meta.url));

const nodeProgram = built('node.js');

/** Containers outlive a process that exits at once, by a second Ctrl-C: another one removes them. */
function abandon(run: string): void {
  spawn(process.execPath, [built('main.js'), 'clean', '--run', run], { detached: true, stdio: 'ignore' }).unref();
}

/** A node of a target that is somebody's own finds it by their configuration. */
const configArguments = ({ config }: TestSpec): readonly string[] =>
  config === undefined ? [] : [`--config=${config}`];

const say = (words: string): boolean => process.stderr.write(words);

/** What people call some targets. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ['2pc', 'two-phase-commit'],
  ['3pc', 'three-phase-commit'],
]);

/** The name under which the registry has a target. */
export const fullTargetName = (name: string): string => shortNames.get(name) ?? name;

/** The targets that come with ftest. */
export const builtInTargets: ReadonlyMap<string, AnySystem> = new Map<string, AnySystem>([...targets, ...realSystems]);

interface RegistryOptions {
  readonly keep?: boolean;
  readonly own?: readonly AnySystem[];
}

/**
 * Runtimes are loaded when they are asked for.
 *
 * @param options.keep containers stay when a run has ended.
 * @param options.own targets of somebody's own.
 */
export const createRegistry = ({ keep = false, own = [] }: RegistryOptions = {}): Registry => ({
  targets: new Map([...builtInTargets, ...own.map((system) => [system.name, system] as const)]),
  services,
  workloads,
  nemeses,
  runtimes: new Map([
    ['sim', async () => (await import('../runtime/sim/runtime.ts')).simRuntime()],
    [
      'process',
      async () => {
        const { hostedBy, processRuntime } = await import('../runtime/process/runtime.ts');
        const command = hostedBy(nodeProgram);
        return processRuntime((test, directory) => [...command(test, directory), ...configArguments(test.spec)]);
      },
    ],
    [
      'docker',
      async () =>
        (await import('../runtime/docker/runtime.ts')).dockerRuntime({
          program: nodeProgram,
          proxyProgram: built('proxy.js'),
          abandon,
          kept: keep ? say : undefined,
          announce: say,
        }),
    ],
  ]),
});
