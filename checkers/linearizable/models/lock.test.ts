import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../../history/read.ts';
import { checkLinearizable } from '../linearizable.ts';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { fencedMutex } from './fenced-mutex.ts';
import { mutex, ownerMutex } from './mutex.ts';
import { reentrantFencedMutex, reentrantMutex } from './reentrant-mutex.ts';

/** Ops that return at once, a line each: process, f, what it returned. An f with ? is of unknown outcome. */
const ops = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [process, f, value = 'null'] = line.trim().split(/\s+/);
      const name = f!.replace('?', '');
      return `${process} invoke ${name} ${name === f ? 'null' : value}\n${process} ${name === f ? `ok ${name} ${value}` : `info ${name}`}`;
    })
    .join('\n');

const twoHold = ops(`
  0 acquire
  1 acquire`);
const releasedByAnother = ops(`
  0 acquire
  1 release`);
const heldTwice = ops(`
  0 acquire
  0 acquire
  0 release
  0 release`);
const heldTwiceReleasedOnce = ops(`
  0 lock
  0 lock
  0 unlock
  1 lock`);
const inTurn = ops(`
  0 acquire
  0 release
  1 lock
  1 unlock`);
const releasedFree = ops('0 release');
const releasedTwice = ops(`
  0 acquire
  0 release
  0 release`);

describe('who may hold a lock', () => {
  test.each([
    ['two at once', twoHold, { mutex: false, owner: false, reentrant: false }],
    ['one after the other', inTurn, { mutex: true, owner: true, reentrant: true }],
    ['one, and another releases it', releasedByAnother, { mutex: true, owner: false, reentrant: false }],
    ['one twice', heldTwice, { mutex: false, owner: false, reentrant: true }],
    ['another, while it is held once more', heldTwiceReleasedOnce, { mutex: false, owner: false, reentrant: false }],
    ['no one, and it is released', releasedFree, { mutex: false, owner: false, reentrant: false }],
    ['no one any more, and it is released', releasedTwice, { mutex: false, owner: false, reentrant: false }],
  ])('%s', (_, text, expected) => {
    expect({
      mutex: verdictOf(mutex(), text),
      owner: verdictOf(ownerMutex(), text),
      reentrant: verdictOf(reentrantMutex(), text),
    }).toEqual(expected);
  });

  test('as often as the bound allows', () => {
    const times = (count: number): string => ops('0 acquire\n'.repeat(count));
    expect(verdictOf(reentrantMutex(), times(50))).toBe(true);
    expect(verdictOf(reentrantMutex({ holdsMax: 2 }), times(2))).toBe(true);
    expect(verdictOf(reentrantMutex({ holdsMax: 2 }), times(3))).toBe(false);
    expect(() => reentrantMutex({ holdsMax: 0 })).toThrow('a lock cannot be held 0 times at once; expected 1 or more');
  });
});

describe('ops of unknown outcome', () => {
  test('may have released, and acquired, a mutex', () => {
    expect(verdictOf(mutex(), ops('0 acquire\n0 release?\n1 acquire'))).toBe(true);
    expect(verdictOf(mutex(), ops('0 acquire\n0 release?\n1 acquire\n2 acquire'))).toBe(false);
    expect(verdictOf(mutex(), ops('0 acquire?\n1 release'))).toBe(true);
    expect(verdictOf(mutex(), ops('0 acquire?\n1 acquire'))).toBe(true);
    expect(verdictOf(mutex(), ops('0 acquire?\n1 release\n1 release'))).toBe(false);
  });

  test('of a process that goes on under another number leave the lock to no one else', () => {
    expect(verdictOf(ownerMutex(), ops('0 acquire?\n5 release'))).toBe(false);
    expect(verdictOf(ownerMutex(), ops('0 acquire\n0 release?\n5 acquire'))).toBe(true);
  });

  test('of a client that goes on may have done what it released', () => {
    expect(verdictOf(ownerMutex(), ops('0 acquire? {"client":"a"}\n5 release {"client":"a"}'))).toBe(true);
    expect(verdictOf(ownerMutex(), ops('0 acquire? {"client":"a"}\n5 release {"client":"b"}'))).toBe(false);
  });

  test('that name no client are of the one that the process names else, or of any', () => {
    const named = (releasedBy: string): string => `
      0 invoke acquire
      0 ok acquire {"client":"a"}
      0 invoke release
      0 ok release {"client":"a"}
      0 invoke acquire "some-id"
      0 info acquire "some-id"
      5 invoke release
      5 ok release {"client":"${releasedBy}"}`;
    expect(verdictOf(ownerMutex(), named('a'))).toBe(true);
    expect(verdictOf(ownerMutex(), named('b'))).toBe(false);
    expect(verdictOf(ownerMutex(), ops('0 acquire?\n5 release {"client":"b"}'))).toBe(true);
    expect(verdictOf(ownerMutex(), ops('0 acquire?\n5 release {"client":"b"}\n6 release {"client":"c"}'))).toBe(false);
    const released = ops('0 acquire {"client":"a"}\n1 release?\n2 acquire {"client":"b"}');
    expect(verdictOf(ownerMutex(), released)).toBe(true);
  });

  test('that name no client may have let another hold it, who let it go', () => {
    const text = ops(`
      0 acquire {"client":"a"}
      0 release?
      1 acquire? {"client":"b"}
      2 release {"client":"b"}`);
    expect(verdictOf(ownerMutex(), text)).toBe(true);
  });

  test('and released without a name, gave way to another', () => {
    const text = ops(`
      0 acquire? {"client":"a"}
      1 acquire? {"client":"b"}
      2 release
      3 acquire {"client":"b"}
      4 release`);
    expect(verdictOf(ownerMutex(), text)).toBe(true);
  });
});

