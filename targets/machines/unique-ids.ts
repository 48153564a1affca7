/** Ids: `generate` gives 1, 2, 3, … */
import type { StateMachine } from './machine.ts';
import { classifierOf } from './requests.ts';

interface Ids {
  last: number;
}

export const uniqueIdsMachine: StateMachine<Ids> = {
  name: 'unique-ids',
  init: () => ({ last: 0 }),
  classify: classifierOf({ generate: { kind: 'command', fields: {} } }),
  apply: (ids) => ({ type: 'generate_ok', id: ++ids.last }),
  query: () => {
    throw new Error('ids have no request that only reads');
  },
  snapshot: ({ last }) => last,
  restore: (snapshot) => ({ last: snapshot as number }),
};
