/** Whether the harness notices a network that is not as it was set, by pods whose kernels can be wrong. */
import { describe, expect, test } from 'vitest';
import { Network } from './network.ts';
import type { Pod } from './pod.ts';

const addresses: Readonly<Record<string, string>> = { n1: '10.0.0.1', n2: '10.0.0.2', n3: '10.0.0.3' };

/** A bridge between pods: each passes what its rules let through, or what `passes` says instead. */
class Bridge {
  readonly rulesets = new Map<string, string>();
  readonly scripts: string[] = [];
  passes: (from: string, to: string) => boolean | undefined = () => undefined;
  /** Of what passes a lossy link. */
  losesPercent = 50;
  readonly #received = new Map<string, number>();

  pods(): ReadonlyMap<string, Pod> {
    return new Map(Object.keys(addresses).map((id) => [id, this.#pod(id)]));
  }

  #pod(id: string): Pod {
    return {
      address: addresses[id],
      feed: async (_program: string, input: string) => {
        this.rulesets.set(id, input);
        return '';
      },
      run: async (script: string) => this.#run(id, script),
    } as unknown as Pod;
  }

  #run(id: string, script: string): string {
    this.scripts.push(script);
    if (script.includes('nft reset counters')) return this.#count(id);
    for (const [, count, address] of script.matchAll(/i < (\d+);.*udp\/([\d.]+)/g)) {
      this.#send(id, Object.keys(addresses).find((other) => addresses[other] === address) as string, Number(count));
    }
    return '';
  }

  #send(from: string, to: string, count: number): void {
    const ruleset = this.rulesets.get(to) as string;
    const address = (addresses[from] as string).replaceAll('.', '\\.');
    const cut = new RegExp(`saddr \\{[^}]*\\b${address}\\b[^}]*\\} drop`).test(ruleset);
    const lossy = new RegExp(`saddr ${address} numgen`).test(ruleset);
    const passes = this.passes(from, to) ?? !cut;
    this.#received.set(`${from} ${to}`, passes ? Math.ceil(lossy ? count * (1 - this.losesPercent / 100) : count) : 0);
  }

  #count(to: string): string {
    return Object.entries(addresses)
      .map(([from, address]) => {
        const packets = this.#received.get(`${from} ${to}`) ?? 0;
        return `counter from_${address.replaceAll('.', '_')} {\n packets ${packets} bytes ${29 * packets}\n}`;
      })
      .join('\n');
  }
}

const cut = [{ from: 'n1', to: 'n2' }];

describe('a partition', () => {
  test('is rules in the kernel that packets come to, in its direction only, and nothing after the heal', async () => {
    const bridge = new Bridge();
    const network = new Network(bridge.pods());
    await network.partition(cut);
    expect(bridge.rulesets.get('n2')).toContain('ip saddr { 10.0.0.1 } drop');
    expect(bridge.rulesets.get('n1')).not.toContain('} drop');
    await network.partition([{ from: 'n3', to: 'n1' }]);
    expect(bridge.rulesets.get('n2')).not.toContain('} drop');
    expect(bridge.rulesets.get('n1')).toContain('ip saddr { 10.0.0.3 } drop');
    await network.partition([]);
    for (const ruleset of bridge.rulesets.values()) expect(ruleset).not.toContain('} drop');
  });

  test('that is not there fails the run', async () => {
    const bridge = new Bridge();
    bridge.passes = () => true;
    await expect(new Network(bridge.pods()).partition(cut)).rejects.toThrow(
      'the network is not as it was set: packets from n1 to n2 should not pass and pass',
    );
  });

  test('that cuts more than it should fails the run', async () => {
    const bridge = new Bridge();
    bridge.passes = (from, to) => (from === 'n3' && to === 'n2' ? false : undefined);
    await expect(new Network(bridge.pods()).partition(cut)).rejects.toThrow(
      'packets from n3 to n2 should pass and not pass',
    );
  });

  test('that outlasts the heal fails the run', async () => {
    const bridge = new Bridge();
    const network = new Network(bridge.pods());
    await network.partition(cut);
    bridge.passes = (from, to) => (from === 'n1' && to === 'n2' ? false : undefined);
    await expect(network.partition([])).rejects.toThrow('packets from n1 to n2 should pass and not pass');
  });
});

describe('loss', () => {
  test('is there when some probes are lost and some are not, and stays through a partition', async () => {
    const bridge = new Bridge();
    const network = new Network(bridge.pods());
    await network.lose(cut, 20);
    await network.partition([{ from: 'n3', to: 'n1' }]);
    expect(bridge.rulesets.get('n2')).toContain('ip saddr 10.0.0.1 numgen random mod 1000000 < 200000 drop');
    await network.restorePackets();
    expect(bridge.rulesets.get('n2')).not.toContain('numgen');
    expect(bridge.rulesets.get('n1')).toContain('ip saddr { 10.0.0.3 } drop');
  });

  test('that loses all fails the run', async () => {
    const bridge = new Bridge();
    bridge.passes = (from, to) => from !== 'n1' || to !== 'n2';
    for (const percent of [20, 63, 99]) {
      await expect(new Network(bridge.pods()).lose(cut, percent)).rejects.toThrow('should pass in part and not pass');
    }
  });

  test('that loses nothing fails the run, of however much it should lose', async () => {
    const bridge = new Bridge();
    bridge.losesPercent = 0;
    for (const percent of [1, 50, 63, 99, 99.99]) {
      await expect(new Network(bridge.pods()).lose(cut, percent)).rejects.toThrow('should pass in part and pass');
    }
    await expect(new Network(bridge.pods()).lose(cut, 100)).rejects.toThrow('should not pass and pass');
  });

  test('of so little, or all but so little, that none of the probes need show it is taken for there', async () => {
    const bridge = new Bridge();
    bridge.losesPercent = 0;
    await new Network(bridge.pods()).lose(cut, 0.01);
    bridge.passes = (from, to) => from !== 'n1' || to !== 'n2';
    await new Network(bridge.pods()).lose(cut, 99.99);
    await new Network(bridge.pods()).lose(cut, 100);
    await expect(new Network(bridge.pods()).lose(cut, 0.01)).rejects.toThrow('should pass in part and not pass');
  });
});

test('rates are token buckets where packets leave, taken away with the packets restored', async () => {
  const bridge = new Bridge();
  const network = new Network(bridge.pods());
  await network.limit(cut, 1_000_000);
  expect(bridge.rulesets.get('n1')).toContain('ip daddr 10.0.0.2 meta priority set 1:10');
  expect(bridge.scripts.join('\n')).toContain('parent 1:10 tbf rate 1000000bit');
  bridge.scripts.length = 0;
  await network.restorePackets();
  expect(bridge.scripts.join('\n')).toContain('tc qdisc del dev eth0 root');
  expect(bridge.scripts.join('\n')).not.toContain('tbf');
});
