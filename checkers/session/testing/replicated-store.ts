/**
 * A store of replicas that keeps the session guarantees that it is told to, and no others: what a replica must have before it serves an op is
 * brought to it first, as Terry et al. (1994, section 4) do with the read set and the write set of each session.
 */
import type { Random } from '../../../harness/random.ts';
import { type History, HistoryBuilder } from '../../../history/history.ts';
import type { Value } from '../../../history/value.ts';
import type { SessionGuarantee } from '../guarantees.ts';

interface Write {
  readonly id: number;
  readonly key: number;
  readonly value: Value;
  /** The one with the highest wins. */
  readonly timestamp: number;
  /** Writes that a replica must have before this one. */
  readonly needs: readonly Write[];
}

interface Session {
  process: number;
  readonly read: Set<Write>;
  readonly written: Set<Write>;
}

const replicaCount = 3;
const clockSkew = 20;

export interface StoreShape {
  readonly guarantees: readonly SessionGuarantee[];
  readonly processes: number;
  readonly keys: number;
  readonly ops: number;
}

/** The history of random clients, each op at a random replica. Some ops crash, and happen or not. */
export function storeHistory({ guarantees, processes, keys, ops }: StoreShape, random: Random): History {
  const replicas = Array.from({ length: replicaCount }, () => new Set<Write>());
  const sessions = Array.from({ length: processes }, (_, process): Session => {
    return { process, read: new Set(), written: new Set() };
  });
  const builder = new HistoryBuilder();
  const all: Write[] = [];
  const keepsTo = (guarantee: SessionGuarantee): boolean => guarantees.includes(guarantee);

  const bring = (replica: Set<Write>, writes: Iterable<Write>): void => {
    for (const write of writes) {
      if (replica.has(write)) continue;
      bring(replica, write.needs);
      replica.add(write);
    }
  };
  const latest = (replica: Set<Write>, key: number): Write | undefined => {
    let found: Write | undefined;
    for (const write of replica) {
      if (write.key === key && (found === undefined || write.timestamp > found.timestamp)) found = write;
    }
    return found;
  };
  const read = (session: Session, replica: Set<Write>, key: number): Write | undefined => {
    if (keepsTo('read-your-writes')) bring(replica, session.written);
    if (keepsTo('monotonic-reads')) bring(replica, session.read);
    const found = latest(replica, key);
    if (found !== undefined) session.read.add(found);
    return found;
  };
  const write = (session: Session, replica: Set<Write>, key: number, value: Value): Write => {
    const needs = [
      ...(keepsTo('monotonic-writes') ? session.written : []),
      ...(keepsTo('writes-follow-reads') ? session.read : []),
    ];
    bring(replica, needs);
    const id = all.length;
    const clock = id + random.below(clockSkew);
    const timestamp = needs.reduce((least, need) => Math.max(least, need.timestamp + 1), clock) + id / 2 ** 20;
    const made = { id, key, value, timestamp, needs };
    all.push(made);
    replica.add(made);
    return made;
  };

  for (let op = 0; op < ops; op++) {
    const session = sessions[random.below(processes)]!;
    const replica = replicas[random.below(replicaCount)]!;
    const key = random.below(keys);
    const draw = random.below(8);
    if (random.chance(1, 4) && all.length > 0) bring(replicas[random.below(replicaCount)]!, [random.pick(all)]);
    const expected = draw === 7 ? read(session, replica, key) : undefined;
    const f = draw < 4 ? 'read' : draw === 7 ? 'cas' : 'write';
    const fresh = op + 1;
    const input: Value = f === 'read' ? null : f === 'write' ? fresh : [expected?.value ?? null, fresh];
    const { process } = session;
    builder.push({ time: 2 * op, process, type: 'invoke', f, key, value: input });
    const crashes = random.chance(1, 12);
    let output: Value = input;
    if (f === 'read') output = read(session, replica, key)?.value ?? null;
    else if (!crashes || random.chance(1, 2)) {
      const made = write(session, replica, key, fresh);
      if (!crashes) session.written.add(made);
    }
    builder.push({ time: 2 * op + 1, process, type: crashes ? 'info' : 'ok', f, key, value: crashes ? input : output });
    if (crashes) {
      session.process += processes;
      session.read.clear();
      session.written.clear();
    }
  }
  return builder.build();
}
