/** What the kernel under Docker can do to packets, found out by asking it to, in a container without a network. */
import type { FaultName } from '../../harness/fault.ts';
import { attach, hostDefaults, stdinOf } from './attached.ts';
import { ask, askOfGone, type Engine } from './engine.ts';
import { podProgramFolder } from './images.ts';
import { newRunLabels } from './labels.ts';
import { nftRuleset, noRules, type Rules, rateScript } from './rules.ts';

/** Each is undefined where the kernel can; else its words. */
export interface Kernel {
  /** nftables: drop packets of some peers. */
  readonly nftables: string | undefined;
  /** nftables' numgen: drop some of the packets. */
  readonly numgen: string | undefined;
  /** A token bucket for each peer. */
  readonly tbf: string | undefined;
  /** nftables: send a node's connections to a proxy. */
  readonly redirect: string | undefined;
  /** Delay; where it is missing, the hosts of nodes delay, and proxies. */
  readonly netem: string | undefined;
}

const peer = '192.0.2.1';
const lossy: Rules = { ...noRules, loss: new Map([[peer, 1]]) };
const slow: Rules = { ...noRules, rate: new Map([[peer, 1_000_000]]) };

const nft = (rules: Rules): string => `nft -f - <<'rules'\n${nftRuleset(rules, [peer])}rules`;

const redirection = `table ip ftest-redirect {
chain redirections {
type nat hook output priority -100; policy accept;
meta skuid != 1 ip daddr ${peer} tcp dport 1 redirect to :2
}
}`;

const scripts: Readonly<Record<keyof Kernel, string>> = {
  nftables: nft({ ...noRules, cut: new Set([peer]) }),
  numgen: nft(lossy),
  tbf: rateScript(slow, 'lo'),
  redirect: `nft -f - <<'rules'\n${redirection}\nrules`,
  netem: 'tc qdisc replace dev lo root netem delay 1ms',
};

/** @param image of pods. */
export async function askKernel({ docker }: Engine, image: string): Promise<Kernel> {
  const names = Object.keys(scripts) as (keyof Kernel)[];
  const script = names.map((name) => `words=$({ :\n${scripts[name]}\n} 2>&1)\necho "${name} $?" $words`).join('\n');
  const labels = newRunLabels();
  const container = await ask(
    'create a container',
    docker.createContainer({
      ...stdinOf(labels),
      Image: image,
      Cmd: [`${podProgramFolder}/bash`, '-c', script],
      Env: [`PATH=${podProgramFolder}`],
      Labels: labels,
      HostConfig: { ...hostDefaults(), CapAdd: ['NET_ADMIN'], NetworkMode: 'none' },
    }),
  );
  const lines: string[] = [];
  try {
    const { ended } = await attach(docker, container, (line) => lines.push(line));
    await ask('start a container', container.start());
    await ask('ask the kernel', ended);
  } finally {
    await askOfGone('remove a container', container.remove({ force: true, v: true }));
  }
  const said = (name: keyof Kernel): string | undefined => {
    const [, code, words] = lines.map((line) => line.match(`^${name} (\\d+) ?(.*)$`)).find((match) => match) ?? [];
    return code === '0' ? undefined : words || 'no answer';
  };
  return {
    nftables: said('nftables'),
    numgen: said('numgen'),
    tbf: said('tbf'),
    redirect: said('redirect'),
    netem: said('netem'),
  };
}

/** Why not, in a sentence; undefined where the kernel can. */
export const lack = (what: string, words: string | undefined): string | undefined =>
  words === undefined ? undefined : `the kernel has no ${what} (${words})`;

/** Why a fault cannot be injected for want of the kernel; undefined where it can. */
export function lackFor(fault: FaultName, { nftables, numgen, tbf }: Kernel): string | undefined {
  if (fault === 'partition' || fault === 'heal') return lack('nftables', nftables);
  if (fault === 'loss') return lack('nftables with numgen', numgen);
  if (fault === 'rate') return lack('token buckets', tbf);
  return undefined;
}
