import { describe, expect, test } from 'vitest';
import {
  check,
  defineTarget,
  errorBody,
  History,
  type NodeSystem,
  parseHistory,
  run,
  SpecError,
  type TargetDefinition,
} from './index.ts';
import type { RegisterRequest, WriteBody } from './protocol/services/register.ts';

interface Memory {
  readonly values: Map<unknown, WriteBody['value']>;
}

/** Each node keeps its own registers and tells nobody: linearizable with one node, and only then. */
const lonely: NodeSystem<Memory, object, RegisterRequest, { role: string; primary: boolean; term: number }> = {
  name: 'lonely',
  summary: 'Nodes that never talk to each other.',
  sources: [],
  services: ['register'],
  defaultWorkload: 'register',
  configure: () => ({}),
  bugs: [],
  invariants: [],
  promises: [],
  marks: {},
  create: () => ({ values: new Map() }),
  describe: () => ({ role: 'node', primary: false, term: 0 }),
  step({ values }, event) {
    if (event.type !== 'message') return [];
    const { src, body } = event.message;
    const id = body.msg_id as number;
    const reply = (answer: object) =>
      [{ type: 'send', to: src, body: { in_reply_to: id, ...answer } as RegisterRequest }] as const;
    switch (body.type) {
      case 'read':
        return reply({ type: 'read_ok', value: values.get(body.key) ?? null });
      case 'write':
        values.set(body.key, body.value);
        return reply({ type: 'write_ok' });
      case 'cas':
        if (values.get(body.key) !== body.from) return reply(errorBody(id, 'preconditionFailed', 'another value'));
        values.set(body.key, body.to);
        return reply({ type: 'cas_ok' });
    }
  },
};

describe('run', () => {
  test('runs a reference target by name: the same seed, the same history', async () => {
    const spec = { target: 'raft', nemesis: ['partition'], seed: 3, timeLimitMs: 5000, nemesisIntervalMs: 1000 };
    const first = await run(spec);
    expect(first.results).toMatchObject({ valid: true, seed: 3, store: null });
    expect((await run(spec)).results.history).toEqual(first.results.history);
    expect(first.history.length).toBe(first.results.history.lines);
  });

  test('runs a target of the caller, and convicts it where it deserves it', async () => {
    const one = await run({ target: lonely, nodes: 1, seed: 1, timeLimitMs: 5000 });
    expect(one.results.valid).toBe(true);
    const two = await run({ target: lonely, nodes: 2, seed: 1, timeLimitMs: 5000 });
    expect(two.results.valid).toBe(false);
    expect(two.results.checkers.linearizable).toMatchObject({ valid: false });
  });

  test('refuses what it cannot run', async () => {
    await expect(run({ target: 'rafft' })).rejects.toThrow(SpecError);
    await expect(run({ target: lonely, runtime: 'process' })).rejects.toThrow('runs in the runtime sim only');
    await expect(run({ target: 'raft', nodes: 0 })).rejects.toThrow(SpecError);
  });
});

describe('a system in containers', () => {
  const definition: TargetDefinition = {
    name: 'boxed',
    defaultWorkload: 'register',
    clientPorts: [80],
    sizes: [3],
    plan: () => ({ image: { image: 'boxed:1' } }),
    clients: { register: () => ({ invoke: () => new Promise(() => {}), close() {} }) },
  };

  test('is defined by its author, whose mistakes are said in a sentence', () => {
    expect(defineTarget(definition)).toMatchObject({ name: 'boxed', services: ['register'], options: [] });
    const defined = (changes: object) => () => defineTarget({ ...definition, ...changes });
    expect(defined({ defaultWorkload: 'regster' })).toThrow('unknown workload "regster": did you mean register?');
    expect(defined({ defaultWorkload: 'bank' })).toThrow(
      'the target boxed has the default workload bank, which needs the service bank, but offers register',
    );
    expect(defined({ clientPorts: [] })).toThrow(SpecError);
  });

  test('runs in docker only, with as many nodes as it can have', async () => {
    const target = defineTarget(definition);
    await expect(run({ target, runtime: 'sim' })).rejects.toThrow('boxed runs in containers only');
    await expect(run({ target, nodes: 4 })).rejects.toThrow('boxed has 3 nodes, not 4');
    await expect(run({ target: { ...target, clientPorts: [0] } })).rejects.toThrow('ports from 1 to 65535, not 0');
  });
});

test('a target has the short name here too that it has on the command line', async () => {
  const { results } = await run({ target: '3pc', seed: 1, timeLimitMs: 1000 });
  expect(results.target).toBe('three-phase-commit');
});

describe('check', () => {
  test('judges independent objects of Jepsen, each for itself', () => {
    const write =
      '{:process 0, :type :invoke, :f :write, :value [:x 1]} {:process 0, :type :ok, :f :write, :value [:x 1]}';
    const read = (key: string) =>
      `{:process 0, :type :invoke, :f :read, :value [${key} nil]} {:process 0, :type :ok, :f :read, :value [${key} nil]}`;
    expect(check(parseHistory(`${write} ${read(':y')}`), { workload: 'cas-register' }).valid).toBe(true);
    expect(check(parseHistory(`${write} ${read(':x')}`), { workload: 'cas-register' }).valid).toBe(false);
  });

  test('refuses lines that do not pair', () => {
    const completion = { index: 0, time: 0, process: 0, type: 'ok', f: 'read', value: 1 } as const;
    expect(() => check(History.from([completion]), { workload: 'register' })).toThrow('has no open invocation');
  });
});
