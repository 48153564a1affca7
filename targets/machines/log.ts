/**
 * Append-only logs, as Maelstrom's kafka has them: `send {key, msg}` and `poll {offsets}`. Offsets count from 0. A poll gives at most 16
 * messages of each log.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-kafka
 */
import type { Json } from '../../protocol/message.ts';
import type { StateMachine } from './machine.ts';
import { classifierOf, isWhole } from './requests.ts';

type Logs = Map<string, Json[]>;

const polledMax = 16;

const areOffsets = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((offset) => isWhole(offset) && offset >= 0);

export const logMachine: StateMachine<Logs> = {
  name: 'log',
  init: () => new Map(),
  classify: classifierOf({
    send: {
      kind: 'command',
      fields: { key: (value) => typeof value === 'string', msg: (value) => value !== undefined },
      needs: 'key, a string, and msg',
    },
    poll: { kind: 'query', fields: { offsets: areOffsets }, needs: 'offsets, whole numbers from 0 up by key' },
  }),
  apply(logs, command) {
    const key = command.key as string;
    const message = command.msg as Json;
    const log = logs.get(key);
    if (log === undefined) logs.set(key, [message]);
    else log.push(message);
    return { type: 'send_ok', offset: log === undefined ? 0 : log.length - 1 };
  },
  query(logs, query) {
    const msgs: Record<string, Json> = {};
    for (const [key, offset] of Object.entries(query.offsets as Readonly<Record<string, number>>)) {
      const messages = logs.get(key)?.slice(offset, offset + polledMax) ?? [];
      if (messages.length > 0) msgs[key] = messages.map((message, i): Json => [offset + i, message]);
    }
    return { type: 'poll_ok', msgs };
  },
  snapshot: (logs) => [...logs].map(([key, log]): Json => [key, [...log]]),
  restore: (snapshot) =>
    new Map((snapshot as readonly (readonly [string, readonly Json[]])[]).map(([key, log]) => [key, [...log]])),
};
