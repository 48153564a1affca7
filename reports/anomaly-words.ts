/**
 * What the anomalies of transactions are, in plain words, a sentence each. The names are those of Adya (Weak Consistency, MIT 1999)
 * and of Elle (Alvaro and Kingsbury, VLDB 2020).
 */

/** The worst first: those that rule out the weakest models. */
const anomalies: Readonly<Record<string, string>> = {
  G0: 'Dirty write: transactions overwrote one another in a circle, so that no order of their writes can be told.',
  'duplicate-elements': 'A read returned an element more than once that was appended once.',
  'cyclic-versions':
    'The versions of a key precede one another in a circle, so that there is no order of its versions.',
  'incompatible-order': 'Reads of one key disagree on the order in which it was written.',
  'garbage-read': 'A read returned a value that nobody wrote.',
  G1a: 'Aborted read: a transaction saw what one that failed had written.',
  'dirty-update': 'What a failed transaction wrote became part of what a committed one wrote.',
  G1b: 'Intermediate read: a transaction saw a state that another one passed through, and did not leave behind.',
  'future-read': 'A transaction read what it wrote itself only later.',
  G1c: 'Circular information flow: transactions read or overwrote what one another wrote, in a circle.',
  internal: 'A transaction did not read what it had itself written, or read, before.',
  'lost-update':
    'Transactions read the same version of a key and all wrote to it, none of them building on what another wrote.',
  'G-single':
    'Read skew: transactions depend on one another in a circle, in which exactly one missed what another one wrote.',
  'G-nonadjacent':
    'A circle of transactions in which several missed what others wrote, but never two in a row, as when two readers see two writes in opposite orders (long fork).',
  G2: 'Anti-dependency cycle: transactions missed what others wrote, in a circle, as in write skew; no serial order explains it.',
  'empty-transaction-graph': 'No transaction depends on another, so that nothing was tested.',
};

const orders: readonly (readonly [string, string])[] = [
  ['-process', ' It is one only if the order in which each process did its transactions is kept.'],
  ['-realtime', ' It is one only if real time is kept: a transaction that ended before another began precedes it.'],
];

/** The sentences on an anomaly; undefined where it is not known. */
export function describeAnomaly(name: string): string | undefined {
  const { base, added } = partsOf(name);
  const text = Object.hasOwn(anomalies, base) ? anomalies[base] : undefined;
  return text === undefined ? undefined : `${text}${added}`;
}

const ranks: ReadonlyMap<string, number> = new Map(Object.keys(anomalies).map((name, rank) => [name, rank]));

/** Anomalies that need no order of processes or of time before those that do, and of each the worst first; unknown ones last. */
export function worstFirst(names: readonly string[]): string[] {
  const rankOf = (name: string): number => {
    const { base, order } = partsOf(name);
    return order * ranks.size + (ranks.get(base) ?? orders.length * ranks.size + ranks.size);
  };
  return [...names].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
}

/** `order`: 0 for none, 1 for that of each process, 2 for real time. */
function partsOf(name: string): { readonly base: string; readonly order: number; readonly added: string } {
  const place = orders.findIndex(([ending]) => name.endsWith(ending));
  const [ending, added] = orders[place] ?? ['', ''];
  return { base: name.slice(0, name.length - ending.length).replace(/-item$/, ''), order: place + 1, added };
}
