/** Faults of nodes, in real time: the same for processes and for containers. */
import type { DamagedFile, Fault, FileDamage } from '../harness/fault.ts';
import { damageDone } from './file-damage.ts';

/** What a fault can do to a node. What it could not do, as to kill what does not run, gives false. */
interface FaultyNode {
  kill(): boolean | Promise<boolean>;
  start(): boolean | Promise<boolean>;
  pause(): boolean | Promise<boolean>;
  resume(): boolean | Promise<boolean>;
  bump(deltaMs: number): void | Promise<void>;
  drift(partsPerMillion: number): void | Promise<void>;
  resetClock(): void | Promise<void>;
  /** Damages one of its files; undefined where it is not down, or has none. */
  damage(fault: FileDamage): Promise<DamagedFile | undefined>;
}

/** The node of that name; throws where the cluster has none. */
export function nodeIn<Node>(nodes: ReadonlyMap<string, Node>, id: string): Node {
  const node = nodes.get(id);
  if (node === undefined)
    throw new Error(`${id} is no node of this cluster, which has ${[...nodes.keys()].join(', ')}`);
  return node;
}

/** The fault with the nodes that it concerned; undefined where it is none of nodes. */
export async function injectIntoNodes(
  fault: Fault,
  nodes: ReadonlyMap<string, FaultyNode>,
): Promise<Fault | undefined> {
  switch (fault.f) {
    case 'kill':
    case 'start':
    case 'pause':
    case 'resume': {
      const { f, nodes: ids } = fault;
      const concerned = await Promise.all(ids.map((id) => nodeIn(nodes, id)[f]()));
      return { ...fault, nodes: ids.filter((_, index) => concerned[index]) };
    }
    case 'bump':
      await Promise.all(Object.entries(fault.deltaMs).map(([id, deltaMs]) => nodeIn(nodes, id).bump(deltaMs)));
      return fault;
    case 'drift':
      await Promise.all(Object.entries(fault.partsPerMillion).map(([id, ppm]) => nodeIn(nodes, id).drift(ppm)));
      return fault;
    case 'reset-clock':
      await Promise.all([...nodes.values()].map((node) => node.resetClock()));
      return fault;
    case 'truncate':
    case 'bitflip': {
      const files = await Promise.all(fault.nodes.map((id) => nodeIn(nodes, id).damage(fault)));
      return damageDone(
        fault,
        files.filter((file) => file !== undefined),
      );
    }
    default:
      return undefined;
  }
}
