/** That a verdict does not depend on the number of workers, on a history that is large enough to be given to some. */
import { expect, test } from 'vitest';
import { ftest } from '../cli/testing/ftest.ts';
import { encodeOp } from '../history/jsonl.ts';
import { generateHistory } from './histories.ts';

/** Keys one after the other, each used by clients of its own. The first costs more than one thread looks at alone. */
function historyOfKeys(sizes: readonly number[]): string {
  const lines = sizes.flatMap((invocations, key) => {
    const shape = { family: 'few-values', concurrency: 50, crashedPerMille: 10, stale: false, seed: key } as const;
    return [...generateHistory({ ...shape, invocations }).ops()].map((op) => {
      return { ...op, key, process: (op.process as number) + key * 1_000_000 };
    });
  });
  // A read of what nobody wrote makes the last key invalid.
  const process = 99_000_000;
  const garbage = { time: 0, process, f: 'read', key: sizes.length - 1 } as const;
  const last = [
    { ...garbage, type: 'invoke', value: null },
    { ...garbage, type: 'ok', value: 77 },
  ] as const;
  return [...lines, ...last].map((op, index) => encodeOp({ ...op, index })).join('\n');
}

test('one worker and two say the same', async () => {
  const input = historyOfKeys([30_000, 500, 400, 300]);
  const [one, two] = await Promise.all(
    ['1', '2'].map(async (workers) => {
      const args = ['check', '-', '--workload', 'cas-register', '--json', '--workers', workers];
      const { stdout, code } = await ftest(args, { input });
      const { parseMs, checkMs, ...verdict } = JSON.parse(stdout) as Record<string, unknown>;
      return { code, verdict };
    }),
  );
  expect(one).toMatchObject({ code: 1, verdict: { valid: false, evidence: { keys: 4, failures: [{ key: 3 }] } } });
  expect(two).toEqual(one);
}, 120_000);
