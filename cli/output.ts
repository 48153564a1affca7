/** Standard output belongs to the result, standard error to everything else. */

/** One JSON value on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/**
 * A reader that stops listening (`ftest … | head`), or a terminal that is closed, is no failure of the run, which goes on, or ends
 * well, and keeps its exit code.
 */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}

/** Columns, each as wide as its widest cell; the last wraps at `width`. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const indent = widths.slice(0, -1).reduce((sum, size) => sum + size + 2, 0);
  const lastWidth = Math.max(20, width - indent);
  const lines: string[] = [];
  for (const row of [header, ...rows]) {
    const wrapped = wrap(row.at(-1) ?? '', lastWidth);
    const start = row.slice(0, -1).map((cell, column) => `${cell.padEnd(widths[column] as number)}  `);
    lines.push(`${start.join('')}${wrapped[0] ?? ''}`.trimEnd());
    for (const rest of wrapped.slice(1)) lines.push(`${' '.repeat(indent)}${rest}`);
  }
  return lines.join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
