/** Every state machine that a protocol can replicate, by the service that it offers. */
import type { ServiceName } from '../../protocol/service.ts';
import { bankMachine } from './bank.ts';
import { consensusMachine } from './consensus.ts';
import { counterMachine } from './counter.ts';
import { lockMachine } from './lock.ts';
import { logMachine } from './log.ts';
import type { StateMachine } from './machine.ts';
import { queueMachine } from './queue.ts';
import { registerMachine } from './register.ts';
import { rowsMachine } from './rows.ts';
import { setMachine } from './set.ts';
import { txnMachine } from './txn.ts';
import { uniqueIdsMachine } from './unique-ids.ts';

// A machine's own type of state is nobody else's business.
const all = [
  registerMachine,
  txnMachine,
  bankMachine,
  queueMachine,
  setMachine,
  counterMachine,
  lockMachine,
  uniqueIdsMachine,
  rowsMachine,
  logMachine,
  consensusMachine,
] as readonly unknown[] as readonly (StateMachine & { readonly name: ServiceName })[];

export const machines: ReadonlyMap<ServiceName, StateMachine> = new Map(all.map((machine) => [machine.name, machine]));

/** The machine of a service, for a target that replicates machines. Throws a RangeError where there is none. */
export function machineFor(target: string, service: ServiceName): StateMachine {
  const machine = machines.get(service);
  if (machine !== undefined) return machine;
  throw new RangeError(`${target} replicates the services ${[...machines.keys()].join(', ')}, not ${service}`);
}
