/** Hostile files: whatever is done to a history, ftest check gives a verdict, or says what is wrong and where. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../history/jsonl.ts';
import { HistoryError, MalformedHistory } from '../history/malformed.ts';
import { anyValue } from '../history/testing/arbitrary-op.ts';
import { Keyword, mapOf, type Value, ValueSet, valueKey } from '../history/value.ts';
import { readChecked } from './check-history.ts';
import { judgeHistory } from './check-judge.ts';
import { findWorkload } from './check-workload.ts';
import { BadInput } from './exit.ts';
import { judgedWorkloads, judgeOf } from './judged-workloads.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 6000);

/** No input here is larger than a few kilobytes. */
const cpuMsMax = 3000;

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}

const places: Record<string, RegExp> = {
  MalformedHistory: /^h:[1-9]\d*:[1-9]\d*: expected .+, found .+$/,
  HistoryError: /^h:[1-9]\d*: .+$/,
  BadInput: /^h:(?:[1-9]\d*:)? .+$/,
};

/** A verdict, or the name of the error; another error, or one without its place, is thrown. */
async function outcomeOf(chunks: readonly Uint8Array[], workload: string, model: number, order: 'line' | 'time') {
  const before = process.cpuUsage();
  try {
    const source = { name: 'h', input: streamOf(chunks), found: false };
    const lines = await readChecked(source, { order, onProgress() {} });
    const found = findable(() => findWorkload(lines.history, [], 'h')) ?? workload;
    const { models } = judgedWorkloads.get(found)!;
    const named = model % (models.length + 1);
    const judge = judgeOf(found, models.slice(named, named + 1), { objects: {}, transactions: {} });
    const effort = {
      observeFailedCas: true,
      linearization: true,
      budget: 500,
      workers: 1,
      onProgress() {},
      isOverdue: () => false,
    };
    const { verdict } = await judgeHistory(lines, judge, effort, 'h');
    if (verdict.reason?.includes('the checker failed')) throw new Error(verdict.reason);
    return String(verdict.valid);
  } catch (error) {
    const known = error instanceof MalformedHistory || error instanceof HistoryError || error instanceof BadInput;
    if (!known) throw error;
    expect(error.message).toMatch(places[error.name]!);
    return error.name;
  } finally {
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(cpuMsMax);
  }
}

function findable(find: () => string | null): string | null {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    expect(error.message).toMatch(places.BadInput!);
    return null;
  }
}

type Op = Readonly<Record<string, Value>>;

const small = fc.nat({ max: 3 });
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const word = (...names: readonly string[]) => fc.constantFrom(...names).map((name) => Keyword.of(name));

/** What an op is invoked with, and what it returns. */
interface Kind {
  readonly f: string;
  readonly given: fc.Arbitrary<Value>;
  readonly returned?: fc.Arbitrary<Value>;
}

const nil = fc.constant<Value>(null);
const micro = fc.oneof(
  fc.tuple(word('r', 'read'), small, nil),
  fc.tuple(word('w', 'write'), small, small),
  fc.tuple(word('append'), small, small),
);

/** Of each kind of object the ops. */
const kinds: readonly (readonly Kind[])[] = [
  [
    { f: 'read', given: nil, returned: fc.option(small) },
    { f: 'write', given: small },
    { f: 'cas', given: fc.tuple(small, small) },
  ],
  [
    { f: 'acquire', given: nil },
    { f: 'release', given: nil },
  ],
  [
    { f: 'enqueue', given: small },
    { f: 'dequeue', given: nil, returned: small },
  ],
  [
    { f: 'push', given: small },
    { f: 'pop', given: nil, returned: small },
  ],
  [
    { f: 'add', given: small },
    { f: 'read', given: nil, returned: small },
  ],
  [
    { f: 'add', given: small },
    { f: 'read', given: nil, returned: fc.array(small, { maxLength: 4 }).map((all) => new ValueSet(all)) },
  ],
  [
    { f: 'get', given: nil, returned: fc.constantFrom('', 'a', 'ab') },
    { f: 'put', given: fc.constantFrom('a', 'b') },
    { f: 'append', given: fc.constantFrom('a', 'b') },
  ],
  [{ f: 'txn', given: fc.array(micro, { maxLength: 3 }) }],
];

