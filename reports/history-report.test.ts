import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { historyOf } from '../checkers/linearizable/testing/history-of.ts';
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
  test('tells the story of what is wrong, and can be read without script', () => {
    const html = historyReport([checked(historyOf(staleRead))], assets);
    const text = textOf(html);
    expect(text).toContain('Invalid');
    expect(text).toContain('The object is not linearizable: Process 3 read 4 at 0.5 s');
    expect(text).toContain('Process 0 wrote 4 from 0 s to 0.1 s.');
    expect(text).toContain('The few ops that contradict each other');
    expect(text).toContain('it held 5, but process 3');
    expect(html.match(/class="op ok impossible"/g)).toHaveLength(1);
  });

  test('draws the ops around it, and where each order ends', () => {
    const [drawing] = drawingsOf(historyReport([checked(historyOf(staleRead))], assets));
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

  test('each point of an order lies within the bar of its op, and after the one before', () => {
    const files = [checked(longHistory({ stale: true })), checked(longHistory({ ops: 500 }), { linearization: true })];
    for (const { ops, orders } of drawingsOf(historyReport(files, assets))) {
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

  test('draws an order of a history that is valid, from its beginning', () => {
    const html = historyReport([checked(longHistory({}), { linearization: true })], assets);
    expect(textOf(html)).toContain('An order that explains it');
    expect(textOf(html)).toMatch(/The first 1,000 of [23],\d\d\d ops\./);
    expect(drawingsOf(html)[0]?.ops).toHaveLength(1000);
    expect(drawingsOf(html)[0]?.orders[0]?.end).toBeNull();
  });

  test('lists several histories, the worst verdict above', () => {
    const files = [
      checked(historyOf(staleRead), { name: 'bad.edn' }),
      checked(historyOf('0 invoke write 1\n0 ok write 1'), { name: 'good.edn' }),
    ];
    const text = textOf(historyReport(files, assets));
    expect(text).toContain('2 histories: 1 valid, 1 invalid, 0 unknown.');
    expect(text).toContain('good.edn');
    expect(text.indexOf('Invalid')).toBeLessThan(text.indexOf('good.edn'));
  });

  test('shows what other checkers found, if they tell a story', () => {
    const history = historyOf(staleRead.replaceAll('4\n', '4 1\n').replaceAll('5\n', '5 2\n'));
    const failure = { minimal: [0, 4], conflict: [0, 2, 4], story: ['First this.', 'Then that.'] };
    const verdict: Verdict = { valid: false, reason: 'not sequential', failure };
    const html = historyReport(
      [{ name: 'a', history, verdict, model: 'sequential', workload: 'register', checkMs: 1 }],
      assets,
    );
    expect(textOf(html)).toContain('Not sequential');
    expect(textOf(html)).toContain('Then that.');
    expect(drawingsOf(html)[0]?.ops.filter(({ told }) => told)).toHaveLength(3);
  });

  test('says which keys were left undecided', () => {
    const verdict: Verdict = { valid: 'unknown', failures: [], undecided: [{ key: 7, reason: 'too many' }], keys: 1 };
    const text = textOf(historyReport([{ ...checked(historyOf(staleRead)), verdict }], assets));
    expect(text).toContain('too many');
  });

  test('lets nothing out of a value, a name, or a story', () => {
    const hostile = `</script><img src=x onerror="alert(1)">\u202e`;
    const history = longHistory({ stale: true, valued: (n) => `${hostile}${n}` });
    const html = historyReport([checked(history, { name: hostile }), checked(history)], assets);
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).not.toContain('\u202e');
  });

  test('stays below two megabytes whatever the histories', () => {
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
    const html = historyReport([...files, ...many], { script: 'x'.repeat(90_000), style: 'y'.repeat(20_000) });
    expect(Buffer.byteLength(html)).toBeLessThan(2_000_000);
    expect(drawingsOf(html).length).toBeGreaterThan(1);
  }, 60_000);
});
