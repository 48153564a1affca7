/** Every workload that `--workload` can name. */
import type { Workload } from '../harness/test.ts';
import { atomicCommitWorkload } from './atomic-commit.ts';
import { bankWorkload } from './bank.ts';
import { causalWorkload } from './causal.ts';
import { causalReverseWorkload } from './causal-reverse.ts';
import { consensusWorkload } from './consensus.ts';
import { counterWorkload } from './counter.ts';
import { echoWorkload } from './echo.ts';
import { kafkaWorkload } from './kafka.ts';
import { listAppendWorkload } from './list-append.ts';
import { lockWorkload } from './lock.ts';
import { longForkWorkload } from './long-fork.ts';
import { monotonicWorkload } from './monotonic.ts';
import { queueWorkload } from './queue.ts';
import { registerWorkload } from './register.ts';
import { rwRegisterWorkload } from './rw-register.ts';
import { sequentialWorkload } from './sequential.ts';
import { setWorkload } from './set.ts';
import { setFullWorkload } from './set-full.ts';
import { uniqueIdsWorkload } from './unique-ids.ts';
import { writeSkewWorkload } from './write-skew.ts';

export const workloads: ReadonlyMap<string, Workload> = new Map(
  [
    registerWorkload,
    listAppendWorkload,
    rwRegisterWorkload,
    bankWorkload,
    queueWorkload,
    setWorkload,
    setFullWorkload,
    counterWorkload,
    lockWorkload,
    longForkWorkload,
    uniqueIdsWorkload,
    writeSkewWorkload,
    monotonicWorkload,
    sequentialWorkload,
    causalWorkload,
    causalReverseWorkload,
    kafkaWorkload,
    atomicCommitWorkload,
    consensusWorkload,
    echoWorkload,
  ].map((workload) => [workload.name, workload]),
);
