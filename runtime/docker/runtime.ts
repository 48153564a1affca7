/** Runs a test in containers of this machine's Docker, in real time: ftest's own nodes, broken by the kernel. */
import { setTimeout as sleep } from 'node:timers/promises';
import { driveRealTime } from '../../harness/drive.ts';
import type { Execution, Runtime, Session } from '../../harness/ports.ts';
import type { Test } from '../../harness/test.ts';
import { machineNs, Observer } from '../observer.ts';
import { writeNodeArguments } from '../process/command-line.ts';
import { Cluster, type Images, nodePort, refusals } from './cluster.ts';
import { answers, connectEngine, DockerFailed, type Engine } from './engine.ts';
import { ensurePodImage, ensureProgramImage, nodeBinary, programInImage } from './images.ts';
import { askKernel, lackFor } from './kernel.ts';
import { newRunLabels, runLabel } from './labels.ts';
import { ofRun, orphaned, remove } from './leftovers.ts';
import { dataFolder } from './node.ts';

export interface DockerOptions {
  /** A JavaScript file that hosts nodes, as `parseNodeArguments` and `hostNodeOnTcp` say. */
  readonly program: string;
  /** Called when this process exits in mid run: has what the run of that name made removed by another. */
  readonly abandon?: (run: string) => void;
  /** Where given, everything is kept at the end, running, and this is called with how to look inside. */
  readonly kept?: ((words: string) => void) | undefined;
}

/** Throws a DockerFailed where no Docker answers. */
export async function dockerRuntime(options: DockerOptions): Promise<Runtime> {
  const engine = await connectEngine();
  const kernel = await askKernel(engine, await ensurePodImage(engine.docker));
  return {
    name: 'docker',
    refuses: (fault) => refusals[fault] ?? lackFor(fault, kernel),
    execute: (session) => execute(session, engine, options),
  };
}

async function execute(session: Session, engine: Engine, options: DockerOptions): Promise<Execution> {
  const { test, journal, signal } = session;
  await remove(engine.docker, orphaned);
  const images = await ensureImages(engine, options.program, test);
  const labels = newRunLabels(options.kept !== undefined);
  const run = labels[runLabel];
  const observer = new Observer(journal);
  const cluster = new Cluster(test, engine, images, labels, observer);
  const abandon = (): void => options.abandon?.(run);
  if (options.kept === undefined) process.on('exit', abandon);
  try {
    await cluster.start();
    observer.begin();
    const decider = session.begin(cluster);
    const duration = await driveRealTime({
      decider,
      journal,
      signal,
      clock: machineNs,
      invoke: (op) => cluster.invoke(op),
    });
    cluster.check();
    return { duration, ...observer.observed() };
  } catch (error) {
    throw await explain(engine, error);
  } finally {
    cluster.stop();
    // Where Docker is gone, the error says so, and the next run removes what is left.
    if (options.kept !== undefined) options.kept(howToLookInside(run, test.nodeIds[0] as string));
    else if (await answers(engine)) await remove(engine.docker, ofRun(run));
    process.off('exit', abandon);
  }
}

const howToLookInside = (run: string, node: string): string => `kept run ${run}. To look inside:
  docker ps --filter label=${runLabel}=${run}
  docker exec -it ftest-${run}-${node}-pod bash    its network: nft list ruleset; tc qdisc
  docker exec -it ftest-${run}-${node} ${nodeBinary}    the node's own container, data in ${dataFolder}
  ftest clean --run ${run}
`;

async function ensureImages({ docker }: Engine, program: string, { system, service, spec }: Test): Promise<Images> {
  const [pod, node] = [await ensurePodImage(docker), await ensureProgramImage(docker, program)];
  const args = { target: system.name, service: service.name, bug: spec.bug, directory: dataFolder, port: nodePort };
  return { pod, node, command: [nodeBinary, await programInImage(program), ...writeNodeArguments(args)] };
}

/** A Docker that is stopped ends its containers first: whatever failed then, it was that. */
async function explain(engine: Engine, error: unknown): Promise<unknown> {
  for (let attempt = 0; attempt < 4; attempt++) {
    await sleep(250);
    if (await answers(engine)) continue;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return new DockerFailed(
      `Docker has stopped answering in mid run (${reason}): start it, then ftest clean removes what was left`,
    );
  }
  return error;
}
