import { Buffer } from 'node:buffer';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { History } from './history.ts';
import { validatePairing } from './history.ts';
import { encodeHistory } from './jsonl.ts';
import { HistoryError, MalformedHistory } from './malformed.ts';
import { HistoryReader, parseHistory, type ReadHistoryOptions, type ReadOptions, readHistory } from './read.ts';

const textOf = (history: History): string => [...encodeHistory(history)].join('');

/** The history, or the message it is refused with. */
function outcome(chunks: Iterable<Uint8Array>, options: ReadOptions = {}): string {
  const reader = new HistoryReader({ file: 'h', ...options });
  try {
    for (const chunk of chunks) reader.feed(chunk);
    const history = reader.finish();
    return `${textOf(history)}${history.cutAtLine ?? ''}`;
  } catch (error) {
    if (error instanceof MalformedHistory) return error.message;
    throw error;
  }
}

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}

const read = (bytes: Uint8Array, options: ReadHistoryOptions = {}): Promise<History> =>
  readHistory(streamOf(bytes), { file: 'h', ...options });

const jsonLine = (fields = ''): string => `{"process":0,"type":"invoke","f":"write"${fields}}`;

const samples: Readonly<Record<string, string>> = {
  'JSON lines': `\ufeff{"index":0,"time":12,"process":0,"type":"invoke","f":"txn","key":":x","value":[["r","é𝄞",null],{"a\\u00e9":-1.5e3}]}\r\n\r\n{"process":"nemesis","type":"info","f":"kill","value":12345678901234567890,"error":true,"node":"n1","more":{"#edn":"#{1}"}}\n`,
  'a JSON array':
    '[{"process":0,"type":"invoke","f":"w","value":null} ,\n {"process":0,"type":"ok","f":"w","value":[]}\n]',
  'EDN lines':
    '#jepsen.history.Op{:index 0, :time 12, :process 0, :type :invoke, :f :txn, :value [[:r "é𝄞\\u00e9\\n" nil] #{1 2.5} \\a \\é sym -7 12N 1/2]}\r\n{:process :nemesis :type :info :f :kill :é 1, :x #inst "2020", :y #:n{:a 1} :z ##NaN}\n',
  'an EDN list':
    '; comment é\n({:process 0 :type :invoke :f :w :value nil}\n #_ {:a 1} ; more\n {:type :ok :process 0, :f :w})\n',
  'bad JSON': `${jsonLine()}\n${jsonLine(',"é":"𝄞","value":tru')}\n`,
  'bad EDN': '[{:process 0 :type :invoke :f :w :é "𝄞" :value 08x}]',
  'truncated JSON': `${jsonLine()}\n${jsonLine().slice(0, -4)}`,
  'truncated EDN': '[{:process 0 :type :invoke :f :w :value [1 "two',
};

