/** Locks of all kinds: whoever acquires one holds it until it is released as often. */
import { fieldOf, formatValue, nameOf, type Value } from '../../../history/value.ts';
import { ALWAYS, type Problem } from '../automaton.ts';
import { type Calls, RETURNED } from '../calls.ts';
import { allRules, type Rules } from '../rules.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { LastReturns, returnsOf } from './last-returns.ts';
import { KeyedStates, MachineAutomaton } from './machine.ts';
import { type Model, ModelMismatch, type ModelOptions, type Words } from './model.ts';
import { unknownOp } from './unknown-op.ts';

export interface LockKind {
  readonly name: string;
  readonly summary: string;
  /** Whether it matters who acquires and who releases. */
  readonly owned: boolean;
  /** Whether acquires return fencing tokens. */
  readonly fenced: boolean;
  /** How often the holder may hold it at once. */
  readonly holdsMax: number;
  readonly options?: ModelOptions;
}

const acquires: readonly string[] = ['acquire', 'lock'];
const releases: readonly string[] = ['release', 'unlock'];
const fs: readonly string[] = [...acquires, ...releases];

/** In the place of an owner: one of those there are, but it is not known which. */
const SOMEONE = -1;
/** In the place of an owner: no one holds it. */
const NOBODY = -2;

/**
 * Who owns a lock is the `client` in the value of the completion, or else of the invocation, where these are maps, as in Jepsen's
 * tests of Hazelcast; where no value names a client, the process. Where some do, a call that names none is made by the client
 * that all others of its process name; failing that, by any of the clients.
 *
 * After an info a Jepsen process goes on under a new number, so without clients it goes on as another owner: what the old one held
 * after all is never released. If clients keep their locks across an info, the values must say so.
 *
 * A fencing token is an integer: what an acquire returned, or `fence` or `token` in the map that it returned. A lock that is
 * acquired anew has a greater one than ever before. The token of a crashed acquire is not known, but that it is some integer
 * greater than those before: the search takes the next one, which leaves the most room for those to come. While the holder
 * acquires the lock again, it gets the same token.
 */
export function lockModel(kind: LockKind): Model {
  return {
    name: kind.name,
    summary: kind.summary,
    options: kind.options ?? {},
    fs,
    words: wordsOf(kind),
    compile: (calls, rules = allRules) => compile(calls, kind, rules),
  };
}

interface LockOp {
  readonly isAcquire: boolean;
  /** Number of the owner, or SOMEONE. */
  readonly owner: number;
  /** What an acquire returned; undefined where that is not known, or does not matter. */
  readonly token: bigint | undefined;
}

interface LockState {
  /** NOBODY where the lock is free. */
  readonly owner: number;
  /** How often it holds the lock. */
  readonly holds: number;
  /** Whether the token of the holder is not known. */
  readonly isTokenUnknown: boolean;
  /** The greatest token so far, that of the holder included if it is known; undefined where there was none. */
  readonly token: bigint | undefined;
}

const free: LockState = { owner: NOBODY, holds: 0, isTokenUnknown: false, token: undefined };

/**
 * Why a crashed op can be left out after some time (`matters`). A crashed acquire by an owner of whom no release returned later on:
 * what follows are acquires by the same owner, until it releases in a crashed op. Without both, that owner holds the lock less
 * often meanwhile and no one else acquires it, which is legal too; tokens only become fewer. And where owners do not
 * matter and one can hold it once, a crashed release after which no acquire returned: what follows it is nothing, or a crashed
 * acquire, and without both the lock is as it was.
 */
