/** Holds a system of others to its contract, so that what is wrong with it is said before anything starts. */
import type { ServiceName } from '../protocol/service.ts';
import { type ContainerPlan, type ContainerSystem, nodesOf, type Placement } from './container-system.ts';
import { unknownName } from './near.ts';
import { SpecError } from './spec.ts';

/** What may be left out of a definition, because there is a usual answer. */
type Usual = 'summary' | 'sources' | 'services' | 'bugs' | 'invariants' | 'promises' | 'options' | 'peerPorts';

/** A system as its author writes it down. It offers the services that it has clients for, and promises nothing. */
export type TargetDefinition = Omit<ContainerSystem, Usual> & Partial<Pick<ContainerSystem, Usual>>;

const known: Readonly<Record<keyof ContainerSystem, true>> = {
  name: true,
  summary: true,
  sources: true,
  services: true,
  defaultWorkload: true,
  bugs: true,
  invariants: true,
  promises: true,
  blocks: true,
  options: true,
  promisesWith: true,
  sizes: true,
  clientPorts: true,
  clientPortsOf: true,
  peerPorts: true,
  hostNames: true,
  plan: true,
  ready: true,
  setUp: true,
  status: true,
  recoveryMs: true,
  clients: true,
};

/** Fills in what is usual, and checks the rest: throws a SpecError, as `checkSystem` does. */
export function completeTarget(definition: TargetDefinition): ContainerSystem {
  const { name, clients } = definition;
  const unknown = Object.keys(definition).find((field) => !(field in known));
  if (unknown !== undefined) {
    throw new SpecError(unknownName(`field of the target ${name}`, unknown, Object.keys(known)));
  }
  if (typeof clients !== 'object' || clients === null) {
    throw new SpecError(`the target ${name} must have clients: for each service that it offers, how to open one`);
  }
  const system: ContainerSystem = {
    summary: '',
    sources: [],
    services: Object.keys(clients) as ServiceName[],
    bugs: [],
    invariants: [],
    promises: [],
    options: [],
    peerPorts: [],
    ...definition,
  };
  checkSystem(system);
  return system;
}

/**
 * Throws a SpecError, one sentence, for what no runtime could carry out. The plan is asked for a first node, under the
 * default options.
 */
export function checkSystem(system: ContainerSystem): void {
  const { name, options, sizes = [], clientPorts, peerPorts, services, clients, recoveryMs } = system;
  if (!nameForm.test(name)) {
    throw new SpecError(`a target's name must be of a-z, 0-9, and -, and begin with a letter, not ${shown(name)}`);
  }
  const wrong = (what: string): SpecError => new SpecError(`the target ${name} ${what}`);
  if (typeof system.plan !== 'function') throw wrong('must have a plan: a function that says how a node is started');
  if (!Array.isArray(clientPorts) || clientPorts.length === 0)
    throw wrong('must have a port for clients: name it in clientPorts');
  for (const port of [...clientPorts, ...peerPorts]) {
    if (!isWhole(port, 1, 65_535)) throw wrong(`must have ports from 1 to 65535, not ${shown(port)}`);
  }
  const twice = clientPorts.find((port, index) => clientPorts.indexOf(port) !== index);
  if (twice !== undefined) throw wrong(`names the port ${twice} twice in clientPorts`);
  for (const size of sizes) {
    if (!isWhole(size, 1, 99)) throw wrong(`must have sizes from 1 to 99 nodes, not ${shown(size)}`);
  }
  if (recoveryMs !== undefined && !(recoveryMs > 0)) {
    throw wrong(`must have a recoveryMs above 0, not ${shown(recoveryMs)}`);
  }
  if (services.length === 0) throw wrong('must offer a service: give clients a function for it');
  for (const service of services) {
    if (typeof clients[service] !== 'function') throw wrong(`offers the service ${service}, but has no client for it`);
  }
  for (const option of options) {
    if (!nameForm.test(option.name)) throw wrong(`has an option with the name ${shown(option.name)}`);
    if (option.values.length === 0) throw wrong(`must name the values of its option ${option.name}, the default first`);
    const misfit = option.values.find((value) => !valueForm.test(value));
    if (misfit !== undefined)
      throw wrong(`has the value ${shown(misfit)} for ${option.name}: neither , nor = nor space`);
  }
  checkPlan(name, firstPlan(system));
}

