/**
 * What a transaction does, key by key. Each step needs one key only, so that the node that owns the key can carry it out alone:
 * `r` reads, `w` writes, `append` adds to a list, `cas` compares and sets, `take` and `give` move money, `vote` does nothing but
 * say how its node will vote.
 */
import type { Json } from '../../protocol/message.ts';
import { errorReply, type Reply } from '../machines/machine.ts';
import { registerMachine } from '../machines/register.ts';
import type { Scalar } from '../machines/requests.ts';

export type Step = readonly [f: 'r' | 'w' | 'append' | 'cas' | 'take' | 'give' | 'vote', key: Scalar, value: Json];

/** What carrying out some steps gave: the result of each, what they write, and whether they made the node vote no. */
export interface Done {
  readonly results: readonly Json[];
  readonly writes: ReadonlyMap<Scalar, Json>;
  readonly isAgainst: boolean;
}

/** Carries steps out, in order, on what the keys hold. Gives the answer for the client instead where a step cannot be done. */
export function carryOut(contents: ReadonlyMap<Scalar, Json>, steps: readonly Step[]): Done | Reply {
  const writes = new Map<Scalar, Json>();
  const results: Json[] = [];
  let isAgainst = false;
  for (const [f, key, value] of steps) {
    const held = writes.has(key) ? writes.get(key) : contents.get(key);
    results.push(f === 'r' ? (held ?? null) : value);
    if (f === 'vote') isAgainst ||= value === 'no';
    if (f === 'r' || f === 'vote') continue;
    const after = changed(f, key, value, held);
    if (typeof after === 'object' && 'refusal' in after) return after.refusal;
    writes.set(key, after.value);
  }
  return { results, writes, isAgainst };
}

type Change = { readonly value: Json } | { readonly refusal: Reply };

function changed(
  f: 'w' | 'append' | 'cas' | 'take' | 'give',
  key: Scalar,
  value: Json,
  held: Json | undefined,
): Change {
  switch (f) {
    case 'w':
      return { value };
    case 'append':
      if (held === undefined || held === null) return { value: [value] };
      if (Array.isArray(held)) return { value: [...(held as readonly Json[]), value] };
      return {
        refusal: errorReply('abort', `append to key ${key}, which holds ${JSON.stringify(held)}, not a list`),
      };
    case 'cas': {
      const [from, to] = value as readonly [Json, Json];
      const contents = new Map(held === undefined ? [] : [[key, held]]);
      const reply = registerMachine.apply(contents, { type: 'cas', key, from, to });
      return reply.type === 'error' ? { refusal: reply } : { value: to };
    }
    default:
      return moved(key, f === 'take' ? -(value as number) : (value as number), held as number | undefined);
  }
}

function moved(account: Scalar, amount: number, balance: number | undefined): Change {
  if (balance === undefined) return { refusal: errorReply('keyDoesNotExist', `there is no account ${account}`) };
  if (balance + amount >= 0) return { value: balance + amount };
  return { refusal: errorReply('preconditionFailed', `account ${account} has ${balance}, less than ${-amount}`) };
}
