import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import { parseHistory } from '../../history/read.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { impossibleModels } from './consistency-models.ts';
import type { TransactionalVerdict } from './evidence.ts';
import { checkListAppend, listAppend } from './list-append.ts';
import { historyOfTransactions, smallTransactions } from './testing/arbitrary-transactions.ts';
import { onlyOps } from './testing/only-ops.ts';
import { historyOfText } from './testing/transactions-of-text.ts';

const check = (text: string, ...consistencyModels: string[]): TransactionalVerdict =>
  checkListAppend(historyOfText(text), consistencyModels.length === 0 ? {} : { consistencyModels });

const storyOf = (verdict: TransactionalVerdict, anomaly: string): readonly string[] | undefined =>
  verdict.evidence[anomaly]?.[0]?.story;

/** Ops one after another, each invoked with what it returns. */
const serially = (text: string): string =>
  text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [process, , ...rest] = line.trim().split(/\s+/);
      return [`${process} invoke ${rest.join(' ')}`, line];
    })
    .join('\n');

/** Ops all at the same time. */
function atOnce(text: string): string {
  const lines = text.trim().split('\n');
  return [...lines.map((line) => line.replace(/ok|info|fail/, 'invoke')), ...lines].join('\n');
}

describe('a valid history', () => {
  test('is one that some order explains', () => {
    const verdict = check(serially('0 ok ax1 ry=\n1 ok rx=1 ay2\n0 ok rx=1 ry=2 ax3\n2 ok rx=1,3 ry=2'));
    expect(verdict).toEqual({
      valid: true,
      models: ['strict-serializable'],
      transactions: 4,
      anomalies: [],
      otherAnomalies: [],
      not: [],
      alsoNot: [],
      undecided: [],
      evidence: {},
    });
  });

  test('may have anomalies that the models asked for do not rule out', () => {
    const lost = atOnce('0 ok rx= ax1\n1 ok rx= ax2\n2 ok rx=1,2');
    expect(check(lost, 'read-committed')).toMatchObject({
      valid: true,
      anomalies: [],
      otherAnomalies: ['G-single-item', 'lost-update'],
      not: [],
      alsoNot: [],
    });
    expect(check(lost, 'read-committed', 'cursor-stability').valid).toBe(false);
  });

  test('takes nil for the empty list, of a read that returned', () => {
    expect(check(serially('0 ok rx\n0 ok ax1\n0 ok rx=1')).valid).toBe(true);
    expect(check(serially('0 ok ax1\n0 ok rx')).anomalies).toEqual(['G-single-item-realtime']);
  });

  test('may have an ok without value, whose reads say nothing', () => {
    const history = historyOf(`
      0 invoke txn [["append","x",1],["r","y",null]]
      0 ok txn
      0 invoke txn [["r","x",null]]
      0 ok txn [["r","x",[1]]]`);
    expect(checkListAppend(history).valid).toBe(true);
  });
});

describe('what may have happened', () => {
  test('happened if it was read, also where it never completed', () => {
    for (const completion of ['0 info ax1', '']) {
      expect(check(`0 invoke ax1\n${completion}\n1 invoke rx\n1 ok rx=1\n1 invoke rx\n1 ok rx=1`).valid).toBe(true);
      const unread = check(`0 invoke ax1\n${completion}\n1 invoke rx\n1 ok rx=1\n1 invoke rx\n1 ok rx=`);
      expect(unread.anomalies).toEqual(['G-single-item-realtime']);
    }
  });

  test('may never have happened', () => {
    expect(check('0 invoke ax1\n0 info ax1\n1 invoke rx\n1 ok rx=\n1 invoke rx\n1 ok rx=').valid).toBe(true);
  });

  test('may have happened at any later time, but not earlier', () => {
    const read = (late: string, early: string) => `
      1 invoke rx
      1 ok ${early}
      0 invoke ax1
      0 info ax1
      1 invoke rx
      1 ok rx=
      1 invoke rx
      1 ok ${late}`;
    expect(check(read('rx=1', 'rx=')).valid).toBe(true);
    expect(check(read('rx=1', 'rx=1')).valid).toBe(false);
  });

  test('says nothing by what it read', () => {
    expect(check('0 invoke ax1\n0 ok ax1\n1 invoke rx\n1 info rx=7\n2 invoke rx\n2 ok rx=1').valid).toBe(true);
  });

  test('is no write that others surely overwrote, where reads may be dirty', () => {
    // Process 0 appended to x and y and was undone, after its element of y was read; processes 1 and 2 came later.
    const undone = `
      0 invoke ax1 ay1
      2 invoke ry
      2 ok ry=1
      0 info ax1 ay1
      1 invoke ay2 ax2
      1 ok ay2 ax2
      2 invoke rx
      2 ok rx=2`;
    expect(check(undone, 'read-uncommitted').valid).toBe(true);
    expect(check(undone, 'read-committed')).toMatchObject({
      valid: false,
      anomalies: ['G1c'],
      not: ['read-committed'],
    });
  });
});

