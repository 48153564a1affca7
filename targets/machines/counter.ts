/**
 * Counters, as Maelstrom's pn-counter, one under each key, and one where no key is given: `add {delta}` and `read`.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-pn-counter
 */
import type { StateMachine } from './machine.ts';
import { classifierOf, isOptionalKey, isWhole, type Scalar } from './requests.ts';

/** null is the counter without a key. */
type Counters = Map<Scalar | null, number>;

export const counterMachine: StateMachine<Counters> = {
  name: 'counter',
  init: () => new Map(),
  classify: classifierOf({
    add: {
      kind: 'command',
      fields: { key: isOptionalKey, delta: isWhole },
      needs: 'delta, a whole number, and where there are several counters key, a string or a number',
    },
    read: { kind: 'query', fields: { key: isOptionalKey }, needs: 'a key that is a string or a number, or none' },
  }),
  apply(counters, command) {
    const key = (command.key ?? null) as Scalar | null;
    counters.set(key, (counters.get(key) ?? 0) + (command.delta as number));
    return { type: 'add_ok' };
  },
  query: (counters, { key = null }) => ({ type: 'read_ok', value: counters.get(key as Scalar | null) ?? 0 }),
  snapshot: (counters) => [...counters],
  restore: (snapshot) => new Map(snapshot as readonly (readonly [Scalar | null, number])[]),
};
