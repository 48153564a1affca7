import { describe, expect, test } from 'vitest';
import { any, limit, nemesis as onNemesis, sequence } from '../harness/combinators.ts';
import { type Fault, type FaultName, inverses } from '../harness/fault.ts';
import { defaultSpec, SpecError, type TestSpec } from '../harness/spec.ts';
import type { Setting } from '../harness/test.ts';
import { simulate } from '../harness/testing/simulate.ts';
import type { Op } from '../history/op.ts';
import { nemeses } from './index.ts';

interface Settings extends Partial<Omit<TestSpec, 'options'>> {
  readonly options?: TestSpec['options'];
}

function settingOf(settings: Settings = {}): Setting {
  const spec = { ...defaultSpec('raft', 'register', 1), nemesisIntervalMs: 1000, ...settings };
  return { spec, nodeIds: Array.from({ length: spec.nodes }, (_, i) => `n${i + 1}`) };
}

function partsOf(name: string, setting: Setting) {
  const nemesis = nemeses.get(name);
  if (nemesis === undefined) throw new Error(`no nemesis ${name}`);
  return nemesis.create(setting);
}

interface Injected {
  readonly timeMs: number;
  readonly fault: Fault;
}

/** What the named packages do side by side until `untilMs`, and then their heals. */
function inject(names: readonly string[], settings: Settings = {}, faults = 100): Injected[] {
  const setting = settingOf(settings);
  const parts = names.map((name) => partsOf(name, setting));
  const generator = sequence(
    limit(faults * names.length, any(...parts.map((part) => onNemesis(part.generator)))),
    ...parts.map((part) => onNemesis(part.heal)),
  );
  const history = simulate(generator, { nodeIds: setting.nodeIds, seed: setting.spec.seed, latencyMs: 0 });
  return injectedIn(history);
}

/** Every other line of the nemesis is an invocation. */
const injectedIn = (history: readonly Op[]): Injected[] =>
  history
    .filter((_, i) => i % 2 === 0)
    .map((op) => {
      expect(op.process).toBe('nemesis');
      const fault = op.value as unknown as Fault;
      expect(op.f).toBe(fault.f);
      return { timeMs: op.time / 1_000_000, fault };
    });

/** A cluster of which nothing is known but what faults do to it. */
class Cluster {
  readonly cut = new Set<string>();
  readonly shaped = new Set<string>();
  readonly down = new Set<string>();
  readonly paused = new Set<string>();
  readonly skewed = new Set<string>();

  carryOut(fault: Fault): void {
    switch (fault.f) {
      case 'partition':
        this.cut.clear();
        for (const { from, to } of fault.cut) this.cut.add(`${from} ${to}`);
        break;
      case 'heal':
        this.cut.clear();
        break;
      case 'delay':
      case 'loss':
        for (const { from, to } of fault.links) this.shaped.add(`${from} ${to}`);
        break;
      case 'restore-packets':
        this.shaped.clear();
        break;
      case 'kill':
        for (const node of fault.nodes) {
          this.down.add(node);
          this.paused.delete(node);
        }
        break;
      case 'start':
        for (const node of fault.nodes) this.down.delete(node);
        break;
      case 'pause':
        for (const node of fault.nodes) if (!this.down.has(node)) this.paused.add(node);
        break;
      case 'resume':
        for (const node of fault.nodes) this.paused.delete(node);
        break;
      case 'bump':
        for (const node of Object.keys(fault.deltaMs)) this.skewed.add(node);
        break;
      case 'drift':
        for (const node of Object.keys(fault.partsPerMillion)) this.skewed.add(node);
        break;
      case 'reset-clock':
        this.skewed.clear();
        break;
      case 'truncate':
      case 'bitflip':
        for (const node of fault.nodes) expect(this.down.has(node)).toBe(true);
        break;
      default:
        throw new Error(`unexpected ${fault.f}`);
    }
  }

  isWhole(): boolean {
    return this.cut.size + this.shaped.size + this.down.size + this.paused.size + this.skewed.size === 0;
  }
}

const names = [...nemeses.keys()];
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

