/** Tables in Markdown, as biome formats them: what is generated stays as it is. */

const widthMin = 3;

/** The first row is the head. Columns that `numbers` names by position are set right. */
export function markdownTable(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const [head = [], ...body] = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(widthMin, ...[head, ...body].map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = (row: readonly string[]): string =>
    line(
      row.map((cell, i) =>
        numbers.includes(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number),
      ),
    );
  const rule = widths.map((width, i) => (numbers.includes(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [padded(head), line(rule), ...body.map(padded)].join('\n');
}
