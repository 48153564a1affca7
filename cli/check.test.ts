import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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

  test('a folder stands for the folders below it too, but not for links to folders', async () => {
    mkdirSync(join(cwd, 'deep', 'below', '.hidden'), { recursive: true });
    writeFileSync(join(cwd, 'deep', 'below', 'b.edn'), validEdn);
    writeFileSync(join(cwd, 'deep', 'below', '.hidden', 'c.edn'), validEdn);
    writeFileSync(join(cwd, 'deep', 'package.json'), '{\n  "name": "no history"\n}\n');
    symlinkSync('below', join(cwd, 'deep', 'link'));
    symlinkSync('below/b.edn', join(cwd, 'deep', 'linked.edn'));
    const { code, json, stderr } = await check('deep');
    expect(json.files.map(({ file }: { file: string }) => file)).toEqual(['deep/below/b.edn', 'deep/linked.edn']);
    expect(stderr).toContain('passed over, no history: deep/package.json:1:1');
    expect(code).toBe(0);
  });

  test('people get the story of a violation', async () => {
    const { code, stdout } = await ftest(['check', 'stale.jsonl', '--workload', 'register'], { cwd });
    expect(stdout).toMatch(/^stale\.jsonl: INVALID, 3 ops/);
    expect(stdout).toContain('is not linearizable');
    expect(code).toBe(1);
  });

  test('--quiet leaves the verdict only', async () => {
    const { code, stdout } = await ftest(['check', 'stale.jsonl', '--quiet'], { cwd });
    expect(stdout).toMatch(/^stale\.jsonl: INVALID, 3 ops of a register \(as its ops show\), read in .*\n$/);
    expect(code).toBe(1);
  });

  test('lines that do not pair are refused with file and line', async () => {
    writeFileSync(join(cwd, 'twice.jsonl'), `${stale.split('\n')[0]}\n${stale.split('\n')[0]}\n`);
    const { code, stderr } = await check('twice.jsonl', '--workload', 'register');
    expect(stderr).toMatch(/^ftest: twice\.jsonl:2: process 0 invokes "write" while/);
    expect(code).toBe(254);
  });
});

describe('what the ops show', () => {
  test('is said, in text and in JSON', async () => {
    const { json } = await check('stale.jsonl');
    expect(json).toMatchObject({ workload: 'register', workloadFrom: 'ops', model: 'linearizable', order: 'line' });
    const { stdout } = await ftest(['check', 'valid.edn'], { cwd });
    expect(stdout).toContain('valid, 3 ops of a cas-register (as its ops show)');
  });

  test('is not asked where the caller says it', async () => {
    expect((await check('stale.jsonl', '--workload', 'cas-register')).json).toMatchObject({
      workload: 'cas-register',
      workloadFrom: 'option',
    });
  });

  test('is nothing in an empty history, which is unknown', async () => {
    writeFileSync(join(cwd, 'empty.edn'), '');
    const { code, json } = await check('empty.edn');
    expect(json).toMatchObject({ valid: 'unknown', workload: null, ops: 0 });
    expect(code).toBe(2);
  });

  test('may be two things: a sentence names them', async () => {
    writeFileSync(join(cwd, 'reads.edn'), '{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read}');
    const { code, stdout, stderr } = await ftest(['check', 'reads.edn'], { cwd });
    expect(stderr).toMatch(/^ftest: reads\.edn: its ops are read, which .*: give --workload register or cas-register/);
    expect(stdout).toBe('');
    expect(code).toBe(254);
  });

  test('a history of --workload register may hold cas; what no register does is refused with its place', async () => {
    expect((await check('valid.edn', '--workload', 'register')).code).toBe(0);
    writeFileSync(join(cwd, 'pop.edn'), '\n{:process 0 :type :invoke :f :pop}');
    const { code, stderr } = await check('pop.edn', '--workload', 'register');
    expect(stderr).toBe('ftest: pop.edn:2: the op is pop, but a register has read, write, cas\n');
    expect(code).toBe(254);
  });
});

