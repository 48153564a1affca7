/** The program of a puppet in a process; bundled before it is run, since Node 20 runs no TypeScript. */
import { parseNodeArguments } from '../process/command-line.ts';
import { hostNode } from '../process/stdio.ts';
import { puppet } from './puppet.ts';

const { directory } = parseNodeArguments(process.argv.slice(2));
hostNode({ system: puppet, config: {}, directory });
