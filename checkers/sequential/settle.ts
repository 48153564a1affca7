/** Which of the ops that may happen or not must happen, and which need not be thought of. */
import { NO_VALUE, type OptionalOp, type Program } from './program.ts';

/**
 * Of the ops of registers that may happen or not: one whose value nothing looks at that must happen, nor anything that leads
 * there, is left out, for in an order that has it no look follows it until the next write. One that alone leaves a value which
 * an op that must happen looks at must happen itself. Linear.
 */
export function settle(program: Program): Program {
  const kept = program.optional.filter(relevance(program));
  const producers = producersOf(program, kept);
  const isWanted = new Uint8Array(program.values);
  const wanted: number[] = [];
  const want = (value: number): void => {
    if (value === NO_VALUE || isWanted[value] === 1) return;
    isWanted[value] = 1;
    wanted.push(value);
  };
  for (const chain of program.chains) for (const op of chain) want(program.expects[op]!);
  const optionalProducer = new Map<number, OptionalOp>();
  for (const one of kept) optionalProducer.set(program.leaves[one.op]!, one);
  const needed = new Set<OptionalOp>();
  for (let value = wanted.pop(); value !== undefined; value = wanted.pop()) {
    const producer = optionalProducer.get(value);
    if (producers[value] !== 1 || producer === undefined) continue;
    needed.add(producer);
    want(program.expects[producer.op]!);
  }
  if (needed.size === 0) return { ...program, optional: kept };

  const chains = program.chains.map((chain) => [...chain]);
  const chainEndingIn = new Map(chains.map((chain) => [chain.at(-1)!, chain]));
  const edges = [...program.edges];
  for (const { op, after } of needed) {
    const chain = chainEndingIn.get(after);
    if (chain !== undefined) {
      chain.push(op);
      chainEndingIn.delete(after);
      continue;
    }
    chains.push([op]);
    if (after >= 0) edges.push([after, op]);
  }
  return { ...program, chains, edges, optional: kept.filter((one) => !needed.has(one)) };
}

/** Whether an op may leave, directly or by way of others, a value that an op looks at which must happen. */
function relevance(program: Program): (one: OptionalOp) => boolean {
  const { objects, object, expects, leaves, chains, optional } = program;
  const leaving = new Map<number, number[]>();
  for (const { op } of optional) {
    const value = leaves[op]!;
    const list = leaving.get(value);
    if (list === undefined) leaving.set(value, [op]);
    else list.push(op);
  }
  const relevant = new Set<number>();
  const looked = new Set<number>();
  const open: number[] = [];
  const look = (value: number): void => {
    if (value === NO_VALUE || looked.has(value)) return;
    looked.add(value);
    open.push(value);
  };
  for (const chain of chains) for (const op of chain) look(expects[op]!);
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const op of leaving.get(value) ?? []) {
      relevant.add(op);
      look(expects[op]!);
    }
  }
  return ({ op }) => objects[object[op]!]!.isWatched || relevant.has(op);
}

/** How many ops leave each value; what a register holds at first counts as left by one. */
export function producersOf(program: Program, optional: readonly OptionalOp[] = program.optional): Int32Array {
  const { objects, leaves, chains, values } = program;
  const producers = new Int32Array(values);
  const count = (value: number): void => {
    if (value !== NO_VALUE) producers[value]!++;
  };
  for (const { initial } of objects) count(initial);
  for (const chain of chains) for (const op of chain) count(leaves[op]!);
  for (const { op } of optional) count(leaves[op]!);
  return producers;
}
