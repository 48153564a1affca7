/**
 * Processes that die or stand still. A kill loses what was not synced; a paused process does nothing, and what reaches
 * it waits. Any nodes may be hit, all of them included: what is durable survives. Whoever is down comes back before
 * long, often at once.
 */
import type { Nemesis } from '../harness/test.ts';
import { aimAtRandom, selectors } from './aim.ts';
import { inject, schedule } from './schedule.ts';

/** Two faults, the second of which undoes the first. */
interface Kind {
  readonly begin: 'kill' | 'pause';
  readonly end: 'start' | 'resume';
  readonly summary: string;
}

interface Down {
  readonly nodes: readonly string[];
  /** How often nodes have been hit since all were up. */
  readonly hits: number;
}

/** Nodes may be hit while others are still down, but not for ever. */
const hitsMax = 3;
const allUp: Down = { nodes: [], hits: 0 };

function processNemesis({ begin, end, summary }: Kind): Nemesis {
  return {
    name: begin,
    summary: `${summary} Aims at ${selectors.join(', ')}.`,
    faults: [begin, end],
    create({ spec, nodeIds }) {
      const generator = schedule<Down>({
        spec,
        stream: `nemesis-${begin}`,
        initial: allUp,
        draw(down, random, { view }) {
          const isUp = (node: string): boolean => !down.nodes.includes(node);
          const goesOn = down.hits === 0 || (down.hits < hitsMax && random.chance(1, 4));
          const nodes = goesOn ? aimAtRandom(random, view).filter(isUp) : [];
          if (nodes.length === 0) return { fault: { f: end, nodes: down.nodes }, next: allUp };
          const next = { nodes: nodeIds.filter((node) => !isUp(node) || nodes.includes(node)), hits: down.hits + 1 };
          if (random.chance(1, 2)) return { fault: { f: begin, nodes }, next };
          // 0 to 1023 ms, each power of two equally likely: who is back within an election timeout still meets the
          // messages of his former life.
          return { fault: { f: begin, nodes }, next, soonMs: (1 << random.below(11)) - 1 };
        },
      });
      return { generator, heal: inject({ f: end, nodes: nodeIds }) };
    },
  };
}

export const killNemesis = processNemesis({
  begin: 'kill',
  end: 'start',
  summary: 'Kills nodes, which loses what they had not synced, and starts them again.',
});

export const pauseNemesis = processNemesis({
  begin: 'pause',
  end: 'resume',
  summary: 'Makes nodes stand still and then go on as if no time had passed.',
});