describe.each(names)('%s', (name) => {
  test.each([1, 2, 3, 5, 9])('after its heal nothing is left of it, with %i nodes', (nodes) => {
    for (const seed of seeds) {
      for (const faults of [0, 1, 2, 7]) {
        const cluster = new Cluster();
        for (const { fault } of inject([name], { seed, nodes }, faults)) cluster.carryOut(fault);
        expect(cluster.isWhole()).toBe(true);
      }
    }
  });

  test('undoes by itself what it has begun, within five faults, and begins again', () => {
    for (const seed of seeds) {
      const cluster = new Cluster();
      let wholeAt = -1;
      const injected = inject([name], { seed }, 60);
      for (const [i, { fault }] of injected.entries()) {
        cluster.carryOut(fault);
        if (cluster.isWhole()) wholeAt = i;
        if (name !== 'partition') expect(i - wholeAt).toBeLessThan(5);
      }
      expect(injected.filter(({ fault }) => fault.f in inverses).length).toBeGreaterThan(10);
      expect(injected.filter(({ fault }) => !(fault.f in inverses)).length).toBeGreaterThan(10);
    }
  });

  test('never undoes what has not begun', () => {
    for (const seed of seeds) {
      const cluster = new Cluster();
      for (const { fault } of inject([name], { seed }, 60).slice(0, -1)) {
        if (fault.f in inverses) expect(cluster.isWhole()).toBe(false);
        cluster.carryOut(fault);
      }
    }
  });

  test('injects only the faults it declares, and each of them', () => {
    const injected = new Set(seeds.flatMap((seed) => inject([name], { seed })).map(({ fault }) => fault.f));
    expect([...injected].sort()).toEqual([...(nemeses.get(name)?.faults ?? [])].sort());
  });

  test('its faults are JSON', () => {
    const faults = inject([name]).map(({ fault }) => fault);
    expect(JSON.parse(JSON.stringify(faults))).toEqual(faults);
  });

  test('the same seed gives the same faults at the same times, another seed others', () => {
    expect(inject([name], { seed: 5 })).toEqual(inject([name], { seed: 5 }));
    expect(inject([name], { seed: 5 })).not.toEqual(inject([name], { seed: 6 }));
  });

  test('its faults are one interval apart on average, and two at most', () => {
    const times = inject([name], { nemesisIntervalMs: 400 }, 2000).map(({ timeMs }) => timeMs);
    const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
    // Kills and pauses that end at once shorten the average, and files that are damaged soon after a kill.
    const quick = !['partition', 'packet', 'clock'].includes(name);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean).toBeGreaterThan(quick ? 250 : 360);
    expect(mean).toBeLessThan(440);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(quick ? 1023 : 801);
  });

  test('strikes in the first half of the shortest run', () => {
    for (const seed of seeds) {
      const [first] = inject([name], { seed, timeLimitMs: 3000, nemesisIntervalMs: 10_000 }, 1);
      expect(first?.timeMs).toBeLessThan(1501);
    }
  });
});

test.each([
  [['partition', 'packet', 'kill', 'pause', 'clock']],
  [['partition', 'pause', 'clock', 'truncate']],
  [['partition', 'pause', 'clock', 'bitflip']],
])('each of %j does the same at the same times, whichever others run beside it', (packages) => {
  const together = inject(packages, {}, 60);
  for (const name of packages) {
    const own = new Set<FaultName>(nemeses.get(name)?.faults);
    const share = together.filter(({ fault }) => own.has(fault.f)).slice(0, -1);
    expect(share.length).toBeGreaterThan(20);
    const alone = inject([name], {}, share.length).slice(0, -1);
    // Lines of one instant have times one nanosecond apart.
    const rounded = (faults: Injected[]) => faults.map(({ timeMs, fault }) => [Math.floor(timeMs * 1000 + 0.5), fault]);
    expect(rounded(share)).toEqual(rounded(alone));
  }
});

