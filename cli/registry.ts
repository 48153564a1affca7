/** Everything that can be named on the command line: the one place that knows every part. */
import { fileURLToPath } from 'node:url';
import type { Registry } from '../harness/test.ts';
import { nemeses } from '../nemesis/index.ts';
import { services } from '../protocol/services/index.ts';
import { targets } from '../targets/index.ts';
import { workloads } from '../workloads/index.ts';

/** Built by `npm run build`, also where this file runs from its source. */
const nodeProgram = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/cli/node.js' : './node.js', import.meta.url),
);

/** Runtimes are loaded when they are asked for. */
export const createRegistry = (): Registry => ({
  targets,
  services,
  workloads,
  nemeses,
  runtimes: new Map([
    ['sim', async () => (await import('../runtime/sim/runtime.ts')).simRuntime()],
    [
      'process',
      async () => {
        const { hostedBy, processRuntime } = await import('../runtime/process/runtime.ts');
        return processRuntime(hostedBy(nodeProgram));
      },
    ],
  ]),
});
