import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RETURNED } from '../checkers/linearizable/calls.ts';
import { parseEdn } from '../history/edn.ts';
import { valueKey } from '../history/value.ts';
import { packCalls, unpackCalls } from './packed-calls.ts';

const values = [
  'nil',
  '1',
  '12345678901234567890',
  ':a',
  '"a"',
  '1.5M',
  '[1 [:b]]',
  '#{1 :c}',
  '{:d 1}',
  '{[1] 2}',
  '{"kind" 1}',
  '#t :e',
];

test('calls are the same on the other side, whatever their values', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...values), fc.constantFrom(...values))), (pairs) => {
      const column = Int32Array.from(pairs.keys());
      const calls = {
        length: pairs.length,
        invocation: column,
        completion: column,
        fate: new Uint8Array(pairs.length).fill(RETURNED),
        process: column,
        f: pairs.map((_, i) => `f${i % 3}`),
        input: pairs.map(([input]) => parseEdn(input)),
        output: pairs.map(([, output]) => parseEdn(output)),
        events: column,
      };
      const arrived = unpackCalls(structuredClone(packCalls(calls)));
      expect(arrived.f).toEqual(calls.f);
      expect(arrived.events).toEqual(calls.events);
      expect(arrived.input.map(valueKey)).toEqual(calls.input.map(valueKey));
      expect(arrived.output.map(valueKey)).toEqual(calls.output.map(valueKey));
    }),
  );
});
