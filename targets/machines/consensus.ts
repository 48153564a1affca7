/**
 * Consensus objects under keys: `propose {key, value}` and `learn {key}`. On a log that is replicated already there is
 * nothing left to agree on: the first proposal of a key that is applied is the decision.
 */
import type { Json } from '../../protocol/message.ts';
import type { StateMachine } from './machine.ts';
import { classifierOf, isScalar, type Scalar } from './requests.ts';

type Decisions = Map<Scalar, Json>;

const isValue = (value: unknown): boolean => value !== undefined && value !== null;

export const consensusMachine: StateMachine<Decisions> = {
  name: 'consensus',
  init: () => new Map(),
  classify: classifierOf({
    propose: {
      kind: 'command',
      fields: { key: isScalar, value: isValue },
      needs: 'a key, a string or a number, and a value that is not null',
    },
    learn: { kind: 'query', fields: { key: isScalar }, needs: 'a key, a string or a number' },
  }),
  apply(decisions, command) {
    const key = command.key as Scalar;
    let decided = decisions.get(key);
    if (decided === undefined) {
      decided = command.value as Json;
      decisions.set(key, decided);
    }
    return { type: 'propose_ok', value: decided };
  },
  query: (decisions, { key }) => ({ type: 'learn_ok', value: decisions.get(key as Scalar) ?? null }),
  snapshot: (decisions) => [...decisions],
  restore: (snapshot) => new Map(snapshot as readonly (readonly [Scalar, Json])[]),
};
