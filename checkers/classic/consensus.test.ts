import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkConsensus, consensus } from './consensus.ts';
import { type MadeUpOp, madeUpHistories, type PlainOp, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkConsensus(historyOf(text));

describe('the consensus checker', () => {
  test('lets all learn one of the values that were proposed, and nothing before', () => {
    const verdict = check(`
      0 invoke learn null 1
      0 ok     learn null 1
      0 invoke propose 3 1
      1 invoke propose 4 1
      0 ok     propose {"proposed":3,"decided":4} 1
      2 invoke learn null 1
      2 ok     learn 4 1
      1 info   propose 4 1
    `);
    expect(verdict).toEqual({ valid: true, proposalCount: 2, toldCount: 2, decided: [4], findings: [] });
  });

  test('convicts two decisions', () => {
    expect(
      check(`
        0 invoke propose 3
        1 invoke propose 4
        0 ok     propose 3
        1 ok     propose 4
      `),
    ).toMatchObject({
      valid: false,
      decided: [3, 4],
      reason: 'disagreement (1): Process 0 was told at 0.2 s that 3 was decided, but process 1 at 0.3 s that 4 was.',
      findings: [{ kind: 'disagreement', lines: [0, 1, 2, 3] }],
    });
  });

  test('holds what was told first against what was told later, whoever asked first', () => {
    const verdict = check(`
      0 invoke propose 3
      1 invoke propose 4
      1 ok     propose 4
      2 invoke learn
      2 ok     learn
      0 ok     propose 3
    `);
    expect(verdict).toMatchObject({
      decided: [4, 3],
      findings: [
        { kind: 'disagreement', lines: [0, 1, 2, 5] },
        { kind: 'forgotten', lines: [1, 2, 3, 4] },
      ],
    });
  });

  test('convicts a decision that changed when all were told', () => {
    expect(check('0 invoke propose 3\n0 ok propose 3\n1 invoke propose 4\n1 ok propose 4')).toMatchObject({
      valid: false,
      findings: [{ kind: 'changed', lines: [0, 1, 2, 3] }],
    });
  });

  test('convicts a decision that nobody had proposed', () => {
    expect(check('0 invoke propose 3\n0 ok propose 5')).toMatchObject({
      valid: false,
      reason: 'not-proposed (1): Process 0 was told at 0.1 s that 5 was decided, but nobody had proposed it.',
      findings: [{ kind: 'not-proposed', lines: [0, 1] }],
    });
    expect(check('0 invoke learn\n0 ok learn 5\n1 invoke propose 5\n1 ok propose 5')).toMatchObject({
      valid: false,
      reason: 'not-proposed (1): Process 0 was told at 0.1 s that 5 was decided, but it was first proposed at 0.2 s.',
      findings: [{ kind: 'not-proposed', lines: [0, 1, 2, 3] }],
    });
  });

  test('convicts the decision of a proposal that had failed, and not of one that had crashed', () => {
    const after = (ending: string) =>
      check(`0 invoke propose 3 7\n0 ${ending} 7\n1 invoke learn null 7\n1 ok learn 3 7`);
    expect(after('fail propose 3')).toMatchObject({
      valid: false,
      reason:
        'not-proposed (1): Process 1 was told at 0.3 s that 3 was decided, but its proposal, begun at 0 s, had failed.',
      findings: [{ kind: 'not-proposed', lines: [0, 1, 2, 3] }],
    });
    expect(after('info propose 3').valid).toBe(true);
  });

  test('convicts a decision that was forgotten, and not a question that was asked before', () => {
    expect(check('0 invoke propose 3\n0 ok propose 3\n1 invoke learn\n1 ok learn')).toMatchObject({
      valid: false,
      reason:
        'forgotten (1): Process 0 was told at 0.1 s that 3 was decided, but process 1, which asked at 0.2 s, that nothing was.',
      findings: [{ kind: 'forgotten', lines: [0, 1, 2, 3] }],
    });
    expect(check('1 invoke learn\n0 invoke propose 3\n0 ok propose 3\n1 ok learn').valid).toBe(true);
  });

  test('judges each key apart', () => {
    const verdict = check(`
      0 invoke propose 3 "x"
      0 ok     propose 3 "x"
      0 invoke propose 4 "y"
      0 ok     propose 4 "y"
      0 invoke propose 5 "z"
      0 ok     propose 9 "z"
    `);
    expect(verdict).toMatchObject({ valid: false, keys: 3, reason: expect.stringMatching(/^key "z": not-proposed/) });
  });

  test('is unknown where nobody was told anything, or what they were told makes no sense', () => {
    expect(check('0 invoke propose 3\n0 info propose 3').valid).toBe('unknown');
    expect(check('0 invoke propose\n0 ok propose 3').reason).toBe(
      'op 0 is a propose of nil; expected a value that is not nil',
    );
    expect(check('0 invoke propose 3\n0 ok propose {"decided":null}').reason).toBe(
      'op 0, propose, returned {"decided" nil}; expected the value that was decided',
    );
    expect(check('0 invoke write 3\n0 ok write 3').reason).toMatch(/^op 0 is a write;/);
  });

  const madeUp = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 1, 1, 1, 2), fc.nat(5))
    .map(([value, decided, choice]): MadeUpOp => {
      if (choice > 0) return { f: 'propose', key: null, value, result: { proposed: value, decided } };
      return {
        f: choice === 0 && value === 1 ? 'read' : 'learn',
        key: null,
        value: null,
        result: value > 2 ? null : 1,
      };
    });

  test('agrees with trying all orders of the calls', () => {
    const tally = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 12), (history) => {
        const ops = plainOps(history).filter(({ ends }) => ends !== 'fail');
        fc.pre(ops.some(({ ends }) => ends === 'ok'));
        const valid = hasOrder(ops, null);
        tally[valid ? 'valid' : 'invalid']++;
        expect(checkConsensus(history).valid).toBe(valid);
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 10);
  });

  test('never convicts what decides once, and what is weak exactly where no order explains it', () => {
    const tally = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedConsensus(draw, 0), 16),
        playedHistories((draw) => new PlayedConsensus(draw, 2), 8),
        (correct, weak) => {
          expect(consensus.check(correct.history).valid).not.toBe(false);
          const valid = [0, 1].every((key) => hasOrder(opsOn(weak.history, key), null));
          tally[valid ? 'valid' : 'invalid']++;
          expect(consensus.check(weak.history).valid === false).toBe(!valid);
        },
      ),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 20);
  });

  test('convicts whoever changes a value in a history that was right', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedConsensus(draw, 0), 12),
        fc.nat(),
        (correct, choice) => {
          const mutated = withOneAnswerChanged(correct.history, choice);
          fc.pre(mutated !== undefined);
          const valid = [0, 1].every((key) => hasOrder(opsOn(mutated!, key), null));
          if (!valid) convicted++;
          expect(consensus.check(mutated!).valid === false).toBe(!valid);
        },
      ),
      { numRuns: Math.ceil(numRuns / 3) },
    );
    expect(convicted).toBeGreaterThan(numRuns / 10);
  });
});

