import { describe, expect, test } from 'vitest';
import { describeAnomaly, worstFirst } from './anomaly-words.ts';

describe('words for anomalies', () => {
  test.each([
    'G0',
    'G1a',
    'G1b',
    'G1c',
    'G-single',
    'G-nonadjacent',
    'G2',
    'internal',
    'future-read',
    'dirty-update',
    'lost-update',
    'duplicate-elements',
    'incompatible-order',
    'cyclic-versions',
    'garbage-read',
    'G-single-item',
    'G-nonadjacent-item',
    'G2-item',
    'G0-process',
    'G2-item-realtime',
    'cyclic-versions-realtime',
    'empty-transaction-graph',
  ])('%s', (name) => {
    expect(describeAnomaly(name)).toMatch(/^[A-Z].*\.$/);
  });

  test('say on which order an anomaly rests', () => {
    expect(describeAnomaly('G0-process')).toBe(
      `${describeAnomaly('G0')} It is one only if the order in which each process did its transactions is kept.`,
    );
    expect(describeAnomaly('G2-item-realtime')).toMatch(/only if real time is kept/);
    expect(describeAnomaly('G2-item')).toBe(describeAnomaly('G2'));
  });

  test('are none for what is not known', () => {
    expect(describeAnomaly('toString')).toBeUndefined();
    expect(describeAnomaly('G9')).toBeUndefined();
  });

  test('the worst comes first, and what needs an order after what needs none', () => {
    const given = ['G0-realtime', 'G2', 'G-single-item', 'unknown', 'G1a', 'G0', 'G0-process', 'G-single'];
    expect(worstFirst(given)).toEqual([
      'G0',
      'G1a',
      'G-single',
      'G-single-item',
      'G2',
      'G0-process',
      'G0-realtime',
      'unknown',
    ]);
  });
});
