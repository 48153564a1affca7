import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Checker } from '../checkers/checker.ts';
import { encodeOp } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';
import type { Execution, Journal, Runtime } from './ports.ts';
import { runTest } from './run.ts';
import { SpecError } from './spec.ts';
import { resolveTest } from './test.ts';
import { type ToyRuntime, toyRegistry, toyRuntime, toySpec } from './testing/fixture.ts';

class Lines implements Journal {
  readonly ops: Op[] = [];
  readonly logs: string[] = [];
  record(op: Op): void {
    this.ops.push(op);
  }
  log(node: string, _time: number, text: string): void {
    this.logs.push(`${node}: ${text}`);
  }
  flush(): void {}
}

interface Given {
  readonly spec?: Parameters<typeof toySpec>[0];
  readonly runtime?: ToyRuntime;
  readonly verdict?: Checker['check'];
  readonly journal?: Journal;
  readonly signal?: AbortSignal;
}

const run = ({ spec, runtime, verdict, journal = new Lines(), signal }: Given = {}) =>
  runTest(resolveTest(toySpec(spec), toyRegistry(verdict)), toyRuntime(runtime), journal, signal);

describe('nodes that ended by themselves', () => {
  const verdict = async (exits: Execution['exits']) => {
    const runtime = toyRuntime();
    const execute: Runtime['execute'] = async (session) => {
      const execution = await runtime.execute(session);
      return exits === undefined ? execution : { ...execution, exits };
    };
    const { results } = await runTest(resolveTest(toySpec(), toyRegistry()), { ...runtime, execute }, new Lines());
    return results.checkers.nodes;
  };

  test('are not judged where a runtime does not tell of them, and none is valid', async () => {
    expect(await verdict(undefined)).toBeUndefined();
    expect(await verdict([])).toEqual({ valid: true });
  });

  test('are invalid, with the code and the time of the first and the end of its log', async () => {
    const first = { time: 12_345_678_901, node: 'n2', code: 2, log: ['starting', 'panic: no disk'] };
    const words = 'n2 ended with code 2 at 12.3 s, and nobody had killed it';
    expect(await verdict([first])).toEqual({
      valid: false,
      reason: `${words}. The end of its log: starting | panic: no disk`,
      exits: [first],
    });
    const traced = { ...first, log: ['Error: boom', '    at f (server.cjs:4:9)', '    at g (node:net:1)', ''] };
    expect((await verdict([traced]))?.reason).toBe(`${words}. The end of its log: Error: boom`);
    const silent = { ...first, log: [] };
    expect((await verdict([silent, first]))?.reason).toBe(`${words} (1 more did). Its log is empty`);
  });
});

describe('the results', () => {
  test('of a run in which all went well are valid', async () => {
    const { results, history } = await run({ spec: { nemesis: ['partition'] } });
    expect(results).toMatchObject({
      target: 'toy',
      workload: 'writes',
      nemesis: ['partition'],
      seed: 7,
      bug: null,
      valid: true,
      expected: null,
      interrupted: false,
      marks: { asked: 1 },
      store: null,
      report: null,
    });
    expect(Object.keys(results.checkers)).toEqual(['agreeable', 'recovery', 'stats', 'faults', 'invariants']);
    expect(results.faults.partition).toBeGreaterThan(2);
    expect(results.stats.invoke).toBe(results.stats.ok);
    expect(results.simulatedMs).toBeGreaterThan(4900);
    expect(results.history.lines).toBe(history.length);
  });

  test('hold the hash of the lines, whoever counts them', async () => {
    const journal = new Lines();
    const { results } = await run({ journal });
    const hash = createHash('sha256');
    for (const op of journal.ops) hash.update(`${encodeOp(op)}\n`);
    expect(results.history).toEqual({ lines: journal.ops.length, sha256: hash.digest('hex') });
    const counting = Object.assign(new Lines(), { digest: () => ({ lines: 3, sha256: 'abc' }) });
    expect((await run({ journal: counting })).results.history).toEqual({ lines: 3, sha256: 'abc' });
  });

  test('are the same for the same seed, and others for another', async () => {
    const digest = async (seed: number) =>
      (await run({ spec: { seed, nemesis: ['partition'] } })).results.history.sha256;
    expect(await digest(1)).toBe(await digest(1));
    expect(await digest(1)).not.toBe(await digest(2));
  });

  test('count ops by how they ended', async () => {
    const outcomes = ['ok', 'fail', 'info', undefined] as const;
    let i = 0;
    const respond = (op: Op) => (op.f === 'write' ? outcomes[i++ % 4] : 'ok');
    const { results } = await run({ spec: { opTimeoutMs: 50 }, runtime: { respond } });
    const { invoke, ok, fail, info } = results.stats;
    expect(invoke).toBe(ok + fail + info);
    expect(fail).toBeGreaterThan(50);
    expect(info).toBeGreaterThan(fail);
  });
});

