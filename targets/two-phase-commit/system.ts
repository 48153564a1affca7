/** Two-phase commit as a NodeSystem. */
import type { NodeSystem } from '../../protocol/system.ts';
import { bugs } from './bugs.ts';
import { type CommitConfig, correct } from './config.ts';
import { invariants } from './invariants.ts';
import type { CommitBody } from './messages.ts';
import { offers } from './offers.ts';
import { type CommitDescription, TwoPhaseCommit } from './two-phase-commit.ts';

const except = 'faults that lose or change what was synced to disk';

export const twoPhaseCommit: NodeSystem<TwoPhaseCommit, CommitConfig, CommitBody, CommitDescription> = {
  name: 'two-phase-commit',
  summary: 'Two-phase commit: transactions over sharded data, with strict two-phase locking and presumed abort.',
  sources: [
    'C. Mohan, Bruce Lindsay, Ron Obermarck: Transaction Management in the R* Distributed Database Management System (ACM TODS, 1986)',
    'Philip Bernstein, Vassos Hadzilacos, Nathan Goodman: Concurrency Control and Recovery in Database Systems (1987), chapters 3 and 7',
    'Daniel Rosenkrantz, Richard Stearns, Philip Lewis: System Level Concurrency Control for Distributed Database Systems (ACM TODS, 1978)',
    'Jim Gray: Notes on Data Base Operating Systems (1978)',
  ],
  services: [...offers.keys()],
  defaultWorkload: 'list-append',
  configure(service) {
    const offer = offers.get(service);
    if (offer === undefined) {
      throw new RangeError(`two-phase-commit offers the services ${[...offers.keys()].join(', ')}, not ${service}`);
    }
    return correct(offer);
  },
  create: (boot) => new TwoPhaseCommit(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants,
  blocks: true,
  promises: [
    'atomic-commitment',
    'list-append',
    'rw-register',
    'long-fork',
    'linearizable',
    'causal',
    'bank',
    'recovery',
    'invariants',
  ].map((property) => ({ property, under: 'all', except })),
  marks: {
    'waited-for-lock': 'A transaction had to wait for a lock.',
    wounded: 'An older transaction took the locks of a younger one (wound-wait).',
    'voted-no': 'A participant voted no.',
    'read-only-vote': 'A participant with nothing to write released its locks when it voted.',
    'coordinator-timed-out': 'A coordinator aborted because steps or votes did not come in time.',
    'participant-timed-out': 'A participant aborted alone a transaction on which it had not voted.',
    'decision-inquired': 'A participant that had voted yes asked for the decision.',
    'abort-presumed': 'A coordinator said of a transaction that it did not know that it was aborted.',
    'commit-repeated': 'A coordinator told again of a commit that was not acknowledged.',
    'commit-resumed': 'A coordinator that restarted found a commit on its log that was not acknowledged.',
    'prepared-restored': 'A participant that restarted found a transaction on its log on which it had voted yes.',
    'checkpoint-taken': 'A node replaced its log by a checkpoint.',
  },
};
