/**
 * Elements enqueued and dequeued, each enqueued once; at last all clients dequeue until they find nothing, so that whatever was lost is
 * missing. Judged twice: by what went in and came out, and by whether one queue can have done all that.
 */
import { totalQueue } from '../checkers/classic/total-queue.ts';
import { linearizable } from '../checkers/linearizable/linearizable.ts';
import { fifoQueue } from '../checkers/linearizable/models/fifo-queue.ts';
import { each, eachThread, nothing } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { freshNumbers, stream } from './run-memory.ts';

const element = freshNumbers();

const enqueue = (context: Context): OpDraft => ({ f: 'enqueue', value: element(context) });
const dequeue: OpDraft = { f: 'dequeue', value: null };

/** Dequeues, until one finds nothing. */
const drain: Generator = {
  op(context) {
    return context.free.length === 0 ? ['pending', this] : [dequeue, this];
  },
  update(_context, { f, type, value }) {
    return f === 'dequeue' && type === 'ok' && value === null ? nothing : this;
  },
};

export const queueWorkload: Workload = {
  name: 'queue',
  summary: 'Enqueues and dequeues; what goes in must come out once, in the same order.',
  service: 'queue',
  create() {
    return {
      generator: each((context) => (context.stream(stream).chance(1, 2) ? enqueue(context) : dequeue)),
      probes: [
        { f: 'enqueue', generator: each(enqueue) },
        { f: 'dequeue', generator: each(() => dequeue) },
      ],
      finalReads: eachThread(drain),
      checkers: [totalQueue({ exactlyOnce: true }), linearizable({ model: fifoQueue() })],
    };
  },
};
