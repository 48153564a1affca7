/** cyclic-versions: versions of a key that precede each other, by the orders that the user asserts. */
import { toJson } from '../../../history/value.ts';
import { linesOf } from '../cycle-evidence.ts';
import { findCycles } from '../cycles.ts';
import type { Evidence } from '../evidence.ts';
import { type Graph, WW } from '../graph.ts';
import type { Cycle } from '../knot-search.ts';
import type { Transactions } from '../transactions.ts';
import { NOBODY, type RegisterVersions } from './register-versions.ts';
import type { RegisterWords } from './register-words.ts';

/** Of longer cycles so many steps are told. */
const stepsTold = 100;

/** Edges to look at for cycles of versions. One of each knot is found in any case. */
const budget = 10_000_000;

/** A shortest cycle of each of a few keys, given which version precedes which. */
export function cyclicVersions(
  transactions: Transactions,
  versions: RegisterVersions,
  graph: Graph,
  words: RegisterWords,
): Evidence[] {
  const { cycles } = findCycles(graph, budget);
  return (cycles.get('G0') ?? []).map((cycle) => cyclicEvidence(transactions, versions, cycle, words));
}

function cyclicEvidence(
  transactions: Transactions,
  { installer, key }: RegisterVersions,
  { steps }: Cycle,
  words: RegisterWords,
): Evidence {
  const { microOps, invocation, keys } = transactions;
  const all = new Map<number, string>();
  const names = (t: number): string => {
    const name = all.get(t) ?? `T${all.size + 1}`;
    all.set(t, name);
    return name;
  };
  const story = steps.slice(0, stepsTold).map(({ from, to }, i) => {
    const { why, witnesses } = words.order(from, to, WW, names);
    for (const t of witnesses) names(t);
    const told = `${words.value(from)} of ${words.keyName(from)} precedes ${words.value(to)}, because ${why}`;
    return i + 1 < steps.length ? `${told}.` : `However, ${told}: a contradiction.`;
  });
  const writers = steps.flatMap(({ from }) =>
    installer[from] === NOBODY ? [] : [microOps.transaction[installer[from]!]!],
  );
  return {
    ops: [...all.keys()].map((t) => invocation[t]!),
    minimal: linesOf(transactions, [...all.keys(), ...writers]),
    story,
    key: toJson(keys[key[steps[0]!.from]!]!),
    length: steps.length,
  };
}
