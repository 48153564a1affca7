import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodePage } from './client/decode.ts';
import { renderHtml } from './html.ts';
import { readSpans } from './spans.ts';
import { type Sample, sampleRun } from './testing/sample.ts';

const assets = { script: 'document.title', style: 'body{}' };
const render = ({ results, spec, history }: Sample): string => renderHtml({ results, spec, history }, assets);

function unpack(html: string): ReturnType<typeof decodePage> {
  const base64 = /<script type="application\/octet-stream" id="data">([^<]*)<\/script>/.exec(html)?.[1] ?? '';
  return decodePage(gunzipSync(Buffer.from(base64, 'base64')));
}

/** What a browser would take for text: the markup without tags, scripts, and styles. */
const textOf = (html: string): string =>
  html
    .replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the page', () => {
  test('says the verdict, the reason, and how to reproduce before anything else', () => {
    const text = textOf(render(sampleRun({ valid: false })));
    const places = [
      'Invalid',
      '1 of 5 keys is not linearizable',
      'Reproduce',
      'Checkers',
      'The counterexample',
      'Over time',
    ];
    expect(places.map((place) => text.indexOf(place))).toEqual(
      places.map((place) => text.indexOf(place)).sort((a, b) => a - b),
    );
    expect(places.every((place) => text.includes(place))).toBe(true);
    expect(text).toContain('ftest raft --workload register --nemesis partition,kill --seed 7 --bug stale-read');
  });

  test('says why a verdict is unknown', () => {
    expect(textOf(render(sampleRun({ valid: 'unknown' })))).toContain(
      'key 3 is undecided: the budget of 1,000,000 configurations was used up',
    );
  });

  test('a valid run has no counterexample', () => {
    expect(render(sampleRun())).not.toContain('id="violations"');
  });

  test('draws the ops of the contradiction and marks the one that cannot be', () => {
    const html = render(sampleRun({ valid: false }));
    expect(html.match(/class="op ok impossible"/g)).toHaveLength(1);
    expect(html).toContain('write 42');
    expect(html).toContain('id="drawing-1"');
  });

  test('admits its own script and style by hash and nothing else', () => {
    const html = render(sampleRun());
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+';/);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/ style="/);
  });

  test('lets nothing out of a value, a key, an error, or a story', () => {
    const hostile = `</script><img src=x onerror="alert(1)">'"&\u202e`;
    const sample = sampleRun({ valid: false, hostile });
    const { results } = sample;
    const html = renderHtml(
      {
        ...sample,
        results: {
          ...results,
          target: hostile,
          reproduce: hostile,
          store: hostile,
          checkers: { ...results.checkers, [hostile]: { valid: false, reason: hostile } },
          marks: { [hostile]: 1 },
          brokenInvariants: [{ name: hostile, node: hostile, time: 0, reason: hostile }],
        },
        spec: { ...sample.spec, target: hostile },
      },
      assets,
    );
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script>/g)).toHaveLength(3);
  });

  test('a script that names its own end cannot end the page', () => {
    const html = renderHtml(sampleRun(), { ...assets, script: 'x="</script><!--"' });
    expect(html.match(/<\/script>/g)).toHaveLength(3);
    expect(html).not.toContain('<!--');
  });

  test('says the same for the same run', () => {
    expect(render(sampleRun({ valid: false }))).toBe(render(sampleRun({ valid: false })));
  });

  test('holds a run in which nothing happened', () => {
    const sample = sampleRun();
    const empty = { length: 0, op: () => expect.unreachable() };
    expect(textOf(renderHtml({ ...sample, history: empty }, assets))).toContain('No fault happened.');
  });
});

describe('the columns in the page', () => {
  test('give back every op of the history', () => {
    const sample = sampleRun({ ops: 500, valid: false });
    const { head, columns } = unpack(render(sample));
    const spans = readSpans(sample.history);
    expect([...columns.index]).toEqual(spans.map(({ index }) => index));
    expect([...columns.process]).toEqual(spans.map(({ process }) => process));
    expect([...columns.f].map((place) => head.texts[place])).toEqual(spans.map(({ f }) => f));
    let startUs = 0;
    const starts = [...columns.startDeltaUs].map((delta) => {
      startUs += delta;
      return startUs;
    });
    expect(starts).toEqual(spans.map(({ startNs }) => Math.floor(startNs / 1000)));
  });

  test('count every completion in the throughput', () => {
    const { results, ...sample } = sampleRun({ ops: 500 });
    const { throughput } = unpack(render({ results, ...sample })).head;
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    expect([sum(throughput.ok), sum(throughput.fail), sum(throughput.info)]).toEqual([
      results.stats.ok,
      results.stats.fail,
      results.stats.info,
    ]);
  });

  test('keep a page of 100,000 ops below 3 MB, script and style included', () => {
    const html = renderHtml(sampleRun({ ops: 100_000 }), { script: 'x'.repeat(90_000), style: 'y'.repeat(10_000) });
    expect(html.length).toBeLessThan(3_000_000);
  });

  test('hold a sample of more than 200,000 ops, but all of the counterexample, and the page says so', () => {
    const few = sampleRun({ ops: 3000, valid: false });
    const stats = { ...few.results.stats, invoke: 1_000_000 };
    const sample = { ...few, results: { ...few.results, stats } };
    const html = render(sample);
    const { head, columns } = unpack(html);
    expect(columns.index.length).toBeLessThan(700);
    const held = new Set(columns.index);
    expect(head.problems[0]?.ops.every((line) => held.has(line))).toBe(true);
    expect(textOf(html)).toContain('of 1,000,000 ops: a sample');
  });
});
