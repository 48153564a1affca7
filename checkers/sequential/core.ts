/** Of a program that no order explains the few ops that make it so. */
import { aloneOf, NO_VALUE, type Part, type Program, partOf } from './program.ts';
import { prove } from './prove.ts';

/** Configurations that one question may cost. */
const questionBudget = 2_000;

/** Questions asked before the answer so far is taken. */
const questionsMax = 400;

/**
 * Ops, ascending, that contradict each other even if each other op of the program happens at any time, or never; a part of `candidates`,
 * and of ops that make it certain that those of unknown outcome among them happened. None can be spared, except where the budget does
 * not suffice to show that.
 */
export function conflictOf(program: Program, candidates: readonly number[]): number[] {
  const infers = program.objects.some(({ compileAgain }) => compileAgain !== undefined);
  // What an object holds at first may be known from ops that are no candidates.
  if (infers) return minimalOf(program, onTheSame(program, candidates));
  const all = withLookers(program, candidates);
  const letOff = usefulTo(program, all);
  const contradicts = (held: readonly number[]): boolean => {
    const isHeld = new Set(held);
    const free = letOff.filter((op) => !isHeld.has(op));
    return isImpossible(partOf(program, held, free));
  };
  return shrink(all, contradicts);
}

/** All ops on the objects of these, ascending. */
function onTheSame({ object }: Program, ops: readonly number[]): number[] {
  const touched = new Set(ops.map((op) => object[op]!));
  return [...object.keys()].filter((op) => touched.has(object[op]!));
}

/** With ops that look at what those leave that may not have happened, until some look that certainly did; ascending. */
function withLookers({ optional, expects, leaves, length }: Program, ops: readonly number[]): number[] {
  const isOptional = new Uint8Array(length);
  for (const { op } of optional) isOptional[op] = 1;
  const lookerAt = new Map<number, number>();
  for (let op = 0; op < length; op++) {
    const known = lookerAt.get(expects[op]!);
    if (expects[op] !== NO_VALUE && (known === undefined || isOptional[known] === 1)) lookerAt.set(expects[op]!, op);
  }
  const all = new Set(ops);
  for (const op of all) {
    const looker = isOptional[op] === 1 ? lookerAt.get(leaves[op]!) : undefined;
    if (looker !== undefined) all.add(looker);
  }
  return [...all].sort((a, b) => a - b);
}

/** A part of `candidates`, ascending, that no order explains as a program of its own, while one does without any one of its ops. */
export function minimalOf(program: Program, candidates: readonly number[]): number[] {
  return shrink(candidates, (held) => isImpossible(aloneOf(program, held)));
}

const isImpossible = ({ program }: Part): boolean => prove(program, questionBudget) !== undefined;

/**
 * Ops that could help the candidates: those that leave what one of these, or another such op, expects, of equal ones no more than
 * there are candidates, as none needs more than one; of objects that are no registers, or have refused ops, all.
 */
export function usefulTo(program: Program, candidates: readonly number[]): number[] {
  const { objects, object, op, expects, leaves, length } = program;
  const leaving = new Map<number, number[]>();
  for (let one = 0; one < length; one++) {
    const list = leaving.get(leaves[one]!);
    if (list === undefined) leaving.set(leaves[one]!, [one]);
    else list.push(one);
  }
  const touched = new Set(candidates.map((one) => object[one]!));
  const useful = new Set<number>();
  const counts = new Map<string, number>();
  const use = (one: number): void => {
    const name = `${object[one]} ${op[one]}`;
    const count = counts.get(name) ?? 0;
    if (count > candidates.length && !objects[object[one]!]!.isWatched) return;
    counts.set(name, count + 1);
    useful.add(one);
    open.push(expects[one]!);
  };
  const open = candidates.map((one) => expects[one]!);
  for (let one = 0; one < length; one++) {
    const { isWatched, automaton } = objects[object[one]!]!;
    if (isWatched && touched.has(object[one]!) && !automaton.readOnly(op[one]!)) use(one);
  }
  const seen = new Set<number>([NO_VALUE]);
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const one of leaving.get(value) ?? []) if (!useful.has(one)) use(one);
  }
  return [...useful].sort((a, b) => a - b);
}

/** By delta debugging (Zeller and Hildebrandt 2002): smaller and smaller stretches are left out where the rest is impossible still. */
function shrink(all: readonly number[], isImpossibleStill: (held: readonly number[]) => boolean): number[] {
  let questions = 0;
  let kept = [...all];
  for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
    const before = kept.length;
    for (let from = 0; from < kept.length; ) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (rest.length > 0 && questions++ < questionsMax && isImpossibleStill(rest)) kept = rest;
      else from += size;
    }
    if (size === 1 && kept.length === before) break;
    size = Math.max(1, Math.min(size >>> 1, Math.ceil(kept.length / 2)));
  }
  return kept;
}
