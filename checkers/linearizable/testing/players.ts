/** Real objects, to record histories of. */
import type { Value } from '../../../history/value.ts';
import { concurrency, type Player } from './played-histories.ts';

/** A queue, a stack, or a bag, as `takeFrom` has it: the place of the element that is taken. */
function collectionPlayer(put: string, take: string, takeFrom: (length: number, turn: number) => number): Player {
  return {
    values: 3,
    create() {
      const elements: Value[] = [];
      let turn = 0;
      return (f, input) => {
        turn++;
        if (f === put) {
          elements.push(input);
          return input;
        }
        if (elements.length === 0) return turn % 2 === 0 ? null : 'empty';
        return elements.splice(takeFrom(elements.length, turn), 1)[0]!;
      };
    },
    ask: (kind, value) => (kind < 140 ? { f: put, input: value } : { f: take, input: null }),
    lie: (f, _, output, value) => (f === put ? output : value === 0 ? null : value),
  };
}

export const fifoQueuePlayer = collectionPlayer('enqueue', 'dequeue', () => 0);
export const stackPlayer = collectionPlayer('push', 'pop', (length) => length - 1);
export const bagPlayer = collectionPlayer('enqueue', 'dequeue', (length, turn) => turn % length);

/** `readsAll`: whether all elements are read at once too. */
export const setPlayer = (readsAll: boolean): Player => ({
  values: 3,
  create() {
    const elements = new Set<Value>();
    let turn = 0;
    return (f, input) => {
      turn++;
      const has = elements.has(input);
      if (f === 'read') return turn % 2 === 0 ? [...elements] : [...elements].reverse();
      if (f === 'contains') return turn % 2 === 0 ? has : [input, has];
      if (f === 'add') elements.add(input);
      else elements.delete(input);
      return turn % 3 === 0 ? null : turn % 3 === 1 ? input : f === 'add' ? !has : has;
    };
  },
  ask(kind, value) {
    if (readsAll && kind < 80) return { f: 'read', input: null };
    return { f: ['add', 'remove', 'contains', 'add'][kind % 4]!, input: value };
  },
  lie(f, input, output, value) {
    if (f === 'read') return value === 0 ? [1, 1] : [...new Set([...(output as readonly Value[]).slice(1), value])];
    if (Array.isArray(output)) return [input, output[1] !== true];
    return typeof output === 'boolean' ? !output : output;
  },
});

export const counterPlayer: Player = {
  values: 4,
  create() {
    let sum = 0;
    return (f, input) => {
      if (f === 'read') return sum;
      const amount = input === null ? 1 : (input as number);
      sum += f.startsWith('dec') ? -amount : amount;
      return null;
    };
  },
  ask(kind, value, another) {
    const f = ['read', 'add', 'inc', 'dec', 'read', 'add', 'increment', 'decrement', 'read'][kind % 9]!;
    if (f === 'read') return { f, input: null };
    return { f, input: f === 'add' || another > 1 ? (value % 4) - 1 : null };
  },
  lie: (f, _, output, value) => (f === 'read' ? (output as number) + value - 1 : output),
};

export const kvPlayer: Player = {
  values: 4,
  create() {
    let text = '';
    return (f, input) => {
      if (f === 'get') return text;
      text = f === 'put' ? (input as string) : text + (input as string);
      return null;
    };
  },
  ask(kind, value) {
    const f = ['get', 'put', 'append', 'get', 'append'][kind % 5]!;
    return f === 'get' ? { f, input: null } : { f, input: ['', 'a', 'b', 'ab'][value] ?? String(value) };
  },
  lie(f, _, output, value) {
    if (f !== 'get') return output;
    const text = output as string;
    return [null, 'ab', text.slice(1), `${text}a`][value % 4]!;
  },
};

const registerKeys = ['x', 'y', 'z'] as const;

/** Transactions on up to three registers that begin as `initial`. */
export const multiRegisterPlayer = (initial: { readonly [key: string]: Value }): Player => ({
  values: 4,
  create() {
    const registers: { [key: string]: Value } = { ...initial };
    return (_, input) =>
      (input as readonly (readonly [string, string, Value])[]).map(([f, key, value]) => {
        if (f.startsWith('w')) registers[key] = value;
        return [f, key, registers[key] ?? null];
      });
  },
  ask(kind, value, another) {
    const micro = (bits: number, of: number): Value => {
      const key = registerKeys[[0, 0, 0, 1, 1, 2, 0, 1][bits & 7]!]!;
      return (bits & 8) === 0
        ? [(bits & 1) === 0 ? 'read' : 'r', key, null]
        : [(bits & 1) === 0 ? 'write' : 'w', key, of];
    };
    const input = [micro(kind, value)];
    if (another > 1) input.push(micro(kind >> 2, another));
    if (another > 2) input.push(micro(kind >> 4, value));
    return { f: 'txn', input };
  },
  lie(_, __, output, value) {
    const micros = output as readonly (readonly [string, string, Value])[];
    const lie = (at: number): Value => [null, 1, 2, 3][(value + at) % 4]!;
    return micros.map(([f, key, seen], at) => [f, key, f.startsWith('r') ? lie(at) : seen]);
  },
});

/** `naming`: how clients say who they are: not at all, in completions, or in invocations and completions. */
export const lockPlayer = (fenced: boolean, holdsMax: number, naming: 'none' | 'completions' | 'all'): Player => ({
  values: 6,
  create() {
    let owner = -1;
    let holds = 0;
    let token = 0;
    return (f, _, process) => {
      const client = naming === 'none' ? process : process % concurrency;
      const answer = (fence: number): Value => (naming === 'none' ? (fenced ? fence : null) : { client, fence });
      if (f === 'release' || f === 'unlock') {
        if (owner !== client) return undefined;
        if (--holds === 0) owner = -1;
        return answer(0);
      }
      if (owner === -1) {
        owner = client;
        token += (client + token) % 3 === 0 ? 2 : 1;
      } else if (owner !== client || holds >= holdsMax) return undefined;
      holds++;
      return answer(token);
    };
  },
  ask(kind, value) {
    const f = kind < 128 ? ['acquire', 'lock'][kind & 1]! : ['release', 'unlock'][kind & 1]!;
    return { f, input: naming === 'all' && value % 2 === 0 ? { client: value % 3 } : null };
  },
  lie(f, input, output, value) {
    const isAcquire = f === 'acquire' || f === 'lock';
    if (naming === 'none') return fenced && isAcquire ? value : output;
    const known = output as { readonly client: number; readonly fence: number } | null;
    const client = (input as { readonly client: number } | null)?.client ?? known?.client ?? value % 3;
    return { client, fence: isAcquire && value % 2 === 0 ? value : (known?.fence ?? value) };
  },
});
