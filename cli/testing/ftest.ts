/** Runs the built command line as its users do: `npm test` builds it first. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Conditions {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  /** Closes the reading end of stdout at once, as `head` may. */
  readonly closeStdout?: boolean;
  /** Told of everything that is written to stderr so far; may send signals. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export function ftest(args: readonly string[], conditions: Conditions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: conditions.cwd,
    env: { ...process.env, CI: 'true', NO_COLOR: '1', ...conditions.environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  if (conditions.closeStdout) child.stdout.destroy();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    conditions.onStderr?.(stderr, (signal) => child.kill(signal));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(conditions.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A folder that is removed when the file's tests have ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ftest-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
