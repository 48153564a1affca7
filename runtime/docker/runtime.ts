/** Runs a test in containers of this machine's Docker, in real time: ftest's own nodes or others', broken by the kernel. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImageSource, isContainerSystem } from '../../harness/container-system.ts';
import { driveRealTime } from '../../harness/drive.ts';
import type { Execution, Runtime, Session } from '../../harness/ports.ts';
import type { Test } from '../../harness/test.ts';
import { unlessAborted } from '../interruption.ts';
import { machineNs, Observer } from '../observer.ts';
import { writeNodeArguments } from '../process/command-line.ts';
import { Cluster, type Hosting } from './cluster.ts';
import { answers, connectEngine, DockerFailed, type Engine, reasonOf } from './engine.ts';
import { type Announce, ensureImageOf } from './image-sources.ts';
import { ensureNodeImage, ensurePodImage, ensureProgramImage, nodeBinary, programInImage } from './images.ts';
import { askKernel } from './kernel.ts';
import { newRunLabels, runLabel } from './labels.ts';
import { ofRun, orphaned, remove } from './leftovers.ts';
import { dataFolder, nodePort } from './node.ts';
import { OwnNodes } from './own-nodes.ts';
import { refusalOf } from './refusals.ts';
import { onFatalSignal } from './signals.ts';
import { SystemNodes } from './system-nodes.ts';

export interface DockerOptions {
  /** A JavaScript file that hosts nodes, as `parseNodeArguments` and `hostNodeOnTcp` say. */
  readonly program: string;
  /** A JavaScript file that delays what nodes of others send, as cli/proxy.ts does. Without it nothing is delayed. */
  readonly proxyProgram?: string;
  /** Called when this process exits in mid run: has what the run of that name made removed by another. */
  readonly abandon?: (run: string) => void;
  /** Where given, everything is kept at the end, running, and this is called with how to look inside. */
  readonly kept?: ((words: string) => void) | undefined;
  /** Called with what is being done when it may take minutes, as to pull an image, and with what could not be removed. */
  readonly announce?: Announce;
}

/** Throws a DockerFailed where no Docker answers. */
export async function dockerRuntime(options: DockerOptions): Promise<Runtime> {
  const engine = await connectEngine();
  const kernel = await askKernel(engine, await ensurePodImage(engine.docker));
  return {
    name: 'docker',
    refuses: (fault, system) => refusalOf(fault, kernel, system),
    execute: (session) => execute(session, engine, options),
  };
}

async function execute(session: Session, engine: Engine, options: DockerOptions): Promise<Execution> {
  const { signal } = session;
  const { announce = () => {} } = options;
  const observer = new Observer(session.journal);
  await remove(engine.docker, orphaned).catch((error) =>
    announce(`what earlier runs left could not all be removed, and stays until ftest clean can (${reasonOf(error)})\n`),
  );
  try {
    const prepared = await unlessAborted(prepare(session.test, engine, observer, options), signal);
    return await executeIn(prepared, session, engine, observer, options);
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    // Interrupted before it began.
    return { duration: 0, ...observer.observed() };
  }
}

/** What a cluster is made of. */
interface Prepared {
  readonly podImage: string;
  readonly hosting: Hosting;
}

/** Rejects with the signal's reason where that is aborted before all nodes serve. */
async function executeIn(
  { podImage, hosting }: Prepared,
  session: Session,
  engine: Engine,
  observer: Observer,
  options: DockerOptions,
): Promise<Execution> {
  const { test, journal, signal } = session;
  const labels = newRunLabels(options.kept !== undefined);
  const run = labels[runLabel];
  const cluster = new Cluster(test.nodeIds, engine, podImage, labels, hosting, observer);
  const abandon = (): void => options.abandon?.(run);
  if (options.kept === undefined) process.on('exit', abandon);
  const release = options.kept === undefined ? onFatalSignal(abandon) : undefined;
  try {
    await unlessAborted(cluster.start(), signal);
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
    const { exits } = hosting;
    return { duration, ...observer.observed(), ...(exits === undefined ? {} : { exits }) };
  } catch (error) {
    throw signal !== undefined && error === signal.reason ? error : await explain(engine, error);
  } finally {
    cluster.stop();
    // Where Docker is gone, the error says so, and the next run removes what is left.
    if (options.kept !== undefined) options.kept(howToLookInside(run, test));
    else if (await answers(engine)) await clear(cluster, run, engine, options);
    process.off('exit', abandon);
    release?.();
  }
}

/** A run that is over has its verdict, whether or not all of it can be removed. */
async function clear(
  cluster: Cluster,
  run: string,
  { docker }: Engine,
  { announce = () => {} }: DockerOptions,
): Promise<void> {
  if (!cluster.begun) {
    // What the start waits for ends with the containers, and what it was just making is there afterwards.
    await remove(docker, ofRun(run)).catch(() => {});
    await cluster.startEnded;
  }
  await remove(docker, ofRun(run)).catch((error) =>
    announce(`not all of this run could be removed: ftest clean --run ${run} tries again (${reasonOf(error)})\n`),
  );
}

async function prepare(test: Test, engine: Engine, observer: Observer, options: DockerOptions): Promise<Prepared> {
  const podImage = await ensurePodImage(engine.docker);
  return { podImage, hosting: await host(test, engine, podImage, observer, options) };
}

/** Makes the images that are not there yet. */
async function host(
  test: Test,
  { docker }: Engine,
  podImage: string,
  observer: Observer,
  { program, proxyProgram = '', announce = () => {} }: DockerOptions,
): Promise<Hosting> {
  const { system, service, spec } = test;
  const instead = namedImage(test);
  if (isContainerSystem(system))
    return new SystemNodes(system, test, { pod: podImage, proxyProgram, instead, announce });
  const base = instead === undefined ? undefined : (await ensureImageOf(docker, instead, announce)).name;
  const image = await ensureProgramImage(docker, program, base ?? (await ensureNodeImage(docker)));
  const args = { target: system.name, service: service.name, bug: spec.bug, directory: dataFolder, port: nodePort };
  // An image of somebody else's has its own place for node.
  const node = base === undefined ? nodeBinary : 'node';
  return new OwnNodes(service, image, [node, await programInImage(program), ...writeNodeArguments(args)], observer);
}

/** The image that the spec asks for, in the place of the usual one. */
function namedImage({ spec: { options } }: Test): ImageSource | undefined {
  const { image, dockerfile } = options;
  if (image !== undefined) return { image };
  return dockerfile === undefined ? undefined : { dockerfile };
}

function howToLookInside(run: string, { system, nodeIds }: Test): string {
  const node = `ftest-${run}-${nodeIds[0]}`;
  const program = isContainerSystem(system) ? 'sh' : nodeBinary;
  const inside = isContainerSystem(system) ? 'if its image has a shell' : `data in ${dataFolder}`;
  return `kept run ${run}. To look inside:
  docker ps --filter label=${runLabel}=${run}
  docker exec -it ${node}-pod bash    its network: nft list ruleset; tc qdisc
  docker exec -it ${node} ${program}    the node's own container, ${inside}
  ftest clean --run ${run}
`;
}

/** A Docker that is stopped ends its containers first: whatever failed then, it was that. */
async function explain(engine: Engine, error: unknown): Promise<unknown> {
  for (let attempt = 0; attempt < 10; attempt++) {
    await sleep(250);
    if (await answers(engine)) continue;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return new DockerFailed(
      `Docker has stopped answering in mid run (${reason}): start it, then ftest clean removes what was left`,
    );
  }
  return error;
}
