import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { atomicCommitment, checkAtomicCommitment } from './atomic-commitment.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (...lines: string[]) => checkAtomicCommitment(historyOf(lines.join('\n')));

const inspect = (node: string, vote: string | null, decision: string | null) =>
  `9 invoke inspect {"node":"${node}"} 1\n9 ok inspect ${JSON.stringify({ node, vote, decision })} 1`;
const committed = '0 invoke transact null 1\n0 ok transact null 1';
const aborted = '0 invoke transact null 1\n0 ok transact "aborted" 1';

describe('the atomic-commitment checker', () => {
  test('lets all nodes commit, or none', () => {
    expect(check(committed, inspect('n1', 'yes', 'commit'), inspect('n2', 'yes', 'commit'))).toMatchObject({
      valid: true,
      transactionCount: 1,
      committedCount: 1,
      abortedCount: 0,
    });
    expect(check(aborted, inspect('n1', 'yes', 'abort'), inspect('n2', 'no', 'abort'))).toMatchObject({
      valid: true,
      committedCount: 0,
      abortedCount: 1,
    });
  });

  test('convicts half a commit', () => {
    expect(check(inspect('n1', 'yes', 'commit'), inspect('n2', 'yes', 'abort'))).toMatchObject({
      valid: false,
      reason: 'half-commit (1): Node n1 had committed transaction 1 at 0.1 s, but node n2 had aborted it at 0.3 s.',
      findings: [{ kind: 'half-commit', lines: [0, 1, 2, 3] }],
    });
  });

  test('tells how half a commit came about', () => {
    expect(
      check(committed, inspect('n1', 'yes', null), inspect('n1', 'yes', 'abort'), inspect('n2', 'yes', 'commit')),
    ).toMatchObject({
      findings: [
        {
          kind: 'half-commit',
          story: [
            { line: 0, sentence: 'a client asks for transaction 1' },
            { line: 1, sentence: 'a client is told that it is committed' },
            { line: 3, sentence: 'n1 says that it has voted yes and knows no decision' },
            { line: 5, sentence: 'n1 says that it has aborted it' },
            { line: 7, sentence: 'n2 says that it has committed it' },
          ],
        },
        { kind: 'false-outcome' },
      ],
    });
  });

  test('convicts an outcome told to a client that is not what the nodes decided', () => {
    expect(check(committed, inspect('n1', 'yes', 'abort'))).toMatchObject({
      valid: false,
      reason: expect.stringMatching(
        /^false-outcome \(1\): A client was told of the commit of transaction 1 at 0.1 s, but/,
      ),
    });
    expect(check(aborted, inspect('n1', 'yes', 'commit')).valid).toBe(false);
    expect(check('0 invoke transact null 1\n0 fail transact null 1', inspect('n1', 'yes', 'commit')).valid).toBe(false);
    expect(check('0 invoke transact null 1\n0 info transact null 1', inspect('n1', 'yes', 'commit')).valid).toBe(true);
  });

  test('convicts a node that decides otherwise later', () => {
    expect(check(inspect('n1', 'yes', 'abort'), inspect('n1', 'yes', 'commit'))).toMatchObject({
      valid: false,
      findings: [{ kind: 'reversed', lines: [0, 1, 2, 3] }],
    });
  });

  test('convicts a commit although a node voted no', () => {
    expect(check(committed, inspect('n2', 'no', null))).toMatchObject({
      valid: false,
      findings: [
        {
          kind: 'commit-despite-no',
          sentence: 'A client was told of the commit of transaction 1 at 0.1 s, but node n2 had voted no at 0.3 s.',
        },
      ],
    });
  });

  test('tells how long nodes were blocked, and holds it against them if they never decide', () => {
    const blocked = [inspect('n1', 'yes', null), inspect('n1', 'yes', null), inspect('n1', 'yes', null)];
    expect(check(...blocked)).toMatchObject({
      valid: true,
      openCount: 1,
      blockedCount: 1,
      stillBlocked: [{ transaction: 1, node: 'n1' }],
      blockedNs: { max: 3e8 },
    });
    expect(checkAtomicCommitment(historyOf(blocked.join('\n')), { mustDecide: true })).toMatchObject({
      valid: false,
      reason:
        'blocked (1): Node n1 had voted yes on transaction 1, but still knew no decision when it was asked for the last time, at 0.5 s.',
    });
    const decided = historyOf([...blocked, inspect('n1', 'yes', 'commit')].join('\n'));
    expect(checkAtomicCommitment(decided, { mustDecide: true })).toMatchObject({
      valid: true,
      blockedCount: 1,
      stillBlockedCount: 0,
    });
  });

  test('holds a node to what was known of a commit before it was asked', () => {
    const nothing = inspect('n1', null, null);
    const lost = 'A client was told of the commit of transaction 1 at 0.1 s, but node n1 knew nothing of it at 0.3 s.';
    expect(check(committed, nothing)).toMatchObject({
      valid: false,
      reason: `lost-commit (1): ${lost}`,
      findings: [
        {
          kind: 'lost-commit',
          lines: [0, 1, 2, 3],
          story: [
            { line: 0, sentence: 'a client asks for transaction 1' },
            { line: 1, sentence: 'a client is told that it is committed' },
            { line: 3, sentence: 'n1 knows nothing of it' },
          ],
        },
      ],
    });
    expect(check(inspect('n2', 'yes', 'commit'), nothing).reason).toBe(
      'lost-commit (1): Node n2 had committed transaction 1 at 0.1 s, but node n1 knew nothing of it at 0.3 s.',
    );
    expect(check(inspect('n1', 'yes', 'commit'), nothing).reason).toBe(
      'lost-commit (1): Node n1 had committed transaction 1 at 0.1 s, but it knew nothing of it at 0.3 s.',
    );
    expect(check(inspect('n1', 'yes', 'commit'), inspect('n1', 'yes', null)).reason).toBe(
      'lost-commit (1): Node n1 had committed transaction 1 at 0.1 s, but it knew no decision any more at 0.3 s.',
    );
    // The first answer that shows the commit counts, not the first question.
    const late = '5 invoke inspect {"node":"n2"} 1';
    const answered = '5 ok inspect {"node":"n2","vote":"yes","decision":"commit"} 1';
    expect(check(late, inspect('n3', 'yes', 'commit'), nothing, answered).reason).toBe(
      'lost-commit (1): Node n3 had committed transaction 1 at 0.2 s, but node n1 knew nothing of it at 0.4 s.',
    );
    const twice = '5 invoke transact null 1\n0 invoke transact null 1\n0 ok transact null 1';
    expect(check(twice, nothing, '5 ok transact null 1').valid).toBe(false);
    // Not yet, or not known to have been before the question; and another node may still wait.
    expect(check(nothing, committed).valid).toBe(true);
    const together = '0 invoke transact null 1\n9 invoke inspect {"node":"n1"} 1\n0 ok transact null 1\n';
    expect(check(`${together}9 ok inspect {"node":"n1","vote":null,"decision":null} 1`).valid).toBe(true);
    expect(check(inspect('n2', 'yes', 'commit'), inspect('n1', 'yes', null)).valid).toBe(true);
    // An abort may be forgotten, and answers that say nothing of votes are no evidence.
    expect(check(inspect('n1', 'yes', 'abort'), inspect('n1', 'yes', null), nothing).valid).toBe(true);
    const voteless = '9 invoke inspect {"node":"n1"} 1\n9 ok inspect {"node":"n1","decision":null} 1';
    expect(check(committed, voteless).valid).toBe(true);
  });

  test('holds a node to its vote', () => {
    expect(check(inspect('n1', 'yes', null), inspect('n1', 'no', 'abort'))).toMatchObject({
      valid: false,
      reason: 'vote-changed (1): Node n1 had voted yes on transaction 1 at 0.1 s, but no at 0.3 s.',
      findings: [{ kind: 'vote-changed', lines: [0, 1, 2, 3] }],
    });
    const no = inspect('n1', 'no', 'abort');
    expect(check(no, inspect('n1', 'yes', null)).valid).toBe(true);
    expect(check(no, inspect('n1', 'yes', null), no).valid).toBe(false);
    expect(check(inspect('n1', 'yes', null), inspect('n1', null, null)).valid).toBe(true);
    expect(check(inspect('n1', 'yes', null), inspect('n1', null, null), committed).reason).toBe(
      'vote-changed (1): Node n1 had voted yes on transaction 1, which was committed, at 0.1 s, but it knew nothing of it at 0.3 s.',
    );
    expect(check(inspect('n1', 'no', 'abort'), inspect('n1', null, null)).valid).toBe(true);
  });

  test('where the nemesis says when faults were over, only a late question shows that a node is blocked for good', () => {
    const options = { mustDecide: true, settlingMs: 400 };
    const phase = (name: string) => `nemesis info phase "${name}"\nnemesis info phase "${name}"`;
    const blocked = inspect('n1', 'yes', null);
    const judged = (...lines: string[]) => checkAtomicCommitment(historyOf(lines.join('\n')), options).valid;
    expect(judged(blocked)).toBe(false);
    expect(judged(blocked, phase('recovery'))).toBe(true);
    expect(judged(phase('recovery'), blocked)).toBe(true);
    expect(judged(phase('recovery'), blocked, blocked)).toBe(false);
    expect(judged(blocked, phase('faults'), blocked)).toBe(false);
  });

  test('is unknown where nothing was ok, or a transaction or node has no name', () => {
    expect(check('0 invoke transact null 1\n0 fail transact null 1').valid).toBe('unknown');
    expect(check('0 invoke transact\n0 ok transact').reason).toBe(
      'op 0 is a transact of nil; expected the transaction as key of the line, or as `txn` in the value',
    );
    expect(check('0 invoke inspect null 1\n0 ok inspect null 1').valid).toBe('unknown');
    expect(check('0 invoke read null 1\n0 ok read null 1').reason).toMatch(/^op 0 is a read;/);
  });

  const word = fc.constantFrom('commit', 'abort', null, null);
  const madeUp: fc.Arbitrary<MadeUpOp> = fc
    .tuple(fc.nat(1), fc.constantFrom('n1', 'n2', undefined), fc.constantFrom('yes', 'yes', 'no', null), word)
    .map(([key, node, vote, decision]) =>
      node === undefined
        ? { f: 'transact', key, value: null, result: decision }
        : { f: 'inspect', key, value: { node }, result: { node, vote, decision } },
    );

  test('agrees with comparing all pairs of answers', () => {
    const tally = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 14), fc.boolean(), (history, mustDecide) => {
        fc.pre(plainOps(history).some(({ ends }) => ends === 'ok'));
        const valid = [0, 1].every((key) => isAtomic(history, key, mustDecide));
        tally[valid ? 'valid' : 'invalid']++;
        expect(checkAtomicCommitment(history, { mustDecide }).valid).toBe(valid);
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 10);
  });

  test('agrees with it where in a correct history some answers are replaced by others', () => {
    const answer = fc.record({
      vote: fc.constantFrom('yes', 'no', null),
      decision: fc.constantFrom('commit', 'abort', null, null),
    });
    const replaced = fc.array(fc.tuple(fc.nat(30), answer), { minLength: 1, maxLength: 2 });
    const found = new Map<string, number>();
    let valid = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCommit(draw, false), 24),
        replaced,
        fc.option(fc.tuple(fc.nat(40), fc.nat(5))),
        (correct, changes, recovery) => {
          const inspections = [...correct.history.ops()].filter(({ f, type }) => f === 'inspect' && type === 'ok');
          fc.pre(inspections.length > 0);
          const changed = new Map(
            changes.map(([at, { vote, decision }]) => {
              const { index, value } = inspections[at % inspections.length]!;
              return [index, { ...(value as { node: string }), vote, decision }];
            }),
          );
          const lines = [...correct.history.ops()].map((op) => ({ ...op, value: changed.get(op.index) ?? op.value }));
          const [at, settlingMs] = recovery ?? [lines.length, 0];
          const phase = { process: 'nemesis' as const, type: 'info' as const, f: 'phase', value: 'recovery' };
          const all: Omit<Op, 'index' | 'time'>[] = [...lines];
          if (recovery !== null) all.splice(at, 0, phase, phase);
          const history = History.from(all.map((op, index) => ({ ...op, index, time: index * 1e6 })));
          const settledMs = recovery === null ? 0 : Math.min(at, lines.length) + settlingMs;
          const keys = new Set(plainOps(history).map(({ key }) => key as number));
          const isValid = [...keys].every((key) => isAtomic(history, key, true, settledMs));
          const verdict = checkAtomicCommitment(history, { mustDecide: true, settlingMs });
          expect(verdict.valid).toBe(isValid);
          if (isValid) valid++;
          const kind = verdict.reason?.split(' ')[0];
          if (kind !== undefined) found.set(kind, (found.get(kind) ?? 0) + 1);
        },
      ),
      { numRuns },
    );
    expect(valid).toBeGreaterThan(numRuns / 10);
    for (const kind of ['lost-commit', 'vote-changed', 'half-commit', 'reversed', 'commit-despite-no', 'blocked']) {
      expect([kind, found.get(kind) ?? 0]).toEqual([kind, expect.toSatisfy((count) => count > numRuns / 1500)]);
    }
  });

  test('never convicts two-phase commit, and one that commits what some have aborted wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCommit(draw, false), 24),
        playedHistories((draw) => new PlayedCommit(draw, true), 24),
        (correct, hasty) => {
          expect(atomicCommitment().check(correct.history).valid).not.toBe(false);
          const isConvicted = atomicCommitment().check(hasty.history).valid === false;
          if (isConvicted) convicted++;
          if (isConvicted) expect(hasty.object.wasHasty).toBe(true);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

/** The rules again, of all pairs of answers. A node that is undecided must be so when asked at `settledMs` or later: line i is at i ms. */
function isAtomic(history: History, key: number, mustDecide: boolean, settledMs = 0): boolean {
  const ops = plainOps(history).filter((op) => op.key === key);
  const answers = ops
    .filter(({ f, ends }) => f === 'inspect' && ends === 'ok')
    .map(({ output, began, ended }) => {
      const said = output as unknown as { node: string; vote: string | null; decision: string | null };
      return { ...said, all: `${said.vote} ${said.decision}`, began, ended };
    });
  const told = ops
    .filter(({ f, ends }) => f === 'transact' && ends !== 'info')
    .map(({ ends, output, ended }) => ({
      decision: ends === 'fail' || output === 'abort' || output === 'aborted' ? 'abort' : 'commit',
      ended,
    }));
  const decided = [...told, ...answers].filter(({ decision }) => decision !== null);
  const decisions = new Set(decided.map(({ decision }) => decision));
  if (decisions.size > 1) return false;
  const isCommitted = decisions.has('commit');
  if (isCommitted && answers.some(({ vote }) => vote === 'no')) return false;
  for (const later of answers) {
    if (isCommitted && later.all === 'null null' && decided.some(({ ended }) => ended < later.began)) return false;
    for (const before of answers) {
      if (before.node !== later.node || before.ended > later.began) continue;
      if (before.decision === 'commit' && later.all === 'yes null') return false;
      if (before.vote === 'yes' && later.vote === 'no') return false;
      if (before.vote === 'yes' && later.all === 'null null' && isCommitted) return false;
    }
  }
  const isDecided = (node: string) => answers.some((answer) => answer.node === node && answer.decision !== null);
  const isBlocked = ({ node, all, began }: (typeof answers)[number]) =>
    all === 'yes null' && began >= settledMs && !isDecided(node);
  return !mustDecide || !answers.some(isBlocked);
}

/** Two-phase commit of three nodes. One that is hasty commits when some have voted yes. Nodes hear of the decision by and by. */
class PlayedCommit implements PlayedObject {
  wasHasty = false;
  readonly #transactions: { votes: string[]; decision: string; heard: boolean[] }[] = [];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #hasty: boolean;

  constructor(draw: Draw, hasty: boolean) {
    this.#draw = draw;
    this.#hasty = hasty;
  }

  ask(): Asked {
    if (this.#fresh === 0 || this.#draw(3) === 0) return { f: 'transact', key: this.#fresh++, value: null };
    return { f: 'inspect', key: this.#draw(this.#fresh), value: { node: `n${this.#draw(3)}` } };
  }

  apply({ f, key, value }: Asked): Value | undefined {
    if (f === 'transact') {
      const votes = [0, 1, 2].map(() => (this.#draw(4) === 0 ? 'no' : 'yes'));
      const isUnanimous = votes.every((vote) => vote === 'yes');
      const commits = isUnanimous || (this.#hasty && votes[0] === 'yes');
      if (commits && !isUnanimous) this.wasHasty = true;
      this.#transactions[key as number] = { votes, decision: commits ? 'commit' : 'abort', heard: [] };
      if (commits) return 'committed';
      return this.#draw(2) === 0 ? 'aborted' : undefined;
    }
    const node = (value as { node: string }).node;
    const transaction = this.#transactions[key as number];
    if (transaction === undefined) return { node, vote: null, decision: null };
    const i = Number(node.slice(1));
    const vote = transaction.votes[i]!;
    transaction.heard[i] ||= this.#draw(2) === 0;
    if (transaction.heard[i]) return { node, vote, decision: transaction.decision };
    return { node, vote, decision: vote === 'no' ? 'abort' : null };
  }
}
