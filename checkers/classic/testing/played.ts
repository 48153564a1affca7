/**
 * Histories for tests, played on a real object out of a tape of numbers: clients ask, ops take effect at one instant between
 * invocation and completion, some fail without effect, some crash and take effect later or never. When all is over, one client does
 * what the object wants done at last; what crashed before may still take effect meanwhile.
 */
import fc from 'fast-check';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import { readable } from './readable.ts';

/** Draws a whole number from 0 to `below`, exclusive. */
export type Draw = (below: number) => number;

export interface Asked {
  readonly f: string;
  readonly value: Value;
  readonly key?: Value;
}

/** A real object. */
export interface PlayedObject {
  /** What this process asks for next; undefined where it has nothing to ask for. */
  ask(process: number): Asked | undefined;
  /** Takes effect: what it returns; undefined where it is refused, without effect. */
  apply(asked: Asked, process: number): Value | undefined;
  /** What is done at last, one after the other. */
  readonly last?: readonly Asked[];
  /** The process will not come back: an op of it crashed. */
  crashed?(process: number): void;
}

interface Setting {
  readonly processes: number;
  readonly calls: number;
  /** Of 16 ops so many crash. */
  readonly crashes: number;
  /** Of 16 ops so many fail. */
  readonly failures: number;
}

interface Pending {
  readonly asked: Asked;
  readonly process: number;
  result: Value | undefined;
  isApplied: boolean;
}

function play(object: PlayedObject, { processes, calls, crashes, failures }: Setting, draw: Draw): History {
  const ops: Op[] = [];
  let time = 0;
  const record = (process: number, type: Op['type'], { f, key }: Asked, value: Value): void => {
    time += 1 + draw(1000);
    ops.push({ index: ops.length, time, process, type, f, value, ...(key === undefined ? {} : { key }) });
  };
  const apply = (pending: Pending): void => {
    if (pending.isApplied) return;
    pending.isApplied = true;
    pending.result = object.apply(pending.asked, pending.process);
  };
  const finish = (pending: Pending): void => {
    apply(pending);
    const { asked, process, result } = pending;
    if (result === undefined) record(process, 'fail', asked, asked.value);
    else record(process, 'ok', asked, result);
  };

  const crashed: Pending[] = [];
  const applyLate = (): void => {
    if (crashed.length > 0 && draw(3) === 0) apply(crashed[draw(crashed.length)]!);
  };
  const processOf = Array.from({ length: processes }, (_, thread) => thread);
  const pendingOf = new Map<number, Pending>();
  let invoked = 0;
  for (let idle = 0; (invoked < calls || pendingOf.size > 0) && idle < 100; ) {
    const thread = draw(processes);
    const pending = pendingOf.get(thread);
    if (pending === undefined) {
      applyLate();
      const process = processOf[thread]!;
      const asked = invoked < calls ? object.ask(process) : undefined;
      idle = asked === undefined ? idle + 1 : 0;
      if (asked === undefined) continue;
      invoked++;
      record(process, 'invoke', asked, asked.value);
      pendingOf.set(thread, { asked, process, result: undefined, isApplied: false });
    } else if (draw(16) < crashes) {
      if (draw(4) > 0) record(pending.process, 'info', pending.asked, pending.asked.value);
      crashed.push(pending);
      object.crashed?.(pending.process);
      processOf[thread]! += processes;
      pendingOf.delete(thread);
    } else if (!pending.isApplied && draw(16) < failures) {
      record(pending.process, 'fail', pending.asked, pending.asked.value);
      pendingOf.delete(thread);
    } else if (!pending.isApplied && draw(2) === 0) {
      apply(pending);
    } else {
      finish(pending);
      pendingOf.delete(thread);
    }
  }
  const process = processOf[draw(processes)]!;
  for (const asked of object.last ?? []) {
    record(process, 'invoke', asked, asked.value);
    applyLate();
    finish({ asked, process, result: undefined, isApplied: false });
  }
  return readable(History.from(ops));
}

export interface Played<State> {
  readonly history: History;
  /** The object, as it was at last. */
  readonly object: State;
}

/** Histories of up to `callsMax` ops, by up to five processes, on the object that `make` makes. */
export function playedHistories<State extends PlayedObject>(
  make: (draw: Draw) => State,
  callsMax: number,
): fc.Arbitrary<Played<State>> {
  return fc
    .tuple(
      fc.record({
        processes: fc.integer({ min: 1, max: 5 }),
        calls: fc.integer({ min: 1, max: callsMax }),
        crashes: fc.constantFrom(0, 0, 1, 4),
        failures: fc.constantFrom(0, 0, 1, 3),
      }),
      fc.noBias(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: callsMax * 12 })),
    )
    .map(([setting, tape]) => {
      let at = 0;
      const draw: Draw = (below) => {
        // The tape is run through again and again, each time with other numbers, so that no short one leads into a loop.
        const number = (tape[at % tape.length]! + 7919 * Math.floor(at / tape.length)) & 0xffff;
        at++;
        return number % below;
      };
      const object = make(draw);
      const history = play(object, setting, draw);
      return { history, object, [fc.toStringMethod]: () => fc.stringify(history) };
    });
}