describe('--model', () => {
  const ownWriteLost = [':invoke :f :write :value 1', ':ok :f :write', ':invoke :f :read', ':ok :f :read :value nil']
    .map((fields) => `{:process 0 :type ${fields}}`)
    .join('\n');

  test.each([
    ['stale.jsonl', 'sequential', 0],
    ['lost.edn', 'sequential', 1],
    ['lost.edn', 'read-your-writes', 1],
    ['lost.edn', 'writes-follow-reads', 0],
  ])('%s is judged as %s: %i', async (file, model, expected) => {
    writeFileSync(join(cwd, 'lost.edn'), ownWriteLost);
    const { code, json } = await check(file, '--model', model);
    expect(json).toMatchObject({ model, not: expected === 1 ? [model] : [] });
    expect(code).toBe(expected);
    const { stdout } = await ftest(['check', file, '--model', model], { cwd });
    if (expected === 1)
      expect(stdout).toMatch(/^ {2}(?:the history is not sequentially consistent|the object breaks )/m);
  });

  test('judges what it can judge', async () => {
    writeFileSync(join(cwd, 'push.edn'), '{:process 0 :type :invoke :f :push :value 1}');
    const { stderr } = await check('push.edn', '--model', 'monotonic-reads');
    expect(stderr).toBe(
      'ftest: push.edn: its ops are push, as of a stack: the model monotonic-reads does not judge that; it judges register, cas-register\n',
    );
    const { stderr: named } = await check('push.edn', '--model', 'monotonic-reads', '--workload', 'stack');
    expect(named).toBe(
      'ftest: the model monotonic-reads cannot judge the workload stack, only register, cas-register\n',
    );
  });
});

describe('a file that cannot be used', () => {
  beforeAll(() => {
    writeFileSync(join(cwd, 'broken.edn'), `${validEdn}{:process 7, :type :okay}\n`);
    writeFileSync(
      join(cwd, 'mixed.edn'),
      '{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :read}',
    );
    mkdirSync(join(cwd, 'some'));
    writeFileSync(join(cwd, 'some', 'a.edn'), validEdn);
    writeFileSync(join(cwd, 'some', 'b.edn'), `garbage ${validEdn}`);
  });

  test('among several is reported in its place, and the others are judged: 254', async () => {
    const files = ['broken.edn', 'valid.edn', 'mixed.edn', 'stale.jsonl'];
    const { code, json, stderr } = await check(...files);
    expect(json.valid).toBe(false);
    expect(json.files).toMatchObject([
      {
        file: 'broken.edn',
        valid: 'unknown',
        error: 'broken.edn:8:20: expected one of :invoke, :ok, :fail, :info for type, found :okay',
        line: 8,
        column: 20,
      },
      { file: 'valid.edn', valid: true },
      { file: 'mixed.edn', error: 'mixed.edn:2: read completes a write, which began on line 1', line: 2 },
      { file: 'stale.jsonl', valid: false },
    ]);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(code).toBe(254);
    const { code: again, stdout } = await ftest(['check', ...files], { cwd });
    expect(stdout).toContain('4 histories: 1 valid, 1 invalid, 0 unknown, 2 refused');
    expect(again).toBe(254);
  });

  test('alone is refused with 254 and nothing on stdout', async () => {
    const { code, stdout, stderr } = await check('broken.edn');
    expect([code, stdout]).toEqual([254, '']);
    expect(stderr).toMatch(/^ftest: broken\.edn:8:20: expected/);
  });

  test('is not passed over in a folder where it may have been a history', async () => {
    const { code, json } = await check('some');
    expect(json).toMatchObject({ valid: 'unknown', files: [{ valid: true }, { error: expect.any(String), line: 1 }] });
    expect(code).toBe(254);
  });

  test('with a comment of another language is told that JSON has none', async () => {
    writeFileSync(join(cwd, 'comment.jsonl'), `# recorded today\n${stale}`);
    const { stderr } = await check('comment.jsonl');
    expect(stderr).toBe(
      'ftest: comment.jsonl:1:1: expected an op: an object { … }, for JSON has no comments, found #\n',
    );
  });

  test('that is not there, or standard input twice, is refused before anything is judged', async () => {
    expect(await check('valid.edn', 'not-there.edn')).toMatchObject({ code: 254, stdout: '' });
    expect(await check('-', '-')).toMatchObject({ code: 254, stderr: 'ftest: - can be read only once\n' });
  });

  test('is quoted without what would turn a terminal upside down', async () => {
    writeFileSync(join(cwd, 'escape.edn'), '{:process 0 :type :ok :f "a\u001b[2Jb"}');
    const { stderr } = await check('escape.edn');
    expect(stderr).toContain('escape.edn:1: process 0 completes');
    expect(stderr).not.toContain('\u001b');
  });
});