describe('partition', () => {
  const partitions = (settings: Settings) =>
    seeds
      .flatMap((seed) => inject(['partition'], { ...settings, seed }))
      .map(({ fault }) => fault)
      .filter((fault): fault is Fault & { f: 'partition' } => fault.f === 'partition');

  test('draws every shape that the cluster can take, both ways', () => {
    const drawn = partitions({});
    // The view of these tests has no primaries.
    expect([...new Set(drawn.map(({ shape }) => shape))].sort()).toEqual(
      ['bridge', 'halves', 'majorities-ring', 'majority', 'minority-third', 'one'].sort(),
    );
    expect(new Set(drawn.map(({ direction }) => direction))).toEqual(new Set(['both']));
  });

  test('draws from the shapes and directions asked for', () => {
    const drawn = partitions({ options: { partition: 'halves,bridge', direction: 'to' } });
    expect(new Set(drawn.map(({ shape }) => shape))).toEqual(new Set(['halves', 'bridge']));
    expect(new Set(drawn.map(({ direction }) => direction))).toEqual(new Set(['to']));
    const random = partitions({ options: { direction: 'random' } });
    expect(new Set(random.map(({ direction }) => direction))).toEqual(new Set(['to', 'from', 'both']));
  });

  test('now and then changes into another without a heal', () => {
    const fs = inject(['partition']).map(({ fault }) => fault.f);
    expect(fs.filter((f, i) => f === 'partition' && fs[i - 1] === 'partition').length).toBeGreaterThan(3);
  });

  test('refuses a misspelt shape or direction with the near matches', () => {
    const create = (options: TestSpec['options']) => () => partsOf('partition', settingOf({ options }));
    expect(create({ partition: 'halfs' })).toThrow(new SpecError('unknown partition "halfs": did you mean halves?'));
    expect(create({ direction: 'sideways' })).toThrow(SpecError);
  });

  test('has nothing to cut in a cluster of one', () => {
    expect(inject(['partition'], { nodes: 1 }).map(({ fault }) => fault)).toEqual([{ f: 'heal' }]);
  });
});

describe('packet', () => {
  const faults = seeds.flatMap((seed) => inject(['packet'], { seed })).map(({ fault }) => fault);
  const delays = faults.filter((fault) => fault.f === 'delay');
  const losses = faults.filter((fault) => fault.f === 'loss');

  test('delays by 1 ms to 1 s, with no more jitter than that, and loses some packets but not all', () => {
    const times = delays.map(({ timeMs }) => timeMs);
    expect(Math.min(...times)).toBe(1);
    expect(Math.max(...times)).toBeGreaterThan(900);
    expect(Math.max(...times)).toBeLessThan(1024);
    for (const { timeMs, jitterMs } of delays) expect(jitterMs).toBeLessThanOrEqual(timeMs);
    expect(delays.some(({ jitterMs }) => jitterMs === 0)).toBe(true);
    expect(delays.some(({ jitterMs }) => jitterMs > 0)).toBe(true);
    const percents = losses.map(({ percent }) => percent);
    expect(Math.min(...percents)).toBe(1);
    expect(Math.max(...percents)).toBeGreaterThan(50);
    expect(Math.max(...percents)).toBeLessThan(64);
  });

  test('hits links of some nodes, one way or both, each once and none of a node to itself', () => {
    const counts = new Set<number>();
    for (const { links } of [...delays, ...losses]) {
      const keys = new Set(links.map(({ from, to }) => `${from} ${to}`));
      expect(keys.size).toBe(links.length);
      expect(links.length).toBeGreaterThan(0);
      for (const { from, to } of links) expect(from).not.toBe(to);
      counts.add(links.length);
    }
    // To one node or from it, both ways, and everywhere.
    for (const count of [4, 8, 20]) expect(counts).toContain(count);
  });

  test('has no links to hit in a cluster of one', () => {
    expect(inject(['packet'], { nodes: 1 }).map(({ fault }) => fault)).toEqual([{ f: 'restore-packets' }]);
  });
});