const opsOn = (history: History, key: number): PlainOp[] =>
  plainOps(history).filter((op) => op.key === key && op.ends !== 'fail');

/** Whether some order of the calls, each at an instant of its own, explains what they were told; crashed ones may be left out. */
function hasOrder(ops: readonly PlainOp[], decided: Value): boolean {
  const firstEnd = Math.min(...ops.map(({ ended }) => ended));
  if (ops.every(({ ends }) => ends === 'info')) return true;
  return ops.some((op, i) => {
    if (op.began > firstEnd) return false;
    const after = op.f === 'propose' && decided === null ? op.input : decided;
    const told = op.f === 'propose' ? (op.output as { readonly decided?: Value } | null)?.decided : op.output;
    return (op.ends !== 'ok' || told === after) && hasOrder(ops.toSpliced(i, 1), after);
  });
}

function withOneAnswerChanged(history: History, choice: number): History | undefined {
  const ops = [...history.ops()];
  const answers = ops.filter(({ type }) => type === 'ok');
  if (answers.length === 0) return undefined;
  const changed = answers[choice % answers.length]!;
  const other = changed.f === 'propose' ? { proposed: 0, decided: choice % 3 } : choice % 3 === 0 ? null : choice % 3;
  return History.from(ops.map((op) => (op === changed ? { ...op, value: other } : op)));
}

/** Decides once for each of two keys; of 16 answers so many are one's own value, or nil, whatever was decided. */
class PlayedConsensus implements PlayedObject {
  readonly #decided = new Map<Value, Value>();
  #proposals = 0;
  readonly #draw: Draw;
  readonly #faults: number;

  constructor(draw: Draw, faults: number) {
    this.#draw = draw;
    this.#faults = faults;
  }

  ask(): Asked {
    const key = this.#draw(2);
    return this.#draw(3) === 0 ? { f: 'learn', key, value: null } : { f: 'propose', key, value: ++this.#proposals };
  }

  apply({ f, key = null, value }: Asked): Value {
    const isFaulty = this.#draw(16) < this.#faults;
    if (f === 'learn') return isFaulty ? null : (this.#decided.get(key) ?? null);
    if (!this.#decided.has(key)) this.#decided.set(key, value);
    return { proposed: value, decided: isFaulty ? value : this.#decided.get(key)! };
  }
}
