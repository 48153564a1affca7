import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../history/read.ts';
import { worst } from '../checker.ts';
import { checkLinearizable, type LinearizableOptions, linearizable } from './linearizable.ts';
import { models } from './models/index.ts';
import { ModelMismatch } from './models/model.ts';
import { casRegister, register } from './models/register.ts';
import { historyOf } from './testing/history-of.ts';

const check = (text: string, options: Partial<LinearizableOptions> = {}) =>
  checkLinearizable(historyOf(text), { model: casRegister(), ...options });

const staleRead = `
  0 invoke write 4
  0 ok write 4
  1 invoke write 5
  1 ok write 5
  2 invoke read
  2 ok read 5
  3 invoke read
  3 ok read 4`;

describe('the verdict', () => {
  test('is valid where some order explains everything', () => {
    expect(
      check(`
        0 invoke write 1
        1 invoke read
        1 ok read null
        2 invoke read
        2 ok read 1
        3 invoke cas [1,2]
        0 ok write 1
        3 ok cas [1,2]
        1 invoke read
        1 ok read 2`),
    ).toEqual({ valid: true, keys: 1, ops: 5, failures: [], undecided: [] });
  });

  test('does not depend on what the nemesis did, and is valid of nothing', () => {
    expect(check('nemesis info heal')).toMatchObject({ valid: true, keys: 0, ops: 0 });
  });

  test('lets a crashed write happen at any later time, but only once', () => {
    const late = `
      0 invoke write 1
      0 info write 1
      1 invoke write 2
      1 ok write 2
      1 invoke read
      1 ok read 1`;
    expect(check(late).valid).toBe(true);
    const twice = `${late}
      1 invoke write 2
      1 ok write 2
      1 invoke read
      1 ok read 1`;
    expect(check(twice).valid).toBe(false);
  });

  test('remembers the ways that used more crashed ops, where they used others', () => {
    // The first read of 2 may use the crashed write alone, or both crashed cas; only these leave the write for the second.
    const others = `
      0 invoke write 2
      0 info write 2
      1 invoke cas [null,1]
      1 info cas [null,1]
      2 invoke cas [1,2]
      2 info cas [1,2]
      3 invoke read
      3 ok read 2
      3 invoke write 5
      3 ok write 5
      3 invoke read
      3 ok read 2`;
    expect(check(others).valid).toBe(true);
    expect(check(others.replace('1 invoke cas [null,1]\n', '1 invoke cas [3,1]\n')).valid).toBe(false);
  });

  test('counts how often equal crashed ops were used', () => {
    // Of the two crashed writes of 2 one must be left for the last read: the second read must use both cas.
    const twice = `
      0 invoke write 2
      0 info write 2
      1 invoke write 2
      1 info write 2
      2 invoke cas [5,1]
      2 info cas [5,1]
      3 invoke cas [1,2]
      3 info cas [1,2]
      4 invoke read
      4 ok read 2
      4 invoke write 5
      4 ok write 5
      4 invoke read
      4 ok read 2
      4 invoke write 7
      4 ok write 7
      4 invoke read
      4 ok read 2`;
    expect(check(twice).valid).toBe(true);
    expect(check(twice.replace('2 invoke cas [5,1]\n', '2 invoke cas [6,1]\n')).valid).toBe(false);
  });

  test('lets a failed op never happen', () => {
    expect(check('0 invoke write 1\n0 fail write 1\n1 invoke read\n1 ok read 1').valid).toBe(false);
  });

  test('takes a refused cas for an observation only when asked to', () => {
    const refused = '0 invoke write 1\n0 ok write 1\n0 invoke cas [1,2]\n0 fail cas [1,2]';
    expect(check(refused).valid).toBe(true);
    expect(check(refused, { observeFailedCas: true }).valid).toBe(false);
  });

  test('takes a read of nil for what it says, except with nilReadIsUnknown', () => {
    const nilRead = '0 invoke write 1\n0 ok write 1\n0 invoke read\n0 ok read null';
    expect(check(nilRead).valid).toBe(false);
    expect(check(nilRead, { model: casRegister({ nilReadIsUnknown: true }) }).valid).toBe(true);
  });

  test('is for each key by itself, the earliest failure first', () => {
    const verdict = check(`
      0 invoke write 1 "a"
      0 ok write 1 "a"
      1 invoke read null "b"
      1 ok read 9 "b"
      0 invoke read null "a"
      0 ok read null "a"
      2 invoke read null "c"
      2 ok read null "c"`);
    expect(verdict).toMatchObject({ valid: false, keys: 3, ops: 4 });
    expect(verdict.failures.map(({ key, completion }) => [key, completion])).toEqual([
      ['b', 3],
      ['a', 5],
    ]);
    expect(verdict.reason).toBe(
      'key "b" (and 1 more) is not linearizable: Process 1 read 9 at 0.3 s, but no one had written 9.',
    );
  });

  test('is unknown for a key beyond the budget, and says where and why; the other keys are judged', () => {
    // Two writes of each value, so that a read does not tell which it saw.
    const writers = Array.from(
      { length: 14 },
      (_, i) => `${i} invoke write ${i >> 1} 7\n${i} info write ${i >> 1} 7`,
    ).join('\n');
    const readers = Array.from({ length: 14 }, (_, i) => `99 invoke read null 7\n99 ok read ${(i * 5) % 7} 7`).join(
      '\n',
    );
    const text = `${writers}\n${readers}\n99 invoke read null 8\n99 ok read null 8`;
    expect(check(text).valid).toBe(true);
    const verdict = check(text, { budget: 10 });
    expect(verdict).toMatchObject({ valid: 'unknown', failures: [] });
    expect(verdict.undecided).toHaveLength(1);
    expect(verdict.undecided[0]?.key).toBe(7);
    expect(verdict.reason).toMatch(/^key 7 undecided: 14 concurrent unknown writes at \d.*s; the budget of 10 /);
    const failing = check(`${text}\n98 invoke read null 8\n98 ok read 5 8`, { budget: 10 });
    expect(failing).toMatchObject({ valid: false, undecided: [{ key: 7 }] });
  });

  test('refuses ops that the model does not know, with the line', () => {
    const options = { model: register() };
    expect(() => check('0 invoke read\n0 invoke cas [1,2]', options)).toThrow(ModelMismatch);
    expect(() => check('0 invoke cas 5')).toThrow('op 0 is a cas of 5; expected a pair [expected, new]');
  });

  test('is the checker of the name linearizable; the models have theirs', () => {
    const checker = linearizable({ model: register() });
    expect(checker.name).toBe('linearizable');
    expect(checker.check(historyOf('0 invoke read\n0 ok read null')).valid).toBe(true);
    expect([...models.keys()].slice(0, 2)).toEqual(['register', 'cas-register']);
  });
});

