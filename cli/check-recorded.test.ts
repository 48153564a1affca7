/** The recorded histories through the command, with no option: what they are is found by their ops. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { judgedWorkloads } from './judged-workloads.ts';
import { ftest } from './testing/ftest.ts';

const histories = join(dirname(fileURLToPath(import.meta.url)), '../../shared/histories');

interface Recorded {
  readonly file: string;
  readonly workload: string;
  readonly 'valid?': boolean;
}

/** multi-register.edn begins with "A multi-register with x=0 and y=0", which no op says. */
const options: Readonly<Record<string, readonly string[]>> = {
  'multi-register.edn': ['--initial', '{:x 0 :y 0}'],
};

describe.skipIf(!existsSync(histories))(
  'the recorded histories (skipped where ../shared/histories does not exist)',
  () => {
    test.each(['etcd', 'knossos'])('of %s have the verdicts of other checkers', async (folder) => {
      const recorded = readFileSync(join(histories, folder, 'verdicts.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Recorded)
        .filter(({ workload }) => judgedWorkloads.has(workload));
      expect(recorded.length).toBeGreaterThan(40);
      const files = recorded.map(({ file }) => file).filter((file) => options[file] === undefined);
      const { stdout, stderr } = await ftest(['check', ...files, '--json'], { cwd: join(histories, folder) });
      expect(stderr).toBe('');
      const judged = JSON.parse(stdout).files as { file: string; workload: string; valid: unknown; reason?: string }[];
      for (const [file, words] of Object.entries(options)) {
        if (!recorded.some((one) => one.file === file)) continue;
        const alone = await ftest(['check', file, ...words, '--json'], { cwd: join(histories, folder) });
        judged.push(JSON.parse(alone.stdout));
      }
      const verdicts = new Map(judged.map((one) => [one.file, one]));
      for (const { file, workload, 'valid?': valid } of recorded) {
        const found = verdicts.get(file)!;
        expect(found.valid, file).toBe(valid);
        const plain = workload === 'cas-register' && found.workload === 'register' ? 'cas-register' : found.workload;
        expect(plain, file).toBe(workload);
      }
    });
  },
);
