/**
 * Network partitions, after Jepsen's. A shape says which pairs of nodes lose each other and which of the two counts as
 * isolated; the direction says which way each pair is cut: `both`, or only messages `to` the isolated node (it speaks
 * and does not hear), or only those `from` it (it hears and is not heard).
 *
 * | shape | isolated | from |
 * |---|---|---|
 * | one | a node | the others |
 * | halves | the smaller half | the larger |
 * | majority | the nodes that a majority leaves over | the majority |
 * | minority-third | less than a third of the nodes | the others |
 * | majorities-ring | nobody: each node hears a majority, no two the same one | those opposite on the ring |
 * | bridge | the smaller half | the larger, but for one node of it that stays connected to all |
 * | primaries | some of the nodes that take themselves for primaries, each alone | all others |
 *
 * Links of clients are never cut, and never all links at once: a cluster of one node has no partitions.
 */

import { nothing } from '../harness/combinators.ts';
import { type Direction, type Fault, type Link, type PartitionShape, partitionShapes } from '../harness/fault.ts';
import type { ClusterView } from '../harness/generator.ts';
import type { Random } from '../harness/random.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Nemesis } from '../harness/test.ts';
import { majorityOf, minorityThirdOf, randomNonEmptySubset } from './aim.ts';
import { readChoices } from './options.ts';
import { inject, schedule } from './schedule.ts';

/** Two nodes that lose each other. */
type Pair = readonly [isolated: string, other: string];

/** The fewest nodes with which a shape is itself. With fewer, `one` stands in for it. */
const nodesMin: Readonly<Record<PartitionShape, number>> = {
  one: 2,
  halves: 2,
  majority: 3,
  'minority-third': 4,
  'majorities-ring': 3,
  bridge: 3,
  primaries: 2,
};

/** The shapes that a cluster of `n` nodes can take. */
export const shapesFor = (n: number): readonly PartitionShape[] =>
  partitionShapes.filter((shape) => n >= nodesMin[shape]);

const between = (isolated: readonly string[], others: readonly string[]): readonly Pair[] =>
  isolated.flatMap((node) => others.map((other): Pair => [node, other]));

const splitAt = (count: number, nodes: readonly string[]): readonly Pair[] =>
  between(nodes.slice(0, count), nodes.slice(count));

function bridge(nodes: readonly string[]): readonly Pair[] {
  const half = nodes.length >>> 1;
  return between(nodes.slice(0, half), nodes.slice(half + 1));
}

/**
 * Each node keeps its neighbours on the ring, as many on either side as make half of what a majority needs. Where
 * that is an odd number, also the node opposite; with an odd number of nodes there is no exact opposite, and the chords
 * are such that one node gets two of them. Jepsen draws graphs at random for more than 5 nodes; this one is exact for
 * all: no node is linked to more than it needs, save that one, and no two hear the same majority.
 */
function majoritiesRing(ring: readonly string[]): readonly Pair[] {
  const n = ring.length;
  const needed = majorityOf(n) - 1;
  const reach = needed >>> 1;
  const opposite = needed % 2 === 1 ? n >>> 1 : 0;
  const linked = (i: number, j: number): boolean => {
    const apart = j - i;
    return apart <= reach || n - apart <= reach || apart === opposite;
  };
  const pairs: Pair[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (!linked(i, j)) pairs.push([ring[i] as string, ring[j] as string]);
    }
  }
  return pairs;
}

/** Each of the chosen primaries is cut off from every node, the other primaries included. */
function isolateEach(chosen: readonly string[], nodes: readonly string[]): readonly Pair[] {
  return chosen.flatMap((node, i) =>
    between(
      [node],
      nodes.filter((other) => !chosen.slice(0, i + 1).includes(other)),
    ),
  );
}

/** undefined where the shape is not to be had now. */
function pairsOf(shape: PartitionShape, random: Random, view: ClusterView): readonly Pair[] | undefined {
  if (view.nodeIds.length < nodesMin[shape]) return undefined;
  const nodes = random.shuffle(view.nodeIds);
  const n = nodes.length;
  switch (shape) {
    case 'one':
      return splitAt(1, nodes);
    case 'halves':
      return splitAt(n >>> 1, nodes);
    case 'majority':
      return splitAt(n - majorityOf(n), nodes);
    case 'minority-third':
      return splitAt(minorityThirdOf(n), nodes);
    case 'majorities-ring':
      return majoritiesRing(nodes);
    case 'bridge':
      return bridge(nodes);
    case 'primaries': {
      const chosen = randomNonEmptySubset(random, view.primaries());
      return chosen.length === 0 ? undefined : isolateEach(chosen, nodes);
    }
  }
}

function linksOf(pairs: readonly Pair[], direction: Direction): readonly Link[] {
  return pairs.flatMap(([isolated, other]) => {
    const to: Link = { from: other, to: isolated };
    const from: Link = { from: isolated, to: other };
    if (direction === 'both') return [to, from];
    return direction === 'to' ? [to] : [from];
  });
}

/**
 * A partition of a shape, its members drawn at random. Where the cluster cannot take the shape (it has too few nodes,
 * or no primary), a partition of the shape `one`. The cluster has two nodes or more.
 */
export function partition(
  shape: PartitionShape,
  direction: Direction,
  random: Random,
  view: ClusterView,
): Fault & { readonly f: 'partition' } {
  const pairs = pairsOf(shape, random, view);
  if (pairs === undefined) return partition('one', direction, random, view);
  return { f: 'partition', shape, direction, cut: linksOf(pairs, direction) };
}

const directionNames = ['to', 'from', 'both', 'random'] as const;

/** What `--direction` and `--partition` leave to chance. `--direction random` draws one for each partition. */
function drawnFrom(spec: TestSpec): { shapes: readonly PartitionShape[]; directions: readonly Direction[] } {
  const chosen = readChoices(spec, 'direction', directionNames) ?? ['both'];
  const directions = chosen.flatMap((name): readonly Direction[] =>
    name === 'random' ? ['to', 'from', 'both'] : [name],
  );
  return { shapes: readChoices(spec, 'partition', partitionShapes) ?? shapesFor(spec.nodes), directions };
}

export const partitionNemesis: Nemesis = {
  name: 'partition',
  summary: `Cuts the network between nodes: ${partitionShapes.join(', ')}; with --direction one way only.`,
  faults: ['partition', 'heal'],
  create({ spec, nodeIds }) {
    const { shapes, directions } = drawnFrom(spec);
    const generator = schedule<'whole' | 'cut'>({
      spec,
      stream: 'nemesis-partition',
      initial: 'whole',
      draw(network, random, { view }) {
        // Now and then one partition follows another without a heal: who was cut off may have to lead at once.
        if (network === 'cut' && random.chance(3, 4)) return { fault: { f: 'heal' }, next: 'whole' };
        return { fault: partition(random.pick(shapes), random.pick(directions), random, view), next: 'cut' };
      },
    });
    return { generator: nodeIds.length > 1 ? generator : nothing, heal: inject({ f: 'heal' }) };
  },
};
