/** The command line as a person would type it. */

const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The words after the program, quoted for a shell where they need it. */
export const commandLine = (args: readonly string[]): string => ['ftest', ...args.map(quote)].join(' ');
