/**
 * The command line of a program that hosts a node of ours, from both sides. A configuration need not be JSON: what it
 * follows from is passed, and the node's program derives it again.
 */
import { parseArgs } from 'node:util';
import type { Command } from './node-process.ts';

export interface NodeArguments {
  /** The name of a NodeSystem. */
  readonly target: string;
  readonly service: string;
  readonly bug: string | null;
  /** The node's own directory; made if it is missing. */
  readonly directory: string;
  /** Messages come and go by this TCP port; by stdin and stdout where it is absent. */
  readonly port?: number | undefined;
}

/** @param program a JavaScript file. */
export const nodeCommand = (program: string, node: NodeArguments): Command => [
  process.execPath,
  program,
  ...writeNodeArguments(node),
];

/** What `parseNodeArguments` reads. */
export function writeNodeArguments({ target, service, bug, directory, port }: NodeArguments): readonly string[] {
  const args = [`--target=${target}`, `--service=${service}`, `--directory=${directory}`];
  return [...args, ...(bug === null ? [] : [`--bug=${bug}`]), ...(port === undefined ? [] : [`--port=${port}`])];
}

/** Throws when an argument is missing or unknown. */
export function parseNodeArguments(args: readonly string[]): NodeArguments {
  const text = { type: 'string' } as const;
  const { target, service, bug, directory, port } = parseArgs({
    args: [...args],
    options: { target: text, service: text, bug: text, directory: text, port: text },
  }).values;
  if (target === undefined || service === undefined || directory === undefined) {
    throw new Error('a node must be told --target, --service, and --directory; ftest does so when it starts one');
  }
  return { target, service, bug: bug ?? null, directory, port: port === undefined ? undefined : Number(port) };
}
