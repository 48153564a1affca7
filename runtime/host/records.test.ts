import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { decodeRecords, encodeRecord } from './records.ts';

const journal = (records: readonly string[]): Buffer => Buffer.concat(records.map(encodeRecord));

describe('records', () => {
  test.prop([fc.array(fc.jsonValue())])('come back as they were', (values) => {
    const written = JSON.parse(JSON.stringify(values)) as string[];
    const bytes = journal(written);
    expect(decodeRecords(bytes)).toEqual({ records: written, end: bytes.length });
  });

  test.prop([fc.array(fc.string(), { minLength: 1 }), fc.nat()])(
    'are kept up to the one that is cut off',
    (records, at) => {
      const bytes = journal(records);
      const cut = bytes.subarray(0, at % bytes.length);
      const whole = decodeRecords(cut);
      expect(whole.records).toEqual(records.slice(0, whole.records.length));
      expect(whole.records.length).toBeLessThan(records.length);
      expect(whole.end).toBe(journal(records.slice(0, whole.records.length)).length);
    },
  );

  test.prop([fc.array(fc.string(), { minLength: 1 }), fc.nat(), fc.integer({ min: 0, max: 7 })])(
    'are kept up to the one with a flipped bit, and no further',
    (records, at, bit) => {
      const bytes = journal(records);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] as number) ^ (1 << bit);
      const { records: kept, end } = decodeRecords(bytes);
      expect(end).toBeLessThanOrEqual(place);
      expect(kept).toEqual(records.slice(0, kept.length));
      const next = journal(records.slice(0, kept.length + 1)).length;
      expect(place).toBeLessThan(next);
    },
  );
});