describe('options', () => {
  const read = (value: string) =>
    `{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read :value ${value}}\n`;
  beforeAll(() => {
    writeFileSync(join(cwd, 'initial.edn'), read('7'));
    writeFileSync(join(cwd, 'word.edn'), read(':free'));
    writeFileSync(join(cwd, 'nil.edn'), `${validEdn}${read('nil')}`);
  });

  test.each([
    ['initial.edn', ['--initial', '7'], 0],
    ['initial.edn', ['--initial', '8'], 1],
    ['initial.edn', [], 1],
    ['word.edn', ['--initial', ':free'], 0],
    ['word.edn', ['--initial', '":free"'], 0],
    ['word.edn', ['--initial', '"free"'], 1],
    ['nil.edn', [], 1],
    ['nil.edn', ['--nil-is-unknown'], 0],
  ])('%s with %j ends with %i', async (file, options, expected) => {
    const { code, stderr } = await check(file, '--workload', 'cas-register', ...options);
    expect(code, stderr).toBe(expected);
  });

  test('--initial expects a value', async () => {
    for (const text of ['free', '[1', '']) {
      const { code, stderr } = await check('initial.edn', '--workload', 'register', '--initial', text);
      expect(stderr).toMatch(/^ftest: --initial expects a value as JSON or EDN, such as 0, nil, "a"/);
      expect(code).toBe(254);
    }
  });

  test('--order time goes by the times, in which equal ones are concurrent', async () => {
    const lines = (readInvoked: number) =>
      [
        [0, 'invoke', 'write', 1, 0],
        [0, 'ok', 'write', 1, 10],
        [1, 'invoke', 'read', 'nil', readInvoked],
        [1, 'ok', 'read', 'nil', 20],
      ]
        .map(
          ([process, type, f, value, time]) =>
            `{:process ${process} :type :${type} :f :${f} :value ${value} :time ${time}}`,
        )
        .join('\n');
    for (const [readInvoked, byLine, byTime] of [
      [9, 1, 0],
      [10, 1, 0],
      [11, 1, 1],
    ] as const) {
      writeFileSync(join(cwd, 'times.edn'), lines(readInvoked));
      expect((await check('times.edn')).code).toBe(byLine);
      const { code, json } = await check('times.edn', '--order', 'time');
      expect(json.order).toBe('time');
      expect(code).toBe(byTime);
    }
    const { code, stderr } = await check('valid.edn', '--order', 'time');
    expect(stderr).toBe('ftest: valid.edn:2: to be ordered by time every line needs one\n');
    expect(code).toBe(254);
  });

  test('--timeout leaves open what it takes longer to find out, and says so', async () => {
    const { code, json } = await check('valid.edn', '--timeout', '0.001');
    expect(json.valid === true || /^the timeout of 0\.001 s passed/.test(json.reason)).toBe(true);
    expect([0, 2]).toContain(code);
  });

  test.each([
    ['--order sideways', "argument 'sideways' is invalid. Allowed choices are line, time"],
    ['--budget 0', '--budget expects configurations: a whole number from 1'],
    ['--timeout 0', '--timeout expects seconds: a number above 0 and up to 86400, got "0"'],
    ['--workers 0', '--workers expects threads: a whole number from 1 to 256, got "0"'],
    ['--model linear', 'unknown model "linear": did you mean linearizable?'],
    ['--workload cas-regster', 'unknown workload "cas-regster": did you mean cas-register'],
  ])('%s is refused', async (words, message) => {
    const { code, stderr } = await check('valid.edn', ...words.split(' '));
    expect(stderr).toContain(message);
    expect(code).toBe(254);
  });
});

