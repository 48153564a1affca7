/** Makes a program of the sources as they are now, so that a test's node processes never run an older build. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

export interface Bundle {
  /** Of a JavaScript file. */
  readonly path: string;
  remove(): Promise<void>;
}

/** What a node loads for a target of somebody's own only: all of ftest is behind it. */
const withoutOwnTargets: Plugin = {
  name: 'without-own-targets',
  setup({ onResolve }) {
    onResolve({ filter: /\/config\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** @param entry of a TypeScript file, from the root of the repository. */
export async function bundle(entry: string): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), 'ftest-bundle-'));
  const path = join(directory, 'program.mjs');
  const remove = (): Promise<void> => rm(directory, { recursive: true });
  try {
    await build({
      entryPoints: [fileURLToPath(new URL(`../../${entry}`, import.meta.url))],
      outfile: path,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      plugins: [withoutOwnTargets],
      // What CommonJS dependencies ask for, and ES modules do not have.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}
