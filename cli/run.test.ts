import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();
const short = ['raft', '--nemesis', 'partition', '--nemesis-interval', '2', '--time-limit', '10'];

describe('a run', () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await ftest([...short, '--seed', '7', '--json'], { cwd });
  });

  test('prints one JSON object on stdout, in the shape that scripts depend on', () => {
    expect(ended.code).toBe(0);
    expect(ended.stdout.trim().split('\n')).toHaveLength(1);
    const results = JSON.parse(ended.stdout);
    expect(results).toMatchObject({
      target: 'raft',
      workload: 'register',
      nemesis: ['partition'],
      runtime: 'sim',
      seed: 7,
      bug: null,
      valid: true,
      expected: null,
      checkers: { linearizable: { valid: true }, recovery: { valid: true }, stats: { valid: true } },
    });
    expect(results.stats.invoke).toBe(results.stats.ok + results.stats.fail + results.stats.info);
    expect(results.stats.ok).toBeGreaterThan(500);
    expect(results.faults.partition).toBeGreaterThan(0);
    expect(results.simulatedMs).toBeGreaterThanOrEqual(10_000);
    expect(results.wallMs).toBeGreaterThan(0);
    expect(results.reproduce).toMatch(/^ftest raft .*--seed 7/);
    expect(results.store).toMatch(/^store\/raft-register-partition\/.*-7$/);
    expect(results.report).toBe(`${results.store}/index.html`);
  });

  test('leaves a folder with everything in it, to which store/latest leads', () => {
    const results = JSON.parse(ended.stdout);
    const folder = join(cwd, results.store);
    expect(realpathSync(join(cwd, 'store/latest'))).toBe(realpathSync(folder));
    const history = readFileSync(join(folder, 'history.jsonl'));
    expect(createHash('sha256').update(history).digest('hex')).toBe(results.history.sha256);
    expect(history.toString().trim().split('\n')).toHaveLength(results.history.lines);
    expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))).toEqual(results);
    expect(JSON.parse(readFileSync(join(folder, 'test.json'), 'utf8'))).toMatchObject({
      spec: { target: 'raft', seed: 7, timeLimitMs: 10_000 },
      versions: { node: process.versions.node },
      commandLine: 'ftest raft --nemesis partition --nemesis-interval 2 --time-limit 10 --seed 7 --json',
    });
    for (const file of ['index.html', 'junit.xml', 'nodes/n1.log'])
      expect(existsSync(join(folder, file)), file).toBe(true);
  });

  test('is done again by its line to reproduce it: the same history', async () => {
    const results = JSON.parse(ended.stdout);
    const again = await ftest([...results.reproduce.split(' ').slice(1), '--json', '--quiet', '--no-report'], { cwd });
    expect(again.stderr).toBe('');
    const second = JSON.parse(again.stdout);
    expect(second.history).toEqual(results.history);
    expect(second.report).toBeNull();
    expect(existsSync(join(cwd, second.store, 'index.html'))).toBe(false);
  });

  test('replays identically', async () => {
    const { store, history } = JSON.parse(ended.stdout);
    const replayed = await ftest(['replay', store], { cwd });
    expect(replayed.stdout).toBe(`identical (${history.lines} lines, sha256 ${history.sha256})\n`);
    expect(replayed.code).toBe(0);
  });

  test('does not replay identically once a line was changed, and the first such line is named', async () => {
    await ftest([...short, '--seed', '8', '--quiet', '--no-report', '--store', 'tampered'], { cwd });
    const file = join(cwd, 'tampered/latest/history.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    const original = lines[99] as string;
    lines[99] = original.replace('"time":', '"time":1');
    writeFileSync(file, lines.join('\n'));
    const replayed = await ftest(['replay', 'tampered/latest'], { cwd });
    expect(replayed.stdout).toContain('differs from line 100 on (index 99)');
    expect(replayed.stdout).toContain(original);
    expect(replayed.stdout).toContain(lines[99]);
    expect(replayed.code).toBe(1);

    const json = JSON.parse((await ftest(['replay', 'tampered/latest', '--json'], { cwd })).stdout);
    expect(json).toMatchObject({ identical: false, difference: { index: 99, stored: lines[99], replayed: original } });

    writeFileSync(file, `${lines.slice(0, 50).join('\n')}\n`);
    const cut = await ftest(['replay', 'tampered/latest'], { cwd });
    expect(cut.stdout).toContain('differs from line 51 on');
    expect(cut.stdout).toContain('(the stored history has ended)');
  });

  test('has its report rendered again', async () => {
    const { store } = JSON.parse(ended.stdout);
    const html = readFileSync(join(cwd, store, 'index.html'), 'utf8');
    const junit = readFileSync(join(cwd, store, 'junit.xml'), 'utf8');
    writeFileSync(join(cwd, store, 'index.html'), '');
    writeFileSync(join(cwd, store, 'junit.xml'), '');
    const rendered = await ftest(['report', store], { cwd });
    expect(rendered.code).toBe(0);
    expect(readFileSync(join(cwd, store, 'index.html'), 'utf8')).toBe(html);
    expect(readFileSync(join(cwd, store, 'junit.xml'), 'utf8')).toBe(junit);
  });

  test('is judged again from its folder', async () => {
    const { store } = JSON.parse(ended.stdout);
    const checked = await ftest(['check', store, '--json'], { cwd });
    expect(JSON.parse(checked.stdout)).toMatchObject({ valid: true, anomalies: [], not: [], alsoNot: [] });
    expect(checked.code).toBe(0);
  });

  test('without seed draws one and announces it before it begins', async () => {
    const { stderr, stdout } = await ftest(['raft', '--time-limit', '1', '--no-report', '--json'], { cwd });
    expect(stderr).toContain(`seed ${JSON.parse(stdout).seed}`);
  });

  test('keeps its exit code when nobody reads its output', async () => {
    const { code } = await ftest(['raft', '--time-limit', '1', '--no-report', '--seed', '1'], {
      cwd,
      closeStdout: true,
    });
    expect(code).toBe(0);
  });
});

