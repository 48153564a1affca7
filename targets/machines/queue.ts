/** A queue: `enqueue {value}`, and `dequeue`, which takes the first element, or gives null where there is none. */
import type { Json } from '../../protocol/message.ts';
import type { StateMachine } from './machine.ts';
import { classifierOf } from './requests.ts';

/** What was taken stays in front until it is half of all: so a dequeue costs constant time on average. */
interface Queue {
  elements: Json[];
  taken: number;
}

export const queueMachine: StateMachine<Queue> = {
  name: 'queue',
  init: () => ({ elements: [], taken: 0 }),
  classify: classifierOf({
    enqueue: {
      kind: 'command',
      fields: { value: (value) => value !== undefined && value !== null },
      needs: 'value, anything but null',
    },
    dequeue: { kind: 'command', fields: {} },
  }),
  apply(queue, command) {
    if (command.type === 'enqueue') {
      queue.elements.push(command.value as Json);
      return { type: 'enqueue_ok' };
    }
    if (queue.taken === queue.elements.length) return { type: 'dequeue_ok', value: null };
    const value = queue.elements[queue.taken++]!;
    if (queue.taken * 2 > queue.elements.length) {
      queue.elements = queue.elements.slice(queue.taken);
      queue.taken = 0;
    }
    return { type: 'dequeue_ok', value };
  },
  query: () => {
    throw new Error('a queue has no request that only reads');
  },
  snapshot: ({ elements, taken }) => elements.slice(taken),
  restore: (snapshot) => ({ elements: [...(snapshot as readonly Json[])], taken: 0 }),
};
