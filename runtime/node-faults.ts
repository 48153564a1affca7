/** Faults of nodes, in real time: the same for processes and for containers. */
import type { Fault } from '../harness/fault.ts';

/** What a fault can do to a node. What it could not do, as to kill what does not run, gives false. */
interface FaultyNode {
  kill(): boolean | Promise<boolean>;
  start(): boolean | Promise<boolean>;
  pause(): boolean | Promise<boolean>;
  resume(): boolean | Promise<boolean>;
  bump(deltaMs: number): void;
  drift(partsPerMillion: number): void;
  resetClock(): void;
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
      for (const [id, deltaMs] of Object.entries(fault.deltaMs)) nodeIn(nodes, id).bump(deltaMs);
      return fault;
    case 'drift':
      for (const [id, partsPerMillion] of Object.entries(fault.partsPerMillion)) {
        nodeIn(nodes, id).drift(partsPerMillion);
      }
      return fault;
    case 'reset-clock':
      for (const node of nodes.values()) node.resetClock();
      return fault;
    default:
      return undefined;
  }
}
