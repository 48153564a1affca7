/** What went wrong in a person's own files, and where: they are TypeScript that jiti has made into JavaScript. */
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { displayText } from '../reports/display.ts';

/** jiti's own words for what is no TypeScript: what is wrong, then the place. */
const parseError = /^ParseError: ([^\n]*?)\s*\n\s*(.+:\d+:\d+)\s*$/;

/** The first line of what went wrong, without control characters. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${displayText(String(error))}`;
  const [, wrong] = parseError.exec(error.message) ?? [];
  if (wrong !== undefined) return displayText(wrong);
  const [line = ''] = error.message.split('\n');
  const kind = plainErrors.has(error.name) ? '' : `${error.name}: `;
  return displayText(`${kind}${line}`);
}

/** Whose names say nothing that their messages do not. */
const plainErrors = new Set(['Error', 'SpecError', 'BadInput', 'ModelMismatch']);

/**
 * The innermost place in files of the person's own: `file:line`, and the column too of what cannot be read. Of what was thrown
 * the line is known, and no column: jiti keeps lines, and moves what is in them.
 */
export function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const parsed = parseError.exec(error.message)?.[2];
  const frames = (error.stack ?? '').matchAll(/^ +at (?:.*\()?((?:file:\/\/)?\/[^()]+:\d+):\d+\)?$/gm);
  const places = [...frames].map(([, place]) => pathOf(place as string));
  const place = parsed ?? places.find((each) => !isForeign(each));
  return place === undefined ? undefined : displayText(fromHere(place));
}

const pathOf = (place: string): string => (place.startsWith('file:') ? fileURLToPath(place) : place);

/** Of ftest, when it is built, and of packages. */
const isForeign = (place: string): boolean => place.startsWith(ownFolder) || place.includes('/node_modules/');

const ownFolder = `${dirname(dirname(fileURLToPath(import.meta.url)))}/`;

/** Shorter, where it lies in the current folder or below. */
function fromHere(place: string): string {
  const short = relative(process.cwd(), place);
  return short.startsWith('..') ? place : short;
}
