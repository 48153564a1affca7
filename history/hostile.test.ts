/** Files made to break a reader: each is refused, or read, in time and memory that its size accounts for. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { validatePairing } from './history.ts';
import { parseHistory, type ReadHistoryOptions, readHistory } from './read.ts';
import { valueKey } from './value.ts';

/** A stream that repeats its last chunk until a gigabyte has been asked for; `given` is how much that was. */
function gigabyte(start: string, repeated: string) {
  const counter = { given: 0 };
  const block = Buffer.from(repeated.repeat(Math.ceil((1 << 20) / repeated.length)));
  async function* stream(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(start);
    for (; counter.given < 1e9; counter.given += block.length) yield block;
  }
  return { counter, stream: stream() };
}

const refusal = async (input: AsyncIterable<Uint8Array>, options: ReadHistoryOptions = {}): Promise<string> => {
  try {
    await readHistory(input, { file: 'h', ...options });
    return 'read';
  } catch (error) {
    return (error as Error).message;
  }
};

const json = '{"process":0,"type":"invoke","f":"write","value":';
const edn = '{:process 0 :type :invoke :f :write :value ';
const tooLong = 'h:1:1: expected an op of at most 67108864 bytes, found a longer one';
const tooDeep = 'expected at most 512 forms within each other, found more';

describe('a line of a gigabyte', () => {
  test.each([
    ['a JSON string', `${json}"`, 'x', tooLong],
    ['JSON digits', json, '1', tooLong],
    ['an EDN string', `${edn}"`, 'x', tooLong],
    ['an EDN symbol', edn, 'x', tooLong],
    ['commas', '{:process 0 ', ',', tooLong],
    ['a comment within an op', '{:process 0 ;', 'c', tooLong],
    ['JSON brackets', json, '[', tooDeep],
    ['EDN brackets', edn, '#{', tooDeep],
    ['escapes', `${json}"`, '\\n', tooLong],
    ['zeros', '', '\0', 'h:1:1: expected an op: a map { … }, found the byte 0x00'],
  ])('of %s is not held in memory', async (_, start, repeated, message) => {
    const { counter, stream } = gigabyte(start, repeated);
    expect(await refusal(stream)).toContain(message);
    expect(counter.given).toBeLessThan(160e6);
  });
});

describe('gzip bombs', () => {
  const bomb = (content: string, megabytes: number): AsyncIterable<Uint8Array> => {
    const member = gzipSync(content.repeat(Math.ceil((1 << 20) / content.length)));
    return (async function* () {
      for (let i = 0; i < megabytes; i++) yield member;
    })();
  };

  test('of nothing but whitespace are refused', async () => {
    expect(await refusal(bomb(' ', 2000))).toMatch(
      /^h:1:\d+: expected gzip data that gives at most 500 times its size, found more$/,
    );
  });

  test('of one endless op are refused as the op is', async () => {
    expect(await refusal(bomb('{:a 1 ', 2000))).toContain(tooDeep);
    expect(await refusal(bomb('#_', 2000))).toContain(tooDeep);
  });

  test('a history that compresses well is none', async () => {
    const line = '{"process":0,"type":"invoke","f":"read"}\n{"process":0,"type":"ok","f":"read","value":1}\n';
    expect((await readHistory(bomb(line, 5))).length).toBeGreaterThan(100_000);
  });
});

describe('progress', () => {
  test('is told while a compressed file gives much, and may end the reading', async () => {
    const content = gzipSync('\n'.repeat(1 << 24));
    let told = 0;
    await readHistory(
      (async function* () {
        yield content;
      })(),
      { onProgress: () => told++ },
    );
    expect(told).toBeGreaterThan(10);
    const stop = () => {
      throw new Error('enough');
    };
    const { stream } = gigabyte('', '\n');
    expect(await refusal(stream, { onProgress: stop })).toBe('enough');
  });
});

