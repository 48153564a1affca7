/**
 * Delays between nodes of others, by a proxy in each pod: a container of its own, without privileges, that joins the pod's
 * network. Rules of the pod send it what the node sends to its peers, but for what the proxy itself sends, which its user
 * id tells. Such rules concern connections that are made from then on: proxies come before nodes.
 *
 * After each change the ways are tried: whatever crosses a delayed link may not be back sooner than the delays say, must
 * once take as long as they say without their jitter, and must once be sooner when they are no more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Link } from '../../harness/fault.ts';
import { settleAll } from '../interruption.ts';
import { type Attached, attach, hostDefaults, stdinOf } from './attached.ts';
import type { Delays, ProxyAnswer, ProxyRequest, Route } from './delay-proxy.ts';
import { ask, DockerFailed } from './engine.ts';
import type { Labels } from './labels.ts';
import type { Delay } from './peer-link.ts';
import type { Pod } from './pod.ts';

/** Whose packets are not sent to the proxy: nobody's but its own. */
const userId = 7001;

/** A way that nothing blocks answers within milliseconds, and what was delayed before may still be on it. */
const probeRounds = 40;
const probePauseMs = 50;
/** Beyond the delays of the way, in seconds: then it counts as blocked. */
const probeTimeoutS = 5;
/** No longer in any case: scripts are given up then. Of longer delays it can only be said that there was no answer. */
const probeTimeoutSMax = 15;

/** A way that is slower than this may only be that of a busy machine. */
const noticeableMs = 50;

/** Real waits end early by less, for clocks are read in different places. */
const earlyMsMax = 1;

export interface DelayProxyOptions {
  readonly docker: Docker;
  /** By node id, in the order of the nodes. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** On which nodes listen for each other. */
  readonly peerPorts: readonly number[];
  readonly image: string;
  readonly command: readonly string[];
  /** The name of a node's proxy. */
  name(node: string): string;
  readonly labels: Labels;
  /** Whether packets pass on a link, all of them: of others nothing can be said. */
  passes(from: string, to: string): boolean;
  /** Called when a proxy has ended: the run cannot go on. */
  ended(node: string): void;
}

interface Proxy {
  readonly pod: Pod;
  readonly echoPort: number;
  ask(request: ProxyRequest): Promise<ProxyAnswer>;
}

/** From one node to another and back. */
interface Way {
  readonly from: string;
  readonly to: string;
  /** What it should take at least, or should have. */
  readonly leastMs: number;
  /** As long or longer it takes at least every other time. */
  readonly oftenMs: number;
}

/** How long one round trip took; undefined where there was no answer. */
interface Probe extends Way {
  readonly tookMs: number | undefined;
}

const linkKey = (from: string, to: string): string => `${from} ${to}`;

export class DelayProxies {
  readonly #options: DelayProxyOptions;
  readonly #proxies: ReadonlyMap<string, Proxy>;
  readonly #delays = new Map<string, Delay>();

  private constructor(options: DelayProxyOptions, proxies: ReadonlyMap<string, Proxy>) {
    this.#options = options;
    this.#proxies = proxies;
  }

  /** Starts a proxy in each pod; resolves when whatever nodes send to their peers goes through them. */
  static async start(options: DelayProxyOptions): Promise<DelayProxies> {
    const { pods } = options;
    const proxies = await settleAll(
      [...pods].map(async ([id, pod]) => [id, await startProxy(id, pod, options)] as const),
    );
    const all = new Map(proxies);
    await settleAll(proxies.map(([id]) => route(id, all, options)));
    return new DelayProxies(options, all);
  }

  /** These links are delayed so, the others as before. */
  async delay(links: readonly Link[], delay: Delay): Promise<void> {
    for (const { from, to } of links) this.#delays.set(linkKey(from, to), delay);
    await this.#tell();
    await this.#verify();
  }

