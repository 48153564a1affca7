/**
 * The program in every process and container: hosts one node of a target, on stdin and stdout or on a TCP port. A target that
 * is somebody's own is in their configuration: `--config=FILE`.
 */
import { isContainerSystem } from '../harness/container-system.ts';
import type { ServiceName } from '../protocol/service.ts';
import { configured, type NodeSystem } from '../protocol/system.ts';
import { hostNodeOnTcp } from '../runtime/docker/tcp.ts';
import { parseNodeArguments } from '../runtime/process/command-line.ts';
import { hostNode } from '../runtime/process/stdio.ts';
import { targets } from '../targets/index.ts';
import { exitCodes } from './exit.ts';

const configFlag = '--config=';

async function start(args: readonly string[]): Promise<void> {
  const { target, service, bug, directory, port } = parseNodeArguments(
    args.filter((arg) => !arg.startsWith(configFlag)),
  );
  const config = args.find((arg) => arg.startsWith(configFlag))?.slice(configFlag.length);
  const system = config === undefined ? targets.get(target) : await ownSystem(target, config);
  if (system === undefined)
    throw new Error(`there is no target ${target}; there are ${[...targets.keys()].join(', ')}`);
  const program = { system, config: configured(system, service as ServiceName, bug), directory };
  if (port === undefined) hostNode(program);
  else hostNodeOnTcp(program, port);
}

/** Loaded only where it is asked for: the other nodes need neither a registry nor a compiler. */
async function ownSystem(target: string, path: string): Promise<NodeSystem | undefined> {
  const { findConfig } = await import('./config.ts');
  const system = (await findConfig(path))?.targets.find(({ name }) => name === target);
  return system === undefined || isContainerSystem(system) ? undefined : system;
}

try {
  await start(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCodes.badInput);
}