const step = fc.record({ process: small, kind: fc.nat(), type: fc.nat({ max: 9 }), key: fc.nat({ max: 1 }) });

/** A history in which processes pair; its ops are drawn at random. */
const someOps: fc.Arbitrary<readonly Op[]> = fc
  .record({ kinds: fc.constantFrom(...kinds), keys: fc.constantFrom('none', 'field', 'tuple') })
  .chain(({ kinds: of, keys }) =>
    fc
      .array(
        fc.tuple(step, ...[0, 1].map(() => fc.tuple(...of.flatMap((kind) => [kind.given, kind.returned ?? nil])))),
        {
          maxLength: 16,
        },
      )
      .map((steps) => recorded(steps as unknown as readonly Step[], of, keys)),
  );

type Step = readonly [{ process: number; kind: number; type: number; key: number }, readonly Value[], readonly Value[]];

function recorded(steps: readonly Step[], of: readonly Kind[], keys: string): readonly Op[] {
  const open = new Map<number, Op>();
  return steps.map(([{ process, kind, type, key }, values], time): Op => {
    const begun = open.get(process);
    const place = { index: time, time, process };
    const keyed = (value: Value): Op =>
      keys === 'none' ? { value } : keys === 'field' ? { key, value } : { value: [key, value] };
    if (begun === undefined) {
      const { f } = of[kind % of.length]!;
      const op = { ...place, type: Keyword.of('invoke'), f: Keyword.of(f), ...keyed(values[(kind % of.length) * 2]!) };
      open.set(process, op);
      return op;
    }
    open.delete(process);
    const number = of.findIndex(({ f }) => f === (begun.f as Keyword).name);
    const ended = Keyword.of(type < 7 ? 'ok' : type < 8 ? 'fail' : 'info');
    const again = of[number]!.returned === undefined ? begun.value! : values[number * 2 + 1]!;
    const inner =
      of[number]!.returned === undefined || keys !== 'tuple' ? again : [(begun.value as Value[])[0]!, again];
    return { ...begun, ...place, type: ended, value: inner };
  });
}

const nested = (depth: number): Value => {
  let value: Value = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};

/** What does not belong into a field. */
const odd: fc.Arbitrary<Value> = fc.oneof(
  anyValue,
  fc.constantFrom<Value>(
    -1,
    0.5,
    1e9,
    2 ** 31,
    2 ** 53,
    10n ** 30n,
    Number.NaN,
    '',
    '\u0000',
    '\ud800',
    '\u202e',
    '\u{1d11e}',
    '__proto__',
    'constructor',
    'nemesis',
    Keyword.of('nemesis'),
    nested(100),
    nested(511),
    nested(600),
    mapOf([[Keyword.of('a'), 1]]),
    [[]],
    [null, null],
  ),
);

const fieldNames = ['index', 'time', 'process', 'type', 'f', 'key', 'value', 'error', 'node', 'other', '__proto__'];

/** Changes to the ops. */
const edit = fc.oneof(
  fc.record({ at: fc.nat(), what: fc.constantFrom('duplicate', 'remove', 'swap', 'move', 'reverse') }),
  fc.record({ at: fc.nat(), what: fc.constant('set' as const), field: fc.constantFrom(...fieldNames), value: odd }),
  fc.record({ at: fc.nat(), what: fc.constant('unset' as const), field: fc.constantFrom(...fieldNames) }),
  fc.record({ at: fc.nat(), what: fc.constant('process' as const), value: fc.constantFrom<Value>(0, 1, 7, 1e9) }),
) as fc.Arbitrary<{ at: number; what: string; field?: string; value?: Value }>;

function edited(ops: readonly Op[], edits: readonly { at: number; what: string; field?: string; value?: Value }[]) {
  const lines = ops.map((op) => Object.entries(op));
  for (const { at: anywhere, what, field, value } of edits) {
    if (lines.length === 0) break;
    const at = anywhere % lines.length;
    const line = lines[at]!;
    if (what === 'duplicate') lines.splice(at, 0, line);
    else if (what === 'remove') lines.splice(at, 1);
    else if (what === 'reverse') lines.reverse();
    else if (what === 'swap' || what === 'move') lines.splice(at, 1, ...lines.splice(at + 1, 1), line);
    else {
      const name = field ?? 'process';
      const others = line.filter(([other]) => other !== name);
      lines[at] = what === 'unset' ? others : [...others, [name, value ?? null]];
    }
  }
  return lines;
}

