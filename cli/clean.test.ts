/** The command line and Docker: a harness that is killed, what it leaves, who removes it; and the doctor. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runsOf, whyNoDocker } from '../runtime/testing/docker.ts';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();
/** Whether a process was started by this one. */
function isOwnChild(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(process.pid);
  } catch {
    return false;
  }
}

const nowhere = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

describe.skipIf(whyNoDocker !== undefined)('ftest --runtime docker', () => {
  const docker = ['raft', '--runtime', 'docker', '--nodes', '3', '--no-report'];
  const faults = ['--nemesis', 'pause', '--nemesis-interval', '0.5', '--time-limit', '600'];

  /** Starts a run, and calls `act` once with its name when it has done some ops. */
  async function whileRunning(store: string, act: (run: string, kill: (signal: NodeJS.Signals) => void) => void) {
    let acted = false;
    return ftest([...docker, ...faults, '--store', store], {
      cwd,
      onStderr: (text, kill) => {
        if (acted || !/ [1-9]\d* ok/.test(text)) return;
        acted = true;
        runsOf(isOwnChild).then(([run]) => act(run as string, kill), expect.fail);
      },
    });
  }

  test('a harness that is killed leaves a history to check, and the next run removes the rest', async () => {
    let run = '';
    const { signal } = await whileRunning('killed', (name, kill) => {
      run = name;
      kill('SIGKILL');
    });
    expect(signal).toBe('SIGKILL');
    expect(run).not.toBe('');
    const { stdout, code } = await ftest(['check', 'killed/latest', '--json'], { cwd });
    expect([code, JSON.parse(stdout).valid]).toEqual([0, true]);
    const next = await ftest([...docker, '--time-limit', '1', '--store', 'next'], { cwd });
    expect(next.code, next.stderr).toBe(0);
    expect(await runsOf(() => true)).not.toContain(run);
  });

  test('ftest clean removes all that a run has made, even while it goes on', async () => {
    let cleaning: ReturnType<typeof ftest> | undefined;
    const run = await whileRunning('cleaned', (name) => {
      cleaning = ftest(['clean', '--run', name, '--json'], { cwd });
    });
    expect(run.code).toBe(255);
    expect(run.stderr).toMatch(/ftest: .*(exited|ended|could not)/);
    const { stdout, code } = (await cleaning) as Awaited<ReturnType<typeof ftest>>;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ containers: 6, volumes: 3, networks: 1, images: 0 });
  });

  test('a second Ctrl-C ends at once, and all goes all the same', async () => {
    let run = '';
    const { code } = await whileRunning('twice', (name, kill) => {
      run = name;
      kill('SIGINT');
      // Two that come together are one.
      setTimeout(() => kill('SIGINT'), 20);
    });
    expect(code).toBe(130);
    while ((await runsOf(() => true)).has(run)) await new Promise((resolve) => setTimeout(resolve, 100));
  });

  test('ftest doctor says that it can be used', async () => {
    const { stdout, code } = await ftest(['doctor', '--json']);
    const { docker, findings, faults } = JSON.parse(stdout);
    expect([code, docker]).toEqual([0, true]);
    expect(findings.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['docker', 'nft', 'tc', 'ldd', 'kernel: nftables', 'kernel: netem', 'etcd: etcd']),
    );
    expect(faults.find(({ nemesis }: { nemesis: string }) => nemesis === 'partition').refusals.docker).toBeNull();
  });
});

describe('where no Docker answers', () => {
  test('a run says so, with 255', async () => {
    const { code, stderr } = await ftest(['raft', '--runtime', 'docker', '--store', join(cwd, 'none')], {
      environment: nowhere,
    });
    expect(code).toBe(255);
    expect(stderr).toContain('ftest: Docker must answer, and does not (connect ENOENT /nonexistent/docker.sock)');
  });

  test('ftest doctor says what to do, with 1', async () => {
    const { code, stdout } = await ftest(['doctor'], { environment: nowhere });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^docker +missing: no --runtime docker: install docker.io, and start dockerd$/m);
    expect(stdout).toMatch(/^nemesis +sim +process$/m);
  });
});
