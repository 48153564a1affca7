/** Runs a test on real processes, in real time: ftest's own nodes, or any program that speaks Maelstrom. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driveRealTime } from '../../harness/drive.ts';
import type { Execution, Runtime, Session } from '../../harness/ports.ts';
import { unlessAborted } from '../interruption.ts';
import { machineNs, Observer } from '../observer.ts';
import { Cluster, type NodeCommand, refusals } from './cluster.ts';
import { nodeCommand } from './command-line.ts';
import { Reaper } from './reaper.ts';

/** @param command how to start a node of a test. */
export function processRuntime(command: NodeCommand): Promise<Runtime> {
  return Promise.resolve({
    name: 'process',
    refuses: (fault) => refusals[fault],
    execute: (session) => execute(session, command),
  });
}

/** Nodes of ours: a JavaScript program that hosts a NodeSystem by `hostNode`, as `parseNodeArguments` says. */
export function hostedBy(program: string): NodeCommand {
  return ({ system, service, spec }, directory) => {
    if (!existsSync(program)) throw new Error(`the nodes' program ${program} is missing: run npm run build`);
    return nodeCommand(program, { target: system.name, service: service.name, bug: spec.bug, directory });
  };
}

async function execute(session: Session, command: NodeCommand): Promise<Execution> {
  const { test, journal, signal } = session;
  const directory = await mkdtemp(join(tmpdir(), 'ftest-'));
  const reaper = new Reaper(directory);
  const observer = new Observer(journal);
  try {
    const cluster = new Cluster(test, command, directory, reaper, observer);
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
      return { duration, ...observer.observed() };
    } finally {
      await cluster.stop();
    }
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    // Interrupted before it began.
    return { duration: 0, ...observer.observed() };
  } finally {
    await rm(directory, { recursive: true, force: true });
    reaper.dismiss();
  }
}
