import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bank } from '../checkers/classic/bank.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import { History } from '../history/history.ts';
import { decodePage } from './client/decode.ts';
import { renderHtml } from './html.ts';
import { readSpans } from './spans.ts';
import { type Sample, sampleRun } from './testing/sample.ts';

const assets = { script: 'document.title', style: 'body{}' };
const render = ({ results, spec, history }: Sample): Promise<string> => renderHtml({ results, spec, history }, assets);

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
  test('says the verdict, the reason, and how to reproduce before anything else', async () => {
    const text = textOf(await render(sampleRun({ valid: false })));
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

  test('says why a verdict is unknown', async () => {
    expect(textOf(await render(sampleRun({ valid: 'unknown' })))).toContain(
      'key 3 is undecided: the budget of 1,000,000 configurations was used up',
    );
  });

  test('a valid run has no counterexample', async () => {
    expect(await render(sampleRun())).not.toContain('id="violations"');
  });

  test('draws the ops of the contradiction and marks the one that cannot be', async () => {
    const html = await render(sampleRun({ valid: false }));
    expect(html.match(/class="op ok impossible"/g)).toHaveLength(1);
    expect(html).toContain('write 42');
    expect(html).toContain('id="drawing-1"');
  });

  test('shows the cycle of transactions that are not isolated, and no script is needed', async () => {
    const sample = sampleRun();
    const history = historyOfText(
      '0 invoke ax1 ry\n1 invoke ay1 rx\n0 ok ax1 ry=\n1 ok ay1 rx=\n2 invoke rx\n2 ok rx=',
    );
    const checkers = { 'list-append': checkListAppend(history) };
    const html = await render({
      ...sample,
      history: { length: history.length, ops: [], op: (index) => history.op(index) },
      results: { ...sample.results, valid: false, checkers },
    });
    const text = textOf(html);
    expect(text).toContain(
      'list-append: not strict-serializable: G2-item, G-single-item-realtime, and G2-item-realtime.',
    );
    expect(text).toContain('Transactions: list-append');
    expect(html.match(/<svg class="figure graph"/g)).toHaveLength(3);
    expect(html).not.toMatch(/ style="/);
    expect(text.indexOf('Transactions: list-append')).toBeLessThan(text.indexOf('Over time'));
    expect(unpack(html).head.problems.map(({ label, ops, startMs, endMs }) => [label, ops, startMs, endMs])).toEqual([
      ['G2-item', [0, 1], 0, 300],
      ['G-single-item-realtime', [4, 0], 0, 500],
      ['G2-item-realtime', expect.any(Array), 0, 500],
    ]);
  });

  test('shows what the other checkers found: of bad verdicts before the charts, of others after them', async () => {
    const sample = sampleRun();
    const read = (value: { [account: string]: number }) => [
      { process: 0, type: 'invoke', f: 'read', value: null },
      { process: 0, type: 'ok', f: 'read', value },
    ];
    const reads = [
      { a: 1, b: 9 },
      { a: 2, b: 8 },
      { a: 2, b: 9 },
    ].flatMap(read);
    const history = History.from(reads.map((op, index) => ({ ...op, index, time: index }) as never));
    const broken = bank().check(history);
    expect(broken.valid).toBe(false);
    const checkers = {
      bank: broken,
      other: { valid: true as const, seen: [1, 2] },
      stats: { valid: true as const, byF: { read: {} } },
    };
    const text = textOf(await render({ ...sample, results: { ...sample.results, valid: false, checkers } }));
    const places = ['Details: bank', 'What was found', 'Over time', 'Statistics', 'Details: other'];
    expect(places.map((place) => text.indexOf(place))).toEqual(
      places.map((place) => text.indexOf(place)).sort((a, b) => a - b),
    );
    expect(places.every((place) => text.includes(place))).toBe(true);
    expect(text).not.toContain('Details: stats');
  });

  test('admits its own script and style by hash and nothing else', async () => {
    const html = await render(sampleRun());
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+';/);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/ style="/);
  });

  test('lets nothing out of a value, a key, an error, or a story', async () => {
    const hostile = `</script><img src=x onerror="alert(1)">'"&\u202e`;
    const sample = sampleRun({ valid: false, hostile });
    const { results } = sample;
    const html = await renderHtml(
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

  test('a script that names its own end cannot end the page', async () => {
    const html = await renderHtml(sampleRun(), { ...assets, script: 'x="</script><!--"' });
    expect(html.match(/<\/script>/g)).toHaveLength(3);
    expect(html).not.toContain('<!--');
  });

  test('says the same for the same run', async () => {
    expect(await render(sampleRun({ valid: false }))).toBe(await render(sampleRun({ valid: false })));
  });

  test('holds a run in which nothing happened', async () => {
    const sample = sampleRun();
    const empty = { length: 0, op: () => expect.unreachable() };
    expect(textOf(await renderHtml({ ...sample, history: empty }, assets))).toContain('No fault happened.');
  });
});

describe('the columns in the page', () => {
  test('give back every op of the history', async () => {
    const sample = sampleRun({ ops: 500, valid: false });
    const { head, columns } = unpack(await render(sample));
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

  test('count every completion in the throughput', async () => {
    const { results, ...sample } = sampleRun({ ops: 500 });
    const { throughput } = unpack(await render({ results, ...sample })).head;
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    expect([sum(throughput.ok), sum(throughput.fail), sum(throughput.info)]).toEqual([
      results.stats.ok,
      results.stats.fail,
      results.stats.info,
    ]);
  });

  test('keep a page of 100,000 ops below 3 MB, script and style included', async () => {
    const html = await renderHtml(sampleRun({ ops: 100_000 }), {
      script: 'x'.repeat(90_000),
      style: 'y'.repeat(10_000),
    });
    expect(html.length).toBeLessThan(3_000_000);
  });

  test('hold a sample of more than 200,000 ops, but all of the counterexample, and the page says so', async () => {
    const few = sampleRun({ ops: 3000, valid: false });
    const stats = { ...few.results.stats, invoke: 1_000_000 };
    const sample = { ...few, results: { ...few.results, stats } };
    const html = await render(sample);
    const { head, columns } = unpack(html);
    expect(columns.index.length).toBeLessThan(700);
    const held = new Set(columns.index);
    expect(head.problems[0]?.ops.every((line) => held.has(line))).toBe(true);
    expect(textOf(html)).toContain('of 1,000,000 ops: a sample');
  });
});
