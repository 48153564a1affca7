/**
 * Breaks the network of the pods, and makes sure that it is broken as asked and nowhere else: after each change every pod
 * sends datagrams to every other, and the kernels of those that should get them count what has passed their rules.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../../harness/fault.ts';
import { DockerFailed } from './engine.ts';
import type { Pod } from './pod.ts';
import { countersScript, nftRuleset, probeScript, type Rules, rateScript, receivedProbes } from './rules.ts';

/** A datagram on a bridge of this machine takes microseconds, an address to be looked up first milliseconds. */
const probeRounds = 20;
const probePauseMs = 25;

/** So many are expected to be lost, and so many to pass, that none means that none can: e^-20. */
const countExpected = 20;
const probesMax = 20_000;

const linkKey = (from: string, to: string): string => `${from} ${to}`;

export class Network {
  /** By node id, in the order of the nodes. */
  readonly #pods: ReadonlyMap<string, Pod>;
  readonly #cut = new Set<string>();
  readonly #loss = new Map<string, number>();
  readonly #rate = new Map<string, number>();
  #ratesSet = false;

  constructor(pods: ReadonlyMap<string, Pod>) {
    this.#pods = pods;
  }

  /** These links are cut, and no others. */
  async partition(cut: readonly Link[]): Promise<void> {
    this.#cut.clear();
    for (const { from, to } of cut) this.#cut.add(linkKey(from, to));
    await this.apply();
  }

  async lose(links: readonly Link[], percent: number): Promise<void> {
    for (const { from, to } of links) this.#loss.set(linkKey(from, to), percent);
    await this.apply();
  }

  async limit(links: readonly Link[], bitsPerSecond: number): Promise<void> {
    for (const { from, to } of links) this.#rate.set(linkKey(from, to), bitsPerSecond);
    await this.apply();
  }

  /** Loss and rates are no more; cuts stay. */
  async restorePackets(): Promise<void> {
    this.#loss.clear();
    this.#rate.clear();
    await this.apply();
  }

  /** Whether all packets pass on a link; slowly, maybe. */
  passes(from: string, to: string): boolean {
    const key = linkKey(from, to);
    return !this.#cut.has(key) && !this.#loss.has(key);
  }

  /** Gives every pod its rules, and throws a DockerFailed if the network is not then as they say. */
  async apply(): Promise<void> {
    const peers = this.#addresses();
    await this.#each((pod, id) => pod.feed('nft -f -', nftRuleset(this.#rulesOf(id), peers)));
    if (this.#ratesSet || this.#rate.size > 0) {
      await this.#each((pod, id) => pod.run(rateScript(this.#rulesOf(id))));
      this.#ratesSet = this.#rate.size > 0;
    }
    await this.#verify();
  }

  #rulesOf(id: string): Rules {
    const address = (from: string): string => this.#pod(from).address;
    const others = [...this.#pods.keys()].filter((other) => other !== id);
    const valued = (values: ReadonlyMap<string, number>, key: (other: string) => string): Map<string, number> =>
      new Map(
        others.filter((other) => values.has(key(other))).map((other) => [address(other), values.get(key(other))!]),
      );
    return {
      cut: new Set(others.filter((from) => this.#cut.has(linkKey(from, id))).map(address)),
      loss: valued(this.#loss, (from) => linkKey(from, id)),
      rate: valued(this.#rate, (to) => linkKey(id, to)),
    };
  }

  async #verify(): Promise<void> {
    let wrong = 'nothing';
    for (let round = 0; round < probeRounds; round++) {
      const probes = await this.#probe();
      const link = probes.find(({ is, shouldBe }) => is !== shouldBe);
      if (link === undefined) return;
      wrong = `packets from ${link.from} to ${link.to} should ${link.shouldBe} and ${link.is}`;
      await sleep(probePauseMs);
    }
    throw new DockerFailed(`the network is not as it was set: ${wrong}`);
  }

  async #probe() {
    await this.#each((pod, from) =>
      pod.run(
        probeScript(
          new Map(
            this.#others(from).map((to) => [this.#pod(to).address, probesFor(this.#loss.get(linkKey(from, to)))]),
          ),
        ),
      ),
    );
    const received = new Map<string, ReadonlyMap<string, number>>();
    await this.#each(async (pod, to) => received.set(to, receivedProbes(await pod.run(countersScript))));
    return [...this.#pods.keys()].flatMap((from) =>
      this.#others(from).map((to) => {
        const count = received.get(to)?.get(this.#pod(from).address) ?? 0;
        return { from, to, ...this.#judge(linkKey(from, to), count) };
      }),
    );
  }

  /** Of the probes of one round so many have come through. */
  #judge(key: string, count: number): { readonly is: string; readonly shouldBe: string } {
    const percent = this.#loss.get(key);
    const sent = probesFor(percent);
    const is = count === 0 ? 'not pass' : count < sent ? 'pass in part' : 'pass';
    if (this.#cut.has(key) || percent === 100) return { is, shouldBe: 'not pass' };
    if (percent === undefined) return { is, shouldBe: 'pass' };
    // So little is lost, or passes, that even of so many it may be none.
    const mayBe = percent < 50 ? 'pass' : 'not pass';
    return { is, shouldBe: sent === probesMax && is === mayBe ? is : 'pass in part' };
  }

  #others(id: string): readonly string[] {
    return [...this.#pods.keys()].filter((other) => other !== id);
  }

  #addresses(): readonly string[] {
    return [...this.#pods.values()].map(({ address }) => address);
  }

  #pod(id: string): Pod {
    return this.#pods.get(id) as Pod;
  }

  async #each(act: (pod: Pod, id: string) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.#pods].map(([id, pod]) => act(pod, id)));
  }
}

/** So many that a loss of some percent shows, and that it is not of all; one where nothing is lost, or all. */
function probesFor(percent: number | undefined): number {
  if (percent === undefined || percent === 100) return 1;
  const rarer = Math.min(percent, 100 - percent) / 100;
  return Math.min(probesMax, Math.ceil(countExpected / rarer));
}
