/**
 * Locks that clients acquire and release in turn, with fencing tokens. A client outlives its process: what it may hold after a crash is
 * released in its name by the process that comes after. Then it is done, and another takes its place, for a crashed release may still take
 * effect at any later time, and must not free what the same client acquires then. Judged twice: whether two clients held a lock at
 * once for certain, and whether one fenced lock can have done all that.
 */
import { lockOwnership } from '../checkers/classic/lock-ownership.ts';
import { linearizable } from '../checkers/linearizable/linearizable.ts';
import { fencedMutex } from '../checkers/linearizable/models/fenced-mutex.ts';
import { each, eachThread } from '../harness/combinators.ts';
import type { Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Op } from '../history/op.ts';
import { independentOps } from './independent-objects.ts';
import { freshNumbers } from './run-memory.ts';

const asking = (f: string, client: string): OpDraft => ({ f, value: { client } });

/**
 * What the one thread in reach is about to do: acquire; release what it holds; after a crash let go of what it may hold; or, when it has
 * long been refused, rescue the lock from a client of its own that had let go before its crashed acquire came through.
 */
interface Turn {
  readonly deed: 'acquire' | 'release' | 'let-go' | 'rescue';
  /** Which of its clients it is: 0, 1, 2, … */
  readonly client: number;
  /** Acquires that were refused, one after the other. */
  readonly refused: number;
}

/** So many refusals bring a rescue. */
const patience = 4;

const first: Turn = { deed: 'acquire', client: 0, refused: 0 };

function turns(turn: Turn): Generator {
  const { deed, client, refused } = turn;
  const f = deed === 'acquire' ? 'acquire' : 'release';
  // Of the earlier clients each in its turn.
  const name = deed === 'rescue' ? (refused / patience) % client : client;
  return {
    op(context) {
      const [thread] = context.free;
      return thread === undefined ? ['pending', this] : [asking(f, `${thread}.${name}`), this];
    },
    update(_context, event) {
      return event.type === 'invoke' ? this : turns(afterwards(turn, event));
    },
  };
}

function afterwards({ deed, client, refused }: Turn, { type }: Op): Turn {
  if (deed === 'rescue') return { deed: 'acquire', client, refused };
  if (type === 'info') return { deed: 'let-go', client, refused: 0 };
  if (deed === 'let-go') return { deed: 'acquire', client: client + 1, refused: 0 };
  // A release that failed has left it with the lock.
  if (deed === 'release') return { deed: type === 'fail' ? 'let-go' : 'acquire', client, refused: 0 };
  if (type === 'ok') return { deed: 'release', client, refused: 0 };
  const isRescue = client > 0 && (refused + 1) % patience === 0;
  return { deed: isRescue ? 'rescue' : 'acquire', client, refused: refused + 1 };
}

const lockOfProbe = freshNumbers();

export const lockWorkload: Workload = {
  name: 'lock',
  summary: 'Acquires and releases of locks; no two clients may hold one at once, and fencing tokens must grow.',
  service: 'lock',
  create({ spec }) {
    return {
      generator: independentOps(spec, eachThread(turns(first))),
      // A lock of its own for each try: a crashed one may have taken it.
      probes: [
        {
          f: 'acquire',
          generator: each((context) => {
            const lock = lockOfProbe(context);
            return { ...asking('acquire', `probe ${lock}`), key: `recovery ${lock}` };
          }),
        },
      ],
      checkers: [lockOwnership({ fenced: true }), linearizable({ model: fencedMutex() })],
    };
  },
};
