/**
 * Latency distributions by table: 65 quantiles, evenly spaced, in nanoseconds; a draw interpolates between two. Log-
 * normal in shape, as networks and disks are, with the far tail cut off at a stated maximum. A table, because Math.exp
 * and Math.log may differ between engines, and a seed must not.
 */
import type { Random } from '../../harness/random.ts';

export class LatencyDistribution {
  readonly #quantilesNs: readonly number[];

  /** @param quantilesUs 65 quantiles, from the minimum to the maximum, in microseconds. */
  constructor(quantilesUs: readonly number[]) {
    if (quantilesUs.length !== 65) throw new Error(`expected 65 quantiles, got ${quantilesUs.length}`);
    this.#quantilesNs = quantilesUs.map((us) => us * 1000);
  }

  /** Nanoseconds, a whole number, between the first quantile and the last. */
  draw(random: Random): number {
    const bits = random.uint32();
    const index = bits >>> 26;
    const low = this.#quantilesNs[index] as number;
    const high = this.#quantilesNs[index + 1] as number;
    return low + Math.floor(((high - low) * ((bits >>> 10) & 0xffff)) / 0x10000);
  }
}

/** Between two nodes: median 1 ms, 95 % below 3.5 ms, at most 30 ms. */
export const networkLatency = new LatencyDistribution([
  150, 199, 247, 285, 316, 345, 372, 398, 422, 446, 469, 492, 514, 536, 559, 581, 603, 625, 648, 670, 693, 716, 740,
  763, 787, 812, 837, 863, 889, 915, 943, 971, 1000, 1030, 1061, 1092, 1125, 1159, 1195, 1232, 1270, 1310, 1352, 1396,
  1443, 1492, 1544, 1599, 1658, 1722, 1790, 1864, 1945, 2034, 2133, 2244, 2370, 2515, 2687, 2896, 3160, 3515, 4043,
  5030, 30000,
]);

/** From `sync` to durable: median 2 ms, 95 % below 6.5 ms, at most 60 ms. */
export const syncLatency = new LatencyDistribution([
  400, 443, 543, 619, 683, 741, 795, 846, 894, 941, 986, 1031, 1075, 1118, 1161, 1204, 1247, 1290, 1333, 1377, 1420,
  1465, 1509, 1554, 1600, 1647, 1694, 1742, 1791, 1842, 1893, 1946, 2000, 2056, 2113, 2172, 2233, 2296, 2361, 2429,
  2500, 2573, 2650, 2731, 2816, 2905, 3000, 3100, 3207, 3321, 3444, 3577, 3722, 3880, 4056, 4252, 4474, 4731, 5032,
  5396, 5853, 6464, 7367, 9033, 60000,
]);

/** Between a client and its node: a quarter of what nodes have between them, at most 2 ms. */
export const clientLatency = new LatencyDistribution([
  38, 50, 62, 71, 79, 86, 93, 100, 106, 112, 117, 123, 129, 134, 140, 145, 151, 156, 162, 168, 173, 179, 185, 191, 197,
  203, 209, 216, 222, 229, 236, 243, 250, 258, 265, 273, 281, 290, 299, 308, 318, 328, 338, 349, 361, 373, 386, 400,
  415, 431, 448, 466, 486, 509, 533, 561, 593, 629, 672, 724, 790, 879, 1011, 1258, 2000,
]);