describe('--runs', () => {
  test('counts the runs and stores none that passes', async () => {
    const { code, stdout } = await ftest([...short, '--runs', '4', '--seed', '1', '--store', 'passing', '--json'], {
      cwd,
    });
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      runs: 4,
      failed: 0,
      unknown: 0,
      firstFailure: null,
      interrupted: false,
    });
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'passing'))).toEqual([]);
  });

  test('stores the failing run with the lowest seed, which is the same run as alone', async () => {
    const buggy = [
      'raft',
      '--bug',
      'stale-read',
      '--nemesis',
      'partition',
      '--nemesis-interval',
      '3',
      '--time-limit',
      '20',
    ];
    const many = await ftest([...buggy, '--seed', '1', '--runs', '60', '--json', '--quiet', '--junit', 'junit.xml'], {
      cwd,
    });
    expect(many.code).toBe(1);
    const { firstFailure, failed, runs } = JSON.parse(many.stdout);
    expect(failed).toBe(1);
    expect(runs).toBe(firstFailure.seed);
    expect(firstFailure).toMatchObject({ valid: false, expected: 'bug' });
    expect(existsSync(join(cwd, firstFailure.report))).toBe(true);
    const junit = readFileSync(join(cwd, 'junit.xml'), 'utf8');
    expect(junit.match(/<testsuite /g)).toHaveLength(runs);
    expect(junit).toContain('<failure');

    const alone = await ftest([...buggy, '--seed', String(firstFailure.seed), '--store', 'alone', '--quiet'], { cwd });
    expect(alone.code).toBe(1);
    expect(alone.stdout).toMatch(/^INVALID/);
    expect(alone.stdout).toMatch(/reproduce +ftest raft .*--bug stale-read/);
    const results = JSON.parse(readFileSync(join(cwd, 'alone/latest/results.json'), 'utf8'));
    expect(results.history).toEqual(firstFailure.history);

    const again = [...buggy, '--seed', String(firstFailure.seed), '--quiet'];
    expect((await ftest([...again, '--expect', 'violation'], { cwd })).code).toBe(0);
    const noLimit = await ftest([...again, '--expect', 'limit'], { cwd });
    expect(noLimit).toMatchObject({ code: 1 });
    expect(noLimit.stderr).toContain('--expect limit: a violation was found that is no stated limit of the target');
  });

  test('with --expect a run without a violation fails', async () => {
    const { code, stderr } = await ftest([...short, '--seed', '1', '--expect', 'violation', '--quiet'], { cwd });
    expect(stderr).toContain('--expect violation: no violation was found');
    expect(code).toBe(1);
  });
});
