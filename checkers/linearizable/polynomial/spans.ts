/** When each call began and ended, as positions in the order of events. */
import type { Calls } from '../calls.ts';

/** Later than every event. */
export const NEVER = 0x7fffffff;

export interface Spans {
  /** Position of the invocation of each call. */
  readonly invoked: Int32Array;
  /** Position of its return; NEVER where it crashed. */
  readonly returned: Int32Array;
}

/** Linear. Call a precedes call b where `returned[a] < invoked[b]`. */
export function spansOf(calls: Calls): Spans {
  const { events, length } = calls;
  const invoked = new Int32Array(length);
  const returned = new Int32Array(length).fill(NEVER);
  for (let position = 0; position < events.length; position++) {
    const event = events[position]!;
    if ((event & 1) === 0) invoked[event >>> 1] = position;
    else returned[event >>> 1] = position;
  }
  return { invoked, returned };
}
