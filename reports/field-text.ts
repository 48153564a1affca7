/**
 * Fields of a verdict as text, by their names alone: `lostCount` counts what is lost, `…Ns` and `…Ms` are durations, `read` or `lines`
 * are lines of the history.
 */
import { cut, displayCount, displayMs, displayText } from './display.ts';
import type { Lines } from './spans.ts';

const longestText = 300;

/** Fields that hold positions of lines in the history. */
export const lineFields: ReadonlySet<string> = new Set(['read', 'reads', 'lines', 'acquires', 'known', 'lastAbsent']);

export type Scalar = string | number | boolean | bigint | null;

export const isScalar = (field: unknown): field is Scalar =>
  field === null || ['string', 'number', 'boolean', 'bigint'].includes(typeof field);

const noLines: Lines = {
  length: 0,
  op: () => {
    throw new RangeError('there are no lines');
  },
};

/** `lines` are those of the history, for fields that name some: without them their positions are shown. */
export function scalarText(name: string, scalar: Scalar, lines: Lines = noLines): string {
  if (typeof scalar === 'number') {
    if (lineFields.has(name)) return `${name === 'lines' || name === 'reads' ? '' : 'line '}${lineText(scalar, lines)}`;
    if (name.endsWith('Ns')) return displayMs(scalar / 1e6);
    if (name.endsWith('Ms')) return displayMs(scalar);
    if (name === 'share') return `${Number((scalar * 100).toFixed(2))} %`;
    if (name.endsWith('PerSecond')) return `${Number(scalar.toPrecision(4))} /s`;
    return Number.isInteger(scalar) ? displayCount(scalar) : `${scalar}`;
  }
  if (typeof scalar === 'boolean') return scalar ? 'yes' : 'no';
  if (scalar === null) return '–';
  return typeof scalar === 'bigint' ? displayCount(Number(scalar)) : cut(displayText(scalar), longestText);
}

/** The line of the file. */
export function lineText(index: number, lines: Lines): string {
  if (!Number.isInteger(index) || index < 0 || index >= lines.length) return `${index}`;
  return `${lines.line?.(index) ?? index + 1}`;
}

/** `stillBlockedCount` → `still blocked`, `blockedNs` → `blocked`, `okPerSecond` → `ok per second`. */
export const wordsOf = (name: string): string =>
  name
    .replace(/(Count|Ns|Ms)$/, '')
    .replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);
