/** The program in every process and container: hosts one node of a target, on stdin and stdout or on a TCP port. */
import type { ServiceName } from '../protocol/service.ts';
import { configured } from '../protocol/system.ts';
import { hostNodeOnTcp } from '../runtime/docker/tcp.ts';
import { parseNodeArguments } from '../runtime/process/command-line.ts';
import { hostNode } from '../runtime/process/stdio.ts';
import { targets } from '../targets/index.ts';
import { exitCodes } from './exit.ts';

function start(args: readonly string[]): void {
  const { target, service, bug, directory, port } = parseNodeArguments(args);
  const system = targets.get(target);
  if (system === undefined)
    throw new Error(`there is no target ${target}; there are ${[...targets.keys()].join(', ')}`);
  const program = { system, config: configured(system, service as ServiceName, bug), directory };
  if (port === undefined) hostNode(program);
  else hostNodeOnTcp(program, port);
}

try {
  start(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCodes.badInput);
}
