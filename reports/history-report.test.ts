import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { historyOf } from '../checkers/linearizable/testing/history-of.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import type { History } from '../history/history.ts';
import type { Drawing } from './drawing-data.ts';
import { type CheckedFile, historyReport } from './history-report.ts';
import { longHistory } from './testing/long-history.ts';

const assets = { script: 'document.title', style: 'body{}' };

function checked(history: History, { linearization = false, name = 'a.jsonl' } = {}): CheckedFile {
  const verdict = checkLinearizable(history, { model: casRegister(), linearization });
  return { name, history, verdict, model: 'linearizable', workload: 'cas-register', checkMs: 3 };
}

function drawingsOf(html: string): Drawing[] {
  const base64 = /id="drawings">([^<]*)<\/script>/.exec(html)?.[1] ?? '';
  return JSON.parse(gunzipSync(Buffer.from(base64, 'base64')).toString('utf8')) as Drawing[];
}

const textOf = (html: string): string =>
  html
    .replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

const staleRead = `
  0 invoke write 4
  0 ok write 4
  1 invoke write 5
  1 ok write 5
  3 invoke read
  3 ok read 4`;

describe('the page about histories', () => {
  test('tells the story of what is wrong, and can be read without script', async () => {
    const html = await historyReport([checked(historyOf(staleRead))], assets);
    const text = textOf(html);
    expect(text).toContain('Invalid');
    expect(text).toContain('The object is not linearizable: Process 3 read 4 at 0.5 s');
    expect(text).toContain('Process 0 wrote 4 from 0 s to 0.1 s.');
    expect(text).toContain('The few ops that contradict each other');
    expect(text).toContain('it held 5, but process 3');
    expect(html.match(/class="op ok impossible"/g)).toHaveLength(1);
  });

  test('draws the ops around it, and where each order ends', async () => {
    const [drawing] = drawingsOf(await historyReport([checked(historyOf(staleRead))], assets));
    expect(drawing?.ops.map(({ label, told, impossible }) => [label, told, impossible])).toEqual([
      ['write 4', true, false],
      ['write 5', true, false],
      ['read → 4', true, true],
    ]);
    expect(drawing?.orders).toHaveLength(1);
    const [order] = drawing!.orders;
    expect(order?.start).toBe('nil');
    expect(order?.steps.map(([op, , state]) => [op, state])).toEqual([
      [0, '4'],
      [1, '5'],
    ]);
    expect(order?.end).toContain('needs 4');
  });

  test('each point of an order lies within the bar of its op, and after the one before', async () => {
    const files = [checked(longHistory({ stale: true })), checked(longHistory({ ops: 500 }), { linearization: true })];
    for (const { ops, orders } of drawingsOf(await historyReport(files, assets))) {
      expect(orders.length).toBeGreaterThan(0);
      for (const { steps } of orders) {
        let last = 0;
        for (const [place, x] of steps) {
          const { x: from, width, type } = ops[place]!;
          expect(x).toBeGreaterThan(last);
          expect(x).toBeGreaterThan(from);
          if (type === 'ok') expect(x).toBeLessThan(from + width);
          last = x;
        }
      }
    }
  });

  test('draws an order of a history that is valid, from its beginning', async () => {
    const html = await historyReport([checked(longHistory({}), { linearization: true })], assets);
    expect(textOf(html)).toContain('An order that explains it');
    expect(textOf(html)).toMatch(/The first 1,000 of [23],\d\d\d ops\./);
    expect(drawingsOf(html)[0]?.ops).toHaveLength(1000);
    expect(drawingsOf(html)[0]?.orders[0]?.end).toBeNull();
  });

  test('lists several histories, the worst verdict above', async () => {
    const files = [
      checked(historyOf(staleRead), { name: 'bad.edn' }),
      checked(historyOf('0 invoke write 1\n0 ok write 1'), { name: 'good.edn' }),
    ];
    const text = textOf(await historyReport(files, assets));
    expect(text).toContain('2 histories: 1 valid, 1 invalid, 0 unknown.');
    expect(text).toContain('good.edn');
    expect(text.indexOf('Invalid')).toBeLessThan(text.indexOf('good.edn'));
  });

  test('says how many are not drawn', async () => {
    const files = Array.from({ length: 11 }, () => checked(historyOf(staleRead)));
    const text = textOf(await historyReport(files, assets));
    expect(text).toContain('Of the invalid ones the first are drawn below. 3 more stand in the table only');
    expect(textOf(await historyReport(files.slice(0, 8), assets))).not.toContain('drawn below');
  });

  test('shows what other checkers found, if they tell a story', async () => {
    const history = historyOf(staleRead.replaceAll('4\n', '4 1\n').replaceAll('5\n', '5 2\n'));
    const failure = { minimal: [0, 4], conflict: [0, 2, 4], story: ['First this.', 'Then that.'] };
    const verdict: Verdict = { valid: false, reason: 'not sequential', failure };
    const html = await historyReport(
      [{ name: 'a', history, verdict, model: 'sequential', workload: 'register', checkMs: 1 }],
      assets,
    );
    expect(textOf(html)).toContain('Not sequential');
    expect(textOf(html)).toContain('Then that.');
    expect(drawingsOf(html)[0]?.ops.filter(({ told }) => told)).toHaveLength(3);
  });

  test('says which keys were left undecided', async () => {
    const verdict: Verdict = { valid: 'unknown', failures: [], undecided: [{ key: 7, reason: 'too many' }], keys: 1 };
    const text = textOf(await historyReport([{ ...checked(historyOf(staleRead)), verdict }], assets));
    expect(text).toContain('too many');
  });

  const skewed = '0 invoke ax1 ry\n1 invoke ay1 rx\n0 ok ax1 ry=\n1 ok ay1 rx=\n2 invoke rx\n2 ok rx=';

  function checkedTransactions(text: string, name = 'a.edn'): CheckedFile {
    const history = historyOfText(text);
    const verdict = { ...checkListAppend(history), ops: history.clientInvocations().length };
    return { name, history, verdict, model: 'strict-serializable', workload: 'list-append', checkMs: 3 };
  }

  test('shows the anomalies of transactions', async () => {
    const html = await historyReport([checkedTransactions(skewed)], assets);
    const text = textOf(html);
    expect(text).toContain('Not strict-serializable: G2-item, G-single-item-realtime, and G2-item-realtime.');
    expect(text).toMatch(/ops 3 transactions? 3|3 transactions|transactions 3/);
    expect(text).toContain('What was found Asked for strict-serializable');
    expect(html.match(/<svg class="figure graph"/g)).toHaveLength(3);
  });

  test('of many histories of transactions shows as much as there is room for', async () => {
    const files = Array.from({ length: 100 }, (_, i) => checkedTransactions(skewed, `${i}.edn`));
    const html = await historyReport(files, assets);
    expect(html.match(/<svg class="figure graph"/g)).toHaveLength(60);
    expect(html.length).toBeLessThan(1_000_000);
    expect(new Set(html.match(/ id="[^"]*"/g)).size).toBe(html.match(/ id="[^"]*"/g)!.length);
  }, 20_000);

  test('shows what a classic checker found', async () => {
    const history = historyOf('0 invoke add 1\n0 ok add 1\n1 invoke read\n1 ok read 7');
    const findings = [{ kind: 'lost', lines: [0, 3], sentence: '1 was lost.' }];
    const verdict: Verdict = { valid: false, reason: 'lost (1)', lostCount: 1, lost: [1], findings };
    const file = { name: 'a', history, verdict, model: 'set', workload: 'set', checkMs: 1 };
    const text = textOf(await historyReport([file], assets));
    expect(text).toContain('What was found lost 1: 1');
    expect(text).toContain('lost 1 was lost. 1, 4');
  });

  test('of a run that its own checkers judged shows what each found', async () => {
    const { history, verdict } = checkedTransactions(skewed);
    const checkers = { 'list-append': verdict, set: { valid: false, lostCount: 1, lost: [7] }, stats: { valid: true } };
    const file = {
      name: 'run',
      history,
      verdict: { valid: false, checkers } as Verdict,
      model: '',
      workload: '',
      checkMs: 1,
    };
    const text = textOf(await historyReport([file], assets));
    expect(text).toContain('list-append: run Asked for');
    expect(text).toContain('set: run lost 1: 7');
  });

  test('lets nothing out of a value, a name, or a story', async () => {
    const hostile = `</script><img src=x onerror="alert(1)">\u202e`;
    const history = longHistory({ stale: true, valued: (n) => `${hostile}${n}` });
    const html = await historyReport([checked(history, { name: hostile }), checked(history)], assets);
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).not.toContain('\u202e');
  });

  test('stays below two megabytes whatever the histories', async () => {
    let seed = 1;
    const noise = (): string => {
      let text = '';
      while (text.length < 300) {
        seed = (seed * 48271) % 0x7fffffff;
        text += String.fromCodePoint(0x4e00 + (seed % 20_000));
      }
      return text;
    };
    const noisy = (stale: boolean): History => longHistory({ ops: 1200, stale, valued: (n) => `${n}${noise()}` });
    const files = Array.from({ length: 20 }, (_, i) => checked(noisy(i % 2 === 0), { linearization: true }));
    const many = Array.from({ length: 3000 }, () => ({ ...files[0]!, name: noise() }));
    const html = await historyReport([...files, ...many], { script: 'x'.repeat(90_000), style: 'y'.repeat(20_000) });
    expect(Buffer.byteLength(html)).toBeLessThan(2_000_000);
    expect(drawingsOf(html).length).toBeGreaterThan(1);
  }, 60_000);
});
