import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counts } from './counts.ts';

test('counts are taken from the last place where they are zero or less, each once, if they are heeded', () => {
  const change = fc.record({
    from: fc.nat(12),
    to: fc.nat(12),
    amount: fc.integer({ min: -2, max: 1 }),
    heeds: fc.nat(24),
  });
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.array(change, { maxLength: 20 }),
      (initial, heedsAll, changes) => {
        const counts = new Counts(Int32Array.from(initial), heedsAll);
        const plain = [...initial];
        const heeded = new Set(heedsAll ? plain.keys() : []);
        for (const { from, to, amount, heeds } of changes) {
          counts.add(from, Math.min(to, plain.length), amount);
          for (let at = from; at < Math.min(to, plain.length); at++) plain[at]! += amount;
          if (heeds < plain.length && !heeded.has(heeds)) {
            counts.heed(heeds);
            heeded.add(heeds);
          }
          const last = plain.findLastIndex((count, at) => count <= 0 && heeded.has(at));
          expect(counts.takeLast()).toBe(last);
          heeded.delete(last);
        }
      },
    ),
  );
});
