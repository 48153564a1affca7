/** Every nemesis that `--nemesis` can name. */
import type { Nemesis } from '../harness/test.ts';
import { clockNemesis } from './clock.ts';
import { partitionNemesis } from './partition.ts';
import { killNemesis, pauseNemesis } from './process.ts';

export const nemeses: ReadonlyMap<string, Nemesis> = new Map(
  [partitionNemesis, killNemesis, pauseNemesis, clockNemesis].map((nemesis) => [nemesis.name, nemesis]),
);
