import { describe, expect, test } from 'vitest';
import { expectedOutcome, isStatedLimit, reasonsNeverPromised } from './promises.ts';

const promises = [
  { property: 'linearizable', under: ['partition', 'kill'] },
  { property: 'linearizable', under: ['bump'] },
  { property: 'recovery', under: 'all' },
] as const;

describe('a stated limit', () => {
  test('is a fault that no promise of the property covers', () => {
    expect(isStatedLimit(promises, 'linearizable', ['drift'])).toBe(true);
    expect(isStatedLimit(promises, 'linearizable', ['partition', 'drift'])).toBe(true);
  });

  test('is none as long as one promise covers all faults that happened', () => {
    expect(isStatedLimit(promises, 'linearizable', [])).toBe(false);
    expect(isStatedLimit(promises, 'linearizable', ['partition'])).toBe(false);
    expect(isStatedLimit(promises, 'linearizable', ['bump'])).toBe(false);
    expect(isStatedLimit(promises, 'recovery', ['drift', 'kill'])).toBe(false);
  });

  test('is a combination of faults that are only promised each alone', () => {
    expect(isStatedLimit(promises, 'linearizable', ['partition', 'bump'])).toBe(true);
  });

  test('is what loses or changes durable data, also of a promise under all faults, unless it is named', () => {
    expect(isStatedLimit(promises, 'recovery', ['truncate', 'kill'])).toBe(true);
    expect(isStatedLimit(promises, 'recovery', ['bitflip'])).toBe(true);
    const robust = [{ property: 'recovery', under: ['kill', 'truncate'] }];
    expect(isStatedLimit(robust, 'recovery', ['truncate', 'kill'])).toBe(false);
  });

  test('is none of a property that no promise mentions', () => {
    expect(isStatedLimit(promises, 'invariants', ['drift'])).toBe(false);
  });
});

test('a property that is never promised is a limit whatever happened, with the reason', () => {
  const never = [
    { property: 'linearizable', under: 'never', except: 'reads may be old' },
    { property: 'recovery', under: 'all', except: 'disks may fail' },
  ] as const;
  expect(isStatedLimit(never, 'linearizable', [])).toBe(true);
  const both = { linearizable: { valid: false }, recovery: { valid: false } } as const;
  expect(reasonsNeverPromised(never, both)).toEqual(['reads may be old']);
  expect(reasonsNeverPromised(never, { linearizable: { valid: true } })).toEqual([]);
});

describe('the expected outcome', () => {
  const violated = { linearizable: { valid: false }, stats: { valid: true } } as const;

  test('is bug when one is switched on', () => {
    expect(expectedOutcome('stale-read', promises, violated, [])).toBe('bug');
  });

  test('is limit when every violation is one', () => {
    expect(expectedOutcome(null, promises, violated, ['drift'])).toBe('limit');
    expect(expectedOutcome(null, promises, { ...violated, recovery: { valid: false } }, ['drift'])).toBe(null);
  });

  test('is null for a violation of a promise, and when nothing was violated', () => {
    expect(expectedOutcome(null, promises, violated, ['kill'])).toBe(null);
    expect(expectedOutcome(null, promises, { linearizable: { valid: 'unknown' } }, ['drift'])).toBe(null);
  });
});
