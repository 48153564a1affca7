/** `ftest clean`: removes what runs in containers have made, down to the images. */
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
      : { ...(await remove(docker, ofRun(run))), images: 0 };
  if (json) printJson(removed);
  else process.stdout.write(`removed ${describe(removed)}\n`);
  return exitCodes.valid;
}

const describe = ({ containers, volumes, networks, images }: Removed): string =>
  `${plural(containers, 'container')}, ${plural(volumes, 'volume')}, ${plural(networks, 'network')}, and ${plural(images, 'image')}`;
