import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fault, inverses } from '../harness/fault.ts';
import { beginningFaults, faultSchedules, type ScheduledFault } from './fault-schedules.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 500);

const nodesOf = (fault: Fault): readonly string[] =>
  'nodes' in fault ? fault.nodes : 'node' in fault ? [fault.node] : [];

/** What still lasts at the end; each inverse must undo something. */
function lastingAfter(schedule: readonly ScheduledFault[]): Fault[] {
  let lasting: Fault[] = [];
  for (const { fault } of schedule) {
    const undone = fault.f === 'add' ? ['remove'] : inverses[fault.f];
    if (undone === undefined) {
      lasting.push(fault);
      continue;
    }
    const isUndone = (other: Fault): boolean =>
      (undone as readonly string[]).includes(other.f) &&
      (!['start', 'resume', 'add'].includes(fault.f) || nodesOf(other).every((node) => nodesOf(fault).includes(node)));
    expect(lasting.some(isUndone)).toBe(true);
    lasting = lasting.filter((other) => !isUndone(other));
  }
  return lasting;
}

const nodes = ['a', 'b', 'c'];

test.each([[undefined], [nodes], [['a', 'b']]])('all is healed in the end, by inverses that match: %o', (some) => {
  const schedules = faultSchedules({ durationMs: 1000, ...(some && { nodes: some }) });
  fc.assert(
    fc.property(schedules, (schedule) => {
      expect(schedule.length).toBeGreaterThan(1);
      expect(lastingAfter(schedule)).toEqual([]);
      const times = schedule.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.max(...times)).toBeLessThanOrEqual(1000);
    }),
    { numRuns },
  );
});

test('no node is down twice, and one node is never removed', () => {
  fc.assert(
    fc.property(faultSchedules({ nodes, faults: ['kill', 'pause', 'remove'], faultsMax: 12 }), (schedule) => {
      const down = { kill: new Set<string>(), pause: new Set<string>(), remove: new Set<string>() };
      for (const { fault } of schedule) {
        for (const node of nodesOf(fault)) {
          if (fault.f === 'start') down.kill.delete(node);
          else if (fault.f === 'resume') down.pause.delete(node);
          else if (fault.f === 'add') down.remove.delete(node);
          else {
            const of = down[fault.f as keyof typeof down];
            expect(of).not.toContain(node);
            of.add(node);
          }
        }
        expect(down.remove.size).toBeLessThan(nodes.length);
      }
    }),
    { numRuns },
  );
});

test.each(beginningFaults)('there are schedules of %s alone', (f) => {
  for (const schedule of fc.sample(faultSchedules({ faults: [f] }), { numRuns: 20, seed: 1 })) {
    const begun = schedule
      .map(({ fault }) => fault)
      .filter((fault) => fault.f !== 'add' && inverses[fault.f] === undefined);
    expect(new Set(begun.map((fault) => fault.f))).toEqual(new Set([f]));
    expect(begun.length).toBeLessThan(schedule.length);
  }
});

test('every fault that has an inverse may begin', () => {
  expect([...beginningFaults].sort()).toEqual([...new Set([...Object.values(inverses).flat(), 'remove'])].sort());
});

test('one node has no faults between nodes', () => {
  expect(() => faultSchedules({ nodes: ['alone'] })).toThrow(RangeError);
});

test('a failing property shrinks to the fault that matters, in words', () => {
  const result = fc.check(
    fc.property(faultSchedules(), (schedule) => !schedule.some(({ fault }) => fault.f === 'kill')),
    { numRuns: 200, seed: 3 },
  );
  expect(fc.defaultReportMessage(result)).toMatch(/\n0 ms kill nodes n\d\n0 ms start nodes n\d\n\]/);
});

test('links are shown in few words', () => {
  const shown = (direction: 'both' | 'to'): RegExp =>
    direction === 'both' ? /cut( n\d-n\d)+\n/ : /direction to cut( n\d>n\d)+\n/;
  for (const direction of ['both', 'to'] as const) {
    const result = fc.check(
      fc.property(
        faultSchedules({ faults: ['partition'] }),
        (schedule) => !schedule.some(({ fault }) => fault.f === 'partition' && fault.direction === direction),
      ),
      { numRuns: 200, seed: 3 },
    );
    expect(fc.defaultReportMessage(result)).toMatch(shown(direction));
  }
});
