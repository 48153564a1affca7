import { describe, expect, test } from 'vitest';
import type { Evidence, TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { drawnTransactionsMax } from './cycle-graph.ts';
import { Room, renderTransactional } from './transactional.ts';

/** Two readers that see two appends in opposite orders. */
const longFork = `
  0 invoke ax1
  1 invoke ay1
  2 invoke rx ry
  3 invoke rx ry
  0 ok ax1
  1 ok ay1
  2 ok rx=1 ry=
  3 ok rx= ry=1`;

const render = async (history: History, verdict = checkListAppend(history), room = new Room()): Promise<string> =>
  (await renderTransactional('a', verdict, history, room)).text;

const textOf = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

const count = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0;

/** Each of so many transactions reads what the one before it appended. */
function ring(length: number, keyOf: (i: number) => Value = (i) => i): History {
  const transaction = (i: number, done: boolean): Value => [
    ['append', keyOf(i), 1],
    ['r', keyOf((i + length - 1) % length), done ? [1] : null],
  ];
  const half = (done: boolean): Omit<Op, 'index'>[] =>
    Array.from({ length }, (_, i) => ({
      time: (done ? 1e9 : 0) + i * 1e6,
      process: i,
      type: done ? 'ok' : 'invoke',
      f: 'txn',
      value: transaction(i, done),
    }));
  return History.from([...half(false), ...half(true)].map((op, index) => ({ index, ...op })));
}

describe('the findings of a checker of transactions', () => {
  test('say which models are ruled out, what the anomaly is, and its story', async () => {
    const text = textOf(await render(historyOfText(longFork)));
    expect(text).toContain('Asked for strict-serializable');
    expect(text).toContain('Ruled out repeatable-read, snapshot-isolation');
    expect(text).toContain('And so, as they are stronger serializable, strong-serializable');
    expect(text).toContain('G-nonadjacent-item A circle of transactions in which several missed what others wrote');
    expect(text).toContain('T1 &lt; T2, because T1 read [] from key &quot;y&quot;, to which T2 appended 1 next.');
  });

  test('draw the cycle, each edge with its kind and key, for those too who cannot see it', async () => {
    const html = await render(historyOfText(longFork));
    const [svg = ''] = /<svg class="figure graph"[\s\S]*?<\/svg>/.exec(html) ?? [];
    expect(count(svg, /class="node"/g)).toBe(4);
    expect(count(svg, /class="edge rw"/g)).toBe(2);
    expect(count(svg, /class="edge wr"/g)).toBe(2);
    expect(svg).toContain('role="img" aria-labelledby="a-1-1-title a-1-1-description"');
    expect(svg).toContain('The cycle of G-nonadjacent-item: 4 transactions');
    expect(svg).toContain('T1 to T2: rw &quot;y&quot;; T2 to T3: wr &quot;y&quot;; T3 to T4');
    expect(textOf(svg)).toContain('T1 process 2, line 3 r &quot;x&quot; → [1] r &quot;y&quot; → []');
    expect(textOf(html)).toContain('rw the first did not yet see what the second wrote');
  });

  test('list the transactions that show it, by the names of the story', async () => {
    const text = textOf(await render(historyOfText(longFork)));
    expect(text).toContain('The few transactions that show it');
    expect(text).toMatch(/T4 0 1, 5 append &quot;x&quot; 1 ok T2 1 2, 6 append &quot;y&quot; 1 ok T1 2 3, 7/);
  });

  test('say on which order an edge rests', async () => {
    const history = historyOfText('0 invoke ax1\n0 ok ax1\n1 invoke rx\n1 ok rx=');
    const html = await render(history);
    expect(html).toContain('class="edge realtime"');
    expect(textOf(html)).toContain('real time the first had ended before the second began');
    const verdict = checkListAppend(history);
    const [name, [first]] = Object.entries(verdict.evidence)[0] as [string, Evidence[]];
    const steps = first!.steps!.map((step) => ({ ...step, restsOn: 'process' as const }));
    const resting = await render(history, { ...verdict, evidence: { [name]: [{ ...first!, steps }] } });
    expect(textOf(resting)).toContain('(process) it holds only if the order of each process is kept');
    expect(textOf(resting)).toContain('rw &quot;x&quot; (process)');
  });

  test('set reads that disagree beside each other', async () => {
    const html = await render(
      historyOfText(
        '0 invoke ax1 ax2\n0 ok ax1 ax2\n1 invoke ax3\n1 ok ax3\n2 invoke rx\n2 ok rx=1,2,3\n3 invoke rx\n3 ok rx=1,3',
      ),
    );
    expect(textOf(html)).toContain('Read 1 2 3 T1 1 ≠ 2 3 T2 1 ≠ 3');
    expect(count(html, /class="differs"/g)).toBe(2);
  });

  test('draw the largest cycle that is drawn, and tell of a larger one', async () => {
    const drawn = await render(ring(drawnTransactionsMax));
    expect(count(drawn, /class="node"/g)).toBe(drawnTransactionsMax);
    expect(textOf(drawn)).toContain(`The first 40 of ${drawnTransactionsMax}.`);
    const told = await render(ring(250));
    expect(count(told, /class="node"/g)).toBe(0);
    expect(textOf(told)).toContain('The cycle has 250 transactions; no more than 60 are drawn.');
    expect(textOf(told)).toContain('77 more sentences left out here.');
    expect(textOf(told)).toContain('However, T250 &lt; T1');
    expect(told.length).toBeLessThan(40_000);
  }, 20_000);

  test('name the transactions of a cycle that is told in part as its story does', async () => {
    const history = ring(250);
    const verdict = checkListAppend(history);
    const evidence = verdict.evidence.G1c![0]!;
    const minimal = evidence.ops.slice(-3);
    const text = textOf(await render(history, { ...verdict, evidence: { G1c: [{ ...evidence, minimal }] } }));
    const last = evidence.ops.at(-1)!;
    expect(text).toContain(`T250 ${history.process(last)} ${history.line(last)},`);
  });

  test('of many cases show a few, and count the others', async () => {
    const history = historyOfText(longFork);
    const verdict = checkListAppend(history);
    const [only] = verdict.evidence['G-nonadjacent-item']!;
    const many = { 'G-nonadjacent-item': Array.from({ length: 8 }, () => only!) };
    const html = await render(history, { ...verdict, evidence: many });
    expect(count(html, /<svg class="figure graph"/g)).toBe(3);
    expect(textOf(html)).toContain('2 more cases of it');
    expect(textOf(html)).toContain('5 more cases that the checker tells of: not shown here.');
    expect(new Set(html.match(/ id="[^"]*"/g)).size).toBe(count(html, / id="[^"]*"/g));
  });

  test('of many anomalies show the worst at once', async () => {
    const history = historyOfText(longFork);
    const verdict = checkListAppend(history);
    const [only] = verdict.evidence['G-nonadjacent-item']!;
    const anomalies = ['G-single', 'G0', 'G1a', 'G1b', 'G1c', 'G2', 'G2-item-realtime', 'internal'];
    const evidence = Object.fromEntries(anomalies.map((name) => [name, [only!]]));
    const text = textOf(await render(history, { ...verdict, anomalies, evidence }));
    expect(text).toMatch(
      / G0 Dirty.* G1a .* G1b .* G1c .* internal .* G-single Read skew.* 2 more kinds of anomaly G2 Anti.* G2-item-realtime /,
    );
  });

  test('of anomalies that the models allow tell apart', async () => {
    const history = historyOfText(longFork);
    const verdict = checkListAppend(history, { consistencyModels: ['read-committed'] });
    expect(verdict.valid).toBe(true);
    const text = textOf(await render(history, verdict));
    expect(text).toContain('1 kind of anomaly that the models asked for allow');
    expect(text).toContain('Ruled out nothing');
  });

  test('say what was left undecided, and of an empty verdict no more than that', async () => {
    const verdict: TransactionalVerdict = {
      valid: 'unknown',
      models: ['serializable'],
      transactions: 0,
      anomalies: [],
      otherAnomalies: [],
      not: [],
      alsoNot: [],
      undecided: ['G2-item'],
      evidence: {},
    };
    const text = textOf(await render(History.from([]), verdict));
    expect(text).toBe(' Asked for serializable Ruled out nothing Left undecided G2-item Transactions 0 ');
  });

  test('leave out cases for which there is no room', async () => {
    const history = historyOfText(longFork);
    const html = await render(history, checkListAppend(history), new Room(100));
    expect(html).not.toContain('<svg');
    expect(textOf(html)).toContain('1 more case that the checker tells of: not shown here.');
  });

  test('show the first case of each anomaly before the second of any', async () => {
    const history = historyOfText(longFork);
    const verdict = checkListAppend(history);
    const [only] = verdict.evidence['G-nonadjacent-item']!;
    const many = Array.from({ length: 3 }, () => only!);
    const anomalies = ['G-single', 'G1c'];
    const [[example = '']] = [(await render(history)).match(/<div class="case">[\s\S]*<\/div>/) ?? []];
    const room = new Room(Math.round(Buffer.byteLength(example) * 2.5));
    const html = await render(history, { ...verdict, anomalies, evidence: { 'G-single': many, G1c: many } }, room);
    expect(count(html, /The cycle of G-single:/g)).toBe(1);
    expect(count(html, /The cycle of G1c:/g)).toBe(1);
  });

  test('let nothing out of a key, a value, or a story', async () => {
    const hostile = `"]></TABLE><script>alert(1)</script><img src=x onerror="alert(1)">\u202e\n`;
    const html = await render(ring(3, (i) => `${hostile}${i}`));
    expect(html).not.toMatch(/<script|<img|<TABLE|\u202e/);
    expect(count(html, /class="node"/g)).toBe(3);
    const texts = html.match(/<text[^>]*>[\s\S]*?<\/text>/g)!.map((text) => textOf(text).replace(/&\w+;|&#\d+;/g, '.'));
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(42);
  });

  test('are the same for the same verdict', async () => {
    const history = ring(9);
    expect(await render(history)).toBe(await render(history));
  });
});
