/** Reads the values of options: each function takes the text as typed and gives the value or refuses it in a sentence. */
import { BadInput } from './exit.ts';

const seedMax = 2 ** 32 - 1;

function refuse(option: string, expected: string, text: string): never {
  throw new BadInput(`${option} expects ${expected}, got ${JSON.stringify(text)}`);
}

/** A reader of whole numbers in [min, max], both included. */
export function wholeNumber(option: string, what: string, min: number, max: number): (text: string) => number {
  const expected = `${what}: a whole number from ${min} to ${max}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : refuse(option, expected, text);
  };
}

/** A reader of decimal numbers above 0 and up to `max`. */
export function positiveNumber(option: string, what: string, max: number): (text: string) => number {
  const expected = `${what}: a number above 0 and up to ${max}`;
  return (text) => {
    const value = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    return value > 0 && value <= max ? value : refuse(option, expected, text);
  };
}

/** A reader of seconds that gives whole milliseconds, at least 1. */
export function milliseconds(option: string, maxSeconds: number): (text: string) => number {
  const expected = `seconds: a number from 0.001 to ${maxSeconds}`;
  const read = positiveNumber(option, 'seconds', maxSeconds);
  return (text) => {
    const rounded = /^[\d.]+$/.test(text) ? Math.round(read(text) * 1000) : 0;
    return rounded >= 1 ? rounded : refuse(option, expected, text);
  };
}

/** Clients: a number, or a number per node, written `2n`. */
export interface Concurrency {
  readonly count: number;
  readonly perNode: boolean;
}

export function concurrency(text: string): Concurrency {
  const match = /^([1-9]\d{0,3})(n?)$/.exec(text);
  if (match === null)
    return refuse('--concurrency', 'a number of clients from 1 to 9999, or one per node such as 2n', text);
  return { count: Number(match[1]), perNode: match[2] === 'n' };
}

/** Names separated by commas, each once. */
export function names(option: string): (text: string) => readonly string[] {
  return (text) => {
    const list = text.split(',').map((name) => name.trim());
    if (list.includes('')) refuse(option, 'names separated by commas', text);
    return [...new Set(list)];
  };
}

export const seed = wholeNumber('--seed', 'a seed', 0, seedMax);

/** The seeds first, first + 1, …: refused where they would pass the largest seed. */
export function checkSeedRange(first: number, runs: number): void {
  if (first + runs - 1 > seedMax) {
    throw new BadInput(
      `--runs ${runs} from --seed ${first} passes the largest seed, ${seedMax}: begin at ${seedMax - runs + 1} or below`,
    );
  }
}

/** A fresh seed from which `runs` seeds still fit. */
export function freshSeed(runs: number): number {
  return Math.floor(Math.random() * (seedMax - runs + 2));
}