describe('kill', () => {
  const runs = seeds.map((seed) => inject(['kill'], { seed }));

  test('sometimes takes all nodes, sometimes a majority, sometimes one', () => {
    const most = runs.flatMap((run) => run.map(({ fault }) => (fault.f === 'kill' ? fault.nodes.length : 0)));
    expect(new Set(most)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });

  test('sometimes starts what it killed at the same instant', () => {
    const quick = runs.flatMap((run) =>
      run.filter(({ timeMs }, i) => i > 0 && timeMs - (run[i - 1] as Injected).timeMs < 0.001),
    );
    expect(quick.some(({ fault }) => fault.f === 'start')).toBe(true);
  });

  test('sometimes kills more while others are still down, never the same node twice', () => {
    let again = 0;
    for (const run of runs) {
      const down = new Set<string>();
      for (const { fault } of run) {
        if (fault.f === 'start') down.clear();
        if (fault.f !== 'kill') continue;
        if (down.size > 0) again++;
        for (const node of fault.nodes) {
          expect(down.has(node)).toBe(false);
          down.add(node);
        }
      }
    }
    expect(again).toBeGreaterThan(10);
  });
});

describe('clock', () => {
  const faults = seeds.flatMap((seed) => inject(['clock'], { seed })).map(({ fault }) => fault);
  const bumps = faults.flatMap((fault) => (fault.f === 'bump' ? Object.values(fault.deltaMs) : []));
  const drifts = faults.flatMap((fault) => (fault.f === 'drift' ? Object.values(fault.partsPerMillion) : []));

  test('bumps by 4 ms to 262 s, either way, mostly by less than five seconds', () => {
    const magnitudes = bumps.map(Math.abs);
    expect(bumps.every(Number.isInteger)).toBe(true);
    expect(Math.min(...magnitudes)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...magnitudes)).toBeGreaterThan(131_072);
    expect(Math.max(...magnitudes)).toBeLessThan(262_144);
    expect(magnitudes.filter((ms) => ms < 5000).length).toBeGreaterThan(0.7 * magnitudes.length);
    expect(bumps.filter((ms) => ms > 0).length / bumps.length).toBeCloseTo(0.5, 1);
  });

  test('drifts by 5 % at most, either way', () => {
    expect(Math.max(...drifts)).toBe(50_000);
    expect(Math.min(...drifts)).toBe(-50_000);
    expect(Math.min(...drifts.map(Math.abs))).toBe(1562);
  });
});

describe.each(['truncate', 'bitflip'] as const)('%s', (f) => {
  const runs = seeds.map((seed) => inject([f], { seed }).map(({ fault }) => fault));

  test('kills, damages, and starts the same nodes', () => {
    for (const run of runs) {
      for (const [i, fault] of run.slice(0, -1).entries()) {
        expect(fault.f).toBe((['kill', f, 'start'] as const)[i % 3]);
        if (i % 3 > 0) expect('nodes' in fault && fault.nodes).toEqual((run[i - 1] as { nodes: unknown }).nodes);
      }
    }
  });

  test('never hits more than a minority over a whole test, and sometimes fewer at once', () => {
    const minorities = new Set<string>();
    for (const run of runs) {
      const damages = run.flatMap((fault) => (fault.f === f ? [fault.nodes] : []));
      const hit = new Set(damages.flat());
      expect(hit.size).toBe(2);
      minorities.add([...hit].sort().join(' '));
      expect(new Set(damages.map((nodes) => nodes.length))).toEqual(new Set([1, 2]));
    }
    expect(minorities.size).toBeGreaterThan(5);
  });

  test('hits a node even where there is no minority', () => {
    for (const nodes of [1, 2]) {
      const damages = inject([f], { nodes }).flatMap(({ fault }) => (fault.f === f ? [fault.nodes] : []));
      for (const hit of damages) expect(hit).toHaveLength(1);
    }
  });
});

test('both kinds of damage to files hit the same minority', () => {
  for (const seed of seeds) {
    const hitBy = (f: 'truncate' | 'bitflip') =>
      new Set(inject([f], { seed }).flatMap(({ fault }) => (fault.f === f ? fault.nodes : [])));
    expect(hitBy('truncate')).toEqual(hitBy('bitflip'));
  }
});

test('every nemesis is listed under its own name, with a summary of one sentence or two', () => {
  for (const [name, nemesis] of nemeses) {
    expect(nemesis.name).toBe(name);
    expect(nemesis.summary).toMatch(/\.$/);
  }
  expect(names).toEqual(['partition', 'packet', 'kill', 'pause', 'clock', 'truncate', 'bitflip']);
});
