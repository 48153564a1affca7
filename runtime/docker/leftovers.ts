/** Removes what runs have left: containers first, then the volumes and networks that they held. */
import type Docker from 'dockerode';
import { settleAll } from '../interruption.ts';
import { ask, askOfGone } from './engine.ts';
import { imageRepositories } from './images.ts';
import { isOrphan, keptLabel, type Labels, runLabel } from './labels.ts';

export interface Removed {
  readonly containers: number;
  readonly volumes: number;
  readonly networks: number;
  readonly images: number;
}

/** What one run has made, or what is said of it: a condition on labels. */
type Condition = (labels: Labels) => boolean;

export const ofRun =
  (run: string): Condition =>
  (labels) =>
    labels[runLabel] === run;

/** What runs that were killed have left; not what somebody wanted to keep. */
export const orphaned: Condition = (labels) => labels[keptLabel] === undefined && isOrphan(labels);

/** Everything of ftest's, of runs that go on at this moment too. */
export const everything: Condition = () => true;

/** Removes all that it can; what it could not remove it throws afterwards, the first of it, as a DockerFailed. */
export async function remove(docker: Docker, condition: Condition): Promise<Omit<Removed, 'images'>> {
  const filters = { label: [runLabel] };
  const [containers, { Volumes: volumes }, networks] = await ask(
    'list what ftest made',
    Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listVolumes({ filters }),
      docker.listNetworks({ filters }),
    ]),
  );
  const chosen = <Item extends { readonly Labels?: Labels | null | undefined }>(items: readonly Item[] | null) =>
    (items ?? []).filter((item) => condition(item.Labels ?? {}));
  const doomed = { containers: chosen(containers), volumes: chosen(volumes), networks: chosen(networks) };
  const failures: unknown[] = [];
  const all = async <Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> => {
    await settleAll(items.map(act)).catch((error) => failures.push(error));
  };
  await all(doomed.containers, ({ Id }) =>
    askOfGone('remove a container', docker.getContainer(Id).remove({ force: true, v: true })),
  );
  await all(doomed.volumes, ({ Name }) => askOfGone('remove a volume', docker.getVolume(Name).remove()));
  await all(doomed.networks, ({ Id }) => askOfGone('remove a network', docker.getNetwork(Id).remove()));
  if (failures.length > 0) throw failures[0];
  return {
    containers: doomed.containers.length,
    volumes: doomed.volumes.length,
    networks: doomed.networks.length,
  };
}

/** Removes the images that ftest made; those in use stay. */
export async function removeImages(docker: Docker): Promise<number> {
  const images = await ask('list images', docker.listImages({ filters: { reference: [...imageRepositories] } }));
  const names = removalOrder(images);
  for (const name of names) await askOfGone('remove an image', docker.getImage(name).remove());
  return names.length;
}

/** The names of images, those last that others may be made of. Docker counts whole seconds. */
export function removalOrder(
  images: readonly { readonly RepoTags?: readonly string[] | undefined; readonly Created: number }[],
): readonly string[] {
  const rank = (name: string): number => imageRepositories.findIndex((each) => name.startsWith(`${each}:`));
  return images
    .flatMap(({ RepoTags = [], Created: created }) => RepoTags.map((name) => ({ name, created })))
    .sort((a, b) => b.created - a.created || rank(b.name) - rank(a.name))
    .map(({ name }) => name);
}
