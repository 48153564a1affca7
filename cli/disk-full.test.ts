import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ftest, temporaryFolder } from './testing/ftest.ts';

/** 256 KiB: the history of a minute is larger. */
function mountSmallDisk(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).status === 0;
}

describe('a disk that fills up during the run', () => {
  const cwd = temporaryFolder();
  const store = join(cwd, 'small');
  const mounted = mountSmallDisk(store);
  afterAll(() => {
    if (mounted) spawnSync('umount', [store]);
  });

  test('ends with 255 and a sentence; what was recorded is there, and can be checked', async (context) => {
    if (!mounted) context.skip('only root may mount a small disk');
    const { code, stdout, stderr } = await ftest(['raft', '--seed', '1', '--store', store, '--json', '--quiet'], {
      cwd,
    });
    expect(stderr).toMatch(/^ftest: The disk is full: .* could not be written/);
    expect(stdout).toBe('');
    expect(code).toBe(255);

    const folder = realpathSync(join(store, 'latest'));
    const lines = readFileSync(join(folder, 'history.jsonl'), 'utf8').split('\n');
    expect(lines.length).toBeGreaterThan(500);
    expect(lines.at(-1)).toBe('');
    const checked = await ftest(['check', folder, '--json'], { cwd });
    expect(JSON.parse(checked.stdout)).toMatchObject({ valid: true });
    const replayed = await ftest(['replay', folder], { cwd });
    expect(replayed.stdout).toContain('as far as the stored history goes: it was cut short');
    expect(replayed.code).toBe(0);
  });
});
