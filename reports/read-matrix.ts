/** Two reads of one list beside each other, position by position, where neither is how the other begins. */
import type { ReadEvidence } from '../checkers/transactional/evidence.ts';
import type { Json } from '../history/value.ts';
import { displayCount, plural } from './display.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { table } from './page.ts';
import { displayJson, keyText } from './transaction-text.ts';

/** Reads, and positions, at most; of the positions some before the first at which they differ. */
const readsMax = 8;
const positionsMax = 16;
const positionsBefore = 5;
const longestElement = 16;

/** null where the reads are not lists. `ops` are those of the evidence, in the order of which they are called T1, T2, and so on. */
export function renderReads(reads: readonly ReadEvidence[], ops: readonly number[]): Part {
  const lists = reads.slice(0, readsMax).map(({ value }) => value);
  if (lists.length < 2 || !lists.every(isList)) return null;
  const longest = Math.max(...lists.map((list) => list.length));
  const differs = (position: number): boolean => {
    const there = lists.flatMap((list) => (position < list.length ? [keyText(list[position]!)] : []));
    return new Set(there).size > 1;
  };
  const positions = Array.from({ length: longest }, (_, position) => position);
  const first = positions.find(differs) ?? 0;
  const from = Math.max(0, Math.min(first - positionsBefore, longest - positionsMax));
  const shown = positions.slice(from, from + positionsMax);
  const rows = lists.map((list, i) => [
    `T${ops.indexOf(reads[i]!.op) + 1}`,
    ...shown.map((position) => cellOf(list[position], differs(position) && position < list.length)),
  ]);
  const left = longest - shown.length;
  return markup`<h4>The reads, position by position</h4>${table(
    'The reads, position by position',
    ['Read', ...shown.map((position) => displayCount(position + 1))],
    rows,
  )}<p class="hint">≠ marks where they differ.${
    left > 0 ? ` ${plural(left, 'more position')} ${left === 1 ? 'is' : 'are'} left out.` : ''
  }${reads.length > lists.length ? ` ${plural(reads.length - lists.length, 'more read')} left out.` : ''}</p>`;
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);

function cellOf(element: Json | undefined, differs: boolean): Part {
  if (element === undefined) return '';
  const text: Markup = markup`<code>${displayJson(element, longestElement)}</code>`;
  return differs ? markup`<span class="differs">≠ ${text}</span>` : text;
}
