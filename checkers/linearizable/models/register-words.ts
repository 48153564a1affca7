/** Calls on a register in words. */
import { formatValue, type Value } from '../../../history/value.ts';
import { REFUSED, RETURNED } from '../calls.ts';
import type { Words } from './model.ts';

export const registerWords: Words = {
  noun({ f, input, output, fate }, call) {
    switch (f[call]) {
      case 'read':
        return fate[call] === RETURNED ? `read of ${formatValue(output[call]!)}` : 'read';
      case 'write':
        return `write of ${formatValue(input[call]!)}`;
      default: {
        const [from, to] = input[call] as readonly Value[];
        return `cas from ${formatValue(from!)} to ${formatValue(to!)}`;
      }
    }
  },
  past({ f, input, output, fate }, call) {
    switch (f[call]) {
      case 'read':
        return `read ${formatValue(output[call]!)}`;
      case 'write':
        return `wrote ${formatValue(input[call]!)}`;
      default: {
        const [from, to] = (input[call] as readonly Value[]).map((value) => formatValue(value));
        return fate[call] === REFUSED ? `was refused a cas from ${from} to ${to}` : `changed ${from} to ${to} by cas`;
      }
    }
  },
  expects({ f, input, output, fate }, call) {
    if (f[call] === 'read') return fate[call] === RETURNED ? output[call]! : undefined;
    return f[call] === 'cas' && fate[call] !== REFUSED ? (input[call] as readonly Value[])[0]! : undefined;
  },
  leaves({ f, input, fate }, call) {
    if (fate[call] === REFUSED) return undefined;
    if (f[call] === 'write') return input[call]!;
    return f[call] === 'cas' ? (input[call] as readonly Value[])[1]! : undefined;
  },
};
