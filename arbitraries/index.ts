/**
 * What to generate with fast-check: for those who test a checker, a database, or a client of their own. All of it shrinks to something
 * that a person can read.
 *
 *     import fc from 'fast-check'
 *     import { databaseHistories } from 'ftest/arbitraries'
 *
 *     fc.assert(fc.property(databaseHistories({ level: 'snapshot-isolation', workload: 'list-append' }), (history) => …))
 */
export { type DatabaseOptions, databaseHistories, type IsolationLevel, isolationLevels } from './database-histories.ts';
export {
  type BeginningFault,
  beginningFaults,
  type FaultScheduleOptions,
  faultSchedules,
  type ScheduledFault,
} from './fault-schedules.ts';
export { type HistoryOptions, histories, malformedHistories } from './histories.ts';
export { type Mutation, type MutationOptions, mutated } from './mutated.ts';
export { type ObjectOptions, objectHistories } from './object-histories.ts';
export { type Asked, type Done, type ObjectName, type SequentialObject, sequentialObjects } from './objects.ts';
export { textOf } from './readable.ts';
export {
  type MicroOp,
  type Transaction,
  type TransactionShape,
  type TransactionWorkload,
  transactions,
} from './transactions.ts';
export { values } from './values.ts';
