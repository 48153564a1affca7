/**
 * Files that are damaged while their node is down, as by a disk, a file system, or an operator: `truncate` takes the end of
 * one, `bitflip` turns some of its bits (Jepsen's nemesis.combined, file-corruption-package). A node is killed, its file
 * damaged, and it is started again. Over a whole test only the nodes of one minority are hit, the same for both, as with
 * Jepsen's nodes-gen: a majority keeps all that it had. Few systems promise anything of this.
 */
import type { FileDamage } from '../harness/fault.ts';
import { type Random, randomStream } from '../harness/random.ts';
import type { Nemesis } from '../harness/test.ts';
import { majorityOf, randomNonEmptySubset } from './aim.ts';
import { inject, schedule } from './schedule.ts';

/** What is to come next: a kill, the damage to nodes that are down, or their start. */
type State =
  | { readonly next: 'kill' }
  | { readonly next: 'damage'; readonly nodes: readonly string[] }
  | { readonly next: 'start'; readonly nodes: readonly string[] };

/** 1 byte to 8 KiB, every power of two equally likely, and so is every byte up to the next. */
function drawDropBytes(random: Random): number {
  const magnitude = 1 << random.below(13);
  return random.between(magnitude, 2 * magnitude - 1);
}

/** Of all bits: from nearly the 1 % of Jepsen's default down to one in a million. */
const drawProbability = (random: Random): number => 1 / (1 << random.between(7, 20));

/** 0 to 1023 ms, each power of two equally likely. */
const drawSoonMs = (random: Random): number => (1 << random.below(11)) - 1;

/** The nodes of which files may be damaged at all: a minority of them, of two nodes or one node one. */
function victims(seed: number, nodeIds: readonly string[]): readonly string[] {
  const count = Math.max(1, majorityOf(nodeIds.length) - 1);
  return randomStream(seed, 'nemesis-files').shuffle(nodeIds).slice(0, count);
}

function fileNemesis(
  f: FileDamage['f'],
  summary: string,
  draw: (random: Random, nodes: readonly string[]) => FileDamage,
): Nemesis {
  return {
    name: f,
    summary,
    faults: ['kill', f, 'start'],
    create({ spec, nodeIds }) {
      const minority = victims(spec.seed, nodeIds);
      const generator = schedule<State>({
        spec,
        stream: `nemesis-${f}`,
        initial: { next: 'kill' },
        draw(state, random) {
          const soonMs = drawSoonMs(random);
          switch (state.next) {
            case 'kill': {
              const chosen = randomNonEmptySubset(random, minority);
              const nodes = nodeIds.filter((node) => chosen.includes(node));
              return { fault: { f: 'kill', nodes }, next: { next: 'damage', nodes }, soonMs };
            }
            case 'damage': {
              const next: State = { next: 'start', nodes: state.nodes };
              const fault = draw(random, state.nodes);
              return random.chance(1, 2) ? { fault, next } : { fault, next, soonMs };
            }
            case 'start':
              return { fault: { f: 'start', nodes: state.nodes }, next: { next: 'kill' } };
          }
        },
      });
      return { generator, heal: inject({ f: 'start', nodes: nodeIds }) };
    },
  };
}

export const truncateNemesis = fileNemesis(
  'truncate',
  'Kills nodes of a minority, cuts a file of each short by up to 8 KiB, and starts them again.',
  (random, nodes) => ({ f: 'truncate', nodes, dropBytes: drawDropBytes(random), seed: random.uint32() }),
);

export const bitflipNemesis = fileNemesis(
  'bitflip',
  'Kills nodes of a minority, flips up to 1 % of the bits of a file of each, and starts them again.',
  (random, nodes) => ({ f: 'bitflip', nodes, probability: drawProbability(random), seed: random.uint32() }),
);
