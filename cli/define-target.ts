/** A system of somebody's own, in containers, held to the workloads that there are. */
import type { ContainerSystem } from '../harness/container-system.ts';
import { completeTarget, type TargetDefinition } from '../harness/define-target.ts';
import { unknownName } from '../harness/near.ts';
import { SpecError } from '../harness/spec.ts';
import type { Target } from '../protocol/system.ts';
import { workloads } from '../workloads/index.ts';

/**
 * A system of one's own, in containers: how to start a node, and how to send it an op. What is left out has a usual value;
 * the plan is asked for once, to be checked. Throws a SpecError, one sentence, for what could not be carried out.
 */
export function defineTarget(definition: TargetDefinition): ContainerSystem {
  const system = completeTarget(definition);
  checkDefaultWorkload(system);
  return system;
}

/** Throws a SpecError for a default workload that is none, or that needs what the target does not offer. */
export function checkDefaultWorkload({ name, defaultWorkload, services }: Target): void {
  const workload = workloads.get(defaultWorkload);
  if (workload === undefined) {
    throw new SpecError(`the target ${name}: ${unknownName('workload', defaultWorkload, workloads.keys())}`);
  }
  if (services.includes(workload.service)) return;
  throw new SpecError(
    `the target ${name} has the default workload ${defaultWorkload}, which needs the service ${workload.service}, but offers ${services.join(', ')}`,
  );
}
