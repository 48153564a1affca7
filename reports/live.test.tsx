import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { progressBar, sparkline, startLive } from './live.tsx';
import { ProgressTracker } from './progress.ts';
import { sampleRun } from './testing/sample.ts';

// ink draws nothing where CI is set; startProgress does not use it there.
vi.hoisted(() => {
  process.env.CI = 'false';
  process.env.CONTINUOUS_INTEGRATION = 'false';
});

test('the highest value of a sparkline is full, nothing is lowest', () => {
  expect(sparkline([0, 4, 8], 10)).toBe('▁▄█');
});

test('a sparkline shows the latest values that fit', () => {
  expect(sparkline([8, 8, 8, 0, 0], 2)).toBe('▁▁');
});

test('a bar is as wide as asked, whatever the share', () => {
  expect(progressBar(0.5, 10)).toBe('━━━━━─────');
  expect(progressBar(7, 4)).toBe('━━━━');
});

test('the live view shows time, outcomes, faults, and nodes', async () => {
  const { spec, history } = sampleRun();
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 90, rows: 30 });
  let shown = '';
  stream.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const tracker = new ProgressTracker(spec);
  for (const op of history.ops) if (op.time <= 7e9) tracker.onOp(op);
  const progress = startLive(stream as unknown as NodeJS.WriteStream, spec);
  progress.update(tracker.snapshot([{ node: 'n2', role: 'leader', term: 3, primary: true }]));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const before = shown.length;
  progress.stop();
  expect(shown.slice(before)).not.toContain('leader');
  for (const text of ['/ 60.0 s', 'ok', 'partition halves', '★ n2 leader 3']) expect(shown).toContain(text);
});
