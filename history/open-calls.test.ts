import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenCalls } from './open-calls.ts';

test('keeps for each client the line set last, whatever their numbers', () => {
  const process = fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(-1, -2, 2 ** 31 - 1));
  fc.assert(
    fc.property(fc.array(process, { minLength: 1, maxLength: 30 }), fc.array(fc.nat()), (processes, choices) => {
      const calls = new OpenCalls(Int32Array.from(processes));
      const lines = new Map<number, number>();
      for (const [line, choice] of choices.entries()) {
        const client = processes[choice % processes.length]!;
        if (client < 0) continue;
        expect(calls.get(client)).toBe(lines.get(client) ?? -1);
        if (choice % 3 === 0) {
          calls.close(client);
          lines.delete(client);
        } else {
          calls.open(client, line);
          lines.set(client, line);
        }
      }
    }),
  );
});
