/**
 * What one client does to a register, and sees of it afterwards, as Jepsen's tests/causal.clj has it: each key is read, written, read,
 * written, and read by one client alone, one op after the other.
 */
import { causal } from '../checkers/classic/causal.ts';
import { concurrent, each, once, sequence } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { stream } from './run-memory.ts';

const read: OpDraft = { f: 'read', value: null };
const writing = (value: number): OpDraft => ({ f: 'write', value });

/** What is done to each key. */
const ops = [read, writing(1), read, writing(2), read];

/** An op on a key that only the probes of one client use. */
const probing = (op: OpDraft, context: Context): OpDraft => {
  const thread = context.free[0]!;
  return { ...op, key: `recovery ${thread}`, process: context.process(thread) };
};

export const causalWorkload: Workload = {
  name: 'causal',
  summary:
    'Reads and writes of registers that one client has for itself; each read must see what the client did before.',
  service: 'register',
  create: () => ({
    generator: concurrent({
      threadsPerKey: 1,
      keys: (ordinal) => ordinal,
      generator: () => sequence(...ops.map(once)),
    }),
    probes: [
      {
        f: 'write',
        generator: each((context) => probing(writing(context.stream(stream).below(1_000_000_000)), context)),
      },
      { f: 'read', generator: each((context) => probing(read, context)) },
    ],
    checkers: [causal()],
  }),
};