  /** No link is delayed. */
  async restore(): Promise<void> {
    if (this.#delays.size === 0) return;
    const before = new Map(this.#delays);
    this.#delays.clear();
    await this.#tell();
    await this.#verifyNone(before);
  }

  async #tell(): Promise<void> {
    const ids = [...this.#proxies.keys()];
    const named = (key: (peer: string) => string): Delays =>
      Object.fromEntries(
        ids.flatMap((peer) => {
          const delay = this.#delays.get(key(peer));
          return delay === undefined ? [] : [[peer, delay] as const];
        }),
      );
    await Promise.all(
      [...this.#proxies].map(([id, proxy]) =>
        proxy.ask({
          type: 'delay',
          to: named((peer) => linkKey(id, peer)),
          from: named((peer) => linkKey(peer, id)),
        }),
      ),
    );
  }

  async #verify(): Promise<void> {
    const ways = this.#delayedWays(this.#delays);
    const probes = await this.#probe(ways);
    // A busy machine may not have got to it.
    const silent = probes.filter(({ tookMs }) => tookMs === undefined);
    const again = await this.#probe(silent);
    for (const { from, to, leastMs, tookMs } of [...probes, ...again]) {
      if (tookMs === undefined || tookMs >= leastMs - earlyMsMax) continue;
      throw new DockerFailed(
        `the way from ${from} to ${to} and back should take ${leastMs} ms at least, and took ${tookMs.toFixed(1)} ms`,
      );
    }
    const lost = again.find(({ tookMs, leastMs }) => tookMs === undefined && leastMs < 1000 * probeTimeoutSMax);
    if (lost !== undefined) {
      throw new DockerFailed(`nothing comes from ${lost.from} to ${lost.to} and back by the delay proxies`);
    }
    await this.#verifyJittery(probes);
  }

  /** Where the jitter is as long as the delay, any answer is slow enough: one must be as slow as half of them are. */
  async #verifyJittery(probes: readonly Probe[]): Promise<void> {
    const isQuick = ({ oftenMs, tookMs }: Probe): boolean => tookMs !== undefined && tookMs < oftenMs - earlyMsMax;
    let quick = probes.filter((probe) => probe.leastMs === 0 && isQuick(probe));
    for (let round = 1; round < probeRounds && quick.length > 0; round++) {
      quick = (await this.#probe(quick)).filter(isQuick);
    }
    const [way] = quick;
    if (way === undefined) return;
    throw new DockerFailed(
      `the way from ${way.from} to ${way.to} and back should often take ${way.oftenMs} ms, and never did`,
    );
  }

  /** Every way must once be quicker than it could be with the delays of before, if these can be told from a busy machine. */
  async #verifyNone(before: ReadonlyMap<string, Delay>): Promise<void> {
    let slow: readonly Way[] = this.#delayedWays(before).filter(({ leastMs }) => leastMs >= noticeableMs);
    for (let round = 0; round < probeRounds && slow.length > 0; round++) {
      if (round > 0) await sleep(probePauseMs);
      const probes = await this.#probe(slow);
      slow = probes.filter(({ tookMs, leastMs }) => tookMs === undefined || tookMs >= leastMs);
    }
    const [way] = slow;
    if (way === undefined) return;
    throw new DockerFailed(`the way from ${way.from} to ${way.to} and back is still slow, though no link is delayed`);
  }

  /** The ways there and back on which something is delayed, and nothing is cut or lost. */
  #delayedWays(delays: ReadonlyMap<string, Delay>): readonly Way[] {
    const ids = [...this.#proxies.keys()];
    return ids
      .flatMap((from) => ids.map((to): Way => ({ from, to, ...wayTakes(from, to, delays) })))
      .filter(({ from, to, oftenMs }) => oftenMs > 0 && this.#isOpen(from, to));
  }

  #isOpen(from: string, to: string): boolean {
    const { passes } = this.#options;
    return passes(from, to) && passes(to, from);
  }

  /** From each pod, as its node would, to each other. */
  async #probe(ways: readonly Way[]): Promise<readonly Probe[]> {
    const waits = [...this.#delays.values()].map(({ timeMs, jitterMs }) => timeMs + jitterMs);
    const wantedS = Math.ceil((2 * Math.max(0, ...waits)) / 1000) + probeTimeoutS;
    const timeoutS = Math.min(wantedS, probeTimeoutSMax);
    const probes = await Promise.all(
      [...this.#proxies].map(async ([id, { pod }]) => {
        const own = ways.filter(({ from }) => from === id);
        if (own.length === 0) return [];
        const goals = own.map(({ to }): Goal => {
          const { pod: peer, echoPort } = this.#proxies.get(to) as Proxy;
          return { id: to, address: peer.address, port: echoPort };
        });
        const output = await pod.run(probeScript(goals, timeoutS));
        return own.map((way): Probe => ({ ...way, tookMs: readProbe(output, way.to) }));
      }),
    );
    return probes.flat();
  }
}

/** How long the way there and back takes, in milliseconds: jitter adds as much as it takes away, and as often. */
function wayTakes(from: string, to: string, delays: ReadonlyMap<string, Delay>): Pick<Way, 'leastMs' | 'oftenMs'> {
  const both = [delays.get(linkKey(from, to)), delays.get(linkKey(to, from))];
  const links = both.filter((delay) => delay !== undefined);
  return {
    leastMs: links.reduce((sum, { timeMs, jitterMs }) => sum + Math.max(0, timeMs - jitterMs), 0),
    oftenMs: links.reduce((sum, { timeMs }) => sum + timeMs, 0),
  };
}

