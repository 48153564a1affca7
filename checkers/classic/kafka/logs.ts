/** What is known of the logs: which message stood at which offset. */
import { type Accesses, CRASHED, FAIL, type LogOps, NONE, OK } from './log-ops.ts';

export interface Log {
  /** Offsets at which there is a message, ascending. An index is a position in this list: offsets without gaps. */
  readonly offsets: readonly number[];
  /** At each index the messages that stood there for some; more than one is an error. */
  readonly messages: readonly (readonly number[])[];
}

export interface Logs {
  /** Of each key. */
  readonly logs: readonly Log[];
  /** Of each slot its index in its log; NONE where no message is known to stand there. */
  readonly indexOfSlot: Int32Array;
  /** Of each message the first index and the last at which it stood; NONE where it did not. */
  readonly firstIndex: Int32Array;
  readonly lastIndex: Int32Array;
}

/**
 * Whether the sends of each op are in the log for certain: those of an ok op are, and those of a crashed one if an ok poll had any
 * of them. For an op of several sends is a transaction: what it sent becomes visible all at once.
 */
export function committedOps({ ops, sends, polls, messages }: LogOps): Uint8Array {
  const isPolled = new Uint8Array(messages.count);
  for (const { ends, pollsFrom, pollsTo } of ops) {
    if (ends !== OK) continue;
    for (let poll = pollsFrom; poll < pollsTo; poll++) isPolled[polls.message[poll]!] = 1;
  }
  return Uint8Array.from(ops, ({ ends, sendsFrom, sendsTo }) => {
    if (ends !== CRASHED) return ends === OK ? 1 : 0;
    for (let send = sendsFrom; send < sendsTo; send++) if (isPolled[sends.message[send]!] === 1) return 1;
    return 0;
  });
}

/** The messages of committed sends and of all polls, but for what a failed one had of failed sends, in the order of their offsets. n log n. */
export function logsOf({ ops, sends, polls, messages }: LogOps, committed: Uint8Array): Logs {
  const { slotKeys, slotOffsets } = messages;
  const standing: (number[] | undefined)[] = new Array<undefined>(slotKeys.length).fill(undefined);
  const stand = ({ message, slot }: Accesses, access: number): void => {
    const at = slot[access]!;
    if (at === NONE) return;
    const others = standing[at];
    if (others === undefined) standing[at] = [message[access]!];
    else if (others.at(-1) !== message[access]) others.push(message[access]!);
  };
  const neverSent = new Uint8Array(messages.count);
  for (const { ends, sendsFrom, sendsTo } of ops) {
    for (let send = sendsFrom; send < sendsTo; send++) neverSent[sends.message[send]!] = ends === FAIL ? 1 : 0;
  }
  ops.forEach(({ ends, sendsFrom, sendsTo, pollsFrom, pollsTo }, op) => {
    if (committed[op] === 1) for (let send = sendsFrom; send < sendsTo; send++) stand(sends, send);
    for (let poll = pollsFrom; poll < pollsTo; poll++) {
      // A poll that failed may have been of what never was in the log.
      if (ends !== FAIL || neverSent[polls.message[poll]!] === 0) stand(polls, poll);
    }
  });

  const slotsOf = messages.keys.map((): number[] => []);
  standing.forEach((inside, slot) => {
    if (inside !== undefined) slotsOf[slotKeys[slot]!]!.push(slot);
  });
  const indexOfSlot = new Int32Array(slotKeys.length).fill(NONE);
  const firstIndex = new Int32Array(messages.count).fill(NONE);
  const lastIndex = new Int32Array(messages.count).fill(NONE);
  const logs = slotsOf.map((slots): Log => {
    slots.sort((a, b) => slotOffsets[a]! - slotOffsets[b]!);
    slots.forEach((slot, index) => {
      indexOfSlot[slot] = index;
      if (standing[slot]!.length > 1) standing[slot] = [...new Set(standing[slot])];
      for (const message of standing[slot]!) {
        if (firstIndex[message] === NONE) firstIndex[message] = index;
        lastIndex[message] = index;
      }
    });
    return { offsets: slots.map((slot) => slotOffsets[slot]!), messages: slots.map((slot) => standing[slot]!) };
  });
  return { logs, indexOfSlot, firstIndex, lastIndex };
}
