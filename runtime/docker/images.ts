/**
 * Images made of this machine's own files, without a registry: programs and the shared libraries that `ldd` names, in an
 * empty image. The tag says what is in it, so that each is made once: of programs of the machine path, size, and time of
 * change, of a node's own JavaScript the content.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { ask, DockerFailed } from './engine.ts';
import { type TarFile, tarOf } from './tar.ts';

/** The repositories of all images that ftest makes; those of a later one may be made of an earlier one's. */
export const imageRepositories = ['ftest/pod', 'ftest/node', 'ftest/machine', 'ftest/built', 'ftest/program'] as const;
type Repository = (typeof imageRepositories)[number];

/** What the container that owns a network needs, with the Debian package it comes in. */
export const podPrograms: Readonly<Record<string, string>> = {
  bash: 'bash',
  nft: 'nftables',
  tc: 'iproute2',
  tail: 'coreutils',
};

/** Where the programs of a pod lie in its image. */
export const podProgramFolder = '/bin';
/** Where the node binary and its program lie in a node's image. */
export const nodeBinary = '/bin/node';
export const programFolder = '/program';

/** The path of a program of this machine; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Makes the image of pods if it is not there, and gives its name. */
export function ensurePodImage(docker: Docker): Promise<string> {
  const programs = Object.entries(podPrograms).map(([name, debianPackage]) => {
    const path = findProgram(name);
    if (path !== undefined) return { from: path, to: `${podProgramFolder}/${name}` };
    throw new DockerFailed(
      `the containers that break the network need ${name}, which this machine has not: apt-get install ${debianPackage}`,
    );
  });
  return ensureMachineImage(docker, 'ftest/pod', programs);
}

/** Makes the image of the node binary that runs at this moment if it is not there, and gives its name. */
export const ensureNodeImage = (docker: Docker): Promise<string> =>
  ensureMachineImage(docker, 'ftest/node', [{ from: process.execPath, to: nodeBinary }]);

/**
 * Makes the image that hosts a JavaScript program, with what it imports, if it is not there, and gives its name.
 *
 * @param base the image that it is copied onto.
 */
export async function ensureProgramImage(docker: Docker, program: string, base: string): Promise<string> {
  if (!existsSync(program)) throw new Error(`the nodes' program ${program} is missing: run npm run build`);
  const sources = await importedBy(program);
  const dockerfile = Buffer.from(`FROM ${base}\nCOPY program ${programFolder}\n`);
  const archive = tarOf([
    { path: 'Dockerfile', content: dockerfile },
    { path: 'program/package.json', content: Buffer.from('{"type":"module"}') },
    ...sources.map(({ path, content }) => ({ path: `program/${path}`, content })),
  ]);
  const image = `ftest/program:${digestOf(archive)}`;
  if (await exists(docker, image)) return image;
  await ask(`make the image ${image}`, follow(docker, await docker.buildImage(Readable.from([archive]), { t: image })));
  return image;
}

/** Where a program lies in the image that `ensureProgramImage` makes of it. */
export const programInImage = async (program: string): Promise<string> =>
  join(programFolder, relative(commonFolder(await closureOf(program)), program));

/** A program of this machine, and where it is to be in an image. */
interface Placed {
  readonly from: string;
  readonly to: string;
}

/** Makes an image of programs and their shared libraries, and of nothing else, if it is not there, and gives its name. */
export async function ensureMachineImage(
  docker: Docker,
  repository: Repository,
  programs: readonly Placed[],
): Promise<string> {
  const libraries = await librariesOf(programs.map(({ from }) => from));
  const files = [...programs, ...libraries.map((path) => ({ from: path, to: path }))];
  const identities = await Promise.all(files.map(identityOf));
  const image = `${repository}:${digestOf(identities.sort().join('\n'))}`;
  if (await exists(docker, image)) return image;
  const archive = tarOf(await Promise.all(files.map(tarFileOf)));
  const [repo, tag] = image.split(':');
  const options = { repo, tag } as Record<string, string>;
  await ask(`make the image ${image}`, follow(docker, await docker.importImage(Readable.from([archive]), options)));
  return image;
}

async function identityOf({ from, to }: Placed): Promise<string> {
  const { size, mtimeMs } = await stat(from);
  return `${from} ${to} ${size} ${mtimeMs}`;
}

const tarFileOf = async ({ from, to }: Placed): Promise<TarFile> => ({
  path: to.slice(1),
  content: await readFile(from),
  executable: true,
});

/** Paths of the shared libraries that programs are linked with, the loader included. */
async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const outputs = await Promise.all(programs.map(askLdd));
  return [
    ...new Set(outputs.flatMap((output) => [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string))),
  ];
}

async function askLdd(program: string): Promise<string> {
  try {
    return (await promisify(execFile)('ldd', [program])).stdout;
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('not a dynamic executable')) return '';
    throw new DockerFailed(
      `images are made of this machine's own programs, but ldd cannot say what ${program} needs: ${message}`,
    );
  }
}

const digestOf = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16);

export async function exists(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if ((error as { readonly statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/** Resolves when what Docker reports of its progress has ended; rejects with what it reports as an error. */
export function follow(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error, events: readonly { readonly error?: string }[]) => {
      const failed = error ?? events?.find((event) => event.error !== undefined)?.error;
      if (failed) reject(failed instanceof Error ? failed : new Error(String(failed)));
      else resolve();
    });
  });
}

/** A program and every file that it imports by a relative path, each with its path from the folder they share. */
async function importedBy(program: string): Promise<readonly TarFile[]> {
  const paths = await closureOf(program);
  const root = commonFolder(paths);
  return Promise.all(paths.map(async (path) => ({ path: relative(root, path), content: await readFile(path) })));
}

async function closureOf(program: string): Promise<readonly string[]> {
  const found = new Set([resolve(program)]);
  for (const path of found) {
    const text = await readFile(path, 'utf8');
    for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*['"](\.[^'"]+)['"]/g)) {
      found.add(resolve(dirname(path), specifier as string));
    }
  }
  return [...found];
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] as string);
  while (!paths.every((path) => path.startsWith(`${folder}/`))) folder = dirname(folder);
  return folder;
}