async function startProxy(id: string, pod: Pod, options: DelayProxyOptions): Promise<Proxy> {
  const { docker, image, command, labels, ended } = options;
  const name = options.name(id);
  const container = await ask(
    `create the container ${name}`,
    docker.createContainer({
      ...stdinOf(labels),
      name,
      Image: image,
      Cmd: [...command],
      User: `${userId}:${userId}`,
      Labels: labels,
      HostConfig: { ...hostDefaults(), NetworkMode: `container:${pod.id}` },
    }),
  );
  const waiting: ((answer: ProxyAnswer) => void)[] = [];
  const said: string[] = [];
  const proxy: Attached = await attach(docker, container, (line) => {
    if (line.startsWith('{')) waiting.shift()?.(JSON.parse(line) as ProxyAnswer);
    else said.push(line);
  });
  proxy.ended.then(() => ended(id)).catch(() => {});
  const gone = proxy.ended.then((): never => {
    throw new DockerFailed(`the delay proxy of ${id} has ended: ${said.slice(-5).join(' ')}`);
  });
  const answer = (): Promise<ProxyAnswer> => {
    const answered = new Promise<ProxyAnswer>((resolve) => {
      waiting.push(resolve);
    });
    return ask(`hear from the delay proxy of ${id}`, Promise.race([answered, gone]));
  };
  const ready = answer();
  await ask(`start the container ${name}`, container.start());
  const { echoPort } = (await ready) as Extract<ProxyAnswer, { type: 'ready' }>;
  return {
    pod,
    echoPort,
    ask(request) {
      const answered = answer();
      proxy.write(`${JSON.stringify(request)}\n`);
      return answered;
    },
  };
}

/** What the node of this pod opens to the others' ports, and what is tried out, goes by its proxy from now on. */
async function route(id: string, proxies: ReadonlyMap<string, Proxy>, { peerPorts }: DelayProxyOptions): Promise<void> {
  const { pod, ask: tell } = proxies.get(id) as Proxy;
  const routes = [...proxies].flatMap(
    ([
      peer,
      {
        pod: { address },
        echoPort,
      },
    ]): Route[] => (peer === id ? [] : [...peerPorts, echoPort].map((port) => ({ peer, address, port }))),
  );
  const { ports } = (await tell({ type: 'route', routes })) as Extract<ProxyAnswer, { type: 'routed' }>;
  await pod.feed('nft -f -', redirections(routes, ports));
}

/** Text for `nft -f -`. A table of its own: that of the faults is replaced again and again. */
function redirections(routes: readonly Route[], ports: readonly number[]): string {
  const table = 'table ip ftest-proxies';
  const rules = routes.map(
    ({ address, port }, index) =>
      `meta skuid != ${userId} ip daddr ${address} tcp dport ${port} redirect to :${ports[index]}`,
  );
  const chain = ['chain redirections {', 'type nat hook output priority -100; policy accept;', ...rules, '}'];
  return [table, `delete ${table}`, `${table} {`, ...chain, '}', ''].join('\n');
}

interface Goal {
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/**
 * A shell script that asks all at once, and says on a line for each answer whose it is, and when it was asked for and came,
 * in seconds since 1970. Who has not answered in time is given up: a connection that nobody answers would last minutes.
 */
function probeScript(goals: readonly Goal[], timeoutS: number): string {
  const probes = goals.map(
    ({ id, address, port }) => `(
  began=$EPOCHREALTIME
  exec 3<> /dev/tcp/${address}/${port} && printf x >&3 && read -r -n 1 -u 3 && echo "probe ${id} $began $EPOCHREALTIME"
) 2> /dev/null &
probes="$probes $!"`,
  );
  // There is no sleep in the pod: it reads what nobody writes.
  return `probes=
${probes.join('\n')}
( read -r -t ${timeoutS} <> <(:); kill $probes ) 2> /dev/null &
wait $probes 2> /dev/null
kill $! 2> /dev/null || :`;
}

/** Milliseconds; undefined where there was no answer. */
function readProbe(output: string, id: string): number | undefined {
  const [, began, ended] = output.match(new RegExp(`^probe ${id} (\\S+) (\\S+)$`, 'm')) ?? [];
  return ended === undefined ? undefined : (Number(ended) - Number(began)) * 1000;
}
