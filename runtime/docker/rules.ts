/**
 * What the kernel of one pod does to packets, as text for `nft` and `tc`.
 *
 * Fault model: packets that come from the named peers are dropped as they arrive, all of them (a cut) or each with a
 * probability (loss); what is sent to a peer is held to a rate by a token bucket. All other packets, those of clients
 * among them, pass. A set of rules takes the place of the earlier one in one transaction.
 */

/** What happens to the packets between a pod and its peers; peers are IPv4 addresses. */
export interface Rules {
  /** Whose packets are dropped. */
  readonly cut: ReadonlySet<string>;
  /** Of whose packets how many percent are dropped. */
  readonly loss: ReadonlyMap<string, number>;
  /** To whom how many bits a second go. */
  readonly rate: ReadonlyMap<string, number>;
}

export const noRules: Rules = { cut: new Set(), loss: new Map(), rate: new Map() };

/** The port of the probes. Nobody listens: the kernel counts what gets past the rules, and drops it. */
const probePort = 9;

const table = 'table ip ftest';
const outOf = 1_000_000;

/** Text for `nft -f -`, which is one transaction. Counts probes of each peer anew. */
export function nftRuleset({ cut, loss, rate }: Rules, peers: readonly string[]): string {
  const lines = [table, `delete ${table}`, `${table} {`];
  for (const peer of peers) lines.push(`counter ${counterOf(peer)} {`, '}');
  lines.push('chain faults {', 'type filter hook input priority -10; policy accept;');
  if (cut.size > 0) lines.push(`ip saddr { ${[...cut].join(', ')} } drop`);
  for (const [peer, percent] of loss) {
    // What a proxy in the pod passes on for a peer has been lost or not when it came to the proxy.
    lines.push(
      `iifname != lo ip saddr ${peer} numgen random mod ${outOf} < ${Math.round((percent / 100) * outOf)} drop`,
    );
  }
  lines.push('}', 'chain probes {', 'type filter hook input priority 0; policy accept;');
  for (const peer of peers) lines.push(`ip saddr ${peer} udp dport ${probePort} counter name ${counterOf(peer)} drop`);
  lines.push('}', 'chain classes {', 'type filter hook output priority 0; policy accept;');
  for (const [index, peer] of [...rate.keys()].entries()) {
    lines.push(`ip daddr ${peer} meta priority set ${classOf(index)}`);
  }
  lines.push('}', '}');
  return `${lines.join('\n')}\n`;
}

/** A shell script that holds what goes out by a device to the rates; fails if the kernel cannot. */
export function rateScript({ rate }: Rules, device = 'eth0'): string {
  const commands = [`(tc qdisc del dev ${device} root 2> /dev/null; true)`];
  if (rate.size > 0) commands.push(`tc qdisc add dev ${device} root handle 1: htb`);
  for (const [index, bitsPerSecond] of [...rate.values()].entries()) {
    const id = classOf(index);
    commands.push(`tc class add dev ${device} parent 1: classid ${id} htb rate 10gbit quantum 60000`);
    commands.push(`tc qdisc add dev ${device} parent ${id} tbf rate ${bitsPerSecond}bit burst 16kb latency 1s`);
  }
  return commands.join(' && ');
}

/** The first class is 1:10; classes and handles are hexadecimal. */
const classOf = (index: number): string => `1:${(index + 16).toString(16)}`;

/** A shell script that sends so many probes to each peer. */
export const probeScript = (probes: ReadonlyMap<string, number>): string =>
  [...probes]
    .map(([peer, count]) => `for ((i = 0; i < ${count}; i++)); do echo > /dev/udp/${peer}/${probePort}; done`)
    .join('\n');

/** A shell script that lists what `receivedProbes` reads, and counts anew. */
export const countersScript = 'nft reset counters table ip ftest';

/** How many probes of each peer got past the rules. */
export function receivedProbes(listing: string): ReadonlyMap<string, number> {
  const counters = listing.matchAll(/counter from_(\S+) \{\s*packets (\d+)/g);
  return new Map([...counters].map(([, peer, packets]) => [(peer as string).replaceAll('_', '.'), Number(packets)]));
}

const counterOf = (peer: string): string => `from_${peer.replaceAll('.', '_')}`;
