/**
 * Damages a file on the volumes of a container that does not run, through Docker's archives: nothing of ours need run in it,
 * and owner and mode stay. What was done is read back.
 */
import { dirname, join } from 'node:path/posix';
import type Docker from 'dockerode';
import type { DamagedFile, FileDamage } from '../../harness/fault.ts';
import { damaged, fileToDamage, type StoredFile } from '../file-damage.ts';
import { filesOfArchive, putTogether, takeApart } from './damage-archive.ts';
import { ask, DockerFailed, EngineLate } from './engine.ts';

/** All that is on the volumes goes through Docker's archives to find the files, and all of a file to damage it. */
const archiveTimeoutMs = 5 * 60_000;

/**
 * @param folders where the volumes are, absolute.
 * @returns undefined where there is no file in them that could be damaged. Throws a DockerFailed where the file is not then
 *   as it was made.
 */
export async function damageFileOf(
  container: Docker.Container,
  folders: readonly string[],
  node: string,
  fault: FileDamage,
): Promise<DamagedFile | undefined> {
  const listed = await Promise.all(
    folders.map((folder) => archived(`list files of ${node}`, filesIn(container, folder))),
  );
  const file = fileToDamage(fault, node, listed.flat());
  if (file === undefined) return undefined;
  const { path } = file;
  const { before, content } = await archived(`read ${path} of ${node}`, read(container, path));
  const result = damaged(fault, node, path, content);
  const archive = putTogether({ before, content: result.content });
  await archived(`write ${path} of ${node}`, container.putArchive(archive, { path: dirname(path) }));
  const found = await archived(`read ${path} of ${node}`, read(container, path));
  if (found.content.equals(result.content)) return result.done;
  throw new DockerFailed(`${path} of ${node} was to be damaged, and is not as it was then written`);
}

/** As `ask`; who has more data than goes through in that time is told what to do. */
async function archived<Answer>(what: string, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await ask(what, answer, archiveTimeoutMs);
  } catch (error) {
    if (!(error instanceof EngineLate)) throw error;
    throw new DockerFailed(
      `${error.message}: keep less on its volumes, as by a shorter --time-limit, or leave truncate and bitflip out`,
    );
  }
}

async function filesIn(container: Docker.Container, folder: string): Promise<readonly StoredFile[]> {
  const archive = (await container.getArchive({ path: folder })) as AsyncIterable<Buffer> & NodeJS.ReadableStream;
  const files = await filesOfArchive(archive);
  return files.map((file) => ({ ...file, path: join(dirname(folder), file.path) }));
}

async function read(container: Docker.Container, path: string) {
  const pieces: Buffer[] = [];
  for await (const piece of await container.getArchive({ path })) pieces.push(Buffer.from(piece));
  return takeApart(Buffer.concat(pieces));
}
