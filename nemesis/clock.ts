/**
 * Clocks that are wrong. `bump` makes wall clocks jump by 4 ms to 262 s either way (the range of Jepsen's nemesis.time),
 * mostly by no more than a few seconds, where election timeouts and leases are. `drift` makes both clocks of a node run
 * up to 5 % fast or slow, timers included. Monotonic clocks never jump. Bumps add up; a drift replaces the one before.
 */
import type { Fault } from '../harness/fault.ts';
import type { Random } from '../harness/random.ts';
import type { Nemesis } from '../harness/test.ts';
import { aimAtRandom } from './aim.ts';
import { inject, schedule } from './schedule.ts';

const bumpMsMin = 4;
/** 4 ms doubled this often is 262 s. */
const doublingsMax = 16;
/** 4 ms doubled this often is 4 s. */
const doublingsUsually = 10;

const partsPerMillionMax = 50_000;

/** After so many faults in a row the clocks are set right. */
const faultsMax = 4;

const drawSign = (random: Random): number => (random.chance(1, 2) ? 1 : -1);

/** Every power of two is equally likely, and so is every millisecond up to the next. */
function drawBumpMs(random: Random): number {
  const doublings = random.below(random.chance(3, 4) ? doublingsUsually : doublingsMax);
  const magnitude = bumpMsMin << doublings;
  return drawSign(random) * random.between(magnitude, 2 * magnitude - 1);
}

/** From the 5 % of a bad virtual machine down to 1,562 parts per million, which a lease's margin should absorb. */
const drawDrift = (random: Random): number => drawSign(random) * (partsPerMillionMax >>> random.below(6));

const perNode = (nodes: readonly string[], draw: () => number): Readonly<Record<string, number>> =>
  Object.fromEntries(nodes.map((node) => [node, draw()]));

function drawSkew(random: Random, nodes: readonly string[]): Fault {
  if (random.chance(1, 2)) return { f: 'bump', deltaMs: perNode(nodes, () => drawBumpMs(random)) };
  return { f: 'drift', partsPerMillion: perNode(nodes, () => drawDrift(random)) };
}

export const clockNemesis: Nemesis = {
  name: 'clock',
  summary: 'Makes wall clocks jump by 4 ms to 262 s, and both clocks of a node run up to 5 % fast or slow.',
  faults: ['bump', 'drift', 'reset-clock'],
  create({ spec }) {
    const generator = schedule<number>({
      spec,
      stream: 'nemesis-clock',
      initial: 0,
      draw(faults, random, { view }) {
        const resets = faults === faultsMax || (faults > 0 && random.chance(1, 3));
        if (resets) return { fault: { f: 'reset-clock' }, next: 0 };
        return { fault: drawSkew(random, aimAtRandom(random, view)), next: faults + 1 };
      },
    });
    return { generator, heal: inject({ f: 'reset-clock' }) };
  },
};
