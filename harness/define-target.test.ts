import { describe, expect, test } from 'vitest';
import type { ContainerPlan, Placement } from './container-system.ts';
import { checkPlan, completeTarget, type TargetDefinition } from './define-target.ts';
import { SpecError } from './spec.ts';

const plan: ContainerPlan = { image: { image: 'toy:1' }, volumes: ['/data'], logFiles: ['/data/logs/node.log'] };

const definition: TargetDefinition = {
  name: 'toy',
  defaultWorkload: 'register',
  clientPorts: [80],
  plan: () => plan,
  clients: { register: () => ({ invoke: async ({ value }) => ({ type: 'ok', value }), close() {} }) },
};

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof SpecError) return error.message;
    throw error;
  }
  return 'nothing was refused';
};

describe('a definition', () => {
  test('is completed by what is usual', () => {
    expect(completeTarget(definition)).toEqual({
      ...definition,
      summary: '',
      sources: [],
      services: ['register'],
      bugs: [],
      invariants: [],
      promises: [],
      options: [],
      peerPorts: [],
    });
  });

  test('is asked for a plan of its first node, under the default options', () => {
    let asked: Placement | undefined;
    const options = [{ name: 'reads', values: ['slow', 'fast'], summary: '' }];
    completeTarget({
      ...definition,
      sizes: [3, 5],
      options,
      plan(placement) {
        asked = placement;
        return plan;
      },
    });
    expect(asked).toMatchObject({ id: 'n1', options: { reads: 'slow' } });
    expect(asked?.members.map(({ id }) => id)).toEqual(['n1', 'n2', 'n3']);
  });

  const option = (name: string, values: readonly string[]) => ({ options: [{ name, values, summary: '' }] });

  test.each<[string, object]>([
    ['a target\'s name must be of a-z, 0-9, and -, and begin with a letter, not "My Toy"', { name: 'My Toy' }],
    ['the target toy must have clients', { clients: undefined }],
    ['the target toy must offer a service', { clients: {} }],
    ['the target toy offers the service lock, but has no client for it', { services: ['register', 'lock'] }],
    ['the target toy must have a plan', { plan: undefined }],
    ['the target toy must have a port for clients', { clientPorts: [] }],
    ['the target toy must have ports from 1 to 65535, not 0', { clientPorts: [0] }],
    ['the target toy must have ports from 1 to 65535, not 65536', { peerPorts: [65_536] }],
    ['the target toy must have ports from 1 to 65535, not "80"', { clientPorts: ['80'] }],
    ['the target toy names the port 80 twice in clientPorts', { clientPorts: [80, 81, 80] }],
    ['the target toy must have sizes from 1 to 99 nodes, not 0', { sizes: [0] }],
    ['unknown field of the target toy "size": did you mean sizes?', { size: [3] } as object],
    ['the target toy must have a recoveryMs above 0, not 0', { recoveryMs: 0 }],
    ['the target toy has an option with the name "a=b"', option('a=b', ['x'])],
    ['the target toy must name the values of its option reads', option('reads', [])],
    ['the target toy has the value "x,y" for reads', option('reads', ['x,y'])],
    ['the plan of toy must name an image', { plan: () => ({}) }],
  ])('is refused: %s', (message, changes) => {
    expect(refusal(() => completeTarget({ ...definition, ...changes }))).toContain(message);
  });
});

describe('a plan', () => {
  test.each<ContainerPlan>([
    plan,
    { image: { dockerfile: 'Dockerfile' } },
    { image: { programs: [{ name: 'etcd', debianPackage: 'etcd-server' }] }, volumes: ['/a', '/a-b/c'] },
    { image: { image: 'toy' }, environment: { EMPTY: '' }, volumes: ['/data/.hidden', '/data/..more'] },
  ])('can be carried out: %j', (each) => {
    expect(() => checkPlan('toy', each)).not.toThrow();
  });

  test.each<[string, object]>([
    ['must name an image by one of image, dockerfile, programs', { image: { image: 'a', dockerfile: 'b' } }],
    ['must name the programs of its image', { image: { programs: [] } }],
    ['must have a list of texts for command, not "node -e 1"', { command: 'node -e 1' }],
    ['must have a list of texts for entrypoint, not ["node",1]', { entrypoint: ['node', 1] }],
    ['must have a list of texts for volumes, not "/data"', { volumes: '/data' }],
    ['must have a list of texts for logFiles, not {}', { logFiles: {} }],
    ['must have a text for user, not 1000', { user: 1000 }],
    [`must have an environment of names and values, as { NAME: 'value' }, not ["A=b"]`, { environment: ['A=b'] }],
    ['must have volumes that are absolute folders, not "data"', { volumes: ['data'] }],
    ['must have volumes that are absolute folders, not "/"', { volumes: ['/'] }],
    ['must have volumes that are absolute folders, not "/data/"', { volumes: ['/data/'] }],
    ['must have volumes that are absolute folders, not "/data/../etc"', { volumes: ['/data/../etc'] }],
    ['has the volume /data/wal within another', { volumes: ['/data', '/data/wal'], logFiles: [] }],
    ['has the volume /data twice', { volumes: ['/data', '/data'] }],
    ['must have its log files within its volumes, and "/var/log/x" is in none', { logFiles: ['/var/log/x'] }],
    ['must have its log files within its volumes, and "/data" is in none', { logFiles: ['/data'] }],
    ['must have its log files within its volumes, and "/database/x" is in none', { logFiles: ['/database/x'] }],
    ['must have libfaketime for a clock, not "fake"', { clock: 'fake' }],
    ['must give variables of the environment text, and "PORT" has 80', { environment: { PORT: 80 } }],
  ])('is refused: it %s', (message, changes) => {
    expect(refusal(() => checkPlan('toy', { ...plan, ...changes }))).toBe(`the plan of toy ${message}`);
  });
});
