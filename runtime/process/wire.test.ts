import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { LineSplitter, LineWriter, parseMessage } from './wire.ts';

describe('lines', () => {
  test.prop([
    fc.array(fc.string({ unit: 'binary' }).map((line) => line.replaceAll('\n', ' '))),
    fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
  ])('come out whole, however the stream is cut, within a character too', (lines, sizes) => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    const heard: string[] = [];
    const splitter = new LineSplitter((line) => heard.push(line));
    for (let at = 0; at < bytes.length; ) {
      const { value: size } = sizes.next() as { value: number };
      splitter.push(bytes.subarray(at, at + size));
      at += size;
    }
    splitter.end();
    expect(heard).toEqual(lines.map((line) => Buffer.from(line).toString()));
  });

  test('the last one needs no end', () => {
    const heard: string[] = [];
    const splitter = new LineSplitter((line) => heard.push(line));
    splitter.push(Buffer.from('a\nb'));
    expect(heard).toEqual(['a']);
    splitter.end();
    expect(heard).toEqual(['a', 'b']);
  });

  test('of one turn are written in one piece', async () => {
    const written: string[] = [];
    const writer = new LineWriter({ writable: true, write: (text) => written.push(text) });
    for (const line of ['a', 'b']) writer.write(line);
    expect(written).toEqual([]);
    expect(writer.waitingLength).toBe(4);
    await new Promise(setImmediate);
    writer.write('c');
    await new Promise(setImmediate);
    expect(written).toEqual(['a\nb\n', 'c\n']);
    expect(writer.waitingLength).toBe(0);
  });

  test('are lost when the stream takes no more', async () => {
    const written: string[] = [];
    const stream = { writable: true, write: (text: string) => written.push(text) };
    new LineWriter(stream).write('a');
    stream.writable = false;
    await new Promise(setImmediate);
    expect(written).toEqual([]);
  });
});

describe('a message', () => {
  test('is an object with src, dest, and a body with a type', () => {
    const message = { src: 'n1', dest: 'c1', body: { type: 'ok', x: 1 } };
    expect(parseMessage(JSON.stringify(message))).toEqual(message);
    for (const line of [
      '',
      'x',
      'null',
      '3',
      '[]',
      '{}',
      '{"src":"n1","dest":"c1"}',
      '{"src":1,"dest":"c1","body":{"type":"a"}}',
    ]) {
      expect(parseMessage(line), line).toBeUndefined();
    }
  });
});
