/** Whether a decision is right, by the obvious checker. */
import { expect } from 'vitest';
import { type Calls, CRASHED, selectCalls } from '../../calls.ts';
import type { Decision } from '../../models/model.ts';
import { hasOrder, type Sequential } from './all-orders.ts';

/** How often each answer was given, and how many calls the cores had together. */
export class Tally {
  linearizable = 0;
  impossible = 0;
  undecided = 0;
  private coreCalls = 0;

  /** Also that the core is impossible alone, and with all calls that crashed, which might have explained it. */
  expectRight(calls: Calls, decision: Decision | undefined, object: Sequential): void {
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
