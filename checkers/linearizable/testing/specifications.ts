/** What each object may do, written down as plainly as can be, to judge the models by. */
import type { Value } from '../../../history/value.ts';
import { type Calls, RETURNED } from '../calls.ts';
import type { Specification } from './permutations.ts';

type Values = readonly Value[];

interface Seen {
  readonly f: string;
  readonly input: Value;
  readonly output: Value;
  readonly returned: boolean;
  readonly process: number;
}

/** A specification by what is left of a state, as a list of all that may be. */
function specification<State extends Value>(
  initial: State | ((calls: Calls) => readonly State[]),
  after: (state: State, call: Seen, calls: Calls) => readonly State[],
): Specification {
  return {
    initial: (calls) => (typeof initial === 'function' ? initial(calls) : [initial]),
    after: (calls, call, state) =>
      after(
        state as State,
        {
          f: calls.f[call]!,
          input: calls.input[call]!,
          output: calls.output[call]!,
          returned: calls.fate[call] === RETURNED,
          process: calls.process[call]!,
        },
        calls,
      ),
  };
}

const isEmptyAnswer = (output: Value): boolean => output === null || output === 'empty';

export const fifoQueueSpecification = specification<Values>([], (queue, { f, input, output, returned }) => {
  if (f === 'enqueue') return [[...queue, input]];
  if (returned && isEmptyAnswer(output)) return queue.length === 0 ? [queue] : [];
  if (returned) return queue.length > 0 && queue[0] === output ? [queue.slice(1)] : [];
  return [queue.slice(1)];
});

export const stackSpecification = specification<Values>([], (stack, { f, input, output, returned }) => {
  if (f === 'push') return [[input, ...stack]];
  if (returned && isEmptyAnswer(output)) return stack.length === 0 ? [stack] : [];
  if (returned) return stack.length > 0 && stack[0] === output ? [stack.slice(1)] : [];
  return [stack.slice(1)];
});

export const bagSpecification = specification<Values>([], (bag, { f, input, output, returned }) => {
  if (f === 'enqueue') return [[...bag, input].sort()];
  const without = (index: number): Values => bag.filter((_, at) => at !== index);
  if (returned && isEmptyAnswer(output)) return bag.length === 0 ? [bag] : [];
  if (returned) return bag.includes(output) ? [without(bag.indexOf(output))] : [];
  return bag.length === 0 ? [bag] : bag.map((_, index) => without(index));
});

export const setSpecification = specification<Values>([], (set, { f, input, output, returned }) => {
  const has = set.includes(input);
  const answer = Array.isArray(output) ? (output[1] as Value) : output;
  if (f === 'read') {
    if (!returned) return [set];
    const read = [...(output as Values)].sort();
    return JSON.stringify(read) === JSON.stringify(set) ? [set] : [];
  }
  if (f === 'contains') return !returned || answer === has ? [set] : [];
  const says = returned && typeof answer === 'boolean';
  if (f === 'add') {
    if (says && answer === has) return [];
    return [has ? set : [...set, input].sort()];
  }
  if (says && answer !== has) return [];
  return [set.filter((element) => element !== input)];
});

export const counterSpecification = specification<number>(0, (sum, { f, input, output, returned }) => {
  if (f === 'read') return !returned || output === sum ? [sum] : [];
  const amount = input === null ? 1 : (input as number);
  return [f.startsWith('dec') ? sum - amount : sum + amount];
});

export const kvSpecification = specification<string>('', (text, { f, input, output, returned }) => {
  if (f === 'get') return !returned || (output ?? '') === text ? [text] : [];
  return [f === 'put' ? (input as string) : text + (input as string)];
});

type MicroOp = readonly [string, string, Value];

/** `initial` undefined: any value that appears, and one that does not, for each of the keys. */
export const multiRegisterSpecification = (
  initial: { readonly [key: string]: Value } | undefined,
  nilReadIsUnknown: boolean,
): Specification =>
  specification<{ readonly [key: string]: Value }>(
    (calls) => {
      if (initial !== undefined) return [initial];
      let all: { readonly [key: string]: Value }[] = [{}];
      for (const key of ['x', 'y', 'z']) {
        const values = new Set<Value>(['none of them']);
        for (let call = 0; call < calls.length; call++) {
          const list = calls.fate[call] === RETURNED ? calls.output[call]! : calls.input[call]!;
          for (const [, of, value] of list as readonly MicroOp[]) if (of === key) values.add(value);
        }
        all = all.flatMap((state) => [...values].map((value) => ({ ...state, [key]: value })));
      }
      return all;
    },
    (state, { input, output, returned }) => {
      let next = state;
      for (const [f, key, value] of (returned ? output : input) as readonly MicroOp[]) {
        if (f.startsWith('w')) next = { ...next, [key]: value };
        else if (returned && !(nilReadIsUnknown && value === null) && (next[key] ?? null) !== value) return [];
      }
      return [next];
    },
  );

interface Lock {
  readonly [key: string]: Value;
  readonly owner: Value;
  readonly holds: number;
  readonly token: number;
  readonly highest: number;
}

const tokenOf = (output: Value): number =>
  typeof output === 'number' ? output : (output as { readonly fence: number }).fence;

const clientOf = (value: Value): Value | undefined =>
  typeof value === 'object' && value !== null && 'client' in value ? (value.client as Value) : undefined;

/** A lock whose owners are `clients` where these are named, and then any of them where a call names none, else processes. */
export const lockSpecification = (owned: boolean, fenced: boolean, holdsMax: number): Specification =>
  specification<Lock>(
    { owner: null, holds: 0, token: 0, highest: -1000 },
    (lock, { f, input, output, returned, process }, calls) => {
      const distinct = (clients: readonly (Value | undefined)[]): Value[] =>
        [...new Set(clients)].filter((client) => client !== undefined);
      const named = distinct([...calls.output, ...calls.input].map(clientOf));
      const ofProcess = distinct(
        [...calls.process.keys()]
          .filter((call) => calls.process[call] === process)
          .map((call) => clientOf(calls.output[call]!) ?? clientOf(calls.input[call]!)),
      );
      const own = clientOf(output) ?? clientOf(input) ?? (ofProcess.length === 1 ? ofProcess[0] : undefined);
      const owners = !owned ? ['everyone'] : named.length === 0 ? [process] : own === undefined ? named : [own];
      return owners.flatMap((owner): readonly Lock[] => {
        if (f === 'release' || f === 'unlock') {
          if (lock.owner !== owner) return [];
          return lock.holds === 1 ? [{ ...lock, owner: null, holds: 0 }] : [{ ...lock, holds: lock.holds - 1 }];
        }
        const told = fenced && returned ? [tokenOf(output)] : undefined;
        if (lock.owner === null) {
          const tokens = !fenced ? [0] : (told ?? Array.from({ length: 40 }, (_, i) => i - 20));
          return tokens
            .filter((token) => !fenced || token > lock.highest)
            .map((token) => ({ owner, holds: 1, token, highest: token }));
        }
        if (lock.owner !== owner || lock.holds >= holdsMax) return [];
        return told === undefined || told[0] === lock.token ? [{ ...lock, holds: lock.holds + 1 }] : [];
      });
    },
  );
