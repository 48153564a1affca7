import { expect, test } from 'vitest';
import { mainPortOf } from './container-system.ts';
import { completeTarget, type TargetDefinition } from './define-target.ts';

const definition: TargetDefinition = {
  name: 'toy',
  defaultWorkload: 'register',
  clientPorts: [80, 81],
  plan: () => ({ image: { image: 'toy:1' } }),
  clients: { register: () => ({ invoke: async ({ value }) => ({ type: 'ok', value }), close() {} }) },
};

test.each<[what: string, ports: Readonly<Record<string, readonly number[]>> | undefined, expected: number]>([
  ['the first of all, where nobody says which are its own', undefined, 80],
  ['the first of its own', { n2: [81, 80] }, 81],
  ['the first of its own that is a client port', { n2: [7, 81] }, 81],
  ['the first of all, where it has none of its own', { n2: [] }, 80],
])("a node's main port is %s", (_, ports, expected) => {
  const clientPortsOf = ports === undefined ? {} : { clientPortsOf: (id: string) => ports[id] ?? [] };
  expect(mainPortOf(completeTarget({ ...definition, ...clientPortsOf }), 'n2')).toBe(expected);
});
