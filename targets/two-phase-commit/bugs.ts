/** The classic mistakes of two-phase commit and of what belongs to it. */
import type { Bug } from '../../protocol/system.ts';
import type { CommitConfig } from './config.ts';

const book = 'Bernstein, Hadzilacos, Goodman 1987';
const presumedAbort = 'Mohan, Lindsay, Obermarck 1986';

export const bugs: readonly Bug<CommitConfig>[] = [
  {
    name: 'unilateral-abort',
    summary: 'A participant that has voted yes and hears nothing for half a second aborts.',
    source: `${book}, §7.4 (uncertainty period)`,
    config: { mistake: 'unilateral-abort' },
  },
  {
    name: 'unilateral-commit',
    summary: 'A participant that has voted yes and hears nothing for half a second commits.',
    source: `${book}, §7.4 (uncertainty period)`,
    config: { mistake: 'unilateral-commit' },
  },
  {
    name: 'prepare-not-durable',
    summary: 'A participant votes yes without having written down what it would commit.',
    source: `${book}, §7.4, DT log rule 2`,
    config: { mistake: 'prepare-not-durable' },
  },
  {
    name: 'decision-not-logged',
    summary: 'A coordinator tells of its commit without having written it down.',
    source: `${book}, §7.4, DT log rule 3`,
    config: { mistake: 'decision-not-logged' },
  },
  {
    name: 'commit-before-all-votes',
    summary: 'A coordinator commits when more than half of the participants have voted yes.',
    source: `${book}, §7.3, AC3`,
    config: { mistake: 'commit-before-all-votes' },
  },
  {
    name: 'early-lock-release',
    summary: 'A participant releases its locks when it votes, before it knows the decision.',
    source: `${book}, §3.5 (strict two-phase locking)`,
    config: { mistake: 'early-lock-release' },
  },
  {
    name: 'forgets-prepared-on-restart',
    summary: 'A participant that restarts takes up what it has committed, and not what it has voted yes on.',
    source: `${book}, §7.4 (recovery)`,
    config: { mistake: 'forgets-prepared-on-restart' },
  },
  {
    name: 'lost-decision-presumed-commit',
    summary: 'A coordinator that knows nothing of a transaction says that it was committed.',
    source: `${presumedAbort}, §3 (presumed abort)`,
    config: { mistake: 'lost-decision-presumed-commit' },
  },
  {
    name: 'ends-before-acknowledged',
    summary: 'A coordinator forgets a commit as soon as it has told of it, and presumes an abort when it is asked.',
    source: `${presumedAbort}, §2.1 and §3 (presumed abort)`,
    config: { mistake: 'ends-before-acknowledged' },
  },
  {
    name: 'votes-yes-when-unknown',
    summary: 'A participant that knows nothing of a transaction votes yes on it.',
    source: `${presumedAbort}, §2.2 (2P and failures)`,
    config: { mistake: 'votes-yes-when-unknown' },
  },
  {
    name: 'no-read-locks',
    summary: 'What a transaction only reads it does not lock.',
    source: `${book}, §3.2 (two-phase locking)`,
    config: { mistake: 'no-read-locks' },
  },
];
