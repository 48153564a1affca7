/** Every reference target, by name. */
import type { NodeSystem } from '../protocol/system.ts';
import { echo } from './echo/echo.ts';
import { raft } from './raft/system.ts';

// A system's own types for state, configuration, and messages are nobody else's business.
export const targets: ReadonlyMap<string, NodeSystem> = new Map(
  [raft as unknown as NodeSystem, echo as unknown as NodeSystem].map((system) => [system.name, system]),
);
