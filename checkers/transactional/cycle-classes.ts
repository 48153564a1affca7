/**
 * The classes of cycles (Adya 1999, sections 3.1, 4.2, and 5.3; G-nonadjacent: Cerone and Gotsman 2016), by which edges they have:
 *
 * | class              | edges                                                                          |
 * |--------------------|--------------------------------------------------------------------------------|
 * | G0                 | ww                                                                             |
 * | G1c                | ww and wr, at least one wr                                                     |
 * | G-single-item      | ww, wr, and exactly one rw                                                     |
 * | G-nonadjacent-item | ww, wr, and at least two rw, of which none follows another                     |
 * | G2-item            | ww, wr, and at least two rw, of which some follows another                     |
 *
 * With `-process` a cycle has besides at least one edge from the order of a process, and with `-realtime` one from real time: a
 * step that is nothing else, or a dependency that was inferred from such an order. A ww that rests on reads of what was committed
 * counts as a wr. Without predicates there is no more: `-item`
 * says that what was read were single items.
 */
import {
  BY_COMMITTED_READS,
  BY_PROCESS,
  BY_REALTIME,
  kindsEnd,
  ONWARD,
  PROCESS,
  REALTIME,
  RW,
  WR,
  WW,
} from './graph.ts';

export type CycleClass = 'G0' | 'G1c' | 'G-single-item' | 'G-nonadjacent-item' | 'G2-item';

/** The worst first. */
export const cycleClasses: readonly CycleClass[] = ['G0', 'G1c', 'G-single-item', 'G-nonadjacent-item', 'G2-item'];

/** What the edges of a cycle may rest on besides what was read and written. */
export type Orders = '' | '-process' | '-realtime';

const allOrders: readonly Orders[] = ['', '-process', '-realtime'];

/**
 * The names of this class and of all worse ones, resting on no more: each rules out all models that this one does. Real time has the
 * order of each process in it.
 */
export function asBad(cycleClass: CycleClass, orders: Orders): readonly string[] {
  const worse = cycleClasses.slice(0, cycleClasses.indexOf(cycleClass) + 1);
  const fewer = allOrders.slice(0, allOrders.indexOf(orders) + 1);
  return worse.flatMap((each) => fewer.map((some) => each + some));
}

/** What an edge is to a class, bits. */
export const PASSES = 1;
/** A step that is no rw. */
export const FORWARD = 2;
export const READS = 4;
export const ANTI = 8;
/** A step that rests on an order. */
export const ORDERED = 16;
const rolesEnd = 32;

/** By kind of edge the bits above; 0 for those that the class cannot have. */
export function rolesOf(cycleClass: CycleClass, orders: Orders): Uint8Array {
  const kinds = cycleClass === 'G0' ? WW : cycleClass === 'G1c' ? WW | WR : WW | WR | RW;
  const resting = orders === '' ? 0 : orders === '-process' ? BY_PROCESS : BY_PROCESS | BY_REALTIME;
  const steps = orders === '' ? 0 : orders === '-process' ? PROCESS : PROCESS | REALTIME;
  const roles = new Uint8Array(kindsEnd);
  for (let kind = 0; kind < kindsEnd; kind++) {
    const rests = kind & (BY_PROCESS | BY_REALTIME);
    const onReads = (kind & BY_COMMITTED_READS) !== 0;
    const step = kind & (WW | WR | RW | PROCESS | REALTIME);
    if ((rests & ~resting) !== 0 || (onReads && cycleClass === 'G0')) continue;
    if (kind === ONWARD) roles[kind] = PASSES;
    else if (kind === PROCESS || kind === REALTIME) {
      if ((step & steps) !== 0) roles[kind] = FORWARD | ORDERED;
    } else if ((step === WW || step === WR || step === RW) && (step & kinds) !== 0) {
      const reads = step === WR || (step === WW && onReads) ? READS : 0;
      roles[kind] = (step === RW ? ANTI : FORWARD) | reads | (rests === 0 ? 0 : ORDERED);
    }
  }
  return roles;
}

/** The kind of the edge to begin with, in search of a cycle of this class: each cycle has one. */
export const firstRoleOf = (cycleClass: CycleClass): number =>
  cycleClass === 'G0' ? FORWARD : cycleClass === 'G1c' ? READS : ANTI;

/** No state of an automaton: those are below 8. */
export const DEAD = 255;

/** Follows a path step by step, to know whether it makes a cycle of its class. */
export interface Automaton {
  /** Before the first step. */
  readonly initial: number;
  /** The state after a step, by `state * 32 + role`; DEAD where no cycle of the class goes on so. */
  readonly next: Uint8Array;
  readonly accepts: readonly boolean[];
  readonly states: number;
}

const ORDERED_SEEN = 1;