type Lines = ReturnType<typeof edited>;

const asJson = (line: Lines[number]): string => {
  const plain = (value: Value): Value => (value instanceof Keyword ? value.name : value);
  const named = line.map(([name, value]) => [name, name === 'type' || name === 'f' ? plain(value) : value] as const);
  return `{${named.map(([name, value]) => `${JSON.stringify(name)}:${encodeValue(value)}`).join(',')}}`;
};
const asEdn = (line: Lines[number]): string =>
  `{${line.map(([name, value]) => `${valueKey(Keyword.of(name))} ${valueKey(value)}`).join(', ')}}`;

const shapes: Readonly<Record<string, (lines: Lines) => string>> = {
  'JSON lines': (lines) => lines.map((line) => `${asJson(line)}\n`).join(''),
  'a JSON array': (lines) => `[${lines.map(asJson).join(',\n')}]\n`,
  'EDN lines': (lines) => `; a comment\n${lines.map((line) => `${asEdn(line)}\n`).join('')}`,
  'an EDN vector': (lines) => `[${lines.map(asEdn).join('\n ')}]`,
  'an EDN list': (lines) => `(${lines.map(asEdn).join(' #_ 1 ')})`,
  'tagged EDN': (lines) => lines.map((line) => `#jepsen.history.Op${asEdn(line)}\n`).join(''),
};

const bytes = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('{}[]()"\\:;#_,\n-+.0eN/')));
/** Changes to the bytes: some taken out, others put in, or a piece of another place. */
const byteEdit = fc.record({
  at: fc.nat(),
  remove: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 200 })),
  insert: fc.array(bytes, { maxLength: 6 }),
  from: seldom(fc.nat()),
});

function damaged(
  text: Buffer,
  edits: readonly { at: number; remove: number; insert: number[]; from: number | null }[],
) {
  for (const { at: anywhere, remove, insert, from } of edits) {
    const at = anywhere % (text.length + 1);
    const piece = from === null ? Buffer.from(insert) : text.subarray(from % (text.length + 1)).subarray(0, 60);
    text = Buffer.concat([text.subarray(0, at), piece, text.subarray(at + remove)]);
  }
  return text;
}

const file = fc.record({
  ops: someOps,
  edits: fc.oneof(fc.constant([]), fc.array(edit, { minLength: 1, maxLength: 3 })),
  shape: fc.constantFrom(...Object.keys(shapes)),
  byteEdits: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(byteEdit, { minLength: 1, maxLength: 4 })),
  truncated: seldom(fc.nat()),
  gzip: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'no', 'yes', 'damaged'),
  gzipEdits: fc.array(byteEdit, { minLength: 1, maxLength: 2 }),
  split: fc.nat(),
  workload: fc.constantFrom(...judgedWorkloads.keys()),
  model: fc.nat(),
  order: fc.constantFrom('line' as const, 'line' as const, 'time' as const),
});

const tally = new Map<string, number>();

describe('hostile files', () => {
  test(`${numRuns} of them give a verdict or an error with its place`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(file, async (drawn) => {
        const text = shapes[drawn.shape]!(edited(drawn.ops, drawn.edits));
        let content = damaged(Buffer.from(text), drawn.byteEdits);
        if (drawn.truncated !== null) content = content.subarray(0, drawn.truncated % (content.length + 1));
        if (drawn.gzip !== 'no') content = gzipSync(content, { level: 1 });
        if (drawn.gzip === 'damaged') content = damaged(content, drawn.gzipEdits);
        const at = drawn.split % (content.length + 1);
        const chunks = [content.subarray(0, at), content.subarray(at)];
        const outcome = await outcomeOf(chunks, drawn.workload, drawn.model, drawn.order);
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      }),
      { numRuns },
    );
    // A fuzz test that meets only one way out tests nothing.
    for (const outcome of ['true', 'false', 'MalformedHistory', 'HistoryError', 'BadInput']) {
      expect(tally.get(outcome), `${outcome} of ${JSON.stringify([...tally])}`).toBeGreaterThan(numRuns / 200);
    }
    if (process.env.FTEST_NUM_RUNS !== undefined) console.log([...tally]);
  });
});
