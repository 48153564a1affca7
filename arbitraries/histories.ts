/** Histories of anything, to see that parsers and checkers do not crash; and files that are none. */
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import { encodeOp } from '../history/jsonl.ts';
import { manyOf } from './lists.ts';
import { delay, type Hears, happensIn, hearsBut, historyOf, staysOf, type Told } from './timeline.ts';
import { values, words } from './values.ts';

export interface HistoryOptions {
  /** Default 12. */
  readonly opsMax?: number;
  /** Clients at a time. Default 4. */
  readonly clients?: number;
  /** What ops are called. Default: read, write, cas, txn, and any text. */
  readonly fs?: readonly string[];
}

const waitMax = 4;
const stayMax = 10;

interface Plan {
  readonly client: number;
  readonly wait: number;
  readonly stay: number;
  readonly hears: Hears;
  readonly told: Told;
}

/**
 * Well-formed histories: each client does one thing at a time, completions are of the same `f` and key as their invocations, a
 * process that crashed does not come back. What the ops mean is arbitrary: values, keys, and errors are of any kind, and results
 * have nothing to do with what was asked. Shrinks to few ops with small values that follow one another. Linear in the ops.
 */
export function histories(options: HistoryOptions = {}): fc.Arbitrary<History> {
  const { opsMax = 12, clients = 4, fs } = options;
  const f =
    fs === undefined ? fc.oneof(fc.constantFrom('read', 'write', 'cas', 'txn'), nonEmpty) : fc.constantFrom(...fs);
  const plan: fc.Arbitrary<Plan> = fc.record({
    client: fc.nat({ max: clients - 1 }),
    wait: delay(waitMax),
    stay: delay(stayMax),
    hears: hearsBut(20),
    told: fc
      .record({
        f,
        hasKey: fc.boolean(),
        key: values(),
        asked: values(),
        fails: happensIn(30),
        found: values(),
        error: values(),
      })
      .map(({ hasKey, key, found, fails, error, ...told }): Told => {
        const answer = fails
          ? ({ type: 'fail', value: told.asked, error } as const)
          : ({ type: 'ok', value: found } as const);
        return hasKey ? { ...told, key, answer } : { ...told, answer };
      }),
  });
  return manyOf(plan, opsMax).map((all) =>
    historyOf(
      all,
      staysOf(all, clients),
      all.map(({ told }) => told),
    ),
  );
}

const nonEmpty = words().filter((each) => each !== '');

/**
 * Text in JSON lines that no reader should take for a history: one line is cut off, has something behind it, has a
 * field twice, lacks one, or has a value in it that the field cannot have. Shrinks as `histories` do, to damage of the first kinds.
 */
export function malformedHistories(options: HistoryOptions = {}): fc.Arbitrary<string> {
  const damage = fc.record({
    kind: fc.constantFrom(...Object.keys(damages)) as fc.Arbitrary<keyof typeof damages>,
    line: fc.nat({ max: 0xffff }),
    at: fc.nat({ max: 0xffff }),
  });
  return fc
    .tuple(
      histories(options).filter(({ length }) => length > 0),
      damage,
    )
    .map(([history, { kind, line, at }]) => {
      const lines = [...history.ops()].map((op) => encodeOp(op));
      const index = line % lines.length;
      return `${lines.with(index, damages[kind](lines[index]!, at)).join('\n')}\n`;
    });
}

const damages = {
  cut: (line: string, at: number) => line.slice(0, 1 + (at % (line.length - 1))),
  'something behind it': (line: string, at: number) => `${line}${['}', ' x', ',', ']'][at % 4]}`,
  'field twice': (line: string) => line.replace('"process":', '"process":0,"process":'),
  'field missing': (line: string, at: number) => line.replace(at % 2 === 0 ? /"process":\d+,/ : /"type":"\w+",/, ''),
  'impossible value': (line: string, at: number) =>
    at % 2 === 0 ? line.replace(/"process":\d+/, '"process":0.5') : line.replace(/"type":"\w+"/, '"type":"okay"'),
} as const satisfies Readonly<Record<string, (line: string, at: number) => string>>;
