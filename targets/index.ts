/** Every reference target, by name. */
import type { NodeSystem } from '../protocol/system.ts';
import { echo } from './echo/echo.ts';
import { paxos } from './paxos/system.ts';
import { raft } from './raft/system.ts';
import { singleDecreePaxos } from './single-decree-paxos/system.ts';
import { threePhaseCommit } from './three-phase-commit/system.ts';
import { twoPhaseCommit } from './two-phase-commit/system.ts';

// A system's own types for state, configuration, and messages are nobody else's business.
export const targets: ReadonlyMap<string, NodeSystem> = new Map(
  [
    raft as unknown as NodeSystem,
    paxos as unknown as NodeSystem,
    singleDecreePaxos as unknown as NodeSystem,
    twoPhaseCommit as unknown as NodeSystem,
    threePhaseCommit as unknown as NodeSystem,
    echo as unknown as NodeSystem,
  ].map((system) => [system.name, system]),
);
