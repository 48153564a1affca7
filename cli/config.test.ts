/** Targets of one's own on the command line, in a folder outside the repository. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();
const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text);

/** Each node keeps its own registers and tells nobody. */
write(
  'lonely.ts',
  `import { type Body, errorBody, type Json, type NodeSystem } from 'ftest';

interface Words extends Body {
  readonly key?: Json;
  readonly value?: Json;
  readonly from?: Json;
  readonly to?: Json;
}

enum Reply {
  read = 'read_ok',
  write = 'write_ok',
  cas = 'cas_ok',
}

export const lonely: NodeSystem<Map<string, Json>, object, Words> = {
  name: 'lonely',
  summary: 'Nodes that never talk to each other.',
  sources: [],
  services: ['register'],
  defaultWorkload: 'register',
  configure: () => ({}),
  create: () => new Map(),
  describe: () => ({ role: 'node', primary: false, term: 0 }),
  step(values, event) {
    if (event.type !== 'message') return [];
    const { src, body } = event.message;
    const id = body.msg_id as number;
    const reply = (answer: Words) => [{ type: 'send', to: src, body: answer } as const];
    const held = values.get(String(body.key)) ?? null;
    if (body.type === 'cas' && held !== body.from) return reply(errorBody(id, 'preconditionFailed', 'another value'));
    const value = { read: held, write: body.value ?? null, cas: body.to ?? null }[body.type as keyof typeof Reply];
    values.set(String(body.key), value);
    return reply({ type: Reply[body.type as keyof typeof Reply], in_reply_to: id, value });
  },
  bugs: [],
  invariants: [],
  promises: [],
  marks: {},
};
`,
);
write(
  'ftest.config.ts',
  `import { defineConfig, defineTarget } from 'ftest';
import { lonely } from './lonely.js';

const boxed = defineTarget({
  name: 'boxed',
  defaultWorkload: 'register',
  clientPorts: [80],
  sizes: [3],
  plan: () => ({ image: { image: 'boxed:1' } }),
  clients: { register: () => ({ invoke: async ({ value }) => ({ type: 'ok', value }), close() {} }) },
});

export default defineConfig({ targets: [lonely, boxed] });
`,
);

describe('a state machine of one’s own', () => {
  let ended: Ended;
  let first: { readonly store: string; readonly reproduce: string; readonly history: { readonly sha256: string } };
  beforeAll(async () => {
    const line = 'lonely --time-limit 5 --runs 4 --seed 5 --keep-going --json --quiet';
    ended = await ftest(line.split(' '), { cwd });
    first = JSON.parse(ended.stdout).firstFailure;
  });

  test('runs for many seeds on worker threads, and is convicted', () => {
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject({ valid: false, runs: 4, failed: 4, unknown: 0 });
    expect(first).toMatchObject({ target: 'lonely', seed: 5, checkers: { linearizable: { valid: false } } });
    expect(ended.code).toBe(1);
  });

  test('stands in test.json and in the line that does the run again, with the file it comes from', async () => {
    const { spec } = JSON.parse(readFileSync(join(cwd, first.store, 'test.json'), 'utf8'));
    expect(spec).toMatchObject({ target: 'lonely', config: 'ftest.config.ts' });
    expect(first.reproduce).toContain('ftest lonely --workload register --config ftest.config.ts ');
    const again = await ftest([...first.reproduce.split(' ').slice(1), '--json', '--quiet'], { cwd });
    expect(JSON.parse(again.stdout).history).toEqual(first.history);
  });

  test('is replayed exactly, by the file that the run names or by another', async () => {
    const replayed = await ftest(['replay', first.store], { cwd });
    expect(replayed.stdout).toContain(`sha256 ${first.history.sha256}`);
    expect(replayed.code).toBe(0);
    const elsewhere = join(cwd, 'elsewhere');
    mkdirSync(elsewhere);
    const lost = await ftest(['replay', join('..', first.store)], { cwd: elsewhere });
    expect([lost.code, lost.stderr]).toEqual([
      254,
      'ftest: the configuration ftest.config.ts should be a file, as seen from this folder: give it with --config\n',
    ]);
    const found = await ftest(['replay', join('..', first.store), '--config', '../ftest.config.ts'], {
      cwd: elsewhere,
    });
    expect([found.code, found.stdout]).toEqual([0, replayed.stdout]);
  });

  test('has its report rendered again, and its history judged', async () => {
    expect((await ftest(['report', first.store], { cwd })).code).toBe(0);
    expect((await ftest(['check', first.store, '--quiet'], { cwd })).code).toBe(1);
  });

  test('runs in processes, which load it too', async () => {
    const line = 'lonely --runtime process --nodes 2 --time-limit 1 --seed 1 --json --quiet --no-report';
    const { stdout, stderr } = await ftest(line.split(' '), { cwd });
    expect(stderr).toBe('');
    const results = JSON.parse(stdout);
    expect(results).toMatchObject({ runtime: 'process', checkers: { recovery: { valid: true } } });
    expect(results.stats.ok).toBeGreaterThan(0);
  });

  test('does not run in containers, where it would be missing', async () => {
    const { code, stderr } = await ftest(['lonely', '--runtime', 'docker'], { cwd });
    expect([code, stderr]).toEqual([
      254,
      'ftest: lonely is a state machine of ftest.config.ts, which the image of the nodes does not contain: choose --runtime sim or process\n',
    ]);
  });
});

