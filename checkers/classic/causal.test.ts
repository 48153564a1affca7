import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../history/read.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { causal, checkCausal } from './causal.ts';
import { plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkCausal(historyOf(text));

/** The ops that Jepsen does to each key: read-init, write 1, read, write 2, read. */
const causalOrder = (init: Value, one: Value, two: Value) => `
  0 invoke read-init
  0 ok     read-init ${init}
  0 invoke write 1
  0 ok     write 1
  0 invoke read
  0 ok     read ${one}
  0 invoke write 2
  0 ok     write 2
  0 invoke read
  0 ok     read ${two}
`;

describe('the causal checker', () => {
  test('lets a client see what it has done, or nothing', () => {
    expect(check(causalOrder(0, 1, 2))).toMatchObject({ valid: true, readCount: 3 });
    expect(check(causalOrder(null, null, 2)).valid).toBe(true);
  });

  test('convicts reads of anything else', () => {
    expect(check(causalOrder(1, 1, 2))).toMatchObject({
      valid: false,
      reason:
        'not-causal (1): The read-init of process 0 at 0.1 s returned 1, but after the ops before it the register could only hold 0.',
    });
    expect(check(causalOrder(0, 0, 2))).toMatchObject({ valid: false, findings: [{ lines: [2, 3, 4, 5] }] });
    expect(check(causalOrder(0, 1, 1)).valid).toBe(false);
    expect(check(causalOrder(0, 1, 3)).valid).toBe(false);
  });

  test('lets a crashed write take effect at any later time, once', () => {
    const text = (...reads: number[]) =>
      `0 invoke write 1\n0 ok write 1\n9 invoke write 5\n9 info write 5\n0 invoke write 2\n0 ok write 2\n${reads
        .map((value) => `0 invoke read\n0 ok read ${value}`)
        .join('\n')}`;
    expect(check(text(2, 5, 5)).valid).toBe(true);
    expect(check(text(2, 5, 2)).valid).toBe(false);
  });

  test('lets another process begin anew, and then only go on', () => {
    const text = (...reads: number[]) =>
      `0 invoke write 1\n0 ok write 1\n0 invoke write 2\n0 ok write 2\n${reads
        .map((value) => `5 invoke read\n5 ok read ${value}`)
        .join('\n')}`;
    expect(check(text(0, 1, 2)).valid).toBe(true);
    expect(check(text(1, 0)).valid).toBe(false);
  });

  test('lets a write that a process had not seen overwrite its own', () => {
    const before = '0 invoke write 1\n0 ok write 1\n0 invoke write 2\n0 ok write 2\n5 invoke write 3\n5 ok write 3';
    const text = (...reads: number[]) =>
      [before, ...reads.map((value) => `5 invoke read\n5 ok read ${value}`)].join('\n');
    for (const reads of [[3], [1], [2], [3, 1, 1]]) expect(check(text(...reads)).valid, `${reads}`).toBe(true);
    for (const reads of [[0], [1, 3], [1, 2, 1]]) expect(check(text(...reads)).valid, `${reads}`).toBe(false);
  });

  const linked = (...ops: readonly string[]) => parseHistory(Buffer.from(ops.map((op) => `{${op}}`).join('\n')));

  test('heeds links and positions', () => {
    const write = [
      '"process":0,"type":"invoke","f":"write","value":1',
      '"process":0,"type":"ok","f":"write","value":1,"position":7,"link":"init"',
    ];
    const read = (process: number, value: number, link: number) => [
      `"process":${process},"type":"invoke","f":"read","value":null`,
      `"process":${process},"type":"ok","f":"read","value":${value},"position":8,"link":${link}`,
    ];
    expect(checkCausal(linked(...write, ...read(1, 1, 7))).valid).toBe(true);
    expect(checkCausal(linked(...write, ...read(1, 0, 7)))).toMatchObject({ valid: false, errorCount: 1 });
    expect(checkCausal(linked(...write, ...read(0, 1, 5)))).toMatchObject({
      valid: false,
      reason: expect.stringMatching(
        /^broken-link \(1\): The read of process 0 .* is linked to position 5, but .* 7\.$/,
      ),
    });
  });

  test('does not judge a key that several clients use at once', () => {
    expect(check('0 invoke write 1\n1 invoke read\n0 ok write 1\n1 ok read 0')).toEqual({
      valid: 'unknown',
      reason: 'op 0 and op 1 overlap; expected each key to be used by one client at a time',
    });
    expect(check('0 invoke read\n0 info read').valid).toBe('unknown');
  });

  test('never convicts registers in which each client goes on from what it has seen', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedRegisters(draw, false), 24),
        ({ history }) => {
          expect(causal().check(history).valid).not.toBe(false);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a client that goes back, wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedRegisters(draw, true), 24),
        ({ history }) => {
          const ops = plainOps(history);
          fc.pre(ops.every(({ ends }) => ends !== 'info') && ops.some(({ ends }) => ends === 'ok'));
          const wentBack = ops.some(({ f, key, ends, began, output }) => {
            if (f !== 'read' || ends !== 'ok') return false;
            const before = ops.filter(
              (op) => op.key === key && op.f === 'write' && op.ends === 'ok' && op.began < began,
            );
            return output !== (before.at(-1)?.input ?? 0);
          });
          if (wentBack) convicted++;
          expect(causal().check(history).valid === false).toBe(wentBack);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

/**
 * Registers, each used by one client, and after it has crashed by another, which may see any earlier state first. A client that goes
 * back may see any state at any time.
 */
class PlayedRegisters implements PlayedObject {
  readonly #states: Value[][] = [];
  readonly #keyOf = new Map<number, number>();
  readonly #seen = new Map<number, number>();
  readonly #orphans: number[] = [];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #goesBack: boolean;

  constructor(draw: Draw, goesBack: boolean) {
    this.#draw = draw;
    this.#goesBack = goesBack;
  }

  ask(process: number): Asked {
    if (!this.#keyOf.has(process)) {
      this.#keyOf.set(process, this.#orphans.pop() ?? this.#states.push([0]) - 1);
    }
    const key = this.#keyOf.get(process)!;
    if (this.#draw(2) === 0) return { f: 'write', key, value: ++this.#fresh };
    return { f: 'read', key, value: null };
  }

  crashed(process: number): void {
    this.#orphans.push(this.#keyOf.get(process)!);
  }

  apply({ f, key, value }: Asked, process: number): Value {
    const states = this.#states[key as number]!;
    if (f === 'write') {
      this.#seen.set(process, states.push(value) - 1);
      return value;
    }
    const isFirst = !this.#seen.has(process);
    const least = this.#goesBack ? 0 : (this.#seen.get(process) ?? 0);
    const at = least + this.#draw(states.length - least);
    this.#seen.set(process, isFirst || at > least ? at : least);
    return states[at]!;
  }
}
