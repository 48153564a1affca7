/** The classic checkers by their names, each as it is without options. */
import type { Checker } from '../checker.ts';
import { atomicCommitment } from './atomic-commitment.ts';
import { availability } from './availability.ts';
import { bank } from './bank.ts';
import { causal } from './causal.ts';
import { causalReverse } from './causal-reverse.ts';
import { consensus } from './consensus.ts';
import { counter } from './counter.ts';
import { kafka } from './kafka/kafka.ts';
import { lockOwnership } from './lock-ownership.ts';
import { longFork } from './long-fork.ts';
import { monotonic } from './monotonic.ts';
import { perf } from './perf.ts';
import { sequential } from './sequential.ts';
import { set } from './set.ts';
import { setFull } from './set-full.ts';
import { totalQueue } from './total-queue.ts';
import { uniqueIds } from './unique-ids.ts';
import { writeSkew } from './write-skew.ts';

export const classicCheckers: ReadonlyMap<string, Checker> = new Map(
  [
    set,
    setFull(),
    totalQueue(),
    uniqueIds,
    counter(),
    bank(),
    longFork,
    monotonic(),
    sequential,
    causal(),
    causalReverse,
    writeSkew,
    kafka(),
    lockOwnership(),
    atomicCommitment(),
    consensus,
    availability(),
    perf(),
  ].map((checker) => [checker.name, checker]),
);
