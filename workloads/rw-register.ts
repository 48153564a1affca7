/**
 * Transactions that write registers and read them, as Elle's rw-register has them. A read tells of one version only, so that the order
 * of versions must be inferred.
 */
import { rwRegister } from '../checkers/transactional/rw-register.ts';
import type { Workload } from '../harness/test.ts';
import { transactionParts } from './key-pool.ts';

export const rwRegisterWorkload: Workload = {
  name: 'rw-register',
  summary: 'Transactions of writes and reads of registers; checked for strict serializability, as Elle does.',
  service: 'txn',
  create: ({ spec }) => ({
    ...transactionParts('w', spec),
    checkers: [rwRegister({ consistencyModels: ['strict-serializable'] })],
  }),
};