describe('the evidence of a stale read', () => {
  const [failure] = check(staleRead).failures;

  test('names the op that could not be linearized and the prefix before it', () => {
    expect(failure).toMatchObject({ key: null, completion: 7, prefix: [0, 2, 4] });
  });

  test('names the writes and the read that contradict each other', () => {
    expect(failure?.conflict).toEqual([0, 2, 6]);
    expect(failure?.minimal).toEqual([6]);
  });

  test('says what the register could hold, and why that does not do', () => {
    expect(failure?.configurations).toEqual([
      {
        state: '5',
        pending: [6],
        whyDead: "it held 5, but process 3's read of 4 needs 4, and nothing else was pending",
      },
    ]);
  });

  test('tells it in sentences, the contradiction last', () => {
    expect(failure?.story).toEqual([
      'Process 0 wrote 4 from 0 s to 0.1 s.',
      'Process 1 wrote 5 from 0.2 s to 0.3 s.',
      "Process 3 read 4 at 0.7 s, but 4 was overwritten by process 1's write of 5, which had returned at 0.3 s, and no one wrote 4 afterwards.",
    ]);
  });
});

describe('other contradictions', () => {
  const lastSentence = (text: string, options: Partial<LinearizableOptions> = {}): string | undefined =>
    check(text, options).failures[0]?.story.at(-1);

  test('a read of what a failed op would have written', () => {
    expect(lastSentence('101 invoke write 3\n101 fail write 3\n1 invoke read\n1 ok read 3')).toBe(
      'Process 1 read 3 at 0.3 s, but no one had written 3 but process 101, whose write failed at 0.1 s.',
    );
  });

  test('a read of nil after a write', () => {
    expect(lastSentence('0 invoke write 1\n0 ok write 1\n1 invoke read\n1 ok read null')).toBe(
      "Process 1 read nil at 0.3 s, but nil (the initial value) was overwritten by process 0's write of 1, which had returned at 0.1 s, and nothing ever wrote nil.",
    );
  });

  test('two reads that see two concurrent writes in opposite orders', () => {
    expect(
      lastSentence(`
        0 invoke write 1
        1 invoke write 2
        2 invoke read
        2 ok read 1
        2 invoke read
        2 ok read 2
        2 invoke read
        2 ok read 1`),
    ).toBe(
      'Process 2 read 1 at 0.7 s, but no order of these ops makes it 1 then; without any further op it could only hold 2.',
    );
  });

  test('a cas that was refused though it held what it expected', () => {
    expect(
      lastSentence('0 invoke write 1\n0 ok write 1\n0 invoke cas [1,2]\n0 fail cas [1,2]', { observeFailedCas: true }),
    ).toBe('Process 0 was refused a cas from 1 to 2 at 0.3 s, but no order of these ops makes it anything but 1 then.');
  });
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/histories');
const whyNot = existsSync(recorded) ? undefined : `the recorded histories are not there: ${'../shared/histories'}`;

interface Recorded {
  readonly file: string;
  readonly workload: string;
  readonly 'valid?': boolean;
}

describe.each([
  ['etcd', false],
  ['knossos', true],
] as const)('the recorded histories of %s', (folder, nilReadIsUnknown) => {
  const verdicts =
    whyNot === undefined
      ? readFileSync(join(recorded, folder, 'verdicts.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Recorded)
          .filter(({ workload }) => workload === 'cas-register')
      : [];

  test.skipIf(whyNot !== undefined)(`have our verdict too${whyNot === undefined ? '' : `: skipped, ${whyNot}`}`, () => {
    expect(verdicts.length).toBeGreaterThan(40);
    for (const { file, 'valid?': valid } of verdicts) {
      const history = parseHistory(readFileSync(join(recorded, folder, file)));
      const verdict = checkLinearizable(history, { model: casRegister({ nilReadIsUnknown }) });
      expect(verdict.valid, file).toBe(valid);
      expect(worst([verdict.valid]), file).toBe(valid);
      for (const failure of verdict.failures) {
        expect(failure.conflict?.length, file).toBeLessThan(10);
        expect(failure.minimal.length, file).toBeLessThan(5);
      }
    }
  });
});
