/** Multi-Paxos as a NodeSystem. */
import type { NodeSystem } from '../../protocol/system.ts';
import { machineFor, machines } from '../machines/index.ts';
import { replicatedPromises } from '../machines/promises.ts';
import { bugs } from './bugs.ts';
import { correct, type PaxosConfig } from './config.ts';
import { invariants } from './invariants.ts';
import type { PaxosBody } from './messages.ts';
import { Paxos, type PaxosDescription } from './paxos.ts';

export const paxos: NodeSystem<Paxos, PaxosConfig, PaxosBody, PaxosDescription> = {
  name: 'paxos',
  summary:
    'Multi-Paxos: a replicated log with one phase 1 for all slots, snapshots, client sessions, and linearizable reads.',
  sources: [
    'Leslie Lamport: Paxos Made Simple (ACM SIGACT News, 2001)',
    'Tushar Chandra, Robert Griesemer, Joshua Redstone: Paxos Made Live (PODC 2007)',
    'Robbert van Renesse, Deniz Altinbuken: Paxos Made Moderately Complex (ACM Computing Surveys, 2015)',
  ],
  services: [...machines.keys()],
  defaultWorkload: 'register',
  configure: (service) => correct(machineFor('paxos', service)),
  create: (boot) => new Paxos(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants,
  promises: replicatedPromises,
  marks: {
    'leader-elected': 'A quorum promised, and phase 2 began (Paxos Made Simple, §3).',
    'prepare-repeated': 'A proposer that no quorum had answered in time asked again, in the same ballot.',
    'prepare-ignored': 'A node that had just heard from a leader promised nothing to another (Paxos Made Live, §5.2).',
    preempted: 'A proposer or a leader met a higher ballot, and stepped back (Paxos Made Moderately Complex, §3).',
    'stepped-down': 'A leader that no quorum answered stepped down.',
    'value-adopted': 'A new leader proposed again what acceptors had reported (Paxos Made Simple, §2.2, phase 2a).',
    'gap-filled': 'A new leader proposed a no-op for a slot of which nobody reported anything (Paxos Made Simple, §3).',
    'slots-resent': 'A leader sent a follower slots again that had not arrived.',
    'snapshot-taken': 'A node replaced what it had applied by a snapshot (Paxos Made Live, §5.5).',
    'snapshot-installed': "A node took over another's snapshot.",
    'ballot-confirmed': 'A leader began to ask a quorum whether its ballot holds, for the sake of reads.',
    'request-retried': 'A node sent a request to the leader again, having had no answer.',
    'command-deduplicated': 'A command that had been applied came again, and was not applied again.',
    unavailable: 'A request that certainly had no effect was given up: no leader, or no answer to a read.',
  },
};
