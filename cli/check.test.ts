import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();
const stale = readFileSync(fileURLToPath(new URL('../docs/examples/stale-read.jsonl', import.meta.url)), 'utf8');
const validEdn = `; a cas-register, as Jepsen writes it
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :cas, :value [1 2]}
{:process 1, :type :info, :f :cas, :value [1 2], :error :timeout}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value 2}
`;
const refusedCas = `
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :cas, :value [1 2]}
{:process 0, :type :fail, :f :cas, :value [1 2], :error :precondition-failed}
`;

beforeAll(() => {
  writeFileSync(join(cwd, 'stale.jsonl'), stale);
  writeFileSync(join(cwd, 'array.json'), `[${stale.trim().split('\n').join(',\n')}]`);
  writeFileSync(join(cwd, 'stale.jsonl.gz'), gzipSync(stale));
  writeFileSync(join(cwd, 'valid.edn'), validEdn);
  writeFileSync(join(cwd, 'refused.edn'), refusedCas);
  mkdirSync(join(cwd, 'folder'));
  writeFileSync(join(cwd, 'folder', 'a.edn'), validEdn);
  writeFileSync(join(cwd, 'folder', 'b.jsonl'), stale);
  writeFileSync(join(cwd, 'folder', 'verdicts.jsonl'), '{"file":"a.edn","valid":true}\n');
  writeFileSync(join(cwd, 'folder', 'notes.txt'), 'no history');
});

const check = async (...args: readonly string[]) => {
  const ended = await ftest(['check', ...args, '--json'], { cwd });
  return { ...ended, json: ended.stdout === '' ? undefined : JSON.parse(ended.stdout) };
};

describe('ftest check', () => {
  test.each(['stale.jsonl', 'array.json', 'stale.jsonl.gz'])(
    'a stale read in %s is invalid, with evidence',
    async (file) => {
      const { code, json } = await check(file, '--workload', 'register');
      expect(code).toBe(1);
      expect(json).toMatchObject({
        file,
        valid: false,
        anomalies: ['not-linearizable'],
        not: ['linearizable'],
        alsoNot: ['strict-serializable'],
        ops: 3,
        evidence: { keys: 1, failures: [{ key: 'x', completion: 5 }] },
      });
      expect(json.parseMs).toBeGreaterThanOrEqual(0);
      expect(json.checkMs).toBeGreaterThanOrEqual(0);
    },
  );

  test('a history with an unknown cas that a read shows is valid', async () => {
    const { code, json } = await check('valid.edn', '--workload', 'cas-register');
    expect(json).toMatchObject({ valid: true, anomalies: [], not: [], alsoNot: [], ops: 3 });
    expect(code).toBe(0);
  });

  test('stdin is read for -', async () => {
    const { code, stdout } = await ftest(['check', '-', '--workload', 'register', '--json'], {
      input: gzipSync(stale),
    });
    expect(JSON.parse(stdout)).toMatchObject({ file: 'stdin', valid: false });
    expect(code).toBe(1);
  });

  test('a refused cas says nothing, unless --observe-failed-cas', async () => {
    expect((await check('refused.edn', '--workload', 'cas-register')).code).toBe(0);
    expect((await check('refused.edn', '--workload', 'cas-register', '--observe-failed-cas')).code).toBe(1);
  });

  test('several files are judged together: the worst counts', async () => {
    const { code, json } = await check('valid.edn', 'stale.jsonl', '--workload', 'cas-register');
    expect(code).toBe(1);
    expect(json.valid).toBe(false);
    expect(json.files.map(({ file, valid }: { file: string; valid: unknown }) => [file, valid])).toEqual([
      ['valid.edn', true],
      ['stale.jsonl', false],
    ]);
  });

  test('a folder stands for its histories; what is none in it is passed over, and said', async () => {
    const { code, json, stderr } = await check('folder', '--workload', 'cas-register');
    expect(code).toBe(1);
    expect(json.files.map(({ file }: { file: string }) => file)).toEqual(['folder/a.edn', 'folder/b.jsonl']);
    expect(stderr).toContain('folder/verdicts.jsonl:1:');
  });

  test('people get the story of a violation', async () => {
    const { code, stdout } = await ftest(['check', 'stale.jsonl', '--workload', 'register'], { cwd });
    expect(stdout).toMatch(/^stale\.jsonl: INVALID, 3 ops/);
    expect(stdout).toContain('is not linearizable');
    expect(code).toBe(1);
  });

  test('lines that do not pair are refused with file and line', async () => {
    writeFileSync(join(cwd, 'twice.jsonl'), `${stale.split('\n')[0]}\n${stale.split('\n')[0]}\n`);
    const { code, stderr } = await check('twice.jsonl', '--workload', 'register');
    expect(stderr).toMatch(/^ftest: twice\.jsonl:2: process 0 invokes "write" while/);
    expect(code).toBe(254);
  });
});