test('a state machine that something else than the seed decides is told from one that is convicted', async () => {
  write(
    'unsteady.ts',
    `import { isMainThread } from 'node:worker_threads';
import { lonely } from './lonely.ts';
const shared = new Map();
export default { targets: [{ ...lonely, name: 'unsteady', create: () => (isMainThread ? shared : new Map()) }] };
`,
  );
  const line = 'unsteady --config unsteady.ts --time-limit 1 --runs 2 --seed 1 --quiet --no-report';
  const { code, stderr } = await ftest(line.split(' '), { cwd });
  expect(stderr).toMatch(/^seed 1 failed, and did not when it was done again to be stored: not the seed alone /);
  expect(code).toBe(1);
});

test('a state machine that throws is told with its file and line, alone and on a worker thread', async () => {
  write(
    'failing.ts',
    `import { lonely } from './lonely.ts';
function step(_values, event) {
  if (event.type === 'message') throw new RangeError('no such key');
  return [];
}
export default { targets: [{ ...lonely, name: 'failing', step }] };
`,
  );
  const line = 'failing --config failing.ts --time-limit 1 --seed 1 --quiet --no-report';
  const alone = await ftest(line.split(' '), { cwd });
  expect(alone.stderr).toMatch(/^ftest: n\d of failing threw at \S+ s, on \w+: no such key \(failing\.ts:3\)\n$/);
  expect(alone.code).toBe(255);
  const onWorker = await ftest([...line.split(' '), '--runs', '2'], { cwd });
  expect(onWorker.stderr).toBe(alone.stderr.replace('ftest: ', 'ftest: seed 1: '));
  expect(onWorker.code).toBe(255);
});

describe('the configuration', () => {
  test('adds its targets to those that are listed, with where they run', async () => {
    const { targets } = JSON.parse((await ftest(['list', 'targets', '--json'], { cwd })).stdout);
    const runtimes = Object.fromEntries(
      targets.map((target: { name: string; runtimes: string[] }) => [target.name, target.runtimes]),
    );
    expect(runtimes).toMatchObject({
      raft: ['sim', 'process', 'docker'],
      lonely: ['sim', 'process'],
      boxed: ['docker'],
    });
  });

  test('leaves no trace in a run of a target of ftest', async () => {
    const { code, stdout } = await ftest('raft --time-limit 1 --seed 1 --json --quiet --no-report'.split(' '), { cwd });
    expect(code).toBe(0);
    const { store, reproduce } = JSON.parse(stdout);
    expect(reproduce).not.toContain('--config');
    expect(JSON.parse(readFileSync(join(cwd, store, 'test.json'), 'utf8')).spec).not.toHaveProperty('config');
  });

  test('is the first of four files, or the one that is named', async () => {
    const folder = join(cwd, 'several');
    mkdirSync(folder);
    const names = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await ftest(['list', 'targets', '--json', ...args], { cwd: folder });
      return JSON.parse(stdout).targets.map(({ name }: { name: string }) => name);
    };
    const usual = await names();
    for (const ending of ['mjs', 'js', 'mts', 'ts']) {
      writeFileSync(
        join(folder, `ftest.config.${ending}`),
        `import { lonely } from '../lonely.ts'; export default { targets: [{ ...lonely, name: 'of-${ending}' }] };`,
      );
      expect(await names()).toEqual([...usual, `of-${ending}`]);
    }
    expect(await names('--config', 'ftest.config.js')).toEqual([...usual, 'of-js']);
    expect(readdirSync(folder)).toHaveLength(4);
  });
});

