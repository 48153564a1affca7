/**
 * Follows the log files of a node, in a container of its own: it sees the node's volumes and cannot write to them, has no
 * network, and reads whoever's files they are. It ends with its stdin, as pods do.
 */
import { relative } from 'node:path/posix';
import type Docker from 'dockerode';
import { attach, hostDefaults, stdinOf } from './attached.ts';
import type { Volume } from './container-node.ts';
import { ask } from './engine.ts';
import { podProgramFolder } from './images.ts';
import type { Labels } from './labels.ts';

export interface LogReaderOptions {
  /** Of pods: it has the programs. */
  readonly image: string;
  readonly name: string;
  readonly labels: Labels;
  readonly volumes: readonly Volume[];
  /** Absolute, as the node sees them, each in one of the volumes. They need not exist yet. */
  readonly files: readonly string[];
}

/** Gives each line of the files, from their beginning, as it is written. */
export async function followLogs(
  docker: Docker,
  { image, name, labels, volumes, files }: LogReaderOptions,
  line: (line: string) => void,
): Promise<void> {
  // Not where the node has them: its folders may be those that this container's own programs lie in.
  const placed = volumes.map((volume, index) => ({ ...volume, target: `/logs/${index}` }));
  const paths = files.map((file) => {
    const { folder, target } = placed.find((volume) => isWithin(file, volume.folder)) as (typeof placed)[number];
    return `'${`${target}/${relative(folder, file)}`.replaceAll("'", "'\\''")}'`;
  });
  const script = `tail -q -n +1 -F -- ${paths.join(' ')} 2> /dev/null &\nwhile read -r _; do :; done`;
  const container = await ask(
    `create the container ${name}`,
    docker.createContainer({
      ...stdinOf(labels),
      name,
      Image: image,
      Cmd: [`${podProgramFolder}/bash`, '-c', script],
      Env: [`PATH=${podProgramFolder}`],
      Labels: labels,
      HostConfig: {
        ...hostDefaults(),
        CapAdd: ['DAC_READ_SEARCH'],
        NetworkMode: 'none',
        Mounts: placed.map((volume) => ({
          Type: 'volume',
          Source: volume.name,
          Target: volume.target,
          ReadOnly: true,
        })),
      },
    }),
  );
  await attach(docker, container, line);
  await ask(`start the container ${name}`, container.start());
}

/** Whether a path lies in a folder; both absolute. */
const isWithin = (path: string, folder: string): boolean => !relative(folder, path).startsWith('..');
