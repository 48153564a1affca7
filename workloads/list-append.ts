/**
 * Transactions that append to lists and read them, as Elle's list-append has them: what a read returns tells the order in which all its
 * elements were appended, so that nearly every dependency between transactions shows.
 */
import { listAppend } from '../checkers/transactional/list-append.ts';
import type { Workload } from '../harness/test.ts';
import { transactionParts } from './key-pool.ts';

export const listAppendWorkload: Workload = {
  name: 'list-append',
  summary: 'Transactions of appends to lists and reads of them; checked for strict serializability, as Elle does.',
  service: 'txn',
  create: ({ spec }) => ({
    ...transactionParts('append', spec),
    checkers: [listAppend({ consistencyModels: ['strict-serializable'] })],
  }),
};