describe('anomalies within reads', () => {
  test('G1a: a failed append was read', () => {
    const verdict = check(atOnce('0 fail ax1\n1 ok rx=1'), 'serializable');
    expect(verdict).toMatchObject({
      valid: false,
      anomalies: ['G1a', 'empty-transaction-graph'],
      not: ['read-committed'],
    });
    expect(storyOf(verdict, 'G1a')).toEqual([
      'T1 failed, so it appended nothing.',
      'T2 read [1] from key "x", with 1, which T1 would have appended.',
    ]);
    expect(verdict.evidence.G1a![0]).toMatchObject({ ops: [0, 1], minimal: [0, 1], key: 'x' });
    expect(verdict.reason).toBe(
      'not serializable: G1a. T1 failed, so it appended nothing. T2 read [1] from key "x", with 1, which T1 would have appended.',
    );
  });

  test('G1a: not where another transaction appended the same', () => {
    const again = atOnce('0 fail ax1\n1 ok ax1\n2 ok rx=1');
    expect(check(again, 'serializable')).toMatchObject({ valid: true, anomalies: [] });
    expect(check(atOnce('1 ok ax1\n0 fail ax1\n2 ok rx=1'), 'serializable').valid).toBe(true);
    expect(check(atOnce('0 fail ax1\n1 info ax1\n2 ok rx=1'), 'serializable').valid).toBe(true);
    expect(check(atOnce('0 fail ax1\n1 fail ax1\n2 ok rx=1'), 'serializable').anomalies).toContain('G1a');
    expect(check(atOnce('0 fail ax1\n1 ok ax1\n3 ok ax1\n2 ok rx=1'), 'serializable').valid).toBe('unknown');
  });

  test('G1b: a state from the middle of another transaction was read, not of the own one', () => {
    expect(check(atOnce('0 ok ax1 ax2\n1 ok rx=1'), 'read-committed').anomalies).toContain('G1b');
    expect(check(atOnce('0 ok ax1 rx=1 ax2\n1 ok rx=1,2'), 'serializable').valid).toBe(true);
  });

  test('garbage-read: an element that nobody appended', () => {
    const verdict = check(serially('0 ok ax1\n1 ok rx=1,7\n2 ok ax2'), 'read-committed');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['garbage-read'], not: ['read-committed'] });
    expect(storyOf(verdict, 'garbage-read')).toEqual(['T1 read [1 7] from key "x", but nobody appended 7 to it.']);
  });

  test('garbage-read: an element of another key, or one that equals another only as JSON', () => {
    expect(check(serially('0 ok ax1 ay2\n1 ok rx=1,2')).anomalies).toContain('garbage-read');
    const edn = (read: string) => `
      {:process 0 :type :invoke :f :txn :value [[:append :x :a]]}
      {:process 0 :type :ok :f :txn :value [[:append :x :a]]}
      {:process 0 :type :invoke :f :txn :value [[:r :x nil]]}
      {:process 0 :type :ok :f :txn :value [[:r :x [${read}]]]}`;
    expect(checkListAppend(parseHistory(edn(':a'))).valid).toBe(true);
    expect(checkListAppend(parseHistory(edn('"a"'))).anomalies).toContain('garbage-read');
  });

  test('duplicate-elements: an element twice', () => {
    const verdict = check(serially('0 ok ax1\n1 ok rx=1,1'));
    expect(verdict).toMatchObject({ valid: false, anomalies: ['duplicate-elements'], not: ['read-uncommitted'] });
  });

  test('duplicate-elements: after them places tell nothing', () => {
    const within = check(atOnce('0 ok ax2 rx=1,1\n1 ok ax1\n2 ok rx=1,1,2'), 'serializable');
    expect(within.anomalies).toEqual(['duplicate-elements', 'internal']);
    // As long a read as x has, with the 1 twice, is no version of y.
    const apart = check(atOnce('0 ok ax1\n1 ok ax2\n2 ok rx=1,1,2 ax3\n3 ok ry= ay1'), 'serializable');
    expect([...apart.anomalies, ...apart.otherAnomalies]).toEqual(['duplicate-elements']);
  });

  test('incompatible-order: two reads neither of which is how the other begins', () => {
    const verdict = check(atOnce('0 ok ax1\n1 ok ax2\n2 ok ax3\n3 ok rx=1,2\n4 ok rx=1,3'), 'read-committed');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['incompatible-order'] });
    expect(verdict.evidence['incompatible-order']![0]!.reads).toEqual([
      { op: 3, value: [1, 2] },
      { op: 4, value: [1, 3] },
    ]);
  });

  test('incompatible-order: the read that does not fit may be bad besides, and is of a version of its own', () => {
    const garbage = atOnce('0 ok ax1\n1 ok ax2\n2 ok ax3\n3 ok rx=1,2,3\n4 ok rx=1,9');
    expect(check(garbage, 'read-committed').anomalies).toEqual(['garbage-read', 'incompatible-order']);
    const apart = atOnce('0 ok ax1\n1 ok ax2\n2 ok ax3\n3 ok rx=1,2 ax4\n4 ok rx=1,3 ax5\n5 ok rx=1,2,4');
    expect(check(apart, 'cursor-stability').anomalies).not.toContain('lost-update');
    const failed = check(atOnce('0 ok ax1\n1 fail ax3\n2 ok ax2\n3 ok rx=1,2\n4 ok rx=1,3'), 'serializable');
    expect(failed.anomalies).toEqual(['G1a', 'incompatible-order']);
    expect(failed.evidence.G1a!.map(({ ops }) => ops)).toEqual([[1, 4]]);
    const twice = '0 ok ax1\n1 ok ax2\n2 ok rx=1,2,1\n3 ok rx=1,1';
    expect(check(atOnce(twice), 'serializable').evidence['duplicate-elements']!.map(({ ops }) => ops)).toEqual([
      [0, 2],
      [0, 3],
    ]);
    const ofTwo = check(atOnce(`${twice}\n4 ok ax1`), 'serializable');
    expect([...ofTwo.anomalies, ...ofTwo.otherAnomalies]).not.toContain('duplicate-elements');
  });

  test('incompatible-order: of long lists what is around the difference', () => {
    const long = Array.from({ length: 300 }, (_, i) => i + 1);
    const verdict = check(atOnce(`0 ok rx=${long}\n1 ok rx=${long.with(199, 999)}`), 'read-committed');
    for (const { value, from } of verdict.evidence['incompatible-order']![0]!.reads!) {
      expect([value, from]).toEqual([expect.objectContaining({ length: 100, 0: 150 }), 149]);
    }
  });

  test('incompatible-order: another order than that in which one transaction appended', () => {
    const verdict = check(atOnce('0 ok ax1 ax2\n1 ok rx=2,1'), 'read-committed');
    expect(storyOf(verdict, 'incompatible-order')).toEqual([
      'T1 appended 1 to key "x" before it appended 2.',
      'T2 read [2 1], which has them the other way round.',
    ]);
    expect(check(atOnce('0 fail ax1 ax2\n1 ok rx=2,1'), 'read-committed').anomalies).not.toContain(
      'incompatible-order',
    );
    expect(check(atOnce('0 ok ax1 ax2\n2 ok ax1\n1 ok rx=2,1'), 'read-committed').valid).toBe('unknown');
  });

  test('incompatible-order: a read of another order says nothing of what came next', () => {
    const two = atOnce('0 ok ax1\n1 ok ax2\n2 ok ax3\n3 ok ax4 ay1\n4 ok rx=1,2,4\n5 ok rx=1,3 ry=1');
    const verdict = check(two, 'serializable');
    expect([...verdict.anomalies, ...verdict.otherAnomalies]).toEqual(['incompatible-order']);
  });

  test('internal: not what the transaction itself had read or appended', () => {
    for (const own of ['ax1 rx=', 'rx=1 ax2 rx=1', 'rx= rx=1', 'ax2 ax3 rx=3']) {
      expect(check(atOnce(`0 ok ${own}\n1 ok ax1 az9`), 'read-atomic').anomalies, own).toContain('internal');
    }
    expect(check(atOnce('0 ok ax1 rx=5,1 ax2 rx=5,1,2\n1 ok ax5'), 'serializable').valid).toBe(true);
    const another = atOnce('0 ok rx=1,2 rx=1,3\n1 ok ax1 az9\n2 ok rx=1,2,5');
    expect(check(another, 'read-atomic').anomalies).toContain('internal');
  });

  test('future-read: what the transaction appended only later', () => {
    const verdict = check(serially('0 ok rx=1 ax1'), 'serializable');
    expect(verdict.anomalies).toContain('future-read');
    expect(storyOf(verdict, 'future-read')).toEqual([
      'T1 read [1] from key "x", with 1, which it appended itself, but later.',
    ]);
  });

  test('dirty-update: a committed append after one that failed', () => {
    const verdict = check(atOnce('0 fail ax1\n1 ok ax2\n2 ok rx=1,2'), 'read-committed');
    expect(verdict.anomalies).toEqual(['G1a', 'dirty-update']);
    expect(check(atOnce('0 fail ax1\n1 info ax2\n2 ok rx=1,2'), 'read-committed').anomalies).toEqual(['G1a']);
    // The 2 may be that of the transaction that may have happened.
    expect(check(atOnce('0 fail ax1\n1 ok ax2\n3 info ax2\n2 ok rx=1,2'), 'read-committed').anomalies).not.toContain(
      'dirty-update',
    );
    expect(check(atOnce('0 fail ax1\n1 info ax2\n3 ok ax3\n2 ok rx=1,2,3'), 'read-committed').anomalies).toContain(
      'dirty-update',
    );
  });

  test('dirty-update: of each run of elements that failed one case, about its first', () => {
    const verdict = check(atOnce('0 fail ax1\n1 fail ax2\n2 ok ax3\n3 ok ax4\n4 ok rx=1,2,3,4'), 'read-committed');
    expect(verdict.evidence['dirty-update']!.map(({ ops }) => ops)).toEqual([[0, 2]]);
  });

  test('lost-update: two that appended to the same version, which both had read before', () => {
    expect(check(atOnce('0 ok rx= ax1\n1 ok rx= ax2'), 'cursor-stability').anomalies).toEqual(['lost-update']);
    expect(check(atOnce('0 ok rx= ax1\n1 ok rx= ay2\n2 ok ax3 rx=3'), 'cursor-stability').anomalies).toEqual([]);
    expect(check(atOnce('0 ok rx= ax1\n1 info rx= ax2\n2 ok rx=1,2'), 'cursor-stability').anomalies).not.toContain(
      'lost-update',
    );
  });
});

