/** What is wrong with a history that somebody gave us. */

const quoteLengthMax = 300;

/** What a file says is quoted in messages: on one line, cut short, without what would turn the direction of reading. */
function quotable(text: string): string {
  const cut = text.length <= quoteLengthMax ? text : `${text.slice(0, quoteLengthMax - 1)}…`;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/** A line that is an op but does not fit the lines before it. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  /** Position in the history, from 0. */
  readonly index: number;
  readonly file: string;
  /** Line of the file, from 1. */
  readonly line: number;

  constructor(what: string, index: number, file: string, line: number) {
    super(`${file}:${line}: ${quotable(what)}`);
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
    super(`${file}:${line}:${column}: expected ${quotable(expected)}, found ${quotable(found)}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.found = found;
  }
}

/** The first thing in the file is a map or an object, but no op: it says neither `process` nor `type`. */
export class NoHistory extends MalformedHistory {}
