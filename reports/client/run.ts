/** The run as the page holds it: columns decoded, with starts and ends in milliseconds. */
import type { PageColumns, PageHead } from '../page-data.ts';
import { decodePage } from './decode.ts';

export interface Run {
  readonly head: PageHead;
  readonly columns: PageColumns;
  readonly rows: number;
  readonly startMs: Float64Array;
  /** The run's end for what never completed. */
  readonly endMs: Float64Array;
  text(place: number | undefined): string;
}

/** What was packed into the page. */
export async function inflate(base64: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function readRun(bytes: Uint8Array): Run {
  const { head, columns } = decodePage(bytes);
  const rows = columns.index.length;
  const startMs = new Float64Array(rows);
  const endMs = new Float64Array(rows);
  let startUs = 0;
  for (let row = 0; row < rows; row++) {
    startUs += columns.startDeltaUs[row] as number;
    const durationUs = columns.durationUs[row] as number;
    startMs[row] = startUs / 1000;
    endMs[row] = durationUs === head.neverUs ? head.durationMs : (startUs + durationUs) / 1000;
  }
  return { head, columns, rows, startMs, endMs, text: (place) => head.texts[place ?? 0] ?? '' };
}

/** `12.345 s`; with more digits where what is shown is short. */
export function secondsText(ms: number, spanMs = 10_000): string {
  const digits = spanMs > 20_000 ? 0 : spanMs > 2000 ? 1 : spanMs > 200 ? 2 : spanMs > 20 ? 3 : 5;
  return `${(ms / 1000).toFixed(digits)} s`;
}

export function opLabel(run: Run, row: number): string {
  const { columns, text } = run;
  const input = text(columns.input[row]);
  const output = text(columns.output[row]);
  const asked = input === '' ? text(columns.f[row]) : `${text(columns.f[row])} ${input}`;
  return output === '' || output === input ? asked : `${asked} → ${output}`;
}

export function opDetails(run: Run, row: number): string {
  const { columns, text, startMs, endMs } = run;
  const key = text(columns.key[row]);
  const node = text(columns.node[row]);
  const error = text(columns.error[row]);
  const start = startMs[row] as number;
  const end = endMs[row] as number;
  const never = columns.durationUs[row] === run.head.neverUs;
  const type = run.head.opTypes[columns.type[row] as number];
  return [
    opLabel(run, row),
    `${key === '' ? '' : `key ${key}, `}client ${columns.process[row]}${node === '' ? '' : ` on ${node}`}`,
    never ? 'never completed' : `${type}${error === '' ? '' : `: ${error}`}, after ${(end - start).toFixed(2)} ms`,
    `${(start / 1000).toFixed(4)} s to ${never ? 'the end' : `${(end / 1000).toFixed(4)} s`}, line ${columns.index[row]}`,
  ].join('\n');
}
