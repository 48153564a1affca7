/** Proofs that no order explains a program. */
import { NO_VALUE, type Program } from './program.ts';
import { type Contradiction, saturate } from './saturation.ts';
import { type GoOn, search } from './search.ts';
import { producersOf, settle } from './settle.ts';

/** An op that must happen, of a program as settle() leaves it, that looks at what nothing leaves; the first; undefined where there is none. */
export function unwrittenOf(settled: Program): number | undefined {
  const producers = producersOf(settled);
  let first: number | undefined;
  for (const chain of settled.chains) {
    const op = chain.find((one) => settled.expects[one] !== NO_VALUE && producers[settled.expects[one]!] === 0);
    if (op !== undefined && (first === undefined || op < first)) first = op;
  }
  return first;
}

/** What shows that no order explains a program. */
export type Proof =
  | { readonly by: 'unwritten'; readonly op: number }
  | { readonly by: 'cycle'; readonly contradiction: Contradiction }
  | { readonly by: 'search' };

/** A proof, if the budget of configurations suffices for one. */
export function prove(program: Program, budget: number, goOn?: GoOn): Proof | undefined {
  const settled = settle(program);
  const op = unwrittenOf(settled);
  if (op !== undefined) return { by: 'unwritten', op };
  const saturation = saturate(settled);
  if (saturation?.contradiction !== undefined) return { by: 'cycle', contradiction: saturation.contradiction };
  const { outcome } = search(settled, saturation?.edges ?? [], budget, goOn);
  return outcome === 'impossible' ? { by: 'search' } : undefined;
}
