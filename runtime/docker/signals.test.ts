import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, bundle } from '../testing/bundle.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('a program that is ended by a signal', () => {
  let module: Bundle;
  beforeAll(async () => {
    module = await bundle('runtime/docker/signals.ts');
  });
  afterAll(() => module.remove());

  /** Runs the lines, sends it the signal when they have run, and tells what it said and how it ended. */
  async function ended(lines: string, signal: NodeJS.Signals) {
    const program = `
      import { writeSync } from 'node:fs';
      import { onFatalSignal } from ${JSON.stringify(module.path)};
      const say = (words) => writeSync(1, words + ' ');
      ${lines}
      setInterval(() => {}, 1000);
      say('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') child.kill(signal);
      said += text;
    });
    const [code, by] = await once(child, 'close');
    return { said: said.trim(), code, by };
  }

  test.each(signals)('by %s, has what it made removed, and ends by that signal', async (signal) => {
    const lines = `onFatalSignal(() => say('abandoned')); process.on('exit', () => say('exit'));`;
    expect(await ended(lines, signal)).toEqual({ said: 'ready abandoned', code: null, by: signal });
  });

  test('has the things of all its runs removed', async () => {
    const lines = `onFatalSignal(() => say('first')); onFatalSignal(() => say('second'));`;
    expect(await ended(lines, 'SIGINT')).toEqual({ said: 'ready first second', code: null, by: 'SIGINT' });
  });

  test('does not when its run is over', async () => {
    const lines = `onFatalSignal(() => say('abandoned'))();`;
    expect(await ended(lines, 'SIGTERM')).toEqual({ said: 'ready', code: null, by: 'SIGTERM' });
  });

  test.each(['before', 'after'])('does as it says where it listens itself, since %s the run', async (when) => {
    const listen = `process.on('SIGINT', () => process.exit(7));`;
    const run = `onFatalSignal(() => say('abandoned'));`;
    const lines = when === 'before' ? listen + run : run + listen;
    expect(await ended(lines, 'SIGINT')).toEqual({ said: 'ready', code: 7, by: null });
    expect((await ended(lines, 'SIGHUP')).said).toBe('ready abandoned');
  });
});
