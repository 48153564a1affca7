/** Bundles the report page's own code and style: `node reports/client/build.js [folder]` writes client.js and client.css. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

/** @returns {Promise<{ script: string, style: string }>} what html.ts puts into the page */
export async function bundleClient() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ['main.ts', 'style.css'],
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    charset: 'ascii',
    legalComments: 'none',
    outdir: 'out',
    write: false,
  });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  return { script: text('main.js'), style: text('style.css') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../../dist/reports/', import.meta.url));
  const { script, style } = await bundleClient();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'client.js'), script);
  writeFileSync(join(folder, 'client.css'), style);
}