describe('cycles', () => {
  test('G0: who overwrote whom', () => {
    const verdict = check(atOnce('0 ok ax1 ay1\n1 ok ax2 ay2\n2 ok rx=1,2 ry=2,1'), 'read-uncommitted');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['G0'], not: ['read-uncommitted'] });
    expect(verdict.evidence.G0).toEqual([
      {
        ops: [0, 1],
        minimal: [0, 1, 2],
        length: 2,
        shortest: true,
        steps: [
          {
            from: 0,
            to: 1,
            kind: 'ww',
            because: 'T1 < T2, because T1 appended 1 to key "x", and T2 appended 2 after it',
            key: 'x',
          },
          {
            from: 1,
            to: 0,
            kind: 'ww',
            because: 'T2 < T1, because T2 appended 2 to key "y", and T1 appended 1 after it',
            key: 'y',
          },
        ],
        story: [
          'T1 < T2, because T1 appended 1 to key "x", and T2 appended 2 after it.',
          'However, T2 < T1, because T2 appended 2 to key "y", and T1 appended 1 after it: a contradiction.',
        ],
      },
    ]);
  });

  test('G1c: two that read from each other', () => {
    const verdict = check(atOnce('0 ok ax1 ry=2\n1 ok ay2 rx=1'), 'read-committed');
    expect(verdict).toMatchObject({ valid: false, anomalies: ['G1c'] });
    expect(storyOf(verdict, 'G1c')).toEqual([
      'T1 < T2, because T2 read 1, which T1 appended to key "x".',
      'However, T2 < T1, because T1 read 2, which T2 appended to key "y": a contradiction.',
    ]);
  });

  test('G-single-item: one that saw half of another', () => {
    const verdict = check(atOnce('0 ok ax1 ay1\n1 ok rx=1 ry='), 'snapshot-isolation');
    expect(verdict).toMatchObject({
      valid: false,
      anomalies: ['G-single-item'],
      not: ['consistent-view', 'repeatable-read'],
    });
    expect(storyOf(verdict, 'G-single-item')).toEqual([
      'T1 < T2, because T1 read [] from key "y", to which T2 appended 1 later.',
      'However, T2 < T1, because T1 read 1, which T2 appended to key "x": a contradiction.',
    ]);
  });

  test('G-nonadjacent-item: a long fork', () => {
    const fork = atOnce('0 ok ax1\n1 ok ay1\n2 ok rx=1 ry=\n3 ok rx= ry=1');
    expect(check(fork, 'snapshot-isolation').anomalies).toEqual(['G-nonadjacent-item']);
    expect(check(fork, 'parallel-snapshot-isolation').valid).toBe(true);
  });

  test('G2-item: write skew', () => {
    const skew = atOnce('0 ok rx= ay1\n1 ok ry= ax1');
    expect(check(skew, 'serializable').anomalies).toEqual(['G2-item']);
    expect(check(skew, 'snapshot-isolation').valid).toBe(true);
  });

  test('with an edge of real time, only where it is asked for', () => {
    const stale = serially('0 ok ax1\n1 ok rx=');
    expect(check(stale, 'serializable').valid).toBe(true);
    const verdict = check(stale);
    expect(verdict).toMatchObject({
      valid: false,
      anomalies: ['G-single-item-realtime'],
      not: ['strong-snapshot-isolation'],
    });
    expect(storyOf(verdict, 'G-single-item-realtime')).toEqual([
      'T1 < T2, because T1 read [] from key "x", to which T2 appended 1 later.',
      'However, T2 < T1, because T2 had returned (line 2), 100 ms before T1 was invoked (line 3): a contradiction.',
    ]);
    expect(check(serially('0 ok ax1\n1 ok ax2\n2 ok rx=2,1')).anomalies).toContain('G0-realtime');
    expect(check('0 invoke ax1\n1 invoke rx\n1 ok rx=1\n2 invoke rx\n2 ok rx=\n0 ok ax1').valid).toBe(false);
  });

  test('with an edge of the order of a process, only where it is asked for', () => {
    const own = serially('0 ok ax1\n0 ok rx=');
    expect(check(own, 'strong-session-snapshot-isolation').anomalies).toEqual(['G-single-item-process']);
    expect(storyOf(check(own, 'strong-session-serializable'), 'G-single-item-process')).toEqual([
      'T1 < T2, because T1 read [] from key "x", to which T2 appended 1 later.',
      'However, T2 < T1, because process 0 did T2 before T1: a contradiction.',
    ]);
    expect(check(serially('0 ok ax1\n1 ok rx='), 'strong-session-serializable').valid).toBe(true);
    // Nobody knows when it happened, though its process went on.
    const goesOn = serially('0 info ax1\n0 ok rx=\n1 ok rx=1');
    expect(check(goesOn, 'strong-session-serializable').valid).toBe(true);
  });

  test('of many transactions are shown in part', () => {
    const count = 150;
    const key = (i: number): string => `["r","k${i % count}",`;
    const lines = Array.from({ length: count }, (_, i) => [
      `${i} invoke txn [${key(i)}null],["append","k${i + 1 === count ? 0 : i + 1}",1]]`,
      `${i} ok txn [${key(i)}[]],["append","k${i + 1 === count ? 0 : i + 1}",1]]`,
    ]);
    const history = historyOf([...lines.map(([invoke]) => invoke), ...lines.map(([, ok]) => ok)].join('\n'));
    const [cycle] = checkListAppend(history, { consistencyModels: ['serializable'] }).evidence['G2-item']!;
    expect(cycle).toMatchObject({ length: count });
    expect(cycle!.steps).toHaveLength(100);
    expect(cycle!.minimal).toHaveLength(count);
    expect(cycle!.story[50]).toBe('So it goes on, over 50 more, to T101.');
  });
});

