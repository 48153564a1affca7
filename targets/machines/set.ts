/**
 * Sets to which elements are added, as Maelstrom's g-set, one under each key, and one where no key is given: `add {element}` and
 * `read`. Elements are strings or numbers.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-g-set
 */
import type { Json } from '../../protocol/message.ts';
import type { StateMachine } from './machine.ts';
import { classifierOf, isOptionalKey, isScalar, type Scalar } from './requests.ts';

/** null is the set without a key. */
type Sets = Map<Scalar | null, Set<Scalar>>;

const needs = 'element, and where there are several sets key: strings or numbers';

export const setMachine: StateMachine<Sets> = {
  name: 'set',
  init: () => new Map(),
  classify: classifierOf({
    add: { kind: 'command', fields: { key: isOptionalKey, element: isScalar }, needs },
    read: { kind: 'query', fields: { key: isOptionalKey }, needs: 'a key that is a string or a number, or none' },
  }),
  apply(sets, command) {
    const key = (command.key ?? null) as Scalar | null;
    const element = command.element as Scalar;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, new Set([element]));
    else set.add(element);
    return { type: 'add_ok' };
  },
  query: (sets, { key = null }) => ({ type: 'read_ok', value: [...(sets.get(key as Scalar | null) ?? [])] }),
  snapshot: (sets) => [...sets].map(([key, elements]): Json => [key, [...elements]]),
  restore(snapshot) {
    const sets = snapshot as readonly (readonly [Scalar | null, readonly Scalar[]])[];
    return new Map(sets.map(([key, elements]) => [key, new Set(elements)]));
  },
};
