/**
 * A cluster of processes, with the harness as its network: every message passes through here, in real time.
 *
 * Fault model: a link that is cut drops what is sent on it from then on; what was routed before arrives. A kill is a
 * SIGKILL, and loses what the node had not synced; a pause is a SIGSTOP. Clocks are faked in the hosts of ftest's own
 * nodes. Files are damaged while their node is down; if it ends by itself from then on, or does not come back, it is down and
 * no failure of the run. Links between nodes are never late, lossy, or out of order; a client's link is never cut and dies with its node.
 */
import { join } from 'node:path';
import { type Fault, isFileDamage } from '../../harness/fault.ts';
import type { ClusterView } from '../../harness/generator.ts';
import type { Completion } from '../../harness/ports.ts';
import type { Test } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { isClientId, type Message } from '../../protocol/message.ts';
import { injectIntoNodes, nodeIn } from '../node-faults.ts';
import { Clients } from './clients.ts';
import { ClusterNode, type Surroundings } from './node.ts';
import type { Command } from './node-process.ts';
import type { Reaper } from './reaper.ts';
import { type DescribeBody, harnessId, type MarkBody } from './wire.ts';

/** What a cluster tells the run that it is part of. */
export interface ClusterEvents {
  log(node: string, line: string): void;
  changed(node: ClusterNode): void;
  mark(name: string): void;
}

/** How to start a node of a test, whose own directory need not exist yet. */
export type NodeCommand = (test: Test, directory: string) => Command;

export class Cluster implements ClusterView, Surroundings {
  readonly nodeIds: readonly string[];
  /** Rejects when the run cannot go on; never resolves. */
  readonly failure: Promise<never>;
  readonly #events: ClusterEvents;
  readonly #reaper: Reaper;
  readonly #nodes: ReadonlyMap<string, ClusterNode>;
  readonly #clients: Clients;
  readonly #cut = new Set<string>();
  readonly #damaged = new Set<string>();
  #failed: Error | undefined;
  #rejectFailure: (error: Error) => void = () => {};

  constructor(test: Test, command: NodeCommand, directory: string, reaper: Reaper, events: ClusterEvents) {
    this.nodeIds = test.nodeIds;
    this.#events = events;
    this.#reaper = reaper;
    this.#clients = new Clients(test.service);
    this.#nodes = new Map(
      test.nodeIds.map((id) => {
        const folder = join(directory, id);
        return [id, new ClusterNode({ id, nodeIds: test.nodeIds, folder, command: command(test, folder) }, this)];
      }),
    );
    this.failure = new Promise((_, reject) => {
      this.#rejectFailure = reject;
    });
    // Nobody may be waiting for it just then: `check` tells those who come later.
    this.failure.catch(() => {});
  }

  /** Starts all nodes at once; resolves when each has answered `init`. */
  async start(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.start()));
    this.check();
  }

  /** Ends every process; resolves when none is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()));
  }

  primaries(): readonly string[] {
    return [...this.#nodes.values()]
      .filter((node) => node.description?.primary === true)
      .sort((a, b) => (b.description?.term ?? 0) - (a.description?.term ?? 0))
      .map((node) => node.id);
  }

  /** Carries an invocation out; resolves when it has ended, which may be never. Rejects when the run cannot go on. */
  async invoke(op: Op): Promise<Completion> {
    this.check();
    const { process, value } = op;
    if (process === 'nemesis') {
      const done = await this.#carryOut(value as unknown as Fault);
      return { process, type: 'info', value: done as unknown as Value };
    }
    const node = nodeIn(this.#nodes, op.node as string);
    if (!node.up) return { process, type: 'fail', value, error: 'connection-refused' };
    return this.#clients.ask(op, node.id, (message) => node.deliver(JSON.stringify(message)));
  }

  /** Throws if the run cannot go on. */
  check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  // Surroundings of the nodes.

  said(node: ClusterNode, line: string, message: Message): void {
    const { dest } = message;
    const receiver = this.#nodes.get(dest);
    if (receiver !== undefined) this.#route(node, receiver, line);
    else if (isClientId(dest)) this.#clients.reply(message);
    else if (dest === harnessId) this.#hear(node, message.body as DescribeBody | MarkBody);
    else this.fail(new Error(`${node.id} sends to ${dest}, which is neither a node nor a client`));
  }

  isDamaged({ id }: ClusterNode): boolean {
    return this.#damaged.has(id);
  }

  log(node: ClusterNode, line: string): void {
    this.#events.log(node.id, line);
  }

  changed(node: ClusterNode): void {
    this.#events.changed(node);
  }

  died(node: ClusterNode): void {
    this.#clients.reset(node.id);
  }

  watch(group: number): void {
    this.#reaper.watch(group);
  }

  forget(group: number): void {
    this.#reaper.forget(group);
  }

  fail(error: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    this.#rejectFailure(error);
    this.#clients.fail(error);
  }

  #route(from: ClusterNode, to: ClusterNode, line: string): void {
    if (this.#cut.has(linkKey(from.id, to.id))) {
      this.#events.mark('messages-cut');
      return;
    }
    this.#events.mark('messages');
    if (to.up) to.deliver(line);
  }

  #hear(node: ClusterNode, body: DescribeBody | MarkBody): void {
    if (body.type === 'mark') {
      this.#events.mark(body.name);
      return;
    }
    node.description = body;
    // The pause began after it spoke, and is over when it is said to be.
    if (!node.paused) this.#events.changed(node);
  }

  // Faults.

  /** Gives what really happened: nodes that were down already are left out of a kill, and so on. */
  async #carryOut(fault: Fault): Promise<Fault> {
    switch (fault.f) {
      case 'partition':
        this.#cut.clear();
        for (const { from, to } of fault.cut) this.#cut.add(linkKey(from, to));
        return fault;
      case 'heal':
        this.#cut.clear();
        return fault;
      default: {
        const done = await injectIntoNodes(fault, this.#nodes);
        if (done === undefined) throw new Error(`processes cannot ${fault.f}: ${refusals[fault.f]}`);
        if (isFileDamage(done)) for (const id of done.nodes) this.#damaged.add(id);
        return done;
      }
    }
  }
}

const linkKey = (from: string, to: string): string => `${from} ${to}`;

const unshapedLinks = 'links between processes are cut or whole; for slow and lossy ones use the simulator';
const ordinaryDisks = 'the nodes write to ordinary files';
const fixedMembership = 'membership is fixed';

/** Why a fault cannot be injected into processes; of those that can be, nothing. */
export const refusals: Readonly<Partial<Record<Fault['f'], string>>> = {
  delay: unshapedLinks,
  loss: unshapedLinks,
  duplicate: unshapedLinks,
  reorder: unshapedLinks,
  corrupt: unshapedLinks,
  rate: unshapedLinks,
  hold: unshapedLinks,
  release: unshapedLinks,
  'restore-packets': unshapedLinks,
  strobe: 'the hosts of the nodes bump and drift clocks but do not strobe them',
  'lose-unfsynced': 'every kill of a process loses what was not synced',
  'torn-write': ordinaryDisks,
  misdirect: ordinaryDisks,
  eio: ordinaryDisks,
  enospc: ordinaryDisks,
  'slow-disk': ordinaryDisks,
  'restore-disks': ordinaryDisks,
  add: fixedMembership,
  remove: fixedMembership,
};
