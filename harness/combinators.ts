/** The vocabulary of generators, in Jepsen's words: see each file. */
export { any, anyInOrder, flipFlop, mix } from './generators/choice.ts';
export { concurrent, independentSequential } from './generators/independent.ts';
export {
  cycle,
  each,
  filter,
  fMap,
  limit,
  log,
  map,
  nothing,
  once,
  phase,
  processLimit,
  repeat,
  sequence,
  untilOk,
} from './generators/ops.ts';
export {
  andThen,
  clients,
  eachThread,
  nemesis,
  onThreads,
  phases,
  reserve,
  synchronize,
} from './generators/threads.ts';
export { delay, sleep, stagger, timeLimit } from './generators/time.ts';
