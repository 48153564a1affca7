import { describe, expect, test } from 'vitest';
import { randomStream } from '../../harness/random.ts';
import { Network } from './network.ts';

const link = { from: 'n1', to: 'n2' };

function setUp() {
  const sent: { delayNs: number; from: number; to: number; packet: number }[] = [];
  const network = new Network<number>(['n1', 'n2', 'n3'], randomStream(7, 'network'), (delayNs, from, to, packet) =>
    sent.push({ delayNs, from, to, packet }),
  );
  const send = (count: number) => {
    for (let i = 0; i < count; i++) network.send(0, 1, i);
    return sent.splice(0);
  };
  return { network, send };
}

describe('the simulated network', () => {
  test('delivers each message once, some after later ones', () => {
    const { send } = setUp();
    const packets = send(500);
    expect(packets.map(({ packet }) => packet)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(packets.some(({ delayNs }, i) => delayNs > (packets[i + 1]?.delayNs ?? delayNs))).toBe(true);
  });

  test('a cut stops one direction of one link until it is healed', () => {
    const { network } = setUp();
    network.partition([link]);
    expect([network.admits(0, 1), network.admits(1, 0), network.admits(0, 2)]).toEqual([false, true, true]);
    network.heal();
    expect(network.admits(0, 1)).toBe(true);
  });

  test('a new partition replaces the one before', () => {
    const { network } = setUp();
    network.partition([link]);
    network.partition([{ from: 'n3', to: 'n1' }]);
    expect([network.admits(0, 1), network.admits(2, 0)]).toEqual([true, false]);
  });

  test('loss of 30 % loses about 30 % of that link, and none after restore', () => {
    const { network, send } = setUp();
    network.disturb({ f: 'loss', links: [link], percent: 30 });
    const arrived = send(10_000).length;
    expect(arrived).toBeGreaterThan(6700);
    expect(arrived).toBeLessThan(7300);
    network.disturb({ f: 'loss', links: [{ from: 'n2', to: 'n1' }], percent: 100 });
    network.restore();
    expect(send(1000)).toHaveLength(1000);
  });

  test('duplicates arrive twice, the copy later', () => {
    const { network, send } = setUp();
    network.disturb({ f: 'duplicate', links: [link], percent: 100 });
    const [first, copy, ...rest] = send(1);
    expect(rest).toEqual([]);
    expect(copy!.packet).toBe(first!.packet);
    expect(copy!.delayNs).toBeGreaterThan(first!.delayNs);
  });

  test('delay adds its time, give or take the jitter', () => {
    const { network, send } = setUp();
    network.disturb({ f: 'delay', links: [link], timeMs: 100, jitterMs: 10 });
    for (const { delayNs } of send(500)) {
      expect(delayNs).toBeGreaterThanOrEqual(90_000_000);
      expect(delayNs).toBeLessThanOrEqual(140_000_000);
    }
  });

  test('reordered messages wait longer than any latency', () => {
    const { network, send } = setUp();
    network.disturb({ f: 'reorder', links: [link], percent: 50 });
    const delays = send(1000).map(({ delayNs }) => delayNs);
    expect(Math.max(...delays)).toBeGreaterThan(30_000_000);
    expect(delays.filter((delayNs) => delayNs < 10_000_000).length).toBeGreaterThan(400);
  });

  test('held messages wait and are all delivered on release', () => {
    const { network, send } = setUp();
    network.disturb({ f: 'hold', links: [link] });
    expect(send(5)).toEqual([]);
    network.release();
    expect(send(0).map(({ packet }) => packet)).toEqual([0, 1, 2, 3, 4]);
    expect(send(1)).toHaveLength(1);
  });

  test('a fault that names no node of the cluster is refused', () => {
    const { network } = setUp();
    expect(() => network.partition([{ from: 'n1', to: 'n9' }])).toThrow('n9');
  });
});