describe('the verdict', () => {
  test('is that of the worst checker, and a violation under a promise is not expected', async () => {
    const { results } = await run({
      spec: { nemesis: ['partition'] },
      verdict: () => ({ valid: false, reason: 'no' }),
    });
    expect(results).toMatchObject({ valid: false, expected: null });
  });

  test('is expected beyond the promises, as far as faults really happened', async () => {
    const verdict: Checker['check'] = () => ({ valid: false, reason: 'no' });
    expect((await run({ spec: { nemesis: ['pause'] }, verdict })).results.expected).toBe('limit');
    expect((await run({ spec: { nemesis: [] }, verdict })).results.expected).toBe(null);
  });

  test('is expected of a bug', async () => {
    const verdict: Checker['check'] = () => ({ valid: false, reason: 'no' });
    expect((await run({ spec: { bug: 'careless' }, verdict })).results).toMatchObject({
      bug: 'careless',
      expected: 'bug',
    });
  });

  test('is unknown when a checker fails, with the reason', async () => {
    const verdict = () => {
      throw new Error('out of cheese');
    };
    const { results } = await run({ verdict });
    expect(results.valid).toBe('unknown');
    expect(results.checkers.agreeable?.reason).toContain('out of cheese');
  });

  test('is unknown when no op succeeded', async () => {
    const { results } = await run({ runtime: { respond: (op) => (op.f === 'write' ? 'fail' : 'ok') } });
    expect(results.valid).toBe('unknown');
  });

  test('is unknown when no op succeeded ever: it cannot be said that the cluster does not serve again', async () => {
    const { results } = await run({ runtime: { respond: () => 'fail' } });
    expect(results.checkers.recovery).toMatchObject({ valid: 'unknown', reason: expect.any(String) });
    expect(results.valid).toBe('unknown');
  });

  test('is invalid when the cluster does not serve again', async () => {
    const { results } = await run({ runtime: { respond: (op) => (op.f === 'write' ? 'ok' : 'fail') } });
    expect(results.checkers.recovery?.valid).toBe(false);
    expect(results.valid).toBe(false);
  });

  test('is invalid when an invariant was broken', async () => {
    const broken = { name: 'sanity', time: 5, node: 'n1', reason: 'n1 went mad' };
    const { results } = await run({ runtime: { brokenInvariants: [broken] } });
    expect(results.valid).toBe(false);
    expect(results.checkers.invariants).toEqual({
      valid: false,
      reason: 'sanity was broken: n1 went mad',
      broken: [broken],
    });
    expect(results.brokenInvariants).toEqual([broken]);
  });
});

describe('an interrupt', () => {
  const interruptedAt = (ms: number, given: Given = {}) => {
    const controller = new AbortController();
    const onDecision = (now: number): void => {
      if (now >= ms * 1e6) controller.abort();
    };
    return run({ ...given, runtime: { ...given.runtime, onDecision }, signal: controller.signal });
  };

  test('ends the run with a heal, and the verdict is unknown', async () => {
    const journal = new Lines();
    const { results } = await interruptedAt(1000, { journal, spec: { nemesis: ['partition'] } });
    expect(results).toMatchObject({ valid: 'unknown', interrupted: true });
    expect(results.checkers.run).toEqual({ valid: 'unknown', reason: 'interrupted' });
    expect(journal.ops.filter((op) => op.f === 'phase').map((op) => op.value)).toEqual([
      'faults',
      'faults',
      'heal',
      'heal',
    ]);
    expect(journal.ops.at(-1)?.f).toBe('heal');
    expect(results.simulatedMs).toBeLessThan(1100);
  });

  test('does not hide a violation', async () => {
    expect((await interruptedAt(1000, { verdict: () => ({ valid: false }) })).results.valid).toBe(false);
  });

  test('during recovery says nothing of recovery', async () => {
    const respond = (op: Op) => (op.f === 'write' ? ('ok' as const) : ('fail' as const));
    const { results } = await interruptedAt(6000, { runtime: { respond } });
    expect(results.checkers.recovery).toEqual({ valid: 'unknown', reason: 'interrupted' });
    expect(results.valid).toBe('unknown');
  });

  test('before the start leaves a run without ops', async () => {
    const { results } = await run({ signal: AbortSignal.abort() });
    expect(results).toMatchObject({ valid: 'unknown', interrupted: true, stats: { invoke: 0 } });
  });
});

test('a nemesis that the runtime cannot carry out is refused before anything runs', async () => {
  const refuses = (fault: string) => (fault === 'pause' ? 'there is nothing to pause' : undefined);
  const journal = new Lines();
  const refused = run({ spec: { nemesis: ['pause'] }, runtime: { refuses }, journal });
  await expect(refused).rejects.toThrow(SpecError);
  await expect(refused).rejects.toThrow('the runtime sim cannot inject the fault pause: there is nothing to pause');
  expect(journal.ops).toEqual([]);
});

test('what the journal throws is no verdict', async () => {
  const journal: Journal = {
    record() {
      throw new Error('disk full');
    },
    log() {},
    flush() {},
  };
  await expect(run({ journal })).rejects.toThrow('disk full');
});
