/** Every workload that `--workload` can name. */
import type { Workload } from '../harness/test.ts';
import { echoWorkload } from './echo.ts';
import { registerWorkload } from './register.ts';

export const workloads: ReadonlyMap<string, Workload> = new Map(
  [registerWorkload, echoWorkload].map((workload) => [workload.name, workload]),
);