function compile(calls: Calls, kind: LockKind, rules: Rules): Problem {
  const { owners, names } = ownersOf(calls, kind);
  const returns = returnsOf(calls);
  // The last place is for all owners together.
  const all = names.length;
  const released = new LastReturns(all + 1);
  const acquired = new LastReturns(1);
  const ops: LockOp[] = [];
  const numbers = new Map<string, number>();
  const op = new Int32Array(calls.length);
  for (let call = 0; call < calls.length; call++) {
    const f = calls.f[call]!;
    if (!fs.includes(f)) throw unknownOp(calls, call, kind.name, fs);
    const isAcquire = acquires.includes(f);
    const owner = owners[call]!;
    if (calls.fate[call] === RETURNED) {
      if (isAcquire) acquired.look(0, returns[call]!);
      else {
        released.look(all, returns[call]!);
        if (owner === SOMEONE) for (let one = 0; one < all; one++) released.look(one, returns[call]!);
        else released.look(owner, returns[call]!);
      }
    }
    const token =
      isAcquire && kind.fenced && calls.fate[call] === RETURNED ? tokenOf(calls, call, kind.name) : undefined;
    const key = `${isAcquire} ${owner} ${token}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = ops.push({ isAcquire, owner, token }) - 1;
      numbers.set(key, number);
    }
    op[call] = number;
  }

  const matters = new Int32Array(ops.length).fill(ALWAYS);
  if (rules.dropUnobservable) {
    ops.forEach(({ isAcquire, owner }, number) => {
      if (isAcquire) matters[number] = released.of(owner === SOMEONE ? all : owner);
      else if (!kind.owned && kind.holdsMax === 1) matters[number] = acquired.of(0);
    });
  }
  const automaton = new MachineAutomaton<LockState>(
    {
      initial: free,
      ops: ops.length,
      after: (state, number) => after(state, ops[number]!, names.length, kind.holdsMax, kind.fenced),
      branching: (number) => ops[number]!.isAcquire && ops[number]!.owner === SOMEONE,
      readOnly: () => false,
      total: () => false,
      overwrites: () => false,
      describe: (state) => describe(state, names, kind),
    },
    new KeyedStates(({ owner, holds, isTokenUnknown, token }) => `${owner} ${holds} ${isTokenUnknown} ${token}`),
  );
  return { automaton, op, matters, events: calls.events };
}

function after(
  state: LockState,
  { isAcquire, owner, token }: LockOp,
  owners: number,
  holdsMax: number,
  fenced: boolean,
): readonly LockState[] {
  if (!isAcquire) {
    if (state.owner === NOBODY || (owner !== SOMEONE && owner !== state.owner)) return [];
    return [state.holds > 1 ? { ...state, holds: state.holds - 1 } : { ...free, token: tokenAfter(state) }];
  }
  if (state.owner === NOBODY) {
    if (token !== undefined && state.token !== undefined && token <= state.token) return [];
    const held = { holds: 1, isTokenUnknown: fenced && token === undefined, token: token ?? state.token };
    const who = owner === SOMEONE ? Array.from({ length: owners }, (_, one) => one) : [owner];
    return who.map((one) => ({ ...held, owner: one }));
  }
  if ((owner !== SOMEONE && owner !== state.owner) || state.holds >= holdsMax) return [];
  const again = { ...state, holds: state.holds + 1 };
  if (token === undefined) return [again];
  if (!state.isTokenUnknown) return token === state.token ? [again] : [];
  if (state.token !== undefined && token <= state.token) return [];
  return [{ ...again, isTokenUnknown: false, token }];
}

/** The greatest token once the holder has let go. Without any known one there is no least integer for an unknown one to be. */
const tokenAfter = ({ isTokenUnknown, token }: LockState): bigint | undefined =>
  isTokenUnknown && token !== undefined ? token + 1n : token;

/** Of each call its owner, and their names. */
function ownersOf(
  calls: Calls,
  { owned }: LockKind,
): { readonly owners: Int32Array; readonly names: readonly string[] } {
  const owners = new Int32Array(calls.length);
  if (!owned) return { owners, names: ['someone'] };
  const numbers = new ValueNumbers();
  const clientOfProcess = new Map<number, number>();
  for (let call = 0; call < calls.length; call++) {
    const client = clientOf(calls, call);
    const process = calls.process[call]!;
    owners[call] = client === undefined ? SOMEONE : numbers.of(client);
    if (client === undefined) continue;
    const known = clientOfProcess.get(process);
    clientOfProcess.set(process, known === undefined || known === owners[call] ? owners[call]! : SOMEONE);
  }
  const hasClients = numbers.count > 0;
  for (let call = 0; call < calls.length; call++) {
    const process = calls.process[call]!;
    if (!hasClients) owners[call] = numbers.of(process);
    else if (owners[call] === SOMEONE) owners[call] = clientOfProcess.get(process) ?? SOMEONE;
  }
  const names = Array.from({ length: numbers.count }, (_, owner) =>
    hasClients ? `client ${numbers.describe(owner)}` : `process ${numbers.describe(owner)}`,
  );
  return { owners, names };
}

function clientOf({ input, output }: Calls, call: number): Value | undefined {
  return fieldOf(output[call]!, 'client') ?? fieldOf(input[call]!, 'client') ?? undefined;
}

function tokenOf(calls: Calls, call: number, name: string): bigint {
  const token = returnedToken(calls, call);
  if (token !== undefined) return token;
  const index = calls.invocation[call]!;
  const what = `op ${index}, ${calls.f[call]}, returned ${formatValue(calls.output[call]!)}`;
  throw new ModelMismatch(
    index,
    `${what}; the ${name} model expects a fencing token, an integer, or a map with \`fence\``,
  );
}

