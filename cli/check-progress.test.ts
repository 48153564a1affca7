import { describe, expect, test } from 'vitest';
import { ProgressLine } from './check-progress.ts';

function terminal(isTTY = true) {
  const written: string[] = [];
  let nowMs = 0;
  const stream = { isTTY, columns: 30, write: (text: string) => written.push(text) };
  const progress = new ProgressLine(stream, () => nowMs);
  return {
    written,
    progress,
    at(ms: number): void {
      nowMs = ms;
      progress.update();
    },
  };
}

describe('the line of progress', () => {
  test('comes after a second, is written anew in its place, and goes in the end', () => {
    const { written, progress, at } = terminal();
    let done = 1;
    progress.begin(() => `reading x: ${done} MB`);
    at(999);
    expect(written).toEqual([]);
    at(1000);
    done = 2;
    at(1050);
    at(1100);
    progress.goOn(() => 'checking x');
    at(2300);
    progress.end();
    expect(written).toEqual([
      '\rreading x: 1 MB, 1 s\x1b[K',
      '\rreading x: 2 MB, 1 s\x1b[K',
      '\rchecking x, 2 s\x1b[K',
      '\r\x1b[K',
    ]);
    at(5000);
    progress.close();
    expect(written).toHaveLength(4);
  });

  test('begins anew with the next history', () => {
    const { written, progress, at } = terminal();
    progress.begin(() => 'a');
    at(900);
    progress.end();
    progress.begin(() => 'b');
    at(1800);
    progress.close();
    expect(written).toEqual([]);
  });

  test('is no wider than the terminal', () => {
    const { written, progress, at } = terminal();
    progress.begin(() => 'x'.repeat(100));
    at(2000);
    progress.close();
    expect(written[0]).toBe(`\r${'x'.repeat(28)}…\x1b[K`);
  });

  test('is drawn by the timer while others work', async () => {
    const written: string[] = [];
    let nowMs = 0;
    const stream = { isTTY: true, write: (text: string) => written.push(text) };
    const progress = new ProgressLine(stream, () => nowMs);
    progress.begin(() => 'a');
    nowMs = 3000;
    await new Promise((resolve) => setTimeout(resolve, 250));
    progress.close();
    expect(written).toEqual(['\ra, 3 s\x1b[K', '\r\x1b[K']);
  });

  test('is not there without a terminal', () => {
    const { written, progress, at } = terminal(false);
    progress.begin(() => 'a');
    at(5000);
    progress.close();
    expect(written).toEqual([]);
  });
});
