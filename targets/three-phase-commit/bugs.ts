/** The classic mistakes of three-phase commit. */
import type { Bug } from '../../protocol/system.ts';
import type { ThreePhaseConfig } from './config.ts';

const paper = 'Skeen 1981';
const book = 'Bernstein, Hadzilacos, Goodman 1987';

export const bugs: readonly Bug<ThreePhaseConfig>[] = [
  {
    name: 'no-precommit',
    summary: 'The coordinator commits as soon as all have voted yes: two phases, terminated as if there were three.',
    source: `${paper}, the fundamental nonblocking theorem`,
    config: { mistake: 'no-precommit' },
  },
  {
    name: 'recovers-by-abort',
    summary: 'A site that recovers without knowing the decision aborts, instead of asking.',
    source: `${paper}, failure transitions; ${book}, §7.5 (recovery)`,
    config: { mistake: 'recovers-by-abort' },
  },
  {
    name: 'wait-not-durable',
    summary: 'A site votes yes without having written that down: when it recovers, it believes that it never voted.',
    source: `${book}, §7.5 (DT log)`,
    config: { mistake: 'wait-not-durable' },
  },
  {
    name: 'precommit-aborts',
    summary: 'Whoever takes over aborts, also where sites are in precommit.',
    source: `${paper}, termination protocol (decision rule for backup coordinators)`,
    config: { mistake: 'precommit-aborts' },
  },
  {
    name: 'commits-from-wait',
    summary: 'Whoever takes over commits, also where all sites that are up are in wait.',
    source: `${paper}, termination protocol (decision rule for backup coordinators)`,
    config: { mistake: 'commits-from-wait' },
  },
  {
    name: 'impatient',
    summary: 'Who does not answer within 10 ms is taken for failed: less than messages and disks may take.',
    source: `${paper}, the assumption that failures are detected`,
    config: { tickMs: 10, answerTicks: 1, silenceTicks: 2, terminationTicks: 5 },
  },
];