function returnedToken({ output }: Calls, call: number): bigint | undefined {
  const value = output[call]!;
  const token = fieldOf(value, 'fence') ?? fieldOf(value, 'token') ?? value;
  return typeof token === 'bigint' || Number.isInteger(token) ? BigInt(token as number | bigint) : undefined;
}

function describe(
  { owner, holds, isTokenUnknown, token }: LockState,
  names: readonly string[],
  kind: LockKind,
): string {
  const last = kind.fenced && token !== undefined ? `, last known token ${token}` : '';
  if (owner === NOBODY) return `a free lock${last}`;
  const who = kind.owned ? ` by ${names[owner]}` : '';
  const often = kind.holdsMax > 1 ? ` ${holds === 1 ? 'once' : `${holds} times`}` : '';
  const itsToken = kind.fenced ? ` with ${isTokenUnknown ? `an unknown token${last}` : `token ${token}`}` : '';
  return `a lock held${who}${often}${itsToken}`;
}

const wordsOf = ({ owned, fenced, holdsMax }: LockKind): Words => ({
  noun: (calls, call) => `${calls.f[call]}${owned ? byClient(calls, call) : ''}${fenced ? withToken(calls, call) : ''}`,
  past(calls, call) {
    const did = acquires.includes(calls.f[call]!) ? 'acquired' : 'released';
    return `${did} the lock${owned ? byClient(calls, call) : ''}${fenced ? withToken(calls, call) : ''}`;
  },
  tally(calls) {
    let [acquired, released] = [0, 0];
    for (let call = 0; call < calls.length; call++) {
      if (!acquires.includes(calls.f[call]!)) released++;
      else if (calls.fate[call] === RETURNED) acquired++;
    }
    if (acquired <= released + holdsMax) return undefined;
    const atOnce =
      holdsMax === 1 ? 'of a lock that one holds once' : `of a lock that one holds ${holdsMax} times at most`;
    const begun = released === 1 ? 'only 1 release had begun' : `only ${released} releases had begun`;
    return `By then ${acquired} acquires ${atOnce} had returned, and ${begun}.`;
  },
});

function byClient(calls: Calls, call: number): string {
  const client = clientOf(calls, call);
  return client === undefined ? '' : ` as client ${nameOf(client) ?? formatValue(client)}`;
}

function withToken(calls: Calls, call: number): string {
  const token = acquires.includes(calls.f[call]!) ? returnedToken(calls, call) : undefined;
  return token === undefined ? '' : ` with token ${token}`;
}
