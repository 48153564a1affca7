/** Schedules of faults as data. */
import fc from 'fast-check';
import { type Fault, type FaultName, inverses, type Link } from '../harness/fault.ts';
import { randomStream } from '../harness/random.ts';
import { partition, shapesFor } from '../nemesis/partition.ts';
import { severalOf } from './lists.ts';
import { shownAs } from './readable.ts';

/** A fault, and when it is injected, in whole milliseconds since the run began. */
export interface ScheduledFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** Faults that begin something; what undoes them is scheduled with them. */
export type BeginningFault = Exclude<
  FaultName,
  'heal' | 'release' | 'restore-packets' | 'start' | 'resume' | 'reset-clock' | 'restore-disks' | 'add'
>;

export const beginningFaults = [
  'partition',
  'delay',
  'loss',
  'duplicate',
  'reorder',
  'corrupt',
  'rate',
  'hold',
  'kill',
  'pause',
  'bump',
  'drift',
  'strobe',
  'lose-unfsynced',
  'torn-write',
  'misdirect',
  'eio',
  'enospc',
  'slow-disk',
  'truncate',
  'bitflip',
  'remove',
] as const satisfies readonly BeginningFault[];

export interface FaultScheduleOptions {
  /** Names of the nodes, at least two. Default `n1` to `n5`. */
  readonly nodes?: readonly string[];
  /** Default: all of them. */
  readonly faults?: readonly BeginningFault[];
  /** Faults that are begun. Default 6. */
  readonly faultsMax?: number;
  /** All is healed by then. Default 60,000. */
  readonly durationMs?: number;
}

/** From when a fault is begun until it is undone. */
interface Episode {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Schedules of faults, in the order of time, each with its inverse after it, so that in the end all is healed. No node is
 * killed, paused, or removed twice without coming back between, and never is the last node removed. An inverse that undoes whole kinds of faults,
 * as a `heal` does all partitions, comes once for those that it undoes. No partition is of the shape `primaries`: a
 * schedule does not know them. What a runtime refuses is not known here either: name the faults that it can do.
 *
 * Shrinks to fewer faults, of the kinds named first, on fewer nodes, of shorter duration, at earlier times.
 */
export function faultSchedules(options: FaultScheduleOptions = {}): fc.Arbitrary<readonly ScheduledFault[]> {
  const { nodes = ['n1', 'n2', 'n3', 'n4', 'n5'], faults = beginningFaults } = options;
  const { faultsMax = 6, durationMs = 60_000 } = options;
  if (nodes.length < 2) throw new RangeError(`a schedule of faults needs two nodes at least, but has ${nodes.length}`);
  const time = fc.nat({ max: durationMs });
  const episode = fc
    .tuple(
      fc.constantFrom(...faults).chain((f) => faultsCalled(f, nodes)),
      time,
      time,
    )
    .map(([fault, a, b]): Episode => ({ fault, fromMs: Math.min(a, b), toMs: Math.max(a, b) }));
  return severalOf(episode, 1, faultsMax).map((episodes) => scheduled(episodes, nodes));
}

/** The largest power of two of what `log2Max` allows is as likely as the smallest. */
const powerOfTwo = (log2Max: number): fc.Arbitrary<number> => fc.nat({ max: log2Max }).map((log2) => 2 ** log2);

function faultsCalled(f: BeginningFault, nodes: readonly string[]): fc.Arbitrary<Fault> {
  const some = fc.subarray([...nodes], { minLength: 1 });
  const percent = fc.integer({ min: 1, max: 100 });
  const seed = fc.nat({ max: 0xffffffff });
  const signed = fc.tuple(powerOfTwo(18), fc.boolean()).map(([size, isBehind]) => (isBehind ? -size : size));
  const perNode = (amount: fc.Arbitrary<number>): fc.Arbitrary<Record<string, number>> =>
    some.chain((chosen) =>
      fc.tuple(...chosen.map((node) => amount.map((by) => [node, by] as const))).map(Object.fromEntries),
    );
  const links: fc.Arbitrary<readonly Link[]> = fc.subarray(linksBetween(nodes), { minLength: 1 });
  switch (f) {
    case 'partition':
      return fc
        .tuple(
          fc.constantFrom(...shapesFor(nodes.length).filter((shape) => shape !== 'primaries')),
          fc.constantFrom('both' as const, 'to' as const, 'from' as const),
          fc.nat({ max: 0xffff }),
        )
        .map(([shape, direction, seed]) =>
          partition(shape, direction, randomStream(seed, 'partition'), { nodeIds: nodes, primaries: () => [] }),
        );
    case 'delay':
      return fc
        .record({ links, timeMs: powerOfTwo(12), jitterMs: fc.nat({ max: 1000 }) })
        .map((how) => ({ f, ...how }));
    case 'loss':
    case 'duplicate':
    case 'reorder':
    case 'corrupt':
      return fc.record({ links, percent }).map((how) => ({ f, ...how }));
    case 'rate':
      return fc.record({ links, bitsPerSecond: powerOfTwo(30) }).map((how) => ({ f, ...how }));
    case 'hold':
      return links.map((on) => ({ f, links: on }));
    case 'kill':
    case 'pause':
    case 'lose-unfsynced':
    case 'torn-write':
    case 'misdirect':
    case 'enospc':
      return some.map((chosen) => ({ f, nodes: chosen }));
    case 'bump':
      return perNode(signed).map((deltaMs) => ({ f, deltaMs }));
    case 'drift':
      return perNode(fc.integer({ min: -50_000, max: 50_000 })).map((partsPerMillion) => ({ f, partsPerMillion }));
    case 'strobe':
      return fc
        .record({ nodes: some, deltaMs: powerOfTwo(18), periodMs: powerOfTwo(10), durationMs: powerOfTwo(15) })
        .map((how) => ({ f, ...how }));
    case 'truncate':
      return fc.record({ nodes: some, dropBytes: powerOfTwo(16), seed }).map((how) => ({ f, ...how }));
    case 'bitflip':
      return fc
        .record({ nodes: some, probability: powerOfTwo(20).map((parts) => 1 / parts), seed })
        .map((how) => ({ f, ...how }));
    case 'eio':
      return fc.record({ nodes: some, percent }).map((how) => ({ f, ...how }));
    case 'slow-disk':
      return fc.record({ nodes: some, factor: powerOfTwo(10) }).map((how) => ({ f, ...how }));
    case 'remove':
      return fc.constantFrom(...nodes).map((node) => ({ f, node }));
  }
}

const linksBetween = (nodes: readonly string[]): Link[] =>
  nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })));

