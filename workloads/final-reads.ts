/** What has become of everything is read by several clients, thread i of which talks to node i mod n: so they are on different nodes. */
import { eachThread } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import type { TestSpec } from '../harness/spec.ts';

const readersMax = 3;

export interface NumberedReads {
  /** The numbers of the first read, and of the one after the last, known when the reads begin. */
  range(context: Context): readonly [first: number, end: number];
  read(number: number, context: Context): OpDraft;
}

/** The reads in order, by each of up to three clients. */
export function finalReads({ concurrency, nodes }: TestSpec, reads: NumberedReads): Generator {
  return eachThread(readsFrom(undefined, Math.min(readersMax, concurrency, nodes), reads));
}

function readsFrom(next: number | undefined, readers: number, reads: NumberedReads): Generator {
  return {
    op(context) {
      const thread = context.threads[0];
      const [first, end] = reads.range(context);
      const number = next ?? first;
      if (typeof thread !== 'number' || thread >= readers || number >= end) return null;
      return [reads.read(number, context), readsFrom(number + 1, readers, reads)];
    },
    update() {
      return this;
    },
  };
}
