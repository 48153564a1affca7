/**
 * When clients ask and when they hear. Time is made of whole ticks; what falls on the same tick happens in the order of the
 * plans, each plan's own parts together. So plans without any delays follow one another, which is where shrinking leads.
 */
import fc from 'fast-check';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { readable } from './readable.ts';

/** Whether a client gets its answer, gives up, so that its op is `info`, or is never heard of again. */
export type Hears = 'answer' | 'timeout' | 'nothing';

/** One op as far as its client sees it. All times are whole ticks. */
export interface Visit {
  /** From 0, below the number of clients. */
  readonly client: number;
  /** From when the client is free until it asks. */
  readonly wait: number;
  readonly hears: Hears;
  /** From when it asks until it hears, or gives up, or is gone. */
  readonly stay: number;
}

export interface Stay {
  /** The client's; after an op that had no answer the client goes on under a number higher by the number of clients. */
  readonly process: number;
  readonly invoked: number;
  readonly left: number;
}

/** When each visit begins and ends: those of one client follow each other in the order given. */
export function staysOf(visits: readonly Visit[], clients: number): Stay[] {
  const free = new Map<number, number>();
  const processes = new Map<number, number>();
  return visits.map(({ client, wait, stay, hears }) => {
    const process = processes.get(client) ?? client;
    const invoked = (free.get(client) ?? 0) + wait;
    const left = invoked + stay;
    free.set(client, left);
    processes.set(client, hears === 'answer' ? process : process + clients);
    return { process, invoked, left };
  });
}

/** A part of a plan and its tick. Parts of one plan are numbered in the order of their ticks. */
export interface Moment {
  readonly tick: number;
  readonly plan: number;
  readonly part: number;
}

/** In the order in which they happen. */
export const inOrder = <Each extends Moment>(moments: readonly Each[]): Each[] =>
  [...moments].sort((a, b) => a.tick - b.tick || a.plan - b.plan || a.part - b.part);

/** What stands on the lines of an op. */
export interface Told {
  readonly f: string;
  readonly key?: Value;
  readonly asked: Value;
  /** What the completion says, where the client got its answer. */
  readonly answer: { readonly type: 'ok' | 'fail'; readonly value: Value; readonly error?: Value };
}

const nsPerLine = 1_000_000;

/** The history of these visits; fast-check shows it line by line. A line comes every millisecond. */
export function historyOf(visits: readonly Visit[], stays: readonly Stay[], told: readonly Told[]): History {
  const moments: Moment[] = visits.flatMap(({ hears }, plan) => {
    const { invoked, left } = stays[plan]!;
    const invocation = { tick: invoked, plan, part: 0 };
    return hears === 'nothing' ? [invocation] : [invocation, { tick: left, plan, part: 1 }];
  });
  return readable(
    History.from(
      inOrder(moments).map(({ plan, part }, index): Op => {
        const { f, key, asked, answer } = told[plan]!;
        const line = { index, time: index * nsPerLine, process: stays[plan]!.process, f };
        const of = key === undefined ? {} : { key };
        if (part === 0) return { ...line, ...of, type: 'invoke', value: asked };
        if (visits[plan]!.hears === 'timeout') return { ...line, ...of, type: 'info', value: asked, error: 'timeout' };
        return { ...line, ...of, ...answer };
      }),
    ),
  );
}

/** Ticks from 0 to `max`: 0 in about half of all cases, else each equally likely. Shrinks to 0. */
export const delay = (max: number): fc.Arbitrary<number> =>
  fc.nat({ max: 2 * max }).map((drawn) => Math.max(0, drawn - max));

/** True in so many of a hundred cases; shrinks to false. */
export const happensIn = (percent: number): fc.Arbitrary<boolean> =>
  fc.nat({ max: 99 }).map((drawn) => drawn >= 100 - percent);

/** Without an answer in so many of a hundred cases, one in four of which is never heard of again. Shrinks to an answer. */
export const hearsBut = (crashPercent: number): fc.Arbitrary<Hears> =>
  fc.nat({ max: 399 }).map((drawn) => {
    const beyond = drawn - (400 - 4 * crashPercent);
    return beyond < 0 ? 'answer' : beyond < 3 * crashPercent ? 'timeout' : 'nothing';
  });
