/** The program of a puppet in a process or container; bundled before it is run, since Node 20 runs no TypeScript. */
import { hostNodeOnTcp } from '../docker/tcp.ts';
import { parseNodeArguments } from '../process/command-line.ts';
import { hostNode } from '../process/stdio.ts';
import { puppet } from './puppet.ts';

const { directory, port } = parseNodeArguments(process.argv.slice(2));
const program = { system: puppet, config: {}, directory };
if (port === undefined) hostNode(program);
else hostNodeOnTcp(program, port);
