/** Mutex: a lock that one at a time may hold. */
import { lockModel } from './lock.ts';
import type { Model } from './model.ts';

/** acquire and release (lock and unlock), by whomever: it is held between an acquire and the next release. */
export function mutex(): Model {
  const summary = 'A lock, acquired while it is free, and released by anyone.';
  return lockModel({ name: 'mutex', summary, owned: false, fenced: false, holdsMax: 1 });
}

/** Only the holder may release it. See lockModel for who that is. */
export function ownerMutex(): Model {
  const summary = 'A lock that only its holder may release.';
  return lockModel({ name: 'owner-mutex', summary, owned: true, fenced: false, holdsMax: 1 });
}
