/** Fenced mutex: a lock whose holders have growing tokens, by which others can turn away those who hold it no longer. */
import { lockModel } from './lock.ts';
import type { Model } from './model.ts';

/** An acquire returns a token greater than every earlier one; only the holder may release. See lockModel for who that is. */
export function fencedMutex(): Model {
  const summary = 'A lock that only its holder may release, and whose acquires return growing tokens.';
  return lockModel({ name: 'fenced-mutex', summary, owned: true, fenced: true, holdsMax: 1 });
}