describe('the verdict is unknown', () => {
  test('where nothing depends on anything', () => {
    const verdict = check(serially('0 ok ax1'));
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: ['empty-transaction-graph'], not: [] });
    expect(verdict.reason).toBe('nothing was tested: no transaction depends on another');
    expect(check('').valid).toBe('unknown');
  });

  test('where an element was appended twice to a key, unless something else is wrong', () => {
    const verdict = check(serially('0 ok ax1\n1 ok ax1\n2 ok ax2 ay1\n1 ok rx=1,1,2 ry=1'), 'serializable');
    expect(verdict).toMatchObject({ valid: 'unknown', anomalies: [] });
    expect(verdict.reason).toBe(
      '1 was appended to key "x" twice, by ops 0 and 2, so that nobody can tell whose it is.',
    );
    expect(check(atOnce('0 ok ax1 ax2\n1 ok ax1\n2 ok rx=1'), 'read-committed').anomalies).not.toContain('G1b');
    expect(check(serially('0 ok ax1\n1 ok ax1\n2 fail ax2\n1 ok rx=1,1,2')).anomalies).toContain('G1a');
  });
});

describe('what is no history of transactions on lists', () => {
  test.each([
    ['{"value": 5}', '0 invoke txn 5', 'op 0 has the value 5; expected a list of micro-ops'],
    [
      'no f',
      '0 invoke txn [["x",1]]',
      'op 0 has the micro-op ["x" 1]; expected ["append" key element] or ["r" key list]',
    ],
    ['a write', '0 invoke txn [["w","x",1]]', 'op 0 has the micro-op ["w" "x" 1]; expected'],
    [
      'a read of a number',
      '0 invoke txn [["r","x",null]]\n0 ok txn [["r","x",5]]',
      'op 1 has the micro-op ["r" "x" 5]',
    ],
    ['an independent key', '0 invoke txn [["r","x",null]] 7', 'op 0 is on an independent key'],
  ])('%s', (_, text, message) => {
    expect(() => checkListAppend(historyOf(text))).toThrow(ModelMismatch);
    expect(() => checkListAppend(historyOf(text))).toThrow(message);
  });

  test('nor is there a model of any name', () => {
    expect(() => check('', 'serialisable')).toThrow(RangeError);
  });
});

