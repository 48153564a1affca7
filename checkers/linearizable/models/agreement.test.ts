import { describe, test } from 'vitest';
import type { Value } from '../../../history/value.ts';
import { expectAgreement } from '../testing/agreement.ts';
import type { Specification } from '../testing/permutations.ts';
import { type Player, playedHistories } from '../testing/played-histories.ts';
import {
  bagPlayer,
  counterPlayer,
  fifoQueuePlayer,
  kvPlayer,
  lockPlayer,
  multiRegisterPlayer,
  setPlayer,
  stackPlayer,
} from '../testing/players.ts';
import {
  bagSpecification,
  counterSpecification,
  fifoQueueSpecification,
  kvSpecification,
  lockSpecification,
  multiRegisterSpecification,
  setSpecification,
  stackSpecification,
} from '../testing/specifications.ts';
import { counter } from './counter.ts';
import { fencedMutex } from './fenced-mutex.ts';
import { fifoQueue } from './fifo-queue.ts';
import { kv } from './kv.ts';
import type { Model } from './model.ts';
import { multiRegister } from './multi-register.ts';
import { mutex, ownerMutex } from './mutex.ts';
import { reentrantFencedMutex, reentrantMutex } from './reentrant-mutex.ts';
import { set } from './set.ts';
import { stack } from './stack.ts';
import { unorderedQueue } from './unordered-queue.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 600);
const unbounded = Number.POSITIVE_INFINITY;
const initial: { readonly [key: string]: Value } = { x: 1, z: 2 };

/** Whether crashed ops lead to ever more states. */
const GROWS = true;
const BOUNDED = false;

const cases: readonly (readonly [string, Model, Specification, Player, boolean])[] = [
  ['fifo-queue', fifoQueue(), fifoQueueSpecification, fifoQueuePlayer, GROWS],
  ['unordered-queue', unorderedQueue(), bagSpecification, bagPlayer, GROWS],
  ['stack', stack(), stackSpecification, stackPlayer, GROWS],
  ['set', set(), setSpecification, setPlayer(true), BOUNDED],
  ['set of which all is never read', set(), setSpecification, setPlayer(false), BOUNDED],
  ['counter', counter(), counterSpecification, counterPlayer, GROWS],
  ['kv', kv(), kvSpecification, kvPlayer, GROWS],
  [
    'multi-register',
    multiRegister(),
    multiRegisterSpecification(undefined, false),
    multiRegisterPlayer({ x: 1, y: 2, z: 3 }),
    BOUNDED,
  ],
  [
    'multi-register, initial values given',
    multiRegister({ initial }),
    multiRegisterSpecification(initial, false),
    multiRegisterPlayer(initial),
    BOUNDED,
  ],
  [
    'multi-register, nil unknown',
    multiRegister({ nilReadIsUnknown: true }),
    multiRegisterSpecification(undefined, true),
    multiRegisterPlayer({ y: 2 }),
    BOUNDED,
  ],
  ['mutex', mutex(), lockSpecification(false, false, 1), lockPlayer(false, 1, 'none'), BOUNDED],
  ['owner-mutex', ownerMutex(), lockSpecification(true, false, 1), lockPlayer(false, 1, 'none'), BOUNDED],
  ['owner-mutex with clients', ownerMutex(), lockSpecification(true, false, 1), lockPlayer(false, 1, 'all'), BOUNDED],
  ['fenced-mutex', fencedMutex(), lockSpecification(true, true, 1), lockPlayer(true, 1, 'none'), GROWS],
  [
    'fenced-mutex with clients',
    fencedMutex(),
    lockSpecification(true, true, 1),
    lockPlayer(true, 1, 'completions'),
    GROWS,
  ],
  [
    'reentrant-mutex',
    reentrantMutex(),
    lockSpecification(true, false, unbounded),
    lockPlayer(false, unbounded, 'none'),
    GROWS,
  ],
  [
    'reentrant-mutex, held twice at most',
    reentrantMutex({ holdsMax: 2 }),
    lockSpecification(true, false, 2),
    lockPlayer(false, 2, 'completions'),
    BOUNDED,
  ],
  [
    'reentrant-fenced-mutex',
    reentrantFencedMutex(),
    lockSpecification(true, true, unbounded),
    lockPlayer(true, unbounded, 'none'),
    GROWS,
  ],
  [
    'reentrant-fenced-mutex, held twice at most',
    reentrantFencedMutex({ holdsMax: 2 }),
    lockSpecification(true, true, 2),
    lockPlayer(true, 2, 'all'),
    GROWS,
  ],
];

describe('models agree with all permutations of a plain specification', () => {
  test.each(cases)(
    '%s',
    (_, model, specification, player, grows) => {
      expectAgreement(model, specification, playedHistories(player), numRuns, !grows);
    },
    3_600_000,
  );
});
