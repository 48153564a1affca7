/** Small histories for tests whose results are made up: most are wrong. What they show is for an obvious method to say. */
import fc from 'fast-check';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import type { Asked } from './played.ts';
import { readable } from './readable.ts';

/** What a process is asked to do, and what it returns if it does. */
export interface MadeUpOp extends Asked {
  readonly result: Value;
}

/** Up to `stepsMax` invocations and completions together; some ops never complete. */
export function madeUpHistories(op: fc.Arbitrary<MadeUpOp>, stepsMax: number): fc.Arbitrary<History> {
  const step = fc.record({
    process: fc.integer({ min: 0, max: 3 }),
    op,
    ends: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fail', 'info', 'never'),
  });
  return fc.array(step, { maxLength: stepsMax, size: 'max' }).map((steps) => {
    const ops: Op[] = [];
    const pending = new Map<number, MadeUpOp>();
    const processOf = [0, 1, 2, 3];
    for (const { process: thread, op: asked, ends } of steps) {
      const open = pending.get(thread);
      const { f, key, value, result } = open ?? asked;
      const type = open === undefined ? 'invoke' : ends;
      if (open === undefined) pending.set(thread, asked);
      else pending.delete(thread);
      const process = processOf[thread]!;
      if (type === 'info' || type === 'never') processOf[thread]! += 4;
      if (type === 'never') continue;
      const index = ops.length;
      const shown = type === 'ok' ? result : value;
      ops.push({ index, time: index * 1e6, process, type, f, value: shown, ...(key === undefined ? {} : { key }) });
    }
    return readable(History.from(ops));
  });
}

/** The ops of clients in a history, in plain form, for obvious methods. */
export interface PlainOp {
  readonly f: string;
  readonly key: Value;
  readonly input: Value;
  readonly output: Value;
  readonly process: number;
  readonly began: number;
  /** Infinity where it never completed, or crashed: it may take effect at any later time. */
  readonly ended: number;
  readonly ends: 'ok' | 'fail' | 'info';
}

export function plainOps(history: History): PlainOp[] {
  return [...history.clientInvocations()].map((began) => {
    const completion = history.completionOf(began);
    const type = completion < 0 ? 'info' : history.type(completion);
    const ends = type === 'ok' || type === 'fail' ? type : 'info';
    return {
      f: history.f(began),
      key: history.key(began) ?? null,
      input: history.value(began),
      output: ends === 'ok' ? history.value(completion) : null,
      process: history.processes[began]!,
      began,
      ended: ends === 'info' ? Number.POSITIVE_INFINITY : completion,
      ends,
    };
  });
}
