/**
 * Packets that are late or lost (Jepsen's nemesis.combined, packet-package, without what TCP repairs unseen). On the links
 * of some nodes, one way or both: a delay of 1 ms to 1 s, with up to as much jitter, or a loss of 1 to 63 %. What comes
 * later on a link takes the place of the earlier delay or loss.
 */
import { nothing } from '../harness/combinators.ts';
import type { Direction, Fault, Link } from '../harness/fault.ts';
import type { Random } from '../harness/random.ts';
import type { Nemesis } from '../harness/test.ts';
import { aimAtRandom } from './aim.ts';
import { inject, schedule } from './schedule.ts';

/** After so many faults in a row packets are restored. */
const faultsMax = 3;

const directions: readonly Direction[] = ['to', 'from', 'both'];

/** From 1, every power of two equally likely, and so is every number up to the next; below 2 to the power `log2Max`. */
function drawMagnitude(random: Random, log2Max: number): number {
  const magnitude = 1 << random.below(log2Max);
  return random.between(magnitude, 2 * magnitude - 1);
}

/** The links to the nodes, or from them, or both. */
function linksOf(nodes: readonly string[], nodeIds: readonly string[], direction: Direction): readonly Link[] {
  const isMeant = ({ from, to }: Link): boolean =>
    (direction !== 'from' && nodes.includes(to)) || (direction !== 'to' && nodes.includes(from));
  const all = nodeIds.flatMap((from) => nodeIds.filter((to) => to !== from).map((to): Link => ({ from, to })));
  return all.filter(isMeant);
}

function drawFault(random: Random, links: readonly Link[]): Fault {
  if (random.chance(1, 3)) return { f: 'loss', links, percent: drawMagnitude(random, 6) };
  const timeMs = drawMagnitude(random, 10);
  return { f: 'delay', links, timeMs, jitterMs: random.chance(1, 2) ? 0 : random.between(1, timeMs) };
}

export const packetNemesis: Nemesis = {
  name: 'packet',
  summary: 'Delays packets between nodes by 1 ms to 1 s, or loses 1 to 63 % of them.',
  faults: ['delay', 'loss', 'restore-packets'],
  create({ spec, nodeIds }) {
    const generator = schedule<number>({
      spec,
      stream: 'nemesis-packet',
      initial: 0,
      draw(faults, random, { view }) {
        const restores = faults === faultsMax || (faults > 0 && random.chance(1, 2));
        if (restores) return { fault: { f: 'restore-packets' }, next: 0 };
        const links = linksOf(aimAtRandom(random, view), nodeIds, random.pick(directions));
        return { fault: drawFault(random, links), next: faults + 1 };
      },
    });
    return { generator: nodeIds.length > 1 ? generator : nothing, heal: inject({ f: 'restore-packets' }) };
  },
};
