/** Reentrant mutex: a lock that its holder may acquire again. */
import { lockModel } from './lock.ts';
import type { Model, ModelOptions } from './model.ts';

export interface ReentrantOptions {
  /** How often its holder may hold it at once. Default: no bound. Jepsen's tests of Hazelcast allow 2. */
  readonly holdsMax?: number;
}

/** It is free once it was released as often as acquired, by the same owner. See lockModel for who that is. */
export function reentrantMutex(options: ModelOptions & ReentrantOptions = {}): Model {
  const summary = 'A lock that its holder may acquire again, and must release as often.';
  return reentrant('reentrant-mutex', summary, false, options);
}

/** The same, and each time that it is acquired while free, its token grows; its holder gets the same one again. */
export function reentrantFencedMutex(options: ModelOptions & ReentrantOptions = {}): Model {
  const summary = 'A reentrant lock whose tokens grow with each new holder.';
  return reentrant('reentrant-fenced-mutex', summary, true, options);
}

function reentrant(name: string, summary: string, fenced: boolean, options: ModelOptions & ReentrantOptions): Model {
  const { holdsMax = Number.POSITIVE_INFINITY } = options;
  if (!(holdsMax >= 1)) throw new TypeError(`a lock cannot be held ${holdsMax} times at once; expected 1 or more`);
  return lockModel({ name, summary, owned: true, fenced, holdsMax, options });
}
