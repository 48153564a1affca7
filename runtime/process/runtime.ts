/** Runs a test on real processes, in real time: ftest's own nodes, or any program that speaks Maelstrom. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { driveRealTime } from '../../harness/drive.ts';
import type { Execution, Journal, NodeChange, Runtime, Session } from '../../harness/ports.ts';
import { Cluster, type ClusterEvents, type NodeCommand, refusals } from './cluster.ts';
import { nodeCommand } from './command-line.ts';
import type { ClusterNode } from './node.ts';
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
    } finally {
      await cluster.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
    reaper.dismiss();
  }
}

const machineNs = (): number => Math.round(performance.now() * 1_000_000);

/** What a run sees besides the history. */
class Observer implements ClusterEvents {
  readonly #journal: Journal;
  readonly #marks = new Map<string, number>();
  readonly #nodeChanges: NodeChange[] = [];
  readonly #lastChange = new Map<string, NodeChange>();
  #begunNs: number | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  begin(): void {
    this.#begunNs = machineNs();
  }

  log(node: string, line: string): void {
    this.#journal.log(node, this.#now(), line);
  }

  mark(name: string): void {
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  changed(node: ClusterNode): void {
    const last = this.#lastChange.get(node.id);
    const { role, description } = node;
    const term = description?.term ?? last?.term ?? 0;
    const primary = description?.primary === true && role === description.role;
    if (last?.role === role && last.term === term && last.primary === primary) return;
    const change = { time: this.#now(), node: node.id, role, term, primary };
    this.#lastChange.set(node.id, change);
    this.#nodeChanges.push(change);
  }

  observed(): Omit<Execution, 'duration'> {
    return {
      marks: Object.fromEntries([...this.#marks].sort(([a], [b]) => (a < b ? -1 : 1))),
      nodeChanges: [...this.#nodeChanges],
      brokenInvariants: [],
    };
  }

  /** Nanoseconds since the run began; 0 before. */
  #now(): number {
    return this.#begunNs === undefined ? 0 : machineNs() - this.#begunNs;
  }
}