describe('fencing tokens', () => {
  test('grow', () => {
    const tokens = (...held: readonly number[]): string =>
      ops(held.map((token) => `0 acquire ${token}\n0 release`).join('\n'));
    expect(verdictOf(fencedMutex(), tokens(1, 2, 7))).toBe(true);
    expect(verdictOf(fencedMutex(), tokens(1, 7, 2))).toBe(false);
    expect(verdictOf(fencedMutex(), tokens(1, 1))).toBe(false);
    expect(verdictOf(fencedMutex(), tokens(-5, 0))).toBe(true);
    expect(verdictOf(reentrantFencedMutex(), tokens(1, 1))).toBe(false);
  });

  test('may stand in a map, as in the tests of Hazelcast', () => {
    const held = (second: number): string =>
      ops(`
        0 acquire {"client":"a","fence":3,"uid":"x"}
        0 release {"client":"a","fence":0,"uid":"y"}
        1 acquire {"client":"b","fence":${second},"uid":"z"}`);
    expect(verdictOf(fencedMutex(), held(4))).toBe(true);
    expect(verdictOf(fencedMutex(), held(3))).toBe(false);
  });

  test('leave room for those that are not known', () => {
    const between = (second: number): string =>
      ops(`
      0 acquire {"client":"a","fence":1}
      0 release {"client":"a"}
      1 acquire? {"client":"b"}
      2 acquire? {"client":"b"}
      3 release {"client":"b"}
      4 release {"client":"b"}
      5 acquire {"client":"c","fence":${second}}`);
    expect(verdictOf(fencedMutex(), between(2))).toBe(false);
    expect(verdictOf(fencedMutex(), between(3))).toBe(false);
    expect(verdictOf(fencedMutex(), between(4))).toBe(true);
  });

  test('are the same while a reentrant lock is held', () => {
    expect(verdictOf(reentrantFencedMutex(), ops('0 acquire 5\n0 acquire 5\n0 release\n0 release'))).toBe(true);
    expect(verdictOf(reentrantFencedMutex(), ops('0 acquire 5\n0 acquire 6'))).toBe(false);
    const learnt = (token: number): string =>
      ops(`
      0 acquire {"client":"a","fence":4}
      0 release {"client":"a"}
      1 acquire? {"client":"b"}
      2 acquire {"client":"b","fence":${token}}
      3 acquire {"client":"b","fence":6}
      4 release {"client":"b"}
      4 release {"client":"b"}
      4 release {"client":"b"}`);
    expect(verdictOf(reentrantFencedMutex(), learnt(6))).toBe(true);
    expect(verdictOf(reentrantFencedMutex(), learnt(5))).toBe(false);
    expect(verdictOf(reentrantFencedMutex(), learnt(4))).toBe(false);
  });

  test('are integers', () => {
    for (const token of ['null', '"7"', '1.5', '{"client":"a"}']) {
      const name = JSON.stringify(token);
      expect(refusalOf(fencedMutex(), ops(`0 acquire ${token}`)), name).toMatch(
        /^op 0, acquire, returned .*; the fenced-mutex model expects a fencing token, an integer, or a map with `fence`$/,
      );
    }
  });
});

describe('what a model of a lock says', () => {
  test('of its states', () => {
    expect(statesOf(mutex(), ops('0 acquire\n0 release'))).toEqual(['a lock held', 'a free lock']);
    expect(statesOf(ownerMutex(), ops('3 acquire'))).toEqual(['a lock held by process 3']);
    expect(statesOf(reentrantMutex(), ops('3 acquire\n3 acquire'))).toEqual([
      'a lock held by process 3 once',
      'a lock held by process 3 2 times',
    ]);
    expect(statesOf(fencedMutex(), ops('0 acquire {"client":"a","fence":7}\n0 release {"client":"a"}'))).toEqual([
      'a lock held by client "a" with token 7',
      'a free lock, last known token 7',
    ]);
    expect(statesOf(fencedMutex(), ops('1 acquire 3\n1 release\n0 acquire?\n0 release'))).toEqual([
      'a lock held by process 1 with token 3',
      'a free lock, last known token 3',
      'a lock held by process 0 with an unknown token, last known token 3',
      'a free lock, last known token 4',
    ]);
  });

  test('of calls', () => {
    expect(
      wordsOf(fencedMutex(), ops('0 acquire {"client":"a","fence":7}\n0 release {"client":"a"}\n1 acquire?')),
    ).toEqual({
      nouns: ['acquire as client a with token 7', 'release as client a', 'acquire'],
      pasts: ['acquired the lock as client a with token 7', 'released the lock as client a'],
    });
    expect(wordsOf(fencedMutex(), ops('0 lock 7')).pasts).toEqual(['acquired the lock with token 7']);
    expect(wordsOf(mutex(), ops('0 lock 7')).pasts).toEqual(['acquired the lock']);
  });

  test('of ops that it does not know', () => {
    expect(refusalOf(reentrantMutex(), sequential(['take', null, null]))).toBe(
      'op 0 is a take; the reentrant-mutex model knows acquire, lock, release, unlock: choose another model',
    );
  });
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/histories/knossos');

describe.skipIf(!existsSync(recorded))(
  'the recorded histories (skipped where ../shared/histories does not exist)',
  () => {
    test('of a mutex in etcd is invalid, as Knossos says', () => {
      const history = parseHistory(readFileSync(join(recorded, 'etcd.edn')));
      expect(checkLinearizable(history, { model: mutex() }).valid).toBe(false);
    });
  },
);
