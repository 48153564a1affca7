/** Whom a fault hits: node selectors, defined as in Jepsen's nemesis.combined (db-nodes). */
import type { ClusterView } from '../harness/generator.ts';
import type { Random } from '../harness/random.ts';

export const selectors = ['one', 'minority', 'minority-third', 'majority', 'primaries', 'all', 'random'] as const;
export type Selector = (typeof selectors)[number];

/** The fewest nodes that are more than half of `n`. */
export const majorityOf = (n: number): number => (n >>> 1) + 1;

/** The most nodes that are less than a third of `n`: as many as a Byzantine protocol may lose. */
export const minorityThirdOf = (n: number): number => Math.floor(Math.max(0, n - 1) / 3);

/** Each non-empty size is equally likely, as in Jepsen; of nothing, nothing. */
export function randomNonEmptySubset<T>(random: Random, items: readonly T[]): readonly T[] {
  if (items.length === 0) return [];
  const count = random.between(1, items.length);
  return random.shuffle(items).slice(0, count);
}

function some(selector: Selector, random: Random, view: ClusterView): readonly string[] {
  const { nodeIds } = view;
  const take = (count: number): readonly string[] => random.shuffle(nodeIds).slice(0, count);
  switch (selector) {
    case 'one':
      return [random.pick(nodeIds)];
    case 'minority':
      return take(majorityOf(nodeIds.length) - 1);
    case 'minority-third':
      return take(minorityThirdOf(nodeIds.length));
    case 'majority':
      return take(majorityOf(nodeIds.length));
    case 'primaries':
      return randomNonEmptySubset(random, view.primaries());
    case 'all':
      return nodeIds;
    case 'random':
      return randomNonEmptySubset(random, nodeIds);
  }
}

/**
 * The nodes that a selector means now, in the cluster's order. None where there are none: `primaries` of a cluster
 * without a primary, `minority` of one node, `minority-third` of three.
 */
export function aim(selector: Selector, random: Random, view: ClusterView): readonly string[] {
  const chosen = new Set(some(selector, random, view));
  return view.nodeIds.filter((node) => chosen.has(node));
}

/** The nodes that a random selector means now; never none. */
export function aimAtRandom(random: Random, view: ClusterView): readonly string[] {
  const nodes = aim(random.pick(selectors), random, view);
  return nodes.length > 0 ? nodes : aim('one', random, view);
}
