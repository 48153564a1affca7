/** What ftest.config.ts says, and what it may not say. */
import type { AnySystem } from '../harness/container-system.ts';
import type { TargetDefinition } from '../harness/define-target.ts';
import { unknownName } from '../harness/near.ts';
import { SpecError } from '../harness/spec.ts';
import { services } from '../protocol/services/index.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { commandNames } from './command-names.ts';
import { checkDefaultWorkload, defineTarget } from './define-target.ts';
import { builtInTargets, fullTargetName } from './registry.ts';

export interface Config {
  /** Each is a system in containers, as defineTarget gives, or a NodeSystem: a state machine. Their names differ from each other and from all others. */
  readonly targets: readonly AnySystem[];
}

/**
 * The configuration of a project: `export default defineConfig({ targets: [ … ] })` in its ftest.config.ts. Throws a
 * SpecError, one sentence, for what cannot be used.
 */
export function defineConfig(config: Config): Config {
  const given: unknown = config;
  if (!isRecord(given)) throw new SpecError(`a configuration must be an object with targets, not ${shown(given)}`);
  const foreign = Object.keys(given).find((key) => key !== 'targets');
  if (foreign !== undefined) throw new SpecError(unknownName('part of a configuration', foreign, ['targets']));
  if (!Array.isArray(given.targets)) throw new SpecError(`targets must be an array, not ${shown(given.targets)}`);
  const targets = given.targets.map(checkTarget);
  checkNames(targets.map(({ name }) => name));
  return { targets };
}

function checkTarget(target: unknown, index: number): AnySystem {
  if (isRecord(target) && 'clients' in target) return defineTarget(target as unknown as TargetDefinition);
  if (isRecord(target) && typeof target.step === 'function') return checkNodeSystem(target);
  throw new SpecError(
    `targets[${index}] must be what defineTarget gives, or a NodeSystem with a function step, not ${shown(target)}`,
  );
}

const functionsOfNodes = ['configure', 'create', 'step', 'describe'];
const listsOfNodes = ['sources', 'services', 'bugs', 'invariants', 'promises'];

function checkNodeSystem(target: Readonly<Record<string, unknown>>): NodeSystem {
  const { name, summary, marks } = target;
  if (typeof name !== 'string' || !nameForm.test(name)) {
    throw new SpecError(`a target's name must be of a-z, 0-9, and -, and begin with a letter, not ${shown(name)}`);
  }
  const check = (part: string, holds: boolean, what: string): void => {
    if (!holds) throw new SpecError(`the target ${name} must have ${what} ${part}, not ${shown(target[part])}`);
  };
  for (const part of functionsOfNodes) check(part, typeof target[part] === 'function', 'a function');
  for (const part of listsOfNodes) check(part, Array.isArray(target[part]), 'an array of');
  check('summary', typeof summary === 'string', 'a text for');
  check('marks', isRecord(marks), 'an object for');
  const system = target as unknown as NodeSystem;
  const unknown = system.services.find((service) => !services.has(service));
  if (unknown !== undefined) {
    throw new SpecError(`the target ${name}: ${unknownName('service', String(unknown), services.keys())}`);
  }
  checkDefaultWorkload(system);
  return system;
}

function checkNames(names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (commandNames.includes(name)) throw new SpecError(`a target cannot be called ${name}: that is a command`);
    if (builtInTargets.has(fullTargetName(name))) {
      throw new SpecError(`a target cannot be called ${name}: ftest has one of that name`);
    }
    if (names.indexOf(name) !== index) throw new SpecError(`two targets are called ${name}: names must differ`);
  }
}

/** That of the names of systems in containers. */
const nameForm = /^[a-z][a-z0-9-]*$/;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What came, in a few words. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  if (isRecord(value)) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 5).join(', ')}`;
  }
  return JSON.stringify(value) ?? String(value);
}
