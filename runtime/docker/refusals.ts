/** Which faults cannot be injected into containers: whatever they hold, or because of the system, or for want of the kernel. */
import { type AnySystem, type ContainerSystem, isContainerSystem } from '../../harness/container-system.ts';
import { firstPlan } from '../../harness/define-target.ts';
import type { FaultName } from '../../harness/fault.ts';
import { faketimePackage, findLibfaketime } from './faketime.ts';
import { type Kernel, lack, lackFor } from './kernel.ts';

type Reasons = Readonly<Partial<Record<FaultName, string>>>;

const repairedByTcp = 'nodes speak TCP, which repairs it before they see it';
const notHeld = 'the kernel drops packets or lets them pass, it does not hold them; for that use the simulator';
const ordinaryDisks = 'the nodes write to an ordinary volume';
const fixedMembership = 'membership is fixed';

/** Why a fault cannot be injected into containers; of those that can be, nothing. */
export const refusals: Reasons = {
  duplicate: repairedByTcp,
  reorder: repairedByTcp,
  corrupt: repairedByTcp,
  hold: notHeld,
  release: notHeld,
  strobe: 'the hosts of the nodes bump and drift clocks but do not strobe them',
  'lose-unfsynced': 'every kill of a container loses what was not synced',
  'torn-write': ordinaryDisks,
  misdirect: ordinaryDisks,
  eio: ordinaryDisks,
  enospc: ordinaryDisks,
  'slow-disk': ordinaryDisks,
  'restore-disks': ordinaryDisks,
  add: fixedMembership,
  remove: fixedMembership,
};

const othersClock =
  "it reads the clock of the machine: only ftest's own nodes, and systems that say that libfaketime can do it, are fooled";

/** Why not into a system of others, which does not do what the hosts of ftest's own nodes do. */
function refusalOfOthers(fault: FaultName, { redirect }: Kernel, system: ContainerSystem): string | undefined {
  switch (fault) {
    case 'delay':
      if (system.peerPorts.length === 0) return 'it does not say by which peerPorts nodes speak to each other';
      return lack('redirections of nftables', redirect);
    case 'bump':
    case 'drift':
      if (firstPlan(system).clock === undefined) return othersClock;
      return findLibfaketime() === undefined ? `libfaketime is missing: apt-get install ${faketimePackage}` : undefined;
    default:
      return undefined;
  }
}

/** Why a fault cannot be injected into the nodes of a system, in containers on this kernel; undefined where it can. */
export const refusalOf = (fault: FaultName, kernel: Kernel, system: AnySystem | undefined): string | undefined =>
  refusals[fault] ??
  (system !== undefined && isContainerSystem(system) ? refusalOfOthers(fault, kernel, system) : undefined) ??
  lackFor(fault, kernel);