test('nobody can tell whose element it was that was appended twice, so that it is no future-read', () => {
  const text = '0 invoke rx ax1\n1 invoke ax1\n1 ok ax1\n0 ok rx=1 ax1';
  expect(check(text)).toMatchObject({ valid: 'unknown', anomalies: ['empty-transaction-graph'] });
  expect(check(text.replaceAll('1 invoke ax1\n1 ok ax1', '1 invoke ax2\n1 ok ax2')).anomalies).toContain('future-read');
});

test('an element that nobody appended is duplicated too, if it is in a list twice', () => {
  expect(check(serially('0 ok ax1\n0 ok rx=9,1\n0 ok rx=9,1,9'), 'read-uncommitted').anomalies).toEqual([
    'duplicate-elements',
  ]);
  expect(check(serially('0 ok rx=9,9\n0 ok rx=8'), 'read-uncommitted').anomalies).toContain('duplicate-elements');
  expect(check(serially('0 ok ax1\n0 ok rx=9,1'), 'read-uncommitted').anomalies).toEqual([]);
});

test('is the checker of the name list-append', () => {
  const checker = listAppend();
  expect(checker.name).toBe('list-append');
  expect(checker.check(historyOfText(serially('0 ok ax1\n0 ok rx=1'))).valid).toBe(true);
});

