import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { decodeRecords, encodeRecord } from './records.ts';

const journal = (records: readonly string[]): Buffer => Buffer.concat(records.map(encodeRecord));

describe('records', () => {
  test.prop([fc.array(fc.jsonValue())])('come back as they were', (values) => {
    const written = JSON.parse(JSON.stringify(values)) as string[];
    const bytes = journal(written);
    expect(decodeRecords(bytes)).toEqual({ records: written, end: bytes.length, rest: 'nothing' });
  });

  test.prop([fc.array(fc.string(), { minLength: 1 }), fc.nat()])(
    'are kept up to the one that ends too early, which is torn',
    (records, at) => {
      const bytes = journal(records);
      const cut = bytes.subarray(0, at % bytes.length);
      const { records: kept, end, rest } = decodeRecords(cut);
      expect(kept).toEqual(records.slice(0, kept.length));
      expect(kept.length).toBeLessThan(records.length);
      expect(end).toBe(journal(records.slice(0, kept.length)).length);
      expect(rest).toBe(end === cut.length ? 'nothing' : 'torn');
    },
  );

  test.prop([fc.array(fc.string(), { minLength: 1 }), fc.nat(), fc.integer({ min: 0, max: 7 })])(
    'are kept up to the one with a flipped bit, wherever it is, and no further, and that one is damaged',
    (records, at, bit) => {
      const bytes = journal(records);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] as number) ^ (1 << bit);
      const { records: kept, end, rest } = decodeRecords(bytes);
      expect(rest).toBe('damaged');
      expect(end).toBeLessThanOrEqual(place);
      expect(kept).toEqual(records.slice(0, kept.length));
      const next = journal(records.slice(0, kept.length + 1)).length;
      expect(place).toBeLessThan(next);
    },
  );
});
