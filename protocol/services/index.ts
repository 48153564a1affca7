/** Every service that ftest can ask of a target. */
import type { Service, ServiceName } from '../service.ts';
import { atomicCommit } from './atomic-commit.ts';
import { bank } from './bank.ts';
import { consensus } from './consensus.ts';
import { counter } from './counter.ts';
import { echo } from './echo.ts';
import { lock } from './lock.ts';
import { log } from './log.ts';
import { queue } from './queue.ts';
import { register } from './register.ts';
import { rows } from './rows.ts';
import { set } from './set.ts';
import { txn } from './txn.ts';
import { uniqueIds } from './unique-ids.ts';

export const services: ReadonlyMap<ServiceName, Service> = new Map(
  [register, txn, bank, queue, set, counter, lock, uniqueIds, rows, log, atomicCommit, consensus, echo].map(
    (service) => [service.name, service],
  ),
);
