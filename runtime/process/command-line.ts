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
}

/** @param program a JavaScript file. */
export function nodeCommand(program: string, { target, service, bug, directory }: NodeArguments): Command {
  const args = [`--target=${target}`, `--service=${service}`, `--directory=${directory}`];
  return [process.execPath, program, ...args, ...(bug === null ? [] : [`--bug=${bug}`])];
}

/** Throws when an argument is missing or unknown. */
export function parseNodeArguments(args: readonly string[]): NodeArguments {
  const text = { type: 'string' } as const;
  const { target, service, bug, directory } = parseArgs({
    args: [...args],
    options: { target: text, service: text, bug: text, directory: text },
  }).values;
  if (target === undefined || service === undefined || directory === undefined) {
    throw new Error('a node must be told --target, --service, and --directory; ftest does so when it starts one');
  }
  return { target, service, bug: bug ?? null, directory };
}
