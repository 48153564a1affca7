/** Damages a file of a node that is down, in the folder that is its own. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DamagedFile, FileDamage } from '../../harness/fault.ts';
import { damaged, dataEnd, fileBytesMax, fileToDamage, type StoredFile } from '../file-damage.ts';

/** undefined where the folder has no file that could be damaged. */
export async function damageFileIn(folder: string, node: string, fault: FileDamage): Promise<DamagedFile | undefined> {
  const file = fileToDamage(fault, node, await filesIn(folder));
  if (file === undefined) return undefined;
  const { content, done } = damaged(fault, node, file.path, await readFile(file.path));
  await writeFile(file.path, content);
  return done;
}

async function filesIn(folder: string): Promise<StoredFile[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error) => {
    // A program of others has made none.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = found.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => storedFile(join(parentPath, name))));
}

async function storedFile(path: string): Promise<StoredFile> {
  const { size: sizeBytes } = await stat(path);
  return { path, sizeBytes, dataBytes: sizeBytes > fileBytesMax ? sizeBytes : dataEnd(await readFile(path)) };
}
