/** What the arguments of `ftest check` stand for: files, standard input, runs, and all histories in a folder. */
import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NotARun, type RecordedRun, readRun } from '../reports/store.ts';
import { BadInput } from './exit.ts';

/** One history to judge. */
export interface Source {
  /** As the caller named it. */
  readonly name: string;
  /** The file to read, or what comes from standard input. */
  readonly input: string | AsyncIterable<Uint8Array>;
  /** The run of ftest that recorded it. */
  readonly run?: RecordedRun;
  /** Found in a folder, not named by the caller: what is no history there is passed over. */
  readonly found: boolean;
}

const historyFile = /\.(?:edn|jsonl?)(?:\.gz)?$/;

/**
 * The histories that an argument names. `-` is standard input. A folder with a test.json is a run; another one stands for
 * the histories and runs in it, and in the folders below it, by name; links to folders, such as store/latest, and names that
 * begin with a dot are left out there. Refuses what is not there, and a folder without any.
 */
export function sourcesOf(path: string): readonly Source[] {
  if (path === '-') return [{ name: 'stdin', input: process.stdin, found: false }];
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new BadInput(
      `${path} should be a history, a run's folder, or a folder of histories, but there is nothing there`,
    );
  }
  if (!stat.isDirectory()) return [{ name: path, input: path, found: false }];
  const sources = within(path, false);
  if (sources.length > 0) return sources;
  throw new BadInput(
    `${path} should hold histories (.edn, .json, or .jsonl, also with .gz) or be a run's folder with a test.json, but has none of them`,
  );
}

function within(folder: string, found: boolean): readonly Source[] {
  if (existsSync(join(folder, 'test.json'))) return [runIn(folder, found)];
  return entriesOf(folder)
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => sourcesOfEntry(folder, entry));
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BadInput(`${folder} should be a folder that can be read, but is not (${code})`);
  }
}

/** A run that was found, not named, and is damaged is refused when its turn comes, so that the others are judged. */
function runIn(folder: string, found: boolean): Source {
  try {
    const run = readRun(folder);
    return { name: folder, input: run.historyPath, run, found };
  } catch (error) {
    if (!found || !(error instanceof NotARun)) throw error;
    return { name: folder, input: refusing(error.message), found };
  }
}

/** What is refused gives nothing: to read it is the refusal. */
const refusing = (message: string): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new BadInput(message)) }),
});

function sourcesOfEntry(folder: string, entry: Dirent): readonly Source[] {
  const path = join(folder, entry.name);
  if (entry.isDirectory()) return within(path, true);
  const isFile = entry.isFile() || (entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isFile());
  return isFile && historyFile.test(entry.name) ? [{ name: path, input: path, found: true }] : [];
}
