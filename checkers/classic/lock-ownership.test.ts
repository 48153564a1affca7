import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkLockOwnership, lockOwnership } from './lock-ownership.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkLockOwnership(historyOf(text));

describe('the lock-ownership checker', () => {
  test('convicts two holders at once', () => {
    const verdict = check(`
      0 invoke acquire null "a"
      1 invoke acquire null "a"
      0 ok     acquire null "a"
      1 ok     acquire null "a"
      1 invoke acquire null "b"
      1 ok     acquire null "b"
    `);
    expect(verdict).toEqual({
      valid: false,
      reason:
        'two-holders (1): Process 1 acquired lock a at 0.3 s, but process 0 had acquired it at 0.2 s and had not released it.',
      lockCount: 2,
      acquireCount: 3,
      overlapCount: 1,
      overlaps: [{ lock: 'a', acquires: [2, 3] }],
      staleTokenCount: 0,
      findings: [expect.objectContaining({ lines: [0, 1, 2, 3] })],
    });
  });

  test('lets the next one in as soon as the holder begins to release', () => {
    const text = '0 invoke acquire\n0 ok acquire\n1 invoke acquire\n0 invoke release\n1 ok acquire\n0 ok release';
    expect(check(text)).toMatchObject({ valid: true, acquireCount: 2 });
    expect(check(text.replace('0 ok release', '0 info release')).valid).toBe(true);
    expect(check(text.replace('0 ok release', '0 fail release')).valid).toBe(false);
  });

  test('knows nothing of what a crashed process holds, or may have acquired', () => {
    const crashed =
      '0 invoke acquire null "a"\n0 ok acquire null "a"\n0 invoke acquire null "b"\n0 info acquire null "b"';
    expect(check(`${crashed}\n1 invoke acquire null "a"\n1 ok acquire null "a"`).valid).toBe(true);
    expect(
      check(`${crashed.replace('0 info acquire null "b"', '')}\n1 invoke acquire null "a"\n1 ok acquire null "a"`)
        .valid,
    ).toBe(true);
    expect(check(`${crashed}\n1 invoke acquire null "b"\n1 ok acquire null "b"`).valid).toBe(true);
  });

  test('does not know when a release of unknown outcome takes effect, where its client lives on', () => {
    const did = (process: number, f: string, client: string, type = 'ok') =>
      `${process} invoke ${f} {"client":"${client}"}\n${process} ${type} ${f} {"client":"${client}"}`;
    const again = [did(5, 'release', 'x'), did(5, 'acquire', 'x'), did(1, 'acquire', 'y')];
    expect(check([did(0, 'acquire', 'x'), did(0, 'release', 'x', 'info'), ...again].join('\n')).valid).toBe(true);
    expect(check([did(0, 'acquire', 'x'), did(0, 'release', 'x', 'fail'), ...again].join('\n')).valid).toBe(false);
  });

  test('tells clients from processes where values name them', () => {
    const acquire = (process: number, client: string) =>
      `${process} invoke acquire {"client":"${client}"}\n${process} ok acquire {"client":"${client}"}`;
    expect(check(`${acquire(0, 'x')}\n${acquire(5, 'x')}`).valid).toBe(true);
    expect(check(`${acquire(0, 'x')}\n5 invoke release {"client":"x"}\n${acquire(1, 'y')}`).valid).toBe(true);
    expect(check(`${acquire(0, 'x')}\n${acquire(1, 'y')}`)).toMatchObject({
      valid: false,
      reason: expect.stringContaining('Client "y" acquired the lock'),
    });
  });

  test('knows a client by what other ops of its process name', () => {
    const holds = '0 invoke acquire {"client":"x"}\n0 ok acquire';
    const next = '1 invoke acquire {"client":"y"}\n1 ok acquire';
    expect(check(`${holds}\n${next}`).valid).toBe(false);
    expect(check(`${holds}\n0 invoke release\n${next}`).valid).toBe(true);
    expect(check(`${holds}\n${next}\n1 invoke release\n1 ok release {"client":"z"}`).valid).toBe(false);
    // Process 2 makes calls for two clients, so that it is not known whose this release is.
    const either = '2 invoke acquire {"client":"z"} "b"\n2 invoke acquire {"client":"x"} "c"\n2 invoke release';
    expect(check(`${holds}\n${either}\n${next}`).valid).toBe(false);
    // Nobody knows whose acquire that is.
    expect(check(`${holds}\n7 invoke acquire\n7 ok acquire`)).toMatchObject({ valid: true, acquireCount: 1 });
  });

  test('holds a lock no longer than its lease', () => {
    const text = '0 invoke acquire\n0 ok acquire\n1 invoke acquire\n1 ok acquire';
    expect(checkLockOwnership(historyOf(text), { leaseNs: 3e8 }).valid).toBe(true);
    expect(checkLockOwnership(historyOf(text), { leaseNs: 3e8 + 1 }).valid).toBe(false);
  });

  test('asks for growing tokens where locks are fenced', () => {
    const acquire = (process: number, token: number) => `
      ${process} invoke acquire
      ${process} ok     acquire ${token}
      ${process} invoke release
      ${process} ok     release
    `;
    const fenced = (text: string) => checkLockOwnership(historyOf(text), { fenced: true });
    expect(fenced(acquire(0, 1) + acquire(1, 2) + acquire(0, 7)).valid).toBe(true);
    expect(fenced(acquire(0, 5) + acquire(1, 5))).toMatchObject({
      valid: false,
      staleTokenCount: 1,
      reason:
        'stale-token (1): Process 1 acquired the lock with token 5 at 0.5 s, but token 5 had been given out at 0.1 s.',
    });
    expect(fenced('0 invoke acquire\n0 ok acquire')).toEqual({
      valid: 'unknown',
      reason: 'op 0, acquire, returned nil; expected a fencing token, an integer, or a map with `fence`',
    });
  });

  test('is unknown where nothing was ok, or an op is none of a lock', () => {
    expect(check('0 invoke acquire\n0 info acquire').valid).toBe('unknown');
    expect(check('0 invoke read\n0 ok read').reason).toMatch(
      /^op 0 is a read; the lock-ownership checker knows acquire/,
    );
  });

  const madeUp: fc.Arbitrary<MadeUpOp> = fc
    .tuple(fc.constantFrom('acquire', 'release'), fc.nat(1), fc.nat(6))
    .map(([f, key, token]) => ({ f, key, value: null, result: f === 'acquire' ? token : null }));

  test('agrees with comparing all pairs of acquires', () => {
    const tally = { overlapping: 0, apart: 0, stale: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 24), (history) => {
        const ops = plainOps(history);
        const granted = ops.filter(({ f, ends }) => f === 'acquire' && ends === 'ok');
        fc.pre(ops.some(({ ends }) => ends === 'ok'));
        const infos = [...history.ops()].filter(({ type }) => type === 'info');
        const heldUntil = (acquire: (typeof ops)[number]) => {
          const releases = ops.filter(
            ({ f, key, process, began, ends }) =>
              f === 'release' &&
              ends !== 'fail' &&
              key === acquire.key &&
              process === acquire.process &&
              began > acquire.ended,
          );
          const death = infos.filter(({ process }) => process === acquire.process).map(({ index }) => index);
          const never = ops.filter(({ process, ends, began }) => {
            return process === acquire.process && ends === 'info' && history.completionOf(began) < 0;
          });
          return Math.min(...[...releases, ...never].map(({ began }) => began), ...death);
        };
        const overlaps = granted.some((one) =>
          granted.some(
            (other) =>
              one.key === other.key &&
              one.process !== other.process &&
              one.ended < other.ended &&
              other.ended < heldUntil(one),
          ),
        );
        const stale = granted.filter((one) =>
          granted.some(
            (other) =>
              one.key === other.key &&
              one.process !== other.process &&
              other.ended < one.began &&
              (one.output as number) <= (other.output as number),
          ),
        );
        tally[overlaps ? 'overlapping' : 'apart']++;
        if (stale.length > 0) tally.stale++;
        expect(checkLockOwnership(history).valid).toBe(!overlaps);
        const fenced = checkLockOwnership(history, { fenced: true });
        expect(fenced).toMatchObject({ valid: !overlaps && stale.length === 0, staleTokenCount: stale.length });
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 40);
  });

  test('never convicts a lock, and one that forgets its holder wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedLock(draw, 0), 24),
        playedHistories((draw) => new PlayedLock(draw, 4), 24),
        (lock, forgetful) => {
          expect(lockOwnership({ fenced: true }).check(lock.history).valid).not.toBe(false);
          const isConvicted = lockOwnership().check(forgetful.history).valid === false;
          if (isConvicted) convicted++;
          if (isConvicted) expect(forgetful.object.forgot).toBe(true);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

/** A lock that lets go of what a crashed process held, and of 16 times lets so many in although it is held. */
class PlayedLock implements PlayedObject {
  forgot = false;
  #holder: number | undefined;
  #token = 0;
  readonly #holds = new Set<number>();
  readonly #dead = new Set<number>();
  readonly #draw: Draw;
  readonly #faults: number;

  constructor(draw: Draw, faults: number) {
    this.#draw = draw;
    this.#faults = faults;
  }

  ask(process: number): Asked {
    return { f: this.#holds.has(process) ? 'release' : 'acquire', value: null };
  }

  apply({ f }: Asked, process: number): Value | undefined {
    if (f === 'release') {
      this.#holds.delete(process);
      if (this.#holder !== process) return undefined;
      this.#holder = undefined;
      return null;
    }
    if (this.#holder !== undefined && this.#dead.has(this.#holder)) this.#holder = undefined;
    if (this.#holder !== undefined) {
      if (this.#draw(16) >= this.#faults) return undefined;
      this.forgot = true;
    }
    this.#holder = process;
    this.#holds.add(process);
    return ++this.#token;
  }

  crashed(process: number): void {
    this.#dead.add(process);
  }
}
