/** Whether this machine has a Docker that tests can use, and whose everything in it is: tests run side by side. */
import { connectEngine } from '../docker/engine.ts';
import { type Labels, ownerPid, runLabel } from '../docker/labels.ts';

/** Why there is none; undefined where there is one. */
export const whyNoDocker: string | undefined = await connectEngine().then(
  () => undefined,
  (error: Error) => error.message,
);

/** Names of the runs that have something in Docker, of processes that `isOwner` is true of. */
export async function runsOf(isOwner: (pid: number) => boolean): Promise<ReadonlySet<string>> {
  const { docker } = await connectEngine();
  const filters = { label: [runLabel] };
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters }),
    docker.listNetworks({ filters }),
  ]);
  const labels: readonly Labels[] = [...containers, ...(volumes ?? []), ...networks].map(({ Labels }) => Labels ?? {});
  return new Set(labels.filter((each) => isOwner(ownerPid(each))).map((each) => each[runLabel] as string));
}
