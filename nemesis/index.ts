/** Every nemesis that `--nemesis` can name. */
import type { Nemesis } from '../harness/test.ts';
import { clockNemesis } from './clock.ts';
import { bitflipNemesis, truncateNemesis } from './files.ts';
import { packetNemesis } from './packet.ts';
import { partitionNemesis } from './partition.ts';
import { killNemesis, pauseNemesis } from './process.ts';

export const nemeses: ReadonlyMap<string, Nemesis> = new Map(
  [partitionNemesis, packetNemesis, killNemesis, pauseNemesis, clockNemesis, truncateNemesis, bitflipNemesis].map(
    (nemesis) => [nemesis.name, nemesis],
  ),
);
