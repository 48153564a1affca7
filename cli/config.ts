/** ftest.config.ts: where a person's own targets come from; found, loaded, and held to what defineConfig says. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AnySystem } from '../harness/container-system.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { defineConfig } from './define-config.ts';
import { BadInput } from './exit.ts';
import { placeOf, reasonOf } from './own-files.ts';
import { createRegistry } from './registry.ts';

/** Looked for in the current folder, in this order. */
const usualNames = ['ftest.config.ts', 'ftest.config.mts', 'ftest.config.js', 'ftest.config.mjs'];

export interface LoadedConfig {
  /** As it was named, or as it was found. */
  readonly path: string;
  readonly targets: readonly AnySystem[];
}

/** The configuration that was named, else the one in the current folder; undefined where neither is. Throws a BadInput, as `load` does. */
export async function findConfig(named: string | undefined): Promise<LoadedConfig | undefined> {
  const path = named ?? usualNames.find((name) => existsSync(name));
  return path === undefined ? undefined : load(path);
}

/** The registry in which the spec's target is to be found. Throws a BadInput, as `load` does. */
export async function registryOf({ config }: TestSpec): Promise<Registry> {
  return createRegistry(config === undefined ? {} : { own: (await load(config)).targets });
}

/** Throws a BadInput, one sentence with the file and, where it is known, the line. */
async function load(path: string): Promise<LoadedConfig> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new BadInput(`the configuration ${path} should be a file, as seen from this folder: give it with --config`);
  }
  const given = await evaluate(path);
  if (given === undefined) {
    throw new BadInput(`${path} has no default export: write export default defineConfig({ targets: [ … ] })`);
  }
  try {
    return { path, targets: defineConfig(given as Parameters<typeof defineConfig>[0]).targets };
  } catch (error) {
    throw new BadInput(`${path} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

/** The file's default export. What it imports of `ftest` is this very package, wherever that is installed. */
async function evaluate(path: string): Promise<unknown> {
  const file = resolve(path);
  const [{ createJiti }, ftest] = await Promise.all([import('jiti'), import('../index.ts')]);
  // Nothing is left behind on disk; and what is there cannot be of another time.
  const jiti = createJiti(file, { fsCache: false, interopDefault: false, virtualModules: { ftest } });
  const idle = whenIdle();
  try {
    const loaded = jiti.import<{ readonly default?: unknown }>(file);
    return (await Promise.race([loaded, idle.ended])).default;
  } catch (error) {
    const where = placeOf(error);
    throw new BadInput(`${path} cannot be used: ${where === undefined ? '' : `${where}: `}${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    idle.forget();
  }
}

/** `ended` rejects when Node would end, because what is awaited never comes. */
function whenIdle(): { readonly ended: Promise<never>; forget(): void } {
  let listener = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    listener = () => reject(new Error('it waits for something that never comes'));
  });
  process.once('beforeExit', listener);
  return { ended, forget: () => process.off('beforeExit', listener) };
}