/** Throws a SpecError, one sentence, for a plan that no container could be made by. */
export function checkPlan(name: string, plan: ContainerPlan): void {
  const wrong = (what: string): SpecError => new SpecError(`the plan of ${name} ${what}`);
  const { image, volumes = [], logFiles = [], environment = {}, clock } = plan;
  const kinds = [image].flatMap((source) => Object.keys(source ?? {})).filter((kind) => imageKinds.includes(kind));
  if (kinds.length !== 1) throw wrong(`must name an image by one of ${imageKinds.join(', ')}`);
  if ('programs' in image && image.programs.length === 0) throw wrong('must name the programs of its image');
  for (const part of ['entrypoint', 'command', 'volumes', 'logFiles'] as const) {
    const words: unknown = plan[part];
    if (words !== undefined && !(Array.isArray(words) && words.every((word) => typeof word === 'string')))
      throw wrong(`must have a list of texts for ${part}, not ${shown(words)}`);
  }
  for (const part of ['user', 'workingFolder'] as const) {
    if (!['string', 'undefined'].includes(typeof plan[part]))
      throw wrong(`must have a text for ${part}, not ${shown(plan[part])}`);
  }
  if (typeof environment !== 'object' || environment === null || Array.isArray(environment))
    throw wrong(`must have an environment of names and values, as { NAME: 'value' }, not ${shown(environment)}`);
  for (const folder of volumes) {
    if (!absoluteForm.test(folder)) throw wrong(`must have volumes that are absolute folders, not ${shown(folder)}`);
    if (volumes.some((other) => isWithin(folder, other))) throw wrong(`has the volume ${folder} within another`);
    if (volumes.indexOf(folder) !== volumes.lastIndexOf(folder)) throw wrong(`has the volume ${folder} twice`);
  }
  for (const file of logFiles) {
    if (!absoluteForm.test(file) || !volumes.some((folder) => isWithin(file, folder))) {
      throw wrong(`must have its log files within its volumes, and ${shown(file)} is in none`);
    }
  }
  if (clock !== undefined && clock !== 'libfaketime')
    throw wrong(`must have libfaketime for a clock, not ${shown(clock)}`);
  for (const [variable, value] of Object.entries(environment)) {
    if (variable === '' || variable.includes('=') || typeof value !== 'string') {
      throw wrong(`must give variables of the environment text, and ${shown(variable)} has ${shown(value)}`);
    }
  }
}

const nameForm = /^[a-z][a-z0-9-]*$/;
const valueForm = /^[^,=\s]+$/;
/** Neither the root itself, nor anything that leads up. */
const absoluteForm = /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/;
const imageKinds = ['image', 'dockerfile', 'programs'];

const isWholeNumber = (value: unknown): value is number => Number.isInteger(value);
const isWhole = (value: unknown, min: number, max: number): boolean =>
  isWholeNumber(value) && value >= min && value <= max;

const isWithin = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** The plan of the first node, under the default options: what can be known of a system before anything starts. */
export function firstPlan(system: ContainerSystem): ContainerPlan {
  // Addresses that no network has (RFC 5737).
  const members = Array.from({ length: nodesOf(system) }, (_, index) => ({
    id: `n${index + 1}`,
    address: `192.0.2.${index + 1}`,
  }));
  const defaults = system.options.map(({ name, values }) => [name, values[0] as string] as const);
  const first = members[0] as Placement['members'][number];
  return system.plan({ ...first, members, options: Object.fromEntries(defaults) });
}