/** What undoes a fault and whatever else is undone with it. */
function inverseOf(fault: Fault): Fault {
  switch (fault.f) {
    case 'kill':
    case 'truncate':
    case 'bitflip':
      return { f: 'start', nodes: fault.nodes };
    case 'pause':
      return { f: 'resume', nodes: fault.nodes };
    case 'remove':
      return { f: 'add', node: fault.node };
    case 'hold':
      return { f: 'release' };
    default: {
      const [f] = Object.entries(inverses).find(([, undone]) => undone.includes(fault.f))!;
      return { f } as Fault;
    }
  }
}

/** Whether the inverse ends the fault too, if it is injected while the fault lasts. */
function undoes(inverse: Fault, fault: Fault): boolean {
  if ('nodes' in inverse && 'nodes' in fault) {
    return isInverse(inverse, fault) && fault.nodes.every((node) => inverse.nodes.includes(node));
  }
  if (inverse.f === 'add') return fault.f === 'remove' && fault.node === inverse.node;
  return isInverse(inverse, fault);
}

const isInverse = (inverse: Fault, fault: Fault): boolean => inverses[inverse.f]?.includes(fault.f) === true;

function scheduled(episodes: readonly Episode[], nodes: readonly string[]): readonly ScheduledFault[] {
  const events = episodes
    .flatMap(({ fromMs, toMs }, episode) => [
      { atMs: fromMs, episode, begins: true },
      { atMs: toMs, episode, begins: false },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.episode - b.episode);
  const lasting = new Map<number, Fault>();
  const schedule: ScheduledFault[] = [];
  for (const { atMs, episode, begins } of events) {
    if (begins) {
      const fault = asItCanBe(episodes[episode]!.fault, [...lasting.values()], nodes);
      if (fault === undefined) continue;
      lasting.set(episode, fault);
      schedule.push({ atMs, fault });
    } else if (lasting.has(episode)) {
      const inverse = inverseOf(lasting.get(episode)!);
      for (const [other, fault] of lasting) if (undoes(inverse, fault)) lasting.delete(other);
      schedule.push({ atMs, fault: inverse });
    }
  }
  return shownAs(schedule, () => schedule.map(({ atMs, fault }) => `${atMs} ms ${wordsOf(fault)}`).join('\n'));
}

/** The fault on those nodes that it does not hit yet; undefined where there are none. */
function asItCanBe(fault: Fault, lasting: readonly Fault[], nodes: readonly string[]): Fault | undefined {
  if (fault.f === 'remove') {
    const removed = lasting.flatMap((other) => (other.f === 'remove' ? [other.node] : []));
    return removed.includes(fault.node) || removed.length === nodes.length - 1 ? undefined : fault;
  }
  if (fault.f !== 'kill' && fault.f !== 'pause') return fault;
  const down = lasting.flatMap((other) => (other.f === fault.f ? other.nodes : []));
  const up = fault.nodes.filter((node) => !down.includes(node));
  return up.length === 0 ? undefined : { ...fault, nodes: up };
}

/** `partition shape one direction both cut n1-n2 n1-n3`: a link both ways is `n1-n2`, from the first to the second only `n1>n2`. */
function wordsOf({ f, ...how }: Fault): string {
  const details = Object.entries(how).map(([name, value]) => ` ${name} ${detail(value)}`);
  return `${f}${details.join('')}`;
}

function detail(value: string | number | readonly (string | Link)[] | Readonly<Record<string, number>>): string {
  if (typeof value !== 'object') return String(value);
  if (!Array.isArray(value)) return Object.entries(value).join(' ').replaceAll(',', ' ');
  const nodes = value.filter((each) => typeof each === 'string');
  const links = value.filter((each) => typeof each !== 'string');
  const isCut = (from: string, to: string): boolean => links.some((link) => link.from === from && link.to === to);
  const words = links.flatMap(({ from, to }) => {
    if (!isCut(to, from)) return [`${from}>${to}`];
    return from < to ? [`${from}-${to}`] : [];
  });
  return [...nodes, ...words].join(' ');
}
