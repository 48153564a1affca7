/** `ftest doctor`: what this machine can do, with versions and what is missing. */
import { execFile } from 'node:child_process';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { type AnySystem, type ContainerSystem, isContainerSystem } from '../harness/container-system.ts';
import { firstPlan } from '../harness/define-target.ts';
import type { FaultName } from '../harness/fault.ts';
import type { Runtime } from '../harness/ports.ts';
import type { RuntimeName } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { nemeses } from '../nemesis/index.ts';
import { connectEngine } from '../runtime/docker/engine.ts';
import { faketimePackage, findLibfaketime } from '../runtime/docker/faketime.ts';
import { ensurePodImage, findProgram, podPrograms } from '../runtime/docker/images.ts';
import { askKernel, type Kernel } from '../runtime/docker/kernel.ts';
import { findConfig } from './config.ts';
import { type ExitCode, exitCodes } from './exit.ts';
import { printJson, table } from './output.ts';
import type { ConfigOption, JsonOption } from './program.ts';
import { createRegistry } from './registry.ts';

/** Something that a runtime needs or can use. */
interface Finding {
  readonly name: string;
  /** Its version or place; null where it is missing. */
  readonly found: string | null;
  /** What its absence means, and what to do about it. */
  readonly otherwise: string;
}

/** Why each runtime, or a system in containers, refuses the faults of a nemesis; null where it can. */
interface NemesisRow {
  readonly nemesis: string;
  readonly refusals: Readonly<Record<string, string | null>>;
}

/** Exit code 0 where tests can run in containers, else 1. */
export async function doctorCommand({ json, config }: JsonOption & ConfigOption): Promise<ExitCode> {
  const registry = createRegistry({ own: (await findConfig(config))?.targets ?? [] });
  const programs = await Promise.all([...Object.entries(podPrograms), ['ldd', 'libc-bin'] as const].map(findNeeded));
  const docker = await findDocker();
  const kernel = docker.found === null || programs.some(({ found }) => found === null) ? [] : await findKernel();
  const findings = [
    { name: 'node', found: process.versions.node, otherwise: '' },
    docker,
    ...programs,
    ...kernel,
    findFaketime(),
    { name: 'kernel', found: release(), otherwise: '' },
  ];
  const usable = findings.every(({ found, name }) => found !== null || dispensable.includes(name));
  const faults = await findFaults(usable ? ['sim', 'process', 'docker'] : ['sim', 'process'], registry);
  const all = [...findings, ...containerSystems(registry).flatMap(findPrograms)];
  if (json) printJson({ docker: usable, findings: all, faults });
  else print(all, faults);
  return usable ? exitCodes.valid : exitCodes.invalid;
}

/** Without these some faults are missing, and no runtime. */
const dispensable: readonly string[] = ['kernel: redirect', 'kernel: netem', 'libfaketime'];

const containerSystems = (registry: Registry): readonly ContainerSystem[] =>
  [...registry.targets.values()].filter(isContainerSystem);

/** The programs of this machine that a system's image is made of. */
function findPrograms(system: ContainerSystem): readonly Finding[] {
  const { image } = firstPlan(system);
  if (!('programs' in image)) return [];
  return image.programs.map(({ name, debianPackage }) => ({
    name: `${system.name}: ${name}`,
    found: findProgram(name) ?? null,
    otherwise: `no target ${system.name} but by --image: apt-get install ${debianPackage}`,
  }));
}

function findFaketime(): Finding {
  const otherwise = `no wrong clocks for systems of others: apt-get install ${faketimePackage}`;
  return { name: 'libfaketime', found: findLibfaketime() ?? null, otherwise };
}

async function findDocker(): Promise<Finding> {
  const otherwise = 'no --runtime docker: install docker.io, and start dockerd';
  try {
    return { name: 'docker', found: (await connectEngine()).version, otherwise };
  } catch {
    return { name: 'docker', found: null, otherwise };
  }
}

const versionFlags: Readonly<Record<string, string>> = {
  bash: '--version',
  tail: '--version',
  ldd: '--version',
};

async function findNeeded([name, debianPackage]: readonly [string, string]): Promise<Finding> {
  const otherwise = `no --runtime docker: apt-get install ${debianPackage}`;
  const path = findProgram(name);
  if (path === undefined) return { name, found: null, otherwise };
  const { stdout } = await promisify(execFile)(path, [versionFlags[name] ?? '-V']);
  return { name, found: (stdout.split('\n')[0] as string).trim(), otherwise };
}

const lacks: Readonly<Record<keyof Kernel, string>> = {
  nftables: 'no partitions in containers',
  numgen: 'no loss in containers',
  tbf: 'no rates in containers',
  redirect: 'no delays between nodes of others',
  netem: "none needed: the hosts of ftest's nodes delay what they send, and proxies what others do",
};

async function findKernel(): Promise<readonly Finding[]> {
  const engine = await connectEngine();
  const kernel = await askKernel(engine, await ensurePodImage(engine.docker));
  return Object.entries(lacks).map(([name, otherwise]) => {
    const words = kernel[name as keyof Kernel];
    return { name: `kernel: ${name}`, found: words === undefined ? 'there' : null, otherwise };
  });
}

/** A column for each runtime, and one for each system of others in containers. */
async function findFaults(names: readonly RuntimeName[], registry: Registry): Promise<readonly NemesisRow[]> {
  const hosts: (readonly [name: string, runtime: Runtime, system?: AnySystem])[] = [];
  for (const name of names) {
    const runtime = (await registry.runtimes.get(name)?.()) as Runtime;
    hosts.push([name, runtime]);
    if (name !== 'docker') continue;
    hosts.push(...containerSystems(registry).map((system) => [system.name, runtime, system] as const));
  }
  return [...nemeses.values()].map(({ name, faults }) => ({
    nemesis: name,
    refusals: Object.fromEntries(hosts.map(([host, runtime, system]) => [host, refusal(runtime, faults, system)])),
  }));
}

const refusal = (runtime: Runtime, faults: readonly FaultName[], system?: AnySystem): string | null =>
  faults.map((fault) => runtime.refuses(fault, system)).find((reason) => reason !== undefined) ?? null;

function print(findings: readonly Finding[], faults: readonly NemesisRow[]): void {
  const width = process.stdout.columns || Number.POSITIVE_INFINITY;
  const found = findings.map(({ name, found, otherwise }) => [name, found ?? `missing: ${otherwise}`]);
  const runtimes = Object.keys(faults[0]?.refusals ?? {});
  const can = faults.map(({ nemesis, refusals }) => [nemesis, ...runtimes.map((name) => refusals[name] ?? 'yes')]);
  process.stdout.write(`${table(['what', 'found'], found, width)}\n\n${table(['nemesis', ...runtimes], can, width)}\n`);
}
