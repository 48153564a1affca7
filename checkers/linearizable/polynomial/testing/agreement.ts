/** Whether a decision is right, by the obvious checker. */
import { expect } from 'vitest';
import { type Calls, CRASHED, RETURNED, selectCalls } from '../../calls.ts';
import type { Decision } from '../../models/model.ts';
import { hasOrder, type Sequential } from './all-orders.ts';

/** How often each answer was given, and how many calls the cores had together. */
export class Tally {
  linearizable = 0;
  impossible = 0;
  undecided = 0;
  private coreCalls = 0;

  /**
   * Also that the core is impossible alone, and with all calls that crashed, which might have explained it; and if
   * `isEarliest`, that it has the call whose return was the first that was impossible.
   */
  expectRight(calls: Calls, decision: Decision | undefined, object: Sequential, isEarliest = false): void {
    if (decision === undefined) {
      this.undecided++;
      return;
    }
    expect(decision.linearizable).toBe(hasOrder(calls, object));
    if (decision.linearizable) {
      this.linearizable++;
      return;
    }
    const { core } = decision;
    this.impossible++;
    this.coreCalls += core.length;
    expect([...core]).toEqual([...new Set(core)].sort((a, b) => a - b));
    expect(hasOrder(selectCalls(calls, core), object)).toBe(false);
    if (isEarliest) {
      const first = calls.events.findIndex((_, position) => !hasOrder(beginningOf(calls, position + 1), object));
      expect(core).toContain(calls.events[first]! >>> 1);
    }
    const withCrashed = [...calls.fate.keys()].filter((call) => calls.fate[call] === CRASHED || core.includes(call));
    expect(hasOrder(selectCalls(calls, withCrashed), object)).toBe(false);
  }

  /** Both verdicts were frequent, few histories were left undecided, and cores were small. */
  expectTelling(undecidedMax: number): void {
    const runs = this.linearizable + this.impossible + this.undecided;
    expect(this.linearizable).toBeGreaterThan(runs / 15);
    expect(this.impossible).toBeGreaterThan(runs / 15);
    expect(this.undecided).toBeLessThanOrEqual(runs * undecidedMax);
    expect(this.coreCalls / this.impossible).toBeLessThan(4);
  }
}

/** What was known before the event at this position. */
function beginningOf(calls: Calls, position: number): Calls {
  const events = calls.events.subarray(0, position);
  const fate = calls.fate.map((_, call) => (events.includes(call * 2 + 1) ? RETURNED : CRASHED));
  const known = [...calls.fate.keys()].filter((call) => events.includes(call * 2));
  return selectCalls({ ...calls, fate, events }, known);
}
