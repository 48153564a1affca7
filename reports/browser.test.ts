import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availability } from '../checkers/classic/availability.ts';
import { perf } from '../checkers/classic/perf.ts';
import { setFull } from '../checkers/classic/set-full.ts';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import { History } from '../history/history.ts';
import { historyReport } from './history-report.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { longHistory } from './testing/long-history.ts';
import { linesOf, type Sample, sampleRun } from './testing/sample.ts';

const executablePath = process.env.FTEST_CHROMIUM ?? '/usr/bin/chromium';
const browserExists = existsSync(executablePath);
if (!browserExists)
  console.warn(`No Chromium at ${executablePath}: the report is not opened; name one in FTEST_CHROMIUM.`);

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const bundler: { bundleClient(): Promise<{ script: string; style: string }> } = await import(
  './client/build.js' as string
);

describe.skipIf(!browserExists)('in a browser', () => {
  let folder: string;
  let browser: Browser;
  let assets: { script: string; style: string };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ftest-report-'));
    assets = await bundler.bundleClient();
    browser = await chromium.launch({ executablePath, args: quiet });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report of a run. */
  const open = async ({ results, spec, history }: Sample, colorScheme: 'light' | 'dark' = 'light') =>
    openPage(await renderHtml({ results, spec, history }, assets), colorScheme);

  /** `complaints` are errors and refusals of the page. */
  async function openPage(
    html: string,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<{ page: Page; complaints: string[] }> {
    const file = join(folder, `${Math.random()}.html`);
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-ready]');
    return { page, complaints };
  }

  /** How many different colours a canvas shows: more than two when something is drawn on it. */
  const colours = (page: Page, selector: string): Promise<number> =>
    page.evaluate(`{
      const canvas = document.querySelector(${JSON.stringify(selector)});
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      new Set(new Uint32Array(data.buffer)).size;
    }`);

  test.each([
    ['valid', true, 'light'],
    ['invalid', false, 'light'],
    ['invalid', false, 'dark'],
    ['unknown', 'unknown', 'dark'],
  ] as const)('a report that is %s opens without complaint and is accessible', async (word, valid, scheme) => {
    const { page, complaints } = await open(sampleRun({ valid }), scheme);
    const verdict = page.locator('h1');
    expect(await verdict.isVisible()).toBe(true);
    expect((await verdict.textContent())?.toLowerCase()).toContain(word);
    for (const canvas of ['#overview .uplot canvas', '#overview > canvas', '#ops > canvas']) {
      expect(await colours(page, canvas), canvas).toBeGreaterThan(10);
    }
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  async function expectAccessible(page: Page): Promise<void> {
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate<{ violations: unknown[] }>('axe.run()');
    expect(violations).toEqual([]);
  }

  const checked = (history: ReturnType<typeof longHistory>, linearization = false) => ({
    name: 'history.jsonl',
    history,
    verdict: checkLinearizable(history, { model: casRegister(), linearization }),
    model: 'linearizable',
    workload: 'cas-register',
    checkMs: 12,
  });

  test.each(['light', 'dark'] as const)('a report on a history that is invalid, %s', async (scheme) => {
    const { page, complaints } = await openPage(
      await historyReport([checked(longHistory({ stale: true }))], assets),
      scheme,
    );
    await page.locator('.drawing').scrollIntoViewIfNeeded();
    await page.waitForSelector('.frame svg .op.impossible');
    expect(await page.locator('.frame .op.told').count()).toBeGreaterThan(1);
    expect(await page.locator('.frame .band').count()).toBeGreaterThan(0);
    expect(await page.locator('.frame .dead').count()).toBe(1);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a report on a history that is valid draws the order', async () => {
    const { page, complaints } = await openPage(await historyReport([checked(longHistory({}), true)], assets));
    await page.waitForSelector('.frame svg .op');
    expect(await page.locator('.frame .op').count()).toBe(1000);
    expect(await page.locator('.frame .point').count()).toBe(1000);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  /** Three cycles, reads that disagree, and long values. */
  function anomalous() {
    const history = historyOfText(`
      0 invoke ax1 ry az1 az2
      1 invoke ay1 rx
      0 ok ax1 ry= az1 az2
      1 ok ay1 rx=
      2 invoke rx rz
      2 ok rx= rz=${Array.from({ length: 60 }, (_, i) => i + 1).join(',')}
      3 invoke rz
      3 ok rz=1,3`);
    const verdict = { ...checkListAppend(history), ops: 4 };
    return { name: 'a.edn', history, verdict, model: 'strict-serializable', workload: 'list-append', checkMs: 12 };
  }

  test.each(['light', 'dark'] as const)('a report on transactions that are not isolated, %s', async (scheme) => {
    const { page, complaints } = await openPage(await historyReport([anomalous()], assets), scheme);
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
    expect(await page.locator('svg.graph .node').count()).toBeGreaterThan(3);
    expect(await page.locator('.differs').count()).toBeGreaterThan(1);
    // Every text of a graph within its box or on its label, every graph within its frame, and no page wider than the window.
    const outside =
      await page.evaluate(`[...document.querySelectorAll('.graph .node, .graph .edge')].flatMap((part) => {
      const box = part.querySelector('rect')?.getBoundingClientRect();
      if (box === undefined) return [];
      const whole = part.ownerSVGElement.getBoundingClientRect();
      return [...part.querySelectorAll('text')].filter((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const fits = left >= box.left && right <= box.right && top >= box.top - 2 && bottom <= box.bottom + 2;
        return !fits || left < whole.left || right > whole.right || top < whole.top || bottom > whole.bottom;
      }).map((text) => text.textContent);
    })`);
    expect(outside).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const strokes = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.graph .edge path')].map((path) => getComputedStyle(path).strokeDasharray + getComputedStyle(path).stroke)`,
    );
    expect(new Set(strokes).size).toBeGreaterThan(1);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each(['light', 'dark'] as const)('a run with what classic checkers found, %s', async (scheme) => {
    const sample = sampleRun({ ops: 2000 });
    const run = History.from(sample.history.ops);
    const adds = [
      ...[1, 2, 3].flatMap((value) => ['invoke', 'ok'].map((type) => ({ process: 0, type, f: 'add', value }))),
      { process: 1, type: 'invoke', f: 'read', value: null },
      { process: 1, type: 'ok', f: 'read', value: [1, 9] },
    ].map((op, index) => ({ ...op, index, time: index * 1e6 }) as never);
    const checkers = {
      'set-full': setFull().check(History.from(adds)),
      perf: perf().check(run),
      availability: availability().check(run),
    };
    const { page, complaints } = await open(
      { ...sample, results: { ...sample.results, valid: false, checkers } },
      scheme,
    );
    expect(await page.locator('svg.chart polyline').count()).toBeGreaterThan(6);
    expect(await page.locator('svg.bar').count()).toBeGreaterThan(6);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('an op says its state before and after, to the mouse and to the keyboard', async () => {
    const { page } = await openPage(await historyReport([checked(longHistory({ stale: true }))], assets));
    await page.locator('.drawing').scrollIntoViewIfNeeded();
    await page.waitForSelector('.frame svg .op.impossible');
    await page.locator('.frame .op.impossible').hover();
    expect(await page.locator('#tip').textContent()).toContain('No order explains it.');
    await page.getByRole('button', { name: 'Step on' }).click();
    expect(await page.locator('.drawing .said').textContent()).toMatch(/Number \d+ in this order, (from|which finds) /);
    await page.locator('.frame').focus();
    await page.keyboard.press('ArrowRight');
    const first = await page.locator('.drawing .said').textContent();
    expect(first).toMatch(/client \d+/);
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('.drawing .said').textContent()).not.toBe(first);
    expect(await page.locator('.frame .op.focused').count()).toBe(1);
    await page.close();
  });

  test('the orders are shown one after the other', async () => {
    const { page } = await open(sampleRun({ valid: false }));
    await page.locator('.drawing').scrollIntoViewIfNeeded();
    await page.waitForSelector('.frame svg .point');
    expect(await page.locator('.frame .point').count()).toBe(4);
    await page.getByRole('button', { name: 'Next order' }).click();
    expect(await page.locator('.frame .point').count()).toBe(1);
    expect(await page.locator('.chosen').textContent()).toBe('Order 2 of 2: 3 ops, and no further');
    await page.getByRole('button', { name: 'Next order' }).click();
    expect(await page.locator('.frame .point').count()).toBe(4);
    await page.close();
  });

  test('hostile values stay text', async () => {
    const hostile = '</script><img src=x onerror="alert(1)">';
    const { page, complaints } = await open(sampleRun({ valid: false, hostile }));
    expect(await page.locator('img').count()).toBe(0);
    await page.locator('.figure .op').first().hover();
    expect(await page.locator('#tip').textContent()).toContain('client');
    expect(await page.locator('#tip img').count()).toBe(0);
    expect(await page.locator('article').first().textContent()).toContain('<img src=x');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('pointing at a configuration shows which ops were pending', async () => {
    const { page } = await open(sampleRun({ valid: false }));
    await page.locator('.configurations li').first().hover();
    expect(await page.locator('.figure .op.pending').count()).toBeGreaterThan(0);
    await page.close();
  });

  test('the timeline is driven by the keyboard', async () => {
    const { page } = await open(sampleRun());
    await page.locator('#ops').focus();
    await page.keyboard.press('ArrowRight');
    const first = await page.locator('#ops-said').textContent();
    expect(first).toMatch(/client \d+/);
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#ops-said').textContent()).not.toBe(first);
    await page.close();
  });

  test('the line that reproduces the run can be copied', async () => {
    const { page } = await open(sampleRun());
    await page.locator('#copy').click();
    await expect.poll(() => page.locator('#copy').textContent()).not.toBe('Copy');
    expect(await page.evaluate('getSelection().toString()')).toContain('ftest raft');
    await page.close();
  });

  test('everything but the charts can be read without script', async () => {
    const sample = sampleRun({ valid: false });
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await page.setContent(await renderHtml(sample, assets));
    expect(await page.locator('.story').textContent()).toContain('no order of these ops explains it');
    expect(await page.locator('.figure').count()).toBe(1);
    await page.close();
  });

  test('100,000 ops open', async () => {
    const { page, complaints } = await open(sampleRun({ ops: 100_000 }));
    expect(await colours(page, '#overview .uplot canvas')).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a run in which nothing happened opens', async () => {
    const sample = sampleRun({ valid: 'unknown' });
    const stats = { invoke: 0, ok: 0, fail: 0, info: 0 };
    const { page, complaints } = await open({
      ...sample,
      results: { ...sample.results, stats, faults: {}, nodeChanges: [], marks: {} },
      history: linesOf([]),
    });
    await page.locator('#ops').focus();
    await page.keyboard.press('ArrowRight');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a browser agrees that junit.xml is well-formed', async () => {
    const page = await browser.newPage();
    const xml = renderJunit([sampleRun({ valid: false, hostile: ']]>&<a b="\u0000\ud800">' })]);
    const root = await page.evaluate(
      `new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml').documentElement.nodeName`,
    );
    expect(root).toBe('testsuites');
    await page.close();
  });
});
