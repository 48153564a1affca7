/** From what a person names as an image to the name of one that this machine has. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type Docker from 'dockerode';
import type { ImageSource, MachineProgram } from '../../harness/container-system.ts';
import { ask, DockerFailed, reasonOf } from './engine.ts';
import { ensureMachineImage, exists, findProgram, follow } from './images.ts';

/** What a registry sends, or what a Dockerfile asks for, may take its time. */
const pullTimeoutMs = 600_000;
const buildTimeoutMs = 1_800_000;

export interface PreparedImage {
  readonly name: string;
  /** Made of this machine's programs and nothing else: what runs in it needs no privileges, and writes to volumes only. */
  readonly ofMachine: boolean;
}

/** Called with what is being done when it may take minutes. */
export type Announce = (words: string) => void;

/** Throws a DockerFailed, one sentence that says what to do, where there is no way to have it. */
export async function ensureImageOf(docker: Docker, source: ImageSource, announce: Announce): Promise<PreparedImage> {
  if ('programs' in source) return { name: await ofPrograms(docker, source.programs), ofMachine: true };
  if ('image' in source) return { name: await ofName(docker, source.image, announce), ofMachine: false };
  return { name: await ofDockerfile(docker, source.dockerfile, source.context, announce), ofMachine: false };
}

function ofPrograms(docker: Docker, programs: readonly MachineProgram[]): Promise<string> {
  const placed = programs.map(({ name, debianPackage }) => {
    const from = findProgram(name);
    if (from !== undefined) return { from, to: `/bin/${name}` };
    throw new DockerFailed(
      `the image is made of this machine's ${name}, which it has not: apt-get install ${debianPackage}, or name an image with --image`,
    );
  });
  return ensureMachineImage(docker, 'ftest/machine', placed);
}

/** As it is here; else pulled. */
async function ofName(docker: Docker, name: string, announce: Announce): Promise<string> {
  if (await ask(`look for the image ${name}`, exists(docker, name))) return name;
  announce(`this machine has no image ${name}: asking Docker to pull it\n`);
  try {
    await ask(`pull the image ${name}`, pull(docker, name), pullTimeoutMs);
  } catch (error) {
    throw new DockerFailed(
      `this machine has no image ${name}, and Docker could not pull it: ${reasonOf(error).replace(/^Docker could not .*?: /, '')}`,
    );
  }
  return name;
}

const pull = async (docker: Docker, name: string): Promise<void> => follow(docker, await docker.pull(name));

/** Built once for what is in its context; what .dockerignore names is not sent to Docker, though it counts here. */
async function ofDockerfile(
  docker: Docker,
  dockerfile: string,
  given: string | undefined,
  announce: Announce,
): Promise<string> {
  const file = resolve(dockerfile);
  const context = resolve(given ?? dirname(file));
  if (!existsSync(file)) throw new DockerFailed(`there is no Dockerfile ${dockerfile}`);
  const path = relative(context, file);
  if (path.startsWith('..')) throw new DockerFailed(`the Dockerfile ${dockerfile} must lie in its context ${context}`);
  const image = `ftest/built:${(await digestOfFolder(context, path)).slice(0, 16)}`;
  if (await ask(`look for the image ${image}`, exists(docker, image))) return image;
  announce(`building an image of ${dockerfile}\n`);
  await ask(`build an image of ${dockerfile}`, build(docker, context, path, image), buildTimeoutMs);
  return image;
}

async function build(docker: Docker, context: string, dockerfile: string, image: string): Promise<void> {
  const src = await readdir(context);
  const progress = await docker.buildImage({ context, src }, { t: image, dockerfile, forcerm: true });
  await follow(docker, progress);
}

/** SHA-256 (hex) of paths, kinds, permissions, and content. */
async function digestOfFolder(folder: string, dockerfile: string): Promise<string> {
  const hash = createHash('sha256').update(dockerfile);
  const add = async (path: string): Promise<void> => {
    const stats = await lstat(path);
    hash.update(`\0${relative(folder, path)}\0${stats.mode}\0`);
    if (stats.isDirectory()) {
      for (const name of (await readdir(path)).sort()) await add(join(path, name));
    } else if (stats.isSymbolicLink()) hash.update(await readlink(path));
    else if (stats.isFile()) hash.update(await readFile(path));
  };
  await add(folder);
  return hash.digest('hex');
}
