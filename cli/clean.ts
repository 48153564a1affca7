/** `ftest clean`: removes what runs in containers have made, down to the images. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { plural } from '../reports/display.ts';
import { connectEngine } from '../runtime/docker/engine.ts';
import { everything, ofRun, type Removed, remove, removeImages } from '../runtime/docker/leftovers.ts';
import { type ExitCode, exitCodes } from './exit.ts';
import { printJson } from './output.ts';
import type { CleanOptions } from './program.ts';

/** Of one run, or of all, those that go on at this moment included; images only with all. */
export async function cleanCommand({ run, json }: CleanOptions): Promise<ExitCode> {
  const { docker } = await connectEngine();
  const removed: Removed =
    run === undefined
      ? { ...(await remove(docker, everything)), images: await removeImages(docker) }
      : { ...(await removeRun(docker, run)), images: 0 };
  if (json) printJson(removed);
  else process.stdout.write(`removed ${describe(removed)}\n`);
  return exitCodes.valid;
}

/** So long after the first pass Docker may still finish what the run had asked for when it was ended. */
const lateMs = 1500;

/** Twice: of a run that was ended while it started, Docker may have been making a container. */
async function removeRun(docker: Docker, run: string): Promise<Omit<Removed, 'images'>> {
  const first = await remove(docker, ofRun(run));
  await sleep(lateMs);
  const late = await remove(docker, ofRun(run));
  return {
    containers: first.containers + late.containers,
    volumes: first.volumes + late.volumes,
    networks: first.networks + late.networks,
  };
}

const describe = ({ containers, volumes, networks, images }: Removed): string =>
  `${plural(containers, 'container')}, ${plural(volumes, 'volume')}, ${plural(networks, 'network')}, and ${plural(images, 'image')}`;