describe('refused, with 254 and a sentence', () => {
  const cases: readonly (readonly [config: string, text: string | undefined, message: string])[] = [
    [
      'syntax.ts',
      'export default {\n  targets: [ ,, }\n};\n',
      'syntax.ts cannot be used: syntax.ts:2:16: Unexpected token',
    ],
    [
      'throwing.ts',
      "interface Unused {}\n\nthrow new TypeError('no such\\nthing');\n",
      'throwing.ts cannot be used: throwing.ts:3: TypeError: no such',
    ],
    ['below.ts', "import './throwing.ts';\n", 'below.ts cannot be used: throwing.ts:3: TypeError: no such'],
    ['word.mts', "throw 'a word';\n", 'word.mts cannot be used: it threw a word'],
    [
      'missing.ts',
      "import { x } from './nowhere.ts';\nexport default x;\n",
      "missing.ts cannot be used: missing.ts:1: Cannot find module './nowhere.ts'",
    ],
    [
      'waiting.ts',
      'await new Promise(() => {});\n',
      'waiting.ts cannot be used: it waits for something that never comes',
    ],
    [
      'nothing.ts',
      'export const targets = [];\n',
      'nothing.ts has no default export: write export default defineConfig({ targets: [ … ] })',
    ],
    [
      'clash.ts',
      "import { defineConfig } from 'ftest';\nimport { lonely } from './lonely.ts';\n\nexport default defineConfig({ targets: [{ ...lonely, name: 'raft' }] });\n",
      'clash.ts cannot be used: clash.ts:4: a target cannot be called raft: ftest has one of that name',
    ],
    [
      'target.ts',
      "import { defineTarget } from 'ftest';\n\ndefineTarget({ name: 'x' } as never);\n",
      'target.ts cannot be used: target.ts:3: the target x must have clients: for each service that it offers, how to open one',
    ],
    ['shape.js', 'module.exports = { targets: 3 };\n', 'shape.js cannot be used: targets must be an array, not 3'],
    [
      'nowhere.ts',
      undefined,
      'the configuration nowhere.ts should be a file, as seen from this folder: give it with --config',
    ],
  ];
  test.each(cases)('%s', async (config, text, message) => {
    if (text !== undefined) write(config, text);
    const { code, stdout, stderr } = await ftest(['raft', '--config', config, '--time-limit', '1'], { cwd });
    expect(stderr).toBe(`ftest: ${message}\n`);
    expect([code, stdout]).toEqual([254, '']);
  });

  test.each([
    ['lonley', 'unknown target or command "lonley": did you mean lonely?'],
    ['boxed --runtime sim', 'boxed runs in containers only, not in the runtime sim: add --runtime docker'],
    ['boxed --nodes 4', 'boxed has 3 nodes, not 4'],
    ['lonely --bug stale', 'unknown bug of lonely "stale": there is none to choose from'],
    ['lonely --workload bank', 'workload "bank" needs the service bank, but lonely offers register: choose register'],
  ])('ftest %s', async (line, message) => {
    const { code, stdout, stderr } = await ftest(line.split(' '), { cwd });
    expect([code, stdout, stderr.slice(0, 7 + message.length)]).toEqual([254, '', `ftest: ${message}`]);
  });
});