describe('numbers', () => {
  test.each([
    ['a process of 1e9', '{"process":1e9,"type":"ok","f":"read"}', undefined],
    ['the last process', '{"process":2147483647,"type":"ok","f":"read"}', undefined],
    ['a process beyond', '{"process":2147483648,"type":"ok","f":"read"}', 'found 2147483648'],
    ['a negative process', '{"process":-1,"type":"ok","f":"read"}', 'found -1'],
    ['a process of 1e300', '{"process":1e300,"type":"ok","f":"read"}', 'found 1'],
    ['a negative index', '{"index":-7,"process":1,"type":"ok","f":"read"}', undefined],
    ['half an index', '{"index":0.5,"process":1,"type":"ok","f":"read"}', 'expected an integer for "index", found 0.5'],
    ['4,000 digits', `{"index":${'9'.repeat(4000)},"process":1,"type":"ok","f":"read"}`, undefined],
    ['5,000 digits', `{"index":${'9'.repeat(5000)},"process":1,"type":"ok","f":"read"}`, 'of at most 4096 characters'],
    ['a ratio', `${edn}${'9'.repeat(150)}/${'7'.repeat(150)}}`, undefined],
    ['a long ratio', `${edn}${'9'.repeat(300)}/${'7'.repeat(300)}}`, 'expected a number'],
  ])('%s', (_, text, refused) => {
    const read = () => parseHistory(text, { file: 'h' });
    if (refused === undefined) expect(read().length).toBe(1);
    else expect(read).toThrow(refused);
  });

  test('times since 1970 in nanoseconds stay exact: they count from the first', () => {
    const times = ['1732195018123456789', '1732195018123456790', '1732195017000000001', 'null', '5'];
    const history = parseHistory(times.map((time) => `{"process":0,"time":${time},"type":"info","f":"x"}`).join('\n'));
    expect([...history.times]).toEqual([0, 1, -1123456788, Number.NaN, -1732195018123456800]);
    const small = parseHistory('{:process 0 :type :ok :f :x :time 5}\n{:process 0 :type :ok :f :x :time 1e18}');
    expect([...small.times]).toEqual([5, 1e18]);
  });
});

describe('many', () => {
  test('clients with numbers far apart', () => {
    const processes = Array.from({ length: 20_000 }, (_, i) => (i * 1_000_003) % 2_147_483_647);
    const lines = processes.flatMap((process) =>
      ['invoke', 'ok'].map((type) => `{"process":${process},"type":"${type}","f":"read"}`),
    );
    const history = parseHistory(lines.join('\n'));
    validatePairing(history);
    expect(history.pairs.every((pair, i) => pair === (i ^ 1))).toBe(true);
  });

  test('names of processes that are no clients', () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `{"process":"p${i % 40_000}","type":"info","f":"x"}`);
    const history = parseHistory(lines.join('\n'));
    expect([history.process(1), history.process(40_001)]).toEqual(['p1', 'p1']);
  });

  test('sets within sets are refused where comparing them would take long', () => {
    const nested = (depth: number, length: number) =>
      `${edn}${'#{'.repeat(depth)}"${'x'.repeat(length)}"${'}'.repeat(depth)}}`;
    const read = (depth: number, length: number, formLengthMax: number) => () =>
      parseHistory(nested(depth, length), { formLengthMax }).length;
    expect(read(3, 5000, 10_000)()).toBe(1);
    expect(read(400, 20, 1 << 20)()).toBe(1);
    expect(read(8, 5000, 10_000)).toThrow('expected fewer sets and maps within each other, found more');
    const keys = `${edn}${'{'.repeat(8)}"${'x'.repeat(5000)}"${' 1}'.repeat(8)}}`;
    expect(() => parseHistory(keys, { formLengthMax: 10_000 })).toThrow('fewer sets and maps');
  });

  test('lists within lists cost no more than they are long', () => {
    const text = `"${'x'.repeat(1 << 20)}"`;
    const history = parseHistory(`${edn}${'[0 '.repeat(500)}${text}${']'.repeat(500)}}`);
    const before = process.cpuUsage();
    expect(valueKey(history.value(0)).length).toBe(text.length + 500 * 4);
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });
});
