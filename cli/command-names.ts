/** The words that name a command: as the first word of a command line they stand for no target. */
export const commandNames: readonly string[] = ['test', 'check', 'replay', 'report', 'list', 'doctor', 'clean', 'help'];