test('--html writes a report of all histories, also of those that cannot be used', async () => {
  writeFileSync(join(cwd, 'cut.edn'), '{:process 0');
  const args = ['check', 'stale.jsonl', 'valid.edn', 'cut.edn', '--html', 'report.html', '--linearization'];
  expect((await ftest(args, { cwd })).code).toBe(254);
  const page = readFileSync(join(cwd, 'report.html'), 'utf8');
  expect(page).toMatch(/^<!doctype html>/i);
  for (const text of ['stale.jsonl', 'valid.edn', 'ut.edn:1:12: expected a field', 'was overwritten by'])
    expect(page).toContain(text);
  const { code, stderr } = await ftest(['check', 'stale.jsonl', '--html', 'no/such/report.html'], { cwd });
  expect(stderr).toMatch(/^ftest: --html expects a file in a folder that exists and can be written to/);
  expect(code).toBe(254);
});

test('a history that does not fit into memory is unknown', async () => {
  const lines = Array.from(
    { length: 150_000 },
    (_, i) => `{:process 0 :type :info :f :write :value [${i} {:a #{${i}}}]}`,
  );
  writeFileSync(join(cwd, 'large.edn'), lines.join('\n'));
  const environment = { NODE_OPTIONS: '--max-old-space-size=64' };
  const { code, stdout, stderr } = await ftest(['check', 'large.edn', '--json'], { cwd, environment });
  expect(JSON.parse(stdout)).toMatchObject({
    valid: 'unknown',
    reason: expect.stringMatching(/^the history takes more than two fifths of the 0\.\d GB that Node allows/),
  });
  expect([code, stderr]).toEqual([2, '']);
});

test('a reader that stops listening ends it quietly', async () => {
  const { code, stderr } = await ftest(['check', 'stale.jsonl', 'valid.edn'], { cwd, closeStdout: true });
  expect([code, stderr]).toEqual([1, '']);
});

describe("a run's folder", () => {
  test('is judged again by what its workload is judged by', async () => {
    const store = join(cwd, 'store');
    await ftest(['raft', '--time-limit', '2', '--seed', '1', '--quiet'], { cwd });
    await ftest(['echo', '--time-limit', '2', '--seed', '1', '--quiet'], { cwd });
    const latest = await check('store/latest');
    expect(latest.json).toMatchObject({
      valid: true,
      workload: 'echo',
      workloadFrom: 'run',
      model: null,
      evidence: { checkers: { echo: { valid: true } } },
    });
    expect(latest.code).toBe(0);
    const { code, json } = await check(store);
    expect(json.files.map(({ workload }: { workload: string }) => workload).sort()).toEqual(['cas-register', 'echo']);
    expect(code).toBe(0);
    const damaged = join(store, 'damaged');
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'test.json'), '{');
    const all = await check('store');
    expect(all.json.files.map(({ valid }: { valid: unknown }) => valid)).toEqual(['unknown', true, true]);
    expect(all.code).toBe(254);
    const other = await check('store/latest', '--workload', 'register');
    expect(other.stderr).toMatch(/^ftest: store\/latest:\d+: the op is echo, but a register has read, write, cas$/m);
    expect(other.code).toBe(254);
  });
});

describe('histories in JSON as elle-cli takes them', () => {
  test('an array, ops without value, the nemesis among them', async () => {
    const lock = [
      { type: 'invoke', f: 'acquire', process: 1, time: 1, index: 0 },
      { type: 'ok', f: 'acquire', process: 1, time: 2, index: 1 },
      { type: 'info', f: 'start', process: 'nemesis', time: 3, index: 2 },
      { type: 'invoke', f: 'release', process: 1, time: 4, index: 3 },
      { type: 'fail', f: 'release', process: 1, time: 5, error: 'not-held', index: 4 },
    ];
    writeFileSync(join(cwd, 'lock.json'), JSON.stringify(lock));
    const { stderr, json } = await check('lock.json');
    if (json === undefined) expect(stderr).toContain('as of a mutex');
    else expect(json).toMatchObject({ valid: true, workload: 'mutex', ops: 2 });
  });

  test('transactions need no f', async () => {
    const txn = (type: string, value: unknown) => ({ index: 0, process: 1, type, value });
    const array = [txn('invoke', [['append', 253, 1]]), txn('ok', [['append', 253, 1]])];
    writeFileSync(join(cwd, 'append.json'), JSON.stringify(array, null, 2));
    const { code, json } = await check('append.json');
    // Nothing was read, so that no transaction depends on another.
    expect(json).toMatchObject({ valid: 'unknown', workload: 'list-append', model: 'strict-serializable' });
    expect(code).toBe(2);
  });
});
