/** Near matches for a name that is not known: what the person may have meant. */

/** Edits (insert, remove, replace, swap neighbours) that turn one text into the other (Damerau 1964, restricted). */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] as number;
}

/** The names nearest to a text, best first, at most three: those a few edits away, or that it begins or lies within. */
export function nearMatches(text: string, names: Iterable<string>): string[] {
  const wanted = text.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3) + 1);
  return [...names]
    .map((name) => {
      const distance = editDistance(wanted, name.toLowerCase());
      const within = wanted.length >= 2 && name.toLowerCase().includes(wanted);
      return { name, distance: within ? Math.min(distance, limit) : distance };
    })
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `unknown target "raf": did you mean raft?`, or with no name near, `unknown target "x": expected one of …`. */
export function unknownName(kind: string, text: string, names: Iterable<string>): string {
  const known = [...names];
  const near = nearMatches(text, known);
  if (near.length > 0) return `unknown ${kind} "${text}": did you mean ${orList(near)}?`;
  if (known.length === 0) return `unknown ${kind} "${text}": there is none to choose from`;
  return `unknown ${kind} "${text}": expected ${known.length > 1 ? 'one of ' : ''}${known.join(', ')}`;
}

function orList(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
