/** `ftest check` of transactions, and of what Jepsen's other checkers judge. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const cwd = temporaryFolder();

/** Ops that all overlap: each is `[process, f, asked, returned]`. */
function atOnce(...ops: readonly (readonly [number, string, unknown, unknown])[]): string {
  const lines = [
    ...ops.map(([process, f, value]) => ({ process, type: 'invoke', f, value })),
    ...ops.map(([process, f, , value]) => ({ process, type: 'ok', f, value })),
  ];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

const writeSkew = atOnce(
  [
    0,
    'txn',
    [
      ['r', 'x', null],
      ['append', 'y', 1],
    ],
    [
      ['r', 'x', []],
      ['append', 'y', 1],
    ],
  ],
  [
    1,
    'txn',
    [
      ['r', 'y', null],
      ['append', 'x', 2],
    ],
    [
      ['r', 'y', []],
      ['append', 'x', 2],
    ],
  ],
  [
    2,
    'txn',
    [
      ['r', 'x', null],
      ['r', 'y', null],
    ],
    [
      ['r', 'x', [2]],
      ['r', 'y', [1]],
    ],
  ],
);
const lostUpdate = atOnce(
  [
    0,
    'txn',
    [
      ['r', 'x', null],
      ['w', 'x', 1],
    ],
    [
      ['r', 'x', null],
      ['w', 'x', 1],
    ],
  ],
  [
    1,
    'txn',
    [
      ['r', 'x', null],
      ['w', 'x', 2],
    ],
    [
      ['r', 'x', null],
      ['w', 'x', 2],
    ],
  ],
);

beforeAll(() => {
  writeFileSync(join(cwd, 'skew.jsonl'), writeSkew);
  writeFileSync(join(cwd, 'lost.jsonl'), lostUpdate);
  writeFileSync(join(cwd, 'ids.jsonl'), atOnce([0, 'generate', null, 5], [1, 'generate', null, 5]));
  writeFileSync(join(cwd, 'register.jsonl'), atOnce([0, 'write', 1, 1]));
});

const check = (...args: readonly string[]) => ftest(['check', ...args], { cwd });

describe('transactions', () => {
  test('are held to the models asked for, and tell which do not hold', async () => {
    const { code, stdout } = await check('skew.jsonl', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      workload: 'list-append',
      workloadFrom: 'ops',
      model: 'strict-serializable',
      anomalies: ['G2-item'],
      not: ['repeatable-read'],
      alsoNot: ['serializable', 'strong-serializable', 'strong-session-serializable'],
      ops: 3,
    });
    expect((await check('skew.jsonl', '--model', 'snapshot-isolation')).code).toBe(0);
    expect((await check('skew.jsonl', '--model', 'snapshot-isolation, PL-2.99')).code).toBe(1);
  });

  test('are shown, with the anomaly as a story', async () => {
    const { stdout } = await check('skew.jsonl', '--model', 'serializable');
    expect(stdout.replace(/\d+ ms/g, 'N ms')).toBe(`\
skew.jsonl: INVALID, 3 ops of a list-append (as its ops show), read in N ms, checked for serializable in N ms
  the history is not serializable; it is not repeatable-read:
  G2-item:
    T1: line 1, process 0: txn [["r" "x" []] ["append" "y" 1]]
    T2: line 2, process 1: txn [["r" "y" []] ["append" "x" 2]]
  - T1 < T2, because T1 read [] from key "x", to which T2 appended 2 next.
  - However, T2 < T1, because T2 read [] from key "y", to which T1 appended 1 next: a contradiction.
`);
  });

  test('on registers are found where each value is written once; as one object they are a multi-register', async () => {
    const found = JSON.parse((await check('lost.jsonl', '--json')).stdout);
    expect(found).toMatchObject({ valid: false, workload: 'rw-register' });
    expect(found.anomalies).toContain('lost-update');
    const whole = JSON.parse((await check('lost.jsonl', '--json', '--model', 'linearizable')).stdout);
    expect(whole).toMatchObject({ valid: false, workload: 'multi-register', anomalies: ['not-linearizable'] });
    const given = JSON.parse((await check('lost.jsonl', '--json', '--initial', '{}')).stdout);
    expect(given.workload).toBe('multi-register');
  });

  test.each([
    ['skew.jsonl --model serialisable', 'unknown model "serialisable": did you mean serializable'],
    [
      'skew.jsonl --model serializable,linearizable',
      '--model takes several models of transactions, or one of objects;',
    ],
    ['skew.jsonl --model view-serializable', 'unknown model "view-serializable": did you mean'],
    ['skew.jsonl --no-inference', '--no-inference is about rw-register, not about list-append'],
    ['skew.jsonl --linearization', '--linearization shows an order of the ops of linearizable or sequential objects'],
    [
      'skew.jsonl --workload list-append --initial 0',
      '--initial is about registers and counters, not about list-append',
    ],
    [
      'register.jsonl --model serializable',
      'its ops are write, as of a register: the model serializable does not judge',
    ],
    ['register.jsonl --workload register --linearizable-keys', '--linearizable-keys is about rw-register, not about'],
    [
      'skew.jsonl --workload rw-register',
      'skew.jsonl:4: op 3 has the micro-op ["append" "y" 1]; expected ["w" key value]',
    ],
  ])('%s is refused', async (words, message) => {
    const { code, stderr } = await check(...words.split(' '));
    expect(stderr).toContain(message);
    expect(code).toBe(254);
  });
});

describe("what Jepsen's other checkers judge", () => {
  test('says itself what must hold', async () => {
    const { code, stdout } = await check('ids.jsonl', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      workload: 'unique-ids',
      model: null,
      anomalies: ['not-unique-ids'],
      not: [],
    });
    expect(code).toBe(1);
  });

  test('takes no model', async () => {
    const { code, stderr } = await check('ids.jsonl', '--workload', 'unique-ids', '--model', 'linearizable');
    expect(stderr).toBe(
      'ftest: the model linearizable cannot judge the workload unique-ids: it says itself what must hold; leave out --model\n',
    );
    expect(code).toBe(254);
  });
});
