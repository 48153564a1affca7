/** Lanes of ops, one per client; they draw only what is in sight. */
import { barLabel, gutterPx, type Lane, type Pen } from './lanes.ts';
import { opDetails, opLabel, type Run } from './run.ts';

/** What stands out; changed by the page, drawn by the lanes. */
export interface Emphasis {
  /** Rows of the ops of a counterexample. */
  rows: ReadonlySet<number>;
  /** Row of the op that cannot be; -1 for none. */
  contradiction: number;
  /** Place of the key whose ops stay bright, the others dimmed; undefined for all. */
  key: number | undefined;
  /** Row that the keyboard is on; -1 for none. */
  focused: number;
}

const infoType = 2;

/** The first place whose row starts at or after `ms`. */
function firstFrom(run: Run, rows: Uint32Array, ms: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((run.startMs[rows[middle] as number] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows by client, each in the order of their starts. */
export function rowsByClient(run: Run): Uint32Array[] {
  const lists: number[][] = Array.from({ length: run.head.concurrency }, () => []);
  for (let row = 0; row < run.rows; row++) {
    lists[(run.columns.process[row] as number) % run.head.concurrency]?.push(row);
  }
  return lists.map((list) => Uint32Array.from(list));
}

function drawOp(run: Run, row: number, pen: Pen, y: number, heightPx: number, emphasis: Emphasis): void {
  const { context, palette } = pen;
  const start = Math.max(gutterPx, pen.x(run.startMs[row] as number));
  const end = Math.min(pen.rightPx, pen.x(run.endMs[row] as number));
  const width = Math.max(1.2, end - start);
  const type = run.columns.type[row] as number;
  const dimmed = emphasis.key !== undefined && run.columns.key[row] !== emphasis.key;
  context.globalAlpha = dimmed ? 0.22 : 1;
  context.fillStyle = palette.types[type] as string;
  if (width < 4) context.fillRect(start, y + 1, width, heightPx - 3);
  else {
    context.globalAlpha = dimmed ? 0.1 : 0.28;
    context.fillRect(start, y + 1, width, heightPx - 3);
    context.globalAlpha = dimmed ? 0.22 : 1;
    context.fillRect(start, y + 1, 2.5, heightPx - 3);
    if (type !== infoType) context.fillRect(start + width - 2.5, y + 1, 2.5, heightPx - 3);
    context.fillStyle = palette.text;
    if (heightPx >= 13) barLabel(context, opLabel(run, row), start + 2, y + heightPx / 2 - 0.5, width - 4);
  }
  context.globalAlpha = 1;
  const impossible = row === emphasis.contradiction;
  if (!impossible && !emphasis.rows.has(row) && row !== emphasis.focused) return;
  context.strokeStyle = impossible ? palette.invalid : palette.text;
  context.lineWidth = impossible || row === emphasis.focused ? 2 : 1.25;
  context.strokeRect(start - 1, y, width + 2, heightPx - 1);
}

export function opLanes(run: Run, clients: readonly Uint32Array[], emphasis: Emphasis): Lane[] {
  const heightPx = clients.length > 40 ? 10 : clients.length > 20 ? 15 : 21;
  return clients.map((rows, client) => {
    let longestMs = 0;
    for (const row of rows) longestMs = Math.max(longestMs, (run.endMs[row] as number) - (run.startMs[row] as number));
    return {
      label: heightPx > 10 || client % 5 === 0 ? `client ${client}` : '',
      heightPx,
      spaceAbovePx: client === 0 ? 12 : 0,
      draw(pen, y) {
        const { range } = pen;
        let lastPx = -1;
        for (let at = firstFrom(run, rows, range.min - longestMs); at < rows.length; at++) {
          const row = rows[at] as number;
          if ((run.startMs[row] as number) > range.max) break;
          const end = run.endMs[row] as number;
          if (end < range.min) continue;
          // Of the ops within one pixel only the first can be seen; what stands out is never skipped.
          const endPx = pen.x(end);
          if (endPx < lastPx + 0.5 && row !== emphasis.contradiction && !emphasis.rows.has(row)) continue;
          lastPx = endPx;
          drawOp(run, row, pen, y, heightPx, emphasis);
        }
      },
      details(ms, slackMs) {
        let found: string | null = null;
        for (let at = firstFrom(run, rows, ms - longestMs - slackMs); at < rows.length; at++) {
          const row = rows[at] as number;
          if ((run.startMs[row] as number) > ms + slackMs) break;
          if ((run.endMs[row] as number) >= ms - slackMs) found = opDetails(run, row);
        }
        return found;
      },
    };
  });
}
