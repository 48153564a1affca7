import { describe, expect, test } from 'vitest';
import { placeBars } from './bars.ts';
import { readSpans } from './spans.ts';
import { longHistory } from './testing/long-history.ts';

const spans = readSpans(longHistory({ ops: 400 }));

describe('bars', () => {
  test('stand in the order of the lines, wide enough for their labels, and never on each other', () => {
    const { bars, width } = placeBars(spans);
    const ends = bars.flatMap(({ span, x, width: wide }) => [
      { line: span.index, x },
      ...(span.completion === undefined ? [] : [{ line: span.completion, x: x + wide }]),
    ]);
    ends.sort((a, b) => a.line - b.line);
    expect(ends.map(({ x }) => x)).toEqual(ends.map(({ x }) => x).sort((a, b) => a - b));
    const right: number[] = [];
    for (const { span, lane, x, width: wide, label } of bars) {
      expect(x).toBeGreaterThan(right[lane] ?? 0);
      right[lane] = x + wide;
      if (span.completion !== undefined) expect(wide).toBeGreaterThanOrEqual(label.length * 7.3);
      expect(x + wide).toBeLessThanOrEqual(width);
    }
  });

  test('have as much room after a line as is asked for', () => {
    const line = spans[10]!.index;
    const { xOf } = placeBars(spans, new Map([[line, 200]]));
    expect(xOf(line + 1) - xOf(line)).toBeGreaterThanOrEqual(200);
  });

  test('of a process that ended share its lane with one that began later, where processes are many', () => {
    const many = placeBars(readSpans(longHistory({ ops: 3000 })));
    expect(many.lanes.length).toBe(6);
    expect(many.lanes[0]).toMatch(/^\d+, \d+ …$/);
    expect(placeBars(readSpans(longHistory({ ops: 200 }))).lanes.every((name) => name.startsWith('client '))).toBe(
      true,
    );
  });
});
