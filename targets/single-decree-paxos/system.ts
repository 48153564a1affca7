/** Single-decree Paxos as a NodeSystem. */
import type { NodeSystem } from '../../protocol/system.ts';
import { bugs } from './bugs.ts';
import { correct, type SingleDecreeConfig } from './config.ts';
import { invariants } from './invariants.ts';
import type { SingleDecreeBody } from './messages.ts';
import { type SingleDecreeDescription, SingleDecreePaxos } from './single-decree-paxos.ts';

const except = 'faults that lose or change what was synced to disk';

export const singleDecreePaxos: NodeSystem<
  SingleDecreePaxos,
  SingleDecreeConfig,
  SingleDecreeBody,
  SingleDecreeDescription
> = {
  name: 'single-decree-paxos',
  summary: 'Single-decree Paxos: one decision per key, by any node, without a leader.',
  sources: ['Leslie Lamport: Paxos Made Simple (ACM SIGACT News, 2001), section 2'],
  services: ['consensus'],
  defaultWorkload: 'consensus',
  configure(service) {
    if (service !== 'consensus') {
      throw new RangeError(`single-decree-paxos offers the service consensus, not ${service}`);
    }
    return correct;
  },
  create: (boot) => new SingleDecreePaxos(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants,
  promises: [
    { property: 'consensus', under: 'all', except },
    { property: 'recovery', under: 'all', except },
    { property: 'invariants', under: 'all', except },
  ],
  marks: {
    'acceptor-restored': 'A node that restarted found on its disk what it had promised and accepted (§2.2).',
    'prepare-repeated': 'A proposer that no quorum had answered in time asked again, in the same ballot.',
    'accept-repeated': 'A proposer whose proposal no quorum had accepted in time sent it again, in the same ballot.',
    preempted: 'A proposer met a higher ballot, and abandoned its own (§2.2).',
    'value-adopted': 'A proposer proposed what acceptors had reported, in place of its own value (§2.2, P2c).',
    'learned-by-proposing': 'A node that only wanted to learn proposed what acceptors had reported (§2.3).',
    'nothing-chosen': 'A node that only wanted to learn found that nothing was chosen when it began.',
    unavailable: 'A request that certainly had no effect was given up: no quorum answered it in time.',
  },
};