describe('bytes in any chunks', () => {
  test.each(Object.entries(samples))('give the same for %s, split anywhere', (_, text) => {
    const bytes = Buffer.from(text);
    const whole = outcome([bytes]);
    for (let at = 0; at <= bytes.length; at++) {
      expect(outcome([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toBe(whole);
    }
    expect(outcome(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(whole);
    const tolerant = { tolerateTruncatedTail: true };
    expect(
      outcome(
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        tolerant,
      ),
    ).toBe(outcome([bytes], tolerant));
  });
});

describe('malformed text is refused with its place', () => {
  test.each([
    [
      jsonLine().replace('invoke', 'okay'),
      '1:21: expected one of "invoke", "ok", "fail", "info" for type, found "okay"',
    ],
    ['{:process 0\n :type :okay}', '2:8: expected one of :invoke, :ok, :fail, :info for type, found :okay'],
    [jsonLine().replace('0', '-1'), '1:12: expected an integer from 0 to 2147483647 or a name for "process", found -1'],
    [
      jsonLine().replace('0', '1.5'),
      '1:12: expected an integer from 0 to 2147483647 or a name for "process", found 1.5',
    ],
    [jsonLine(',"time":"noon"'), '1:49: expected a number of nanoseconds for "time", found "noon"'],
    [jsonLine(',"index":[]'), '1:50: expected an integer for "index", found []'],
    [`${jsonLine()}\n{"type":"ok","f":"w"}`, '2:1: expected an op with the field "process", found one without'],
    ['{"process":0,"f":"w"}', '1:1: expected an op with the field "type", found one without'],
    ['{:process 0 :type :ok}', '1:1: expected an op with the field :f, found one without'],
    [jsonLine(',"f":"read"'), '1:42: expected each field once, found a second "f"'],
    [jsonLine(',"a":1,"a":2'), '1:48: expected each field once, found a second "a"'],
    [jsonLine(',"value":{"b":1,"b":2}'), '1:50: expected a map with each key once, found a key twice'],
    [`${jsonLine()} ${jsonLine()}`, '1:43: expected the end of the line, found {'],
    [`\n${jsonLine().slice(0, -1)}\n`, '2:41: expected , or }, found the end of the line'],
    [jsonLine().slice(0, -1), '1:41: expected , or }, found the end of the file'],
    [jsonLine(',"value":"é𝄞",'), '1:55: expected the name of a field, in quotes, found }'],
    [jsonLine(',"value":[1,]'), '1:53: expected a value, found ]'],
    [jsonLine(',"value":01'), '1:50: expected a number, found 01'],
    [jsonLine(',"value":1e999'), '1:50: expected a number within ±1.8e308, found 1e999'],
    [jsonLine(',"value":"\t"'), '1:51: expected the end of the string, found the byte 0x09'],
    [jsonLine(',"value":"\\x"'), '1:50: expected a string with the escapes of JSON, found another escape'],
    [
      jsonLine(',"value":{"#edn":"#{1 1}"}'),
      '1:50: expected EDN text for "#edn", found one twice where EDN has a set with each element once',
    ],
    [`${jsonLine()}\nnull`, '2:1: expected an op: an object { … }, found null'],
    [`[${jsonLine()}`, '1:43: expected an op or ], found the end of the file'],
    [`[${jsonLine()},]`, '1:44: expected an op: an object { … }, found ]'],
    [`[${jsonLine()}] x`, '1:45: expected the end of the file, found x'],
    ['({:process 0 :type :ok :f :w}]', '1:30: expected an op: a map { … }, found ]'],
    ['garbage', '1:1: expected an op: a map { … }, found garbage'],
    ['\u0000\u0001', '1:1: expected an op: a map { … }, found the byte 0x00'],
    ['{:process 0 :type :ok :f :w :value}', '1:35: expected a value for :value, found }'],
  ])('%s', (text, message) => {
    expect(outcome([Buffer.from(text)])).toBe(`h:${message}`);
  });

  test('invalid UTF-8', () => {
    const bytes = Buffer.from(jsonLine(',"value":"é"'));
    bytes[bytes.indexOf(0xc3) + 1] = 0x28;
    expect(outcome([bytes])).toBe('h:1:50: expected UTF-8, found bytes that are not');
    expect(outcome([Buffer.from('{:process 0 :f :\xff}', 'latin1')])).toBe(
      'h:1:17: expected UTF-8, found bytes that are not',
    );
  });

  test.each([
    ['JSON arrays', (n: number) => jsonLine(`,"value":${'['.repeat(n)}${']'.repeat(n)}`)],
    ['JSON objects', (n: number) => jsonLine(`,"value":${'{"a":'.repeat(n)}1${'}'.repeat(n)}`)],
    ['EDN vectors', (n: number) => `{:process 0 :type :ok :f :w :value ${'['.repeat(n)}${']'.repeat(n)}}`],
    ['EDN tags', (n: number) => `{:process 0 :type :ok :f :w :value ${'#a '.repeat(n)} 1}`],
    ['EDN discards', (n: number) => `{:process 0 :type :ok :f :w ${'#_ '.repeat(n)} ${'1 '.repeat(n)}}`],
  ])('%s deeper than the limit', (_, nested) => {
    expect(outcome([Buffer.from(nested(500))])).not.toContain('expected');
    expect(outcome([Buffer.from(nested(600))])).toContain('expected at most 512 forms within each other, found more');
    expect(outcome([Buffer.from(nested(100_000))])).toContain(
      'expected at most 512 forms within each other, found more',
    );
  });

  test.each([
    ['JSON', jsonLine(`,"value":"${'x'.repeat(3000)}"`)],
    ['EDN', `{:process 0 :type :ok :f :w :value "${'x'.repeat(3000)}"}`],
  ])('an op longer than the limit, in %s, without holding more of it', (_, text) => {
    const reader = new HistoryReader({ file: 'h', formLengthMax: 2000 });
    const chunk = Buffer.from(text);
    let fed = 0;
    const feedAll = (): void => {
      for (; fed < 100; fed++) reader.feed(fed === 0 ? chunk.subarray(0, 50) : Buffer.alloc(50, 'x'));
    };
    expect(feedAll).toThrow('h:1:1: expected an op of at most 2000 bytes, found a longer one');
    expect(fed).toBeLessThan(60);
    expect(outcome([chunk], { formLengthMax: 2000 })).toContain('at most 2000 bytes');
    expect(outcome([chunk], { formLengthMax: 4000 })).not.toContain('expected');
  });

  test('a comment of any length is passed', () => {
    const op = '#_ 1 {:process 0 :type :ok :f :w}';
    const chunks = [`; ${'x'.repeat(3000)}`, '; y', `\n${op}`, `;${'z'.repeat(3000)}`].map((text) => Buffer.from(text));
    expect(outcome(chunks, { formLengthMax: 100 })).toBe(outcome([Buffer.from(op)]));
    const behind = ['; [x', 'y]\n#', op.slice(1)].map((text) => Buffer.from(text));
    expect(outcome(behind)).toBe(outcome([Buffer.from(op)]));
  });
});

describe('the format', () => {
  const found = (text: string, file: string): string => {
    try {
      return String(parseHistory(text, { file }).length);
    } catch (error) {
      return `${(error as Error).constructor.name} ${(error as Error).message}`;
    }
  };
  const noComments = 'expected an op: an object { … }, for JSON has no comments, found';

  test.each([
    ['h.jsonl', `# today\n${jsonLine()}`, `MalformedHistory h.jsonl:1:1: ${noComments} #`],
    ['h.json.gz', '#today', `MalformedHistory h.json.gz:1:1: ${noComments} #today`],
    ['stdin', `// today\n${jsonLine()}`, `MalformedHistory stdin:1:1: ${noComments} //`],
    ['stdin', `; today\n${jsonLine()}`, `MalformedHistory stdin:1:1: ${noComments} ;`],
    ['h.jsonl', `${jsonLine()}\n# today`, `MalformedHistory h.jsonl:2:1: ${noComments} #`],
    ['h.jsonl', 'garbage', 'MalformedHistory h.jsonl:1:1: expected an op: an object { … }, found garbage'],
    ['h.edn', '# today\n{:process 0}', 'MalformedHistory h.edn:1:2: expected a tag, found a space'],
    ['h.jsonl', '#jepsen.history.Op{:process 0 :type :ok :f :w}', '1'],
    ['h.jsonl', '; today\n{:process 0 :type :ok :f :w}', '1'],
    ['h.jsonl', '#_ {:a 1} {:process 0 :type :ok :f :w}', '1'],
    ['h.edn', jsonLine(), '1'],
    ['h.json', '', '0'],
    ['h.json', '{\n  "name": 1\n}', 'NoHistory h.json:1:1: expected an op on one line, found the end of the line'],
    ['h.json', '[{"name":1}]', 'NoHistory h.json:1:2: expected an op with the field "process", found one without'],
    ['h.edn', '{:name 1}', 'NoHistory h.edn:1:1: expected an op with the field :process, found one without'],
    ['h.edn', '{:process 0}', 'MalformedHistory h.edn:1:1: expected an op with the field :type, found one without'],
    [
      'h.edn',
      '{:process 0 :type :ok :f :w}\n{:name 1}',
      'MalformedHistory h.edn:2:1: expected an op with the field :process, found one without',
    ],
  ])('of %s with %j', (file, text, expected) => {
    expect(found(text, file)).toBe(expected);
  });

  test('is the same in any chunks', () => {
    for (const text of [
      `# today\n${jsonLine()}`,
      '#jepsen.history.Op{:process 0 :type :ok :f :w}',
      `;\n${jsonLine()}`,
    ]) {
      for (const file of ['h.jsonl', 'h.edn']) {
        const whole = outcome([Buffer.from(text)], { file });
        expect(
          outcome(
            Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)),
            { file },
          ),
        ).toBe(whole);
      }
    }
  });

  test('is not UTF-16', () => {
    const text = Buffer.from(`\ufeff${jsonLine()}`, 'utf16le');
    expect(outcome([text])).toBe('h:1:1: expected UTF-8, found UTF-16');
    expect(outcome([text.swap16()])).toBe('h:1:1: expected UTF-8, found UTF-16');
  });
});

describe('an op without f', () => {
  test('is a transaction where its value is one', () => {
    const value = '[["append",253,1],["r",255,null]]';
    const history = parseHistory(`[{"index":0,"process":1,"type":"invoke","value":${value}}]`);
    expect(history.f(0)).toBe('txn');
    expect(parseHistory('{:process 1 :type :ok :value [[:w :x 1]]}').f(0)).toBe('txn');
  });

  test.each(['[]', '[1]', '[[1,2]]', '"a"'])('is refused with the value %s', (value) => {
    expect(outcome([Buffer.from(`{"process":1,"type":"ok","value":${value}}`)])).toBe(
      'h:1:1: expected an op with the field "f", found one without',
    );
  });
});

test('what a file says is quoted on one line, without what would move a cursor', () => {
  const found = (word: string) => outcome([Buffer.from(`{:process 0 :type ${word}}`)]).split('found ')[1];
  expect(found('"a\u009b\u202e\u2028x"')).toBe('"a\ufffd\ufffd\ufffdx"');
  expect(found('"a\\u001b\\nx"')).toBe('"a\\u001b\\nx"');
});

describe('a file cut within its last op', () => {
  const whole = `${jsonLine()}\n${jsonLine(',"value":1')}\n`;

  test('is refused by default', () => {
    expect(() => parseHistory(whole.slice(0, -9))).toThrow('the end of the file');
  });

  test('loses that op, and says on which line, where that is asked for', () => {
    const tolerant = { tolerateTruncatedTail: true };
    for (let length = jsonLine().length + 2; length < whole.length - 1; length++) {
      const history = parseHistory(whole.slice(0, length), tolerant);
      expect([history.length, history.cutAtLine]).toEqual([1, 2]);
    }
    expect(parseHistory(whole.slice(0, -1), tolerant)).toMatchObject({ length: 2, cutAtLine: undefined });
    expect(parseHistory(whole, tolerant)).toMatchObject({ length: 2, cutAtLine: undefined });
    expect(parseHistory('({:process 0 :type :ok :f :w}\n{:pro', tolerant)).toMatchObject({ length: 1, cutAtLine: 2 });
  });

  test('is still refused for what is wrong before its end', () => {
    expect(() => parseHistory(`{"process":0}\n${whole}`, { tolerateTruncatedTail: true })).toThrow('"type"');
  });
});

describe('readHistory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const lines = `${Array.from({ length: 20_000 }, (_, i) => jsonLine(`,"value":${i}`)).join('\n')}\n`;

  test('reads files and streams, compressed and not, and tells its progress', async () => {
    for (const [name, bytes] of [
      ['h.jsonl', Buffer.from(lines)],
      ['h.jsonl.gz', gzipSync(lines)],
    ] as const) {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      const progress: number[] = [];
      const history = await readHistory(file, { onProgress: (count) => progress.push(count) });
      expect([history.length, history.value(19_999)]).toEqual([20_000, 19_999]);
      expect(progress.at(-1)).toBe(bytes.length);
      expect((await read(bytes)).length).toBe(20_000);
      const dribble = streamOf(...Array.from({ length: 5 }, (_, i) => bytes.subarray(i, i + 1)), bytes.subarray(5));
      expect((await readHistory(dribble)).length).toBe(20_000);
    }
  });

  test('names the file in messages', async () => {
    const file = join(folder, 'bad.edn');
    writeFileSync(file, '{:process 0}');
    await expect(readHistory(file)).rejects.toThrow(`${file}:1:1: expected an op with the field :type`);
  });

  test('leaves errors of the file system as they are', async () => {
    await expect(readHistory(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each(['', ' \n', '[]', '()', '; nothing', '\ufeff'])('finds no line in %j', async (text) => {
    expect((await read(Buffer.from(text))).length).toBe(0);
  });

  test('finds the format behind any whitespace', async () => {
    expect((await read(Buffer.from(`${' '.repeat(100_000)}\n{:process 0 :type :ok :f :w}`))).length).toBe(1);
    expect((await read(Buffer.from(`${'\n'.repeat(60_000)}${jsonLine()}`))).line(0)).toBe(60_001);
  });

  test('refuses a gzip stream without end, or reads what is there', async () => {
    const bytes = gzipSync(lines);
    const cut = bytes.subarray(0, bytes.length - 3000);
    await expect(read(cut)).rejects.toThrow(MalformedHistory);
    const history = await read(cut, { tolerateTruncatedTail: true });
    expect(history.length).toBeGreaterThan(1000);
    expect(history.length).toBeLessThan(20_000);
    expect([history.length, history.length + 1]).toContain(history.cutAtLine);
    expect(history.value(history.length - 1)).toBe(history.length - 1);
    const withoutTrailer = bytes.subarray(0, bytes.length - 4);
    await expect(read(withoutTrailer)).rejects.toThrow(
      'expected the rest of the compressed file, found the end of the file',
    );
    expect((await read(withoutTrailer, { tolerateTruncatedTail: true })).length).toBe(20_000);
  });

  test('refuses gzip data that is damaged', async () => {
    const bytes = gzipSync(lines);
    bytes[bytes.length - 6]! ^= 0xff;
    await expect(read(bytes)).rejects.toThrow(MalformedHistory);
    await expect(read(bytes, { tolerateTruncatedTail: true })).rejects.toThrow('expected gzip data');
  });
});

test('a damaged file gives a history or a MalformedHistory, nothing else', () => {
  const texts = Object.values(samples).map((text) => Buffer.from(text));
  const bytes = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('{}[]()"\\:;#_,\n-+.0eN/')));
  const edit = fc.record({ at: fc.nat(), remove: fc.nat({ max: 4 }), insert: fc.array(bytes, { maxLength: 4 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (text, edits, split) => {
        let damaged: Buffer = text;
        for (const { at, remove, insert } of edits) {
          const from = at % (damaged.length + 1);
          damaged = Buffer.concat([damaged.subarray(0, from), Buffer.from(insert), damaged.subarray(from + remove)]);
        }
        const at = split % (damaged.length + 1);
        const whole = outcome([damaged]);
        expect(outcome([damaged.subarray(0, at), damaged.subarray(at)])).toBe(whole);
        try {
          validatePairing(parseHistory(damaged));
        } catch (error) {
          expect(error instanceof MalformedHistory || error instanceof HistoryError).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../shared/histories');

describe.skipIf(!existsSync(recorded))(
  'the recorded histories (skipped where ../shared/histories does not exist)',
  () => {
    const files = existsSync(recorded)
      ? readdirSync(recorded, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.edn'))
      : [];

    test('are all read, pair, and survive JSON lines', async () => {
      expect(files.length).toBe(213);
      for (const file of files) {
        const history = await readHistory(join(recorded, file));
        const expected = readFileSync(join(recorded, file), 'utf8').match(/:type/g)?.length;
        expect(history.length, file).toBe(expected);
        validatePairing(history);
        const text = textOf(history);
        expect(textOf(parseHistory(text)), file).toBe(text);
      }
    });
  },
);