function automaton(
  initial: number,
  states: number,
  step: (state: number, role: number) => number | undefined,
  accepts: (state: number) => boolean,
): Automaton {
  const next = new Uint8Array(states * rolesEnd).fill(DEAD);
  for (let state = 0; state < states; state++) {
    for (let role = 1; role < rolesEnd; role++) {
      next[state * rolesEnd + role] = (role & PASSES) !== 0 ? state : (step(state, role) ?? DEAD);
    }
  }
  return { initial, next, accepts: Array.from({ length: states }, (_, state) => accepts(state)), states };
}

/**
 * For paths that close a cycle behind an edge with the first role of the class. `ordered` says whether that edge rests on an order, which
 * a cycle of orders needs somewhere. Of G-nonadjacent-item without `several`, one rw will do.
 */
export function closing(cycleClass: CycleClass, orders: Orders, ordered: boolean, several = true): Automaton {
  const seen = (state: number, role: number): number => ((role & ORDERED) !== 0 ? state | ORDERED_SEEN : state);
  const enough = (state: number): boolean => orders === '' || (state & ORDERED_SEEN) !== 0;
  const initial = ordered ? ORDERED_SEEN : 0;
  switch (cycleClass) {
    case 'G0':
    case 'G1c':
      return automaton(initial, 2, seen, enough);
    case 'G-single-item':
      return automaton(initial, 2, (state, role) => ((role & ANTI) !== 0 ? undefined : seen(state, role)), enough);
    case 'G-nonadjacent-item': {
      // The first edge is an rw: the first step is none, and the last step is none.
      const [LAST, SEVERAL] = [2, 4];
      return automaton(
        initial | LAST,
        8,
        (state, role) => {
          if ((role & ANTI) === 0) return seen(state & ~LAST, role);
          return (state & LAST) === 0 ? seen(state | LAST | SEVERAL, role) : undefined;
        },
        (state) => enough(state) && (state & LAST) === 0 && (!several || (state & SEVERAL) !== 0),
      );
    }
    case 'G2-item': {
      // The first edge is an rw that another rw follows: each cycle of the class has one to begin with.
      const FREE = 2;
      return automaton(
        initial,
        4,
        (state, role) => ((state & FREE) === 0 && (role & ANTI) === 0 ? undefined : seen(state | FREE, role)),
        (state) => enough(state) && (state & FREE) !== 0,
      );
    }
  }
}

/** For paths that a single step of an order closes to a cycle of the class, having begun anywhere. */
export function bridging(cycleClass: CycleClass): Automaton {
  switch (cycleClass) {
    case 'G0':
      return automaton(
        0,
        1,
        () => 0,
        () => true,
      );
    case 'G1c':
      return automaton(
        0,
        2,
        (state, role) => ((role & READS) !== 0 ? 1 : state),
        (state) => state === 1,
      );
    case 'G-single-item':
      return automaton(
        0,
        2,
        (state, role) => ((role & ANTI) === 0 ? state : state === 0 ? 1 : undefined),
        (state) => state === 1,
      );
    case 'G-nonadjacent-item': {
      // No rw yet; one, last; one, not last; several, last; several, not last.
      return automaton(
        0,
        5,
        (state, role) => {
          if ((role & ANTI) === 0) return [0, 2, 2, 4, 4][state];
          return [1, undefined, 3, undefined, 3][state];
        },
        (state) => state >= 3,
      );
    }
    case 'G2-item':
      // The last step was none; it was an rw; two followed each other.
      return automaton(
        0,
        3,
        (state, role) => (state === 2 ? 2 : (role & ANTI) === 0 ? 0 : state + 1),
        (state) => state === 2,
      );
  }
}

/** The class of a cycle by the kinds of its steps in order; undefined where all rest on orders alone. */
export function classOf(kinds: readonly number[]): CycleClass | undefined {
  const isAnti = kinds.map((kind) => (kind & RW) !== 0);
  const anti = isAnti.filter((is) => is).length;
  if (anti === 1) return 'G-single-item';
  if (anti > 1) {
    return isAnti.some((is, i) => is && isAnti[(i + 1) % isAnti.length]) ? 'G2-item' : 'G-nonadjacent-item';
  }
  if (kinds.some((kind) => (kind & (WR | BY_COMMITTED_READS)) !== 0)) return 'G1c';
  return kinds.some((kind) => (kind & WW) !== 0) ? 'G0' : undefined;
}

/** What the steps of a cycle rest on. */
export function ordersOf(kinds: readonly number[]): Orders {
  if (kinds.some((kind) => (kind & (REALTIME | BY_REALTIME)) !== 0)) return '-realtime';
  return kinds.some((kind) => (kind & (PROCESS | BY_PROCESS)) !== 0) ? '-process' : '';
}
