/**
 * The simulated network between nodes. Fault model, per directed link: messages take a drawn latency, each its own, so
 * that later ones may overtake; a link may be cut (what would arrive while it is cut is lost, as with a firewall at
 * the receiver), lose, duplicate, reorder, delay, or hold messages. It never alters a message and never invents one.
 * Clients' links and a node's messages to itself are not its business.
 */
import type { Fault, Link } from '../../harness/fault.ts';
import type { Random } from '../../harness/random.ts';
import { networkLatency } from './latency.ts';

const nsPerMs = 1_000_000;

/** What a reordered message waits on top of its latency, at most. */
const reorderDelayNsMax = 50 * nsPerMs;

type PacketFault = Extract<Fault, { readonly links: readonly Link[] }>;

export class Network<Packet> {
  readonly #random: Random;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #size: number;
  readonly #deliver: (delayNs: number, from: number, to: number, packet: Packet) => void;
  readonly #cut: Uint8Array;
  readonly #lossPercent: Float64Array;
  readonly #duplicatePercent: Float64Array;
  readonly #reorderPercent: Float64Array;
  readonly #delayNs: Float64Array;
  readonly #jitterNs: Float64Array;
  readonly #held: Uint8Array;
  readonly #waiting: { readonly from: number; readonly to: number; readonly packet: Packet }[] = [];
  /** False while no link has any packet fault: the common case, kept short. */
  #disturbed = false;

  /** @param deliver schedules the arrival of a packet `delayNs` from now. */
  constructor(
    nodeIds: readonly string[],
    random: Random,
    deliver: (delayNs: number, from: number, to: number, packet: Packet) => void,
  ) {
    this.#random = random;
    this.#deliver = deliver;
    this.#indexOf = new Map(nodeIds.map((id, index) => [id, index]));
    this.#size = nodeIds.length;
    const links = nodeIds.length * nodeIds.length;
    this.#cut = new Uint8Array(links);
    this.#lossPercent = new Float64Array(links);
    this.#duplicatePercent = new Float64Array(links);
    this.#reorderPercent = new Float64Array(links);
    this.#delayNs = new Float64Array(links);
    this.#jitterNs = new Float64Array(links);
    this.#held = new Uint8Array(links);
  }

  send(from: number, to: number, packet: Packet): void {
    const latency = networkLatency.draw(this.#random);
    if (this.#disturbed) this.#sendDisturbed(from, to, packet, latency);
    else this.#deliver(latency, from, to, packet);
  }

  /** Whether a packet that arrives now gets through. */
  admits(from: number, to: number): boolean {
    return this.#cut[from * this.#size + to] === 0;
  }

  #sendDisturbed(from: number, to: number, packet: Packet, latency: number): void {
    const link = from * this.#size + to;
    const random = this.#random;
    if (this.#held[link] === 1) {
      this.#waiting.push({ from, to, packet });
      return;
    }
    if (this.#happens(this.#lossPercent[link] as number)) return;
    const jitter = this.#jitterNs[link] as number;
    let delay = latency + (this.#delayNs[link] as number) + (jitter === 0 ? 0 : random.below(2 * jitter) - jitter);
    if (this.#happens(this.#reorderPercent[link] as number)) delay += random.below(reorderDelayNsMax);
    this.#deliver(Math.max(0, delay), from, to, packet);
    if (this.#happens(this.#duplicatePercent[link] as number)) {
      this.#deliver(Math.max(0, delay) + networkLatency.draw(random), from, to, packet);
    }
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#random.below(10_000) < percent * 100;
  }

  /** Cuts exactly these links; an earlier partition ends. */
  partition(cut: readonly Link[]): void {
    this.#cut.fill(0);
    for (const link of cut) this.#cut[this.#linkIndex(link)] = 1;
  }

  heal(): void {
    this.#cut.fill(0);
  }

  disturb(fault: PacketFault): void {
    for (const link of fault.links) {
      const index = this.#linkIndex(link);
      switch (fault.f) {
        case 'delay':
          this.#delayNs[index] = fault.timeMs * nsPerMs;
          this.#jitterNs[index] = fault.jitterMs * nsPerMs;
          break;
        case 'loss':
          this.#lossPercent[index] = fault.percent;
          break;
        case 'duplicate':
          this.#duplicatePercent[index] = fault.percent;
          break;
        case 'reorder':
          this.#reorderPercent[index] = fault.percent;
          break;
        case 'hold':
          this.#held[index] = 1;
          break;
        default:
          throw new Error(`the simulated network cannot ${fault.f}`);
      }
    }
    this.#disturbed = true;
  }

  /** Lets held messages go, in the order in which they were sent. */
  release(): void {
    this.#held.fill(0);
    for (const { from, to, packet } of this.#waiting.splice(0)) this.send(from, to, packet);
  }

  /** Ends every packet fault, `hold` included. */
  restore(): void {
    for (const column of [
      this.#lossPercent,
      this.#duplicatePercent,
      this.#reorderPercent,
      this.#delayNs,
      this.#jitterNs,
    ]) {
      column.fill(0);
    }
    this.#disturbed = false;
    this.release();
  }

  #linkIndex(link: Link): number {
    return this.#nodeIndex(link.from) * this.#size + this.#nodeIndex(link.to);
  }

  #nodeIndex(id: string): number {
    const index = this.#indexOf.get(id);
    if (index === undefined) throw new Error(`a fault names ${id}, which is no node of this cluster`);
    return index;
  }
}
