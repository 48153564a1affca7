import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readRun } from '../reports/store.ts';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();
const long = ['raft', '--nemesis', 'partition', '--time-limit', '86400', '--seed', '1'];

/** Sends the signal as often as one of the texts has newly appeared on stderr. */
function signalAt(signal: NodeJS.Signals, ...texts: readonly RegExp[]) {
  let sent = 0;
  return (stderr: string, kill: (signal: NodeJS.Signals) => void): void => {
    if (texts[sent]?.test(stderr)) {
      sent++;
      kill(signal);
    }
  };
}

const interruptAt = (...texts: readonly RegExp[]) => signalAt('SIGINT', ...texts);

describe('Ctrl-C', () => {
  test('heals, stores, and checks what there is: unknown, for the reason interrupted', async () => {
    const { code, stdout, stderr } = await ftest([...long, '--json'], { cwd, onStderr: interruptAt(/s of 86400 s/) });
    expect(stderr).toContain('stopping');
    expect(code).toBe(2);
    const results = JSON.parse(stdout);
    expect(results).toMatchObject({
      valid: 'unknown',
      interrupted: true,
      checkers: { run: { reason: 'interrupted' } },
    });
    // A large history is packed: how large it is depends on how fast the machine is.
    const path = readRun(join(cwd, results.store)).historyPath;
    const bytes = path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path);
    const history = bytes.toString('utf8').trim().split('\n');
    expect(history).toHaveLength(results.history.lines);
    const faults = history.filter((line) => line.includes('"process":"nemesis"'));
    expect(faults.at(-1)).toContain('"f":"heal"');

    const checked = await ftest(['check', results.store, '--json'], { cwd });
    expect(JSON.parse(checked.stdout)).toMatchObject({ valid: true });
    const replayed = await ftest(['replay', results.store], { cwd });
    expect(replayed.stderr).toContain('was interrupted, at a moment that no seed decides');
    expect(replayed.code).toBe(254);
  });

  test('gives 1 when what there is was invalid already', async () => {
    const buggy = [...long, '--bug', 'reads-from-followers', '--json'];
    const { code, stdout } = await ftest(buggy, { cwd, onStderr: interruptAt(/s of 86400 s/) });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, interrupted: true });
  });

  test('a second time ends at once with 130', async () => {
    const { code, stdout } = await ftest(long, { cwd, onStderr: interruptAt(/seed 1/, /stopping/) });
    expect(code).toBe(130);
    expect(stdout).toBe('');
  });

  test('is also what a terminal says that is closed, more than once', async () => {
    const onStderr = signalAt('SIGHUP', /s of 86400 s/, /stopping/);
    const { code, stdout } = await ftest([...long, '--json'], { cwd, onStderr });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ valid: 'unknown', interrupted: true });
  });

  test('ends --runs with what there is', async () => {
    const many = ['raft', '--runs', '100000', '--time-limit', '1', '--seed', '1', '--json'];
    const { code, stdout } = await ftest(many, { cwd, onStderr: interruptAt(/runs? done/) });
    expect(code).toBe(2);
    const results = JSON.parse(stdout);
    expect(results).toMatchObject({ valid: 'unknown', failed: 0, interrupted: true, firstFailure: null });
    expect(results.runs).toBeGreaterThan(0);
    expect(results.runs).toBeLessThan(100_000);
  });
});
