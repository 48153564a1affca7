/** What is wrong with a history that somebody gave us. */

/** A line that is an op but does not fit the lines before it. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  /** Position in the history, from 0. */
  readonly index: number;
  readonly file: string;
  /** Line of the file, from 1. */
  readonly line: number;

  constructor(what: string, index: number, file: string, line: number) {
    super(`${file}:${line}: ${what}`);
    this.index = index;
    this.file = file;
    this.line = line;
  }
}

/** Text that is no history. */
export class MalformedHistory extends Error {
  override readonly name = 'MalformedHistory';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** In characters (Unicode code points), from 1. */
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, line: number, column: number, expected: string, found: string) {
    super(`${file}:${line}:${column}: expected ${expected}, found ${found}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.found = found;
  }
}