test('the minimal history of each anomaly rules out by itself what the anomaly does', () => {
  const ruledOut = (anomalies: readonly string[]): string[] => {
    const { not, alsoNot } = impossibleModels(anomalies);
    return [...not, ...alsoNot];
  };
  fc.assert(
    fc.property(smallTransactions(6), (transactions) => {
      const history = historyOfTransactions(transactions);
      const options = { consistencyModels: ['strict-serializable'] };
      const { evidence } = checkListAppend(history, options);
      for (const [anomaly, cases] of Object.entries(evidence)) {
        for (const { minimal } of cases) {
          const found = Object.keys(checkListAppend(onlyOps(history, minimal), options).evidence);
          expect(ruledOut(found)).toEqual(expect.arrayContaining(ruledOut([anomaly])));
        }
      }
    }),
    { numRuns: Number(process.env.FTEST_NUM_RUNS ?? 1000) },
  );
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/histories/elle');
const whyNot = existsSync(recorded) ? undefined : 'the recorded histories are not there: ../shared/histories/elle';

interface Recorded {
  readonly file: string;
  readonly workload: string;
  readonly model: string;
  readonly 'valid?': boolean | 'unknown' | 'error';
  readonly 'anomaly-types': readonly string[];
  readonly not: readonly string[];
  readonly 'also-not': readonly string[];
}

/** Where Elle fails, what is right, and why. */
const insteadOfErrors: Readonly<Record<string, { readonly valid: boolean; readonly anomaly?: string }>> = {
  // Elements that nobody appended were read.
  'append-garbage-100tx-s0.edn': { valid: false, anomaly: 'garbage-read' },
  'append-garbage-1000tx-s2.edn': { valid: false, anomaly: 'garbage-read' },
  // What was read is of a transaction that never completed: it may have happened.
  'append-crashed-invoke-no-completion.edn': { valid: true },
};

/** How Elle says that its search ended, or that it knows of a cycle without having found it. */
const isNoFinding = (anomaly: string): boolean =>
  anomaly === 'cycle-search-timeout' || anomaly.endsWith('-cycle-exists');

describe('the recorded histories of elle', () => {
  const lines =
    whyNot === undefined
      ? readFileSync(join(recorded, 'verdicts.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Recorded)
          .filter(({ workload }) => workload === 'append')
      : [];

  test.skipIf(whyNot !== undefined)(`have our verdict too${whyNot === undefined ? '' : `: skipped, ${whyNot}`}`, () => {
    expect(lines.length).toBeGreaterThan(200);
    const histories = new Map<string, History>();
    for (const { file, model, 'valid?': valid, 'anomaly-types': types, not, 'also-not': alsoNot } of lines) {
      const history = histories.get(file) ?? parseHistory(readFileSync(join(recorded, file)));
      histories.set(file, history);
      const verdict = checkListAppend(history, { consistencyModels: [model] });
      const where = `${file} ${model}`;
      expect(verdict.undecided, where).toEqual([]);
      const instead = insteadOfErrors[file];
      if (instead !== undefined) {
        expect(valid, where).toBe('error');
        expect(verdict.valid, where).toBe(instead.valid);
        if (instead.anomaly !== undefined) expect(verdict.anomalies, where).toContain(instead.anomaly);
        continue;
      }
      expect(verdict.valid, where).toBe(valid);
      expect(verdict.not, where).toEqual([...not].sort());
      expect(verdict.alsoNot, where).toEqual([...alsoNot].sort());
      for (const anomaly of types) if (!isNoFinding(anomaly)) expect(verdict.anomalies, where).toContain(anomaly);
    }
  });
});
