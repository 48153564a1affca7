/** Whether a file that an option names can be written in the end: asked before anything long begins. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BadInput } from './exit.ts';

export function checkWritable(option: string, file: string): void {
  const refuse = (): never => {
    throw new BadInput(
      `${option} expects a file in a folder that exists and can be written to, got ${JSON.stringify(file)}`,
    );
  };
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    refuse();
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) refuse();
}
