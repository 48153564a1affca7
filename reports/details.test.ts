import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import { checkAvailability } from '../checkers/classic/availability.ts';
import { classicCheckers } from '../checkers/classic/index.ts';
import { checkPerf } from '../checkers/classic/perf.ts';
import { historyOf } from '../checkers/linearizable/testing/history-of.ts';
import { History } from '../history/history.ts';
import { hasDetails, renderDetails } from './details.ts';
import { sampleRun } from './testing/sample.ts';

const none = History.from([]);
const render = (verdict: Verdict, history = none): string => renderDetails('d', verdict, history).text;
const textOf = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

describe('the details of a verdict', () => {
  test('count what is listed, and say how much is not', () => {
    const lost = Array.from({ length: 100 }, (_, i) => i * 1000);
    const text = textOf(render({ valid: false, attemptCount: 12_345, lostCount: 400, lost, drained: true, rest: [] }));
    expect(text).toContain('attempt 12,345');
    expect(text).toMatch(/lost 400: 0, 1000, 2000, .*, 23000 and 376 more/);
    expect(text).toContain('drained yes');
    expect(text).not.toContain('rest');
  });

  test('show durations, shares, and rates as such', () => {
    const quantiles = { min: 1e6, p50: 2e6, p95: 3e6, p99: 4e6, max: 5e9 };
    const text = textOf(
      render({ valid: true, blockedNs: quantiles, waitedNs: 5e8, tookMs: 12, share: 0.98765, okPerSecond: 12.3456 }),
    );
    expect(text).toContain('waited 500 ms');
    expect(text).toContain('took 12 ms');
    expect(text).toContain('share 98.77 %');
    expect(text).toContain('ok per second 12.35 /s');
    expect(text).toContain('Of what Least Median 95 % 99 % Greatest blocked 1 ms 2 ms 3 ms 4 ms 5 s');
  });

  test('set records in tables, whose lines are those of the file', () => {
    const history = historyOf('0 invoke write 4\n0 ok write 4\n1 invoke read\n1 ok read 5');
    const text = textOf(
      render(
        {
          valid: false,
          errors: [
            { read: 3, lower: 0, value: 7 },
            { read: 3, keys: ['a', 'b'] },
          ],
        },
        history,
      ),
    );
    expect(text).toContain('Errors # Read Lower Value Keys 1 line 4 0 7 2 line 4 &quot;a&quot;, &quot;b&quot;');
  });

  test('set records by name in tables too', () => {
    const text = textOf(
      render({ valid: false, errors: { 'wrong-total': { count: 2, first: { kind: 'x', total: 95 } } } }),
    );
    expect(text).toContain('Errors Name Count First wrong-total 2 kind x, total 95');
  });

  test('tell findings, with their lines', () => {
    const history = historyOf('0 invoke write 4\n0 ok write 4');
    const findings = [{ kind: 'lost', lines: [0, 1], sentence: 'It was lost.' }];
    expect(textOf(render({ valid: false, findings }, history))).toContain(
      'What was found Kind What Lines lost It was lost. 1, 2',
    );
  });

  test('tell of each key apart, and count the others', () => {
    const results = Array.from({ length: 10 }, (_, i) => ({
      key: `k${i}`,
      verdict: { valid: false, reason: `reason ${i}`, lostCount: i },
    }));
    const html = render({ valid: false, keys: 10, results });
    expect(html.match(/<details/g)).toHaveLength(6);
    expect(textOf(html)).toContain('Key &quot;k1&quot;: invalid reason 1 lost 1');
    expect(textOf(html)).toContain('4 more keys left out here.');
  });

  test('show how available it was, phase by phase', () => {
    const { history } = sampleRun();
    const verdict = checkAvailability(History.from(history.ops));
    const html = render(verdict, History.from(history.ops));
    expect(html.match(/<svg class="bar"/g)).toHaveLength(verdict.phases.length);
    expect(textOf(html)).toContain('Availability by phase After Outcomes Share Ok Fail Info For Lines');
    expect(textOf(html)).toMatch(/The longest time in which no op succeeded lasted \d+/);
    for (const [bar] of html.matchAll(/<svg class="bar".*?<\/svg>/g)) {
      let end = 0;
      for (const [, x, width] of bar.matchAll(/ x="([^"]*)" y="0" width="([^"]*)"/g)) {
        expect(Number(x)).toBeCloseTo(end);
        end = Number(x) + Number(width);
      }
      expect(end).toBeCloseTo(180, 0);
    }
    const [first] = verdict.phases;
    expect(html).toContain(`aria-label="${first!.ok} ok, ${first!.info} info, ${first!.fail} fail"`);
  });

  test('draw latencies and rates over time', () => {
    const html = render(checkPerf(History.from(sampleRun({ ops: 3000 }).history.ops)));
    expect(html.match(/<svg class="figure chart"/g)).toHaveLength(6);
    expect(textOf(html)).toContain('Latency of read');
    const coordinates = [...html.matchAll(/points="([^"]*)"/g)].flatMap(([, points]) =>
      points!.split(/[ ,]/).map(Number),
    );
    expect(coordinates.every((x) => x >= 0 && x < 1000)).toBe(true);
  });

  test('leave out windows and phases that are none', () => {
    const window = (measure: unknown) => ({ fromNs: 0, byF: { read: measure } });
    const windows = [window({ okPerSecond: 'x' }), window({ latencyNs: { p50: null } }), window(null), { byF: {} }, 7];
    expect(render({ valid: true, windows: [...windows, ...windows], windowNs: 1 })).toBe('');
    expect(render({ valid: true, phases: [{ ok: 1, fail: 1, info: 1, share: 'x', from: 0, to: 0 }, null] })).toBe('');
  });

  test('name lines by their position where the history has no other numbers', () => {
    const { history } = sampleRun();
    expect(textOf(renderDetails('d', { valid: true, read: 4 }, history).text)).toContain('read line 5');
    expect(textOf(renderDetails('d', { valid: true, read: 1e9 }, history).text)).toContain('read line 1000000000');
  });

  test('are there for every classic checker, whatever it was given', () => {
    const history = historyOf('0 invoke write 4\n0 ok write 4\n1 invoke read\n1 ok read 5');
    for (const checker of classicCheckers.values())
      expect(render(checker.check(history), history)).toBeTypeOf('string');
  });

  test('are bounded', () => {
    const long = 'x'.repeat(1000);
    const many = <T>(one: (i: number) => T): T[] => Array.from({ length: 300 }, (_, i) => one(i));
    const record = Object.fromEntries(many((i) => [`${long}${i}`, long]));
    const html = render({
      valid: false,
      ...Object.fromEntries(many((i) => [`f${i}${long}`, long])),
      list: many(() => long),
      rows: many(() => record),
      ...Object.fromEntries(many((i) => [`table${i}`, [{ a: i }]])),
      nested: many(() => ({ a: record, b: [record], c: many(() => long) })),
      findings: many((i) => ({ kind: long, lines: many(() => i), sentence: long })),
      results: many(() => ({ key: long, verdict: { valid: false, reason: long, lost: many(() => long) } })),
      phases: many(() => ({ after: long, ok: 1, fail: 1, info: 1, share: 0.3, from: 0, to: 1 })),
      windows: many((i) => ({ fromNs: i * 1e9, byF: { [long]: { ok: 1, fail: 0, info: 0, okPerSecond: i } } })),
      windowNs: 1e9,
    });
    expect(html.length).toBeLessThan(400_000);
    expect(textOf(html)).toContain('The first 30 of 300.');
    expect(textOf(html)).toContain('290 more tables left out here.');
    expect(html.match(/<table/g)!.length).toBeLessThan(30);
  });

  test('let nothing out of a field, its name, or a finding', () => {
    const hostile = `</td><script>alert(1)</script><img src=x onerror="alert(1)">\u202e`;
    const html = render({
      valid: false,
      reason: hostile,
      [hostile]: hostile,
      list: [hostile],
      rows: [{ [hostile]: hostile, deep: { [hostile]: [hostile] } }],
      findings: [
        { kind: hostile, lines: [hostile], sentence: hostile, story: [null, { line: hostile, sentence: hostile }] },
      ],
      results: [{ key: hostile, verdict: { valid: hostile, reason: hostile } }],
      phases: [{ after: hostile, ok: 1, fail: 1, info: 1, share: 0.3, from: 0, to: 1 }],
      windows: [0, 1].map((i) => ({
        fromNs: i,
        byF: { [hostile]: { okPerSecond: 1, latencyNs: { p50: 1, p95: 1, p99: 1 } } },
      })),
      windowNs: 1,
    });
    expect(html).not.toMatch(/<script|<img|\u202e/);
  });

  test('whatever the verdict, are markup that closes what it opens, and holds nothing else', () => {
    const names = [
      'lost',
      'lostCount',
      'findings',
      'results',
      'phases',
      'windows',
      'windowNs',
      'lines',
      'byF',
      'p50',
      'ok',
    ];
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.oneof(
          fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', '\u202e') }),
          fc.integer(),
          fc.double(),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(
            fc.constantFrom(...names, 'key', 'verdict', 'valid', 'after', 'fail', 'info', 'fromNs', 'sentence'),
            fc.string(),
          ),
          tie('json'),
          { maxKeys: 6 },
        ),
      ),
    }));
    const verdict = fc.dictionary(fc.constantFrom(...names), json, { maxKeys: 8 });
    const history = historyOf('0 invoke write 4\n0 ok write 4');
    fc.assert(
      fc.property(verdict, (details) => {
        const html = render({ valid: false, ...details }, history);
        const open: string[] = [];
        for (const [tag, closing, name, empty] of html.matchAll(
          /<(\/?)([a-z][a-z0-9]*)(?: [a-zA-Z-]+(?:="[^"<]*")?)*(\/?)>|[<\u202e]/g,
        )) {
          if (name === undefined) throw new Error(`${tag} in ${html}`);
          if (closing === '/' && open.pop() !== name) throw new Error(`${tag} closes another element in ${html}`);
          if (closing === '' && empty !== '/') open.push(name);
        }
        expect(open).toEqual([]);
      }),
      { numRuns: Number(process.env.FTEST_NUM_RUNS ?? 500) },
    );
  });

  test('are none of a verdict that says all in a line, or tells counterexamples', () => {
    expect(hasDetails({ valid: true, ops: 3, lost: [], errors: {} })).toBe(false);
    expect(hasDetails({ valid: false, failures: [], lost: [1] })).toBe(false);
    expect(hasDetails({ valid: false, lost: [1] })).toBe(true);
    expect(textOf(render({ valid: true }))).toBe('');
  });
});
