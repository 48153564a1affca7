import { describe, expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import { SpecError } from './spec.ts';
import { resolveTest } from './test.ts';
import { toyRegistry, toySpec } from './testing/fixture.ts';
import { type Simulation, simulate, timetable } from './testing/simulate.ts';

const resolve = (settings: Parameters<typeof toySpec>[0] = {}) => resolveTest(toySpec(settings), toyRegistry());

describe('names', () => {
  test.each([
    [{ target: 'toi' }, 'unknown target "toi": did you mean toy?'],
    [{ workload: 'write' }, 'unknown workload "write": did you mean writes?'],
    [{ nemesis: ['partition', 'puase'] }, 'unknown nemesis "puase": did you mean pause?'],
    [{ runtime: 'process' as const }, 'unknown runtime "process": expected sim'],
    [{ bug: 'careles' }, 'unknown bug of toy "careles": did you mean careless'],
    [{ options: { image: 'debian' } }, 'image is about containers, and the runtime is sim: choose the runtime docker'],
    [{ workload: 'echoes' }, 'workload "echoes" needs the service echo, but toy offers register: choose writes'],
  ])('%j is refused', (settings, message) => {
    expect(() => resolve(settings)).toThrow(SpecError);
    expect(() => resolve(settings)).toThrow(message);
  });

  test('a bug changes the configuration, and nothing else in it', () => {
    expect(resolve().config).toEqual({ service: 'register', careless: false });
    expect(resolve({ bug: 'careless' }).config).toEqual({ service: 'register', careless: true });
  });
});

describe('numbers', () => {
  test.each([
    [{ nodes: 0 }, 'nodes must be a whole number from 1 to 99, not 0'],
    [{ nodes: 2.5 }, 'nodes must be a whole number from 1 to 99, not 2.5'],
    [{ concurrency: 0 }, 'concurrency must be a whole number from 1 to 10000, not 0'],
    [{ seed: -1 }, 'seed must be a whole number from 0 to 4294967295, not -1'],
    [{ seed: 2 ** 32 }, 'not 4294967296'],
    [{ rate: 0 }, 'rate must be from 0.0005 to 1000000 ops per second, not 0'],
    [{ rate: Number.NaN }, 'not NaN'],
    [{ timeLimitMs: 0 }, 'time limit must be from 1 to 86400000 ms, not 0'],
    [{ opTimeoutMs: Number.POSITIVE_INFINITY }, 'op timeout must be from'],
    [{ nemesisIntervalMs: -5 }, 'nemesis interval must be from'],
  ])('%j is refused', (settings, message) => {
    expect(() => resolve(settings)).toThrow(SpecError);
    expect(() => resolve(settings)).toThrow(message);
  });

  test('the slowest rate and the largest of everything can be run', () => {
    expect(() => resolve({ rate: 0.0005, nodes: 99, seed: 2 ** 32 - 1, concurrency: 10_000 })).not.toThrow();
  });
});

describe('the whole run', () => {
  const run = (settings: Parameters<typeof toySpec>[0], simulation: Simulation = {}): Op[] => {
    const { generator, spec, nodeIds } = resolve(settings);
    return simulate(generator, {
      concurrency: spec.concurrency,
      nodeIds,
      opTimeoutMs: spec.opTimeoutMs,
      ...simulation,
    });
  };
  const phasesOf = (history: readonly Op[]) => {
    const begins = history.filter((op, i) => op.f === 'phase' && i % 2 === history.indexOf(op) % 2);
    return [...new Set(begins.map((op) => op.value))];
  };
  const during = (history: readonly Op[], phase: string): Op[] => {
    const from = history.findIndex((op) => op.f === 'phase' && op.value === phase) + 2;
    const to = history.findIndex((op, i) => i >= from && op.f === 'phase');
    return history.slice(from, to < 0 ? undefined : to);
  };

  test('goes from faults over heal and recovery to the final reads', () => {
    const history = run({ nemesis: ['partition', 'pause'] });
    expect(phasesOf(history)).toEqual(['faults', 'heal', 'recovery', 'final-reads']);
    const nemesisOps = (phase: string) => [
      ...new Set(
        during(history, phase)
          .filter((op) => op.process === 'nemesis')
          .map((op) => op.f),
      ),
    ];
    expect(nemesisOps('faults').sort()).toEqual(['heal', 'partition', 'pause']);
    expect(nemesisOps('heal')).toEqual(['heal', 'resume']);
    expect(nemesisOps('recovery')).toEqual([]);
  });

  test('without nemesis has the same phases', () => {
    expect(phasesOf(run({}))).toEqual(['faults', 'heal', 'recovery', 'final-reads']);
  });

  test('keeps to the rate and to the time limit', () => {
    const history = run({ rate: 50, timeLimitMs: 20_000 });
    const writes = history.filter((op) => op.f === 'write' && op.type === 'invoke');
    expect(Math.abs(writes.length - 1000)).toBeLessThan(100);
    expect(writes.at(-1)?.time).toBeLessThan(20_000e6 + 40e6);
    expect(writes.at(-1)?.time).toBeGreaterThan(19_900e6);
  });

  test('every client thread probes until it is answered, and no longer', () => {
    let tries = 0;
    const respond = (op: Op) => ({
      type: op.f === 'read' && op.process === 3 && ++tries < 4 ? ('fail' as const) : ('ok' as const),
    });
    const probes = timetable(during(run({}, { respond }), 'recovery'));
    const byProcess = new Map<unknown, number>();
    for (const [, process] of probes) byProcess.set(process, (byProcess.get(process) ?? 0) + 1);
    expect(Object.fromEntries(byProcess)).toEqual({ 0: 1, 1: 1, 2: 1, 3: 4, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1 });
    const times = probes.filter(([, process]) => process === 3).map(([ms]) => ms);
    expect(times.map((ms) => ms - (times[0] as number))).toEqual([0, 200, 400, 600]);
  });

  test('recovery ends for a cluster that never serves again', () => {
    const respond = (op: Op) => (op.f === 'write' ? { type: 'ok' as const } : { type: 'fail' as const });
    const recovery = during(run({}, { respond }), 'recovery');
    const last = (recovery.at(-1)?.time ?? 0) - (recovery[0]?.time ?? 0);
    expect(last / 1e6).toBeGreaterThan(10_000);
    expect(last / 1e6).toBeLessThan(10_000 + 5000 + 100);
  });

  test('is over when the final reads never are answered', () => {
    const respond = (op: Op) => (op.f === 'final-read' ? undefined : { type: 'ok' as const });
    expect(during(run({}, { respond }), 'final-reads').filter((op) => op.type === 'info')).toHaveLength(3);
  });

  test('is judged by the workload, by recovery, by stats, and under a nemesis by what happened', () => {
    expect(resolve().checkers.map(({ name }) => name)).toEqual(['agreeable', 'recovery', 'stats']);
    const { checkers, faults } = resolve({ nemesis: ['pause', 'partition'] });
    expect(checkers.map(({ name }) => name)).toEqual(['agreeable', 'recovery', 'stats', 'faults']);
    expect(faults).toEqual(['pause', 'resume', 'partition', 'heal']);
  });
});
