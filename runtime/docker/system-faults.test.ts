/**
 * Faults of systems of others that need something of ftest's in their pods: wrong clocks, delays, damage to files. A nemesis
 * follows a script; the system is a register on its first node, which the others ask.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sequence, sleep } from '../../harness/combinators.ts';
import type { ContainerPlan, ContainerSystem, SystemClient } from '../../harness/container-system.ts';
import { beginsFault, type Fault } from '../../harness/fault.ts';
import type { Journal } from '../../harness/ports.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import { type Nemesis, type Registry, resolveTest } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import { inject } from '../../nemesis/schedule.ts';
import { services } from '../../protocol/services/index.ts';
import { workloads } from '../../workloads/index.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { runsOf, whyNoDocker } from '../testing/docker.ts';
import { findLibfaketime } from './faketime.ts';
import { dockerRuntime } from './runtime.ts';

const [clientPort, peerPort] = [8080, 8081];

/** Says `skewed` of itself when its clock has jumped since it started, and does not start on values that are not JSON. */
const program = `
const { createServer, request } = require('node:http');
const fs = require('node:fs');
const [id, primary] = process.argv.slice(-2);
const values = fs.existsSync('/data/values') ? JSON.parse(fs.readFileSync('/data/values', 'utf8')) : {};
const began = [Date.now(), performance.now()];
const aheadMs = () => Date.now() - began[0] - (performance.now() - began[1]);
function answer({ f, key, value }) {
  const now = values[key] ?? null;
  if (f === 'read') return { type: 'ok', value: now };
  if (f === 'cas' && now !== value[0]) return { type: 'fail', value, error: 'precondition-failed' };
  values[key] = f === 'cas' ? value[1] : value;
  fs.writeFileSync('/data/new', JSON.stringify(values), { flush: true });
  fs.renameSync('/data/new', '/data/values');
  return { type: 'ok', value };
}
async function serve(req, res) {
  if (req.url === '/status') {
    return res.end(JSON.stringify({ role: Math.abs(aheadMs()) > 5000 ? 'skewed' : 'right', term: 1, primary: id === primary }));
  }
  if (id === primary) return res.end(JSON.stringify(answer(JSON.parse((await req.toArray()).join('')))));
  const onward = request({ host: primary, port: ${peerPort}, method: 'POST', agent: false }, (reply) => reply.pipe(res));
  req.pipe(onward.on('error', () => res.destroy()));
}
createServer(serve).listen(${clientPort});
createServer(serve).listen(${peerPort});
`;

const url = ({ host, ports }: { readonly host: string; readonly ports: Readonly<Record<number, number>> }): string =>
  `http://${host}:${ports[clientPort]}`;

const client = (to: string): SystemClient => ({
  async invoke({ f, key, value }, signal) {
    const response = await fetch(to, { method: 'POST', body: JSON.stringify({ f, key, value }), signal });
    return (await response.json()) as Awaited<ReturnType<SystemClient['invoke']>>;
  },
  close() {},
});

const register = (plan: Partial<ContainerPlan> = {}): ContainerSystem => ({
  name: 'tiny-register',
  summary: 'A register that one node keeps.',
  sources: [],
  services: ['register'],
  defaultWorkload: 'register',
  bugs: [],
  invariants: [],
  promises: [
    { property: 'linearizable', under: 'all' },
    { property: 'recovery', under: 'all' },
  ],
  options: [],
  clientPorts: [clientPort],
  peerPorts: [peerPort],
  plan: ({ id, members }) => ({
    image: { programs: [{ name: 'node', debianPackage: 'nodejs' }] },
    command: ['node', '-e', program, id, members[0]?.id as string],
    volumes: ['/data'],
    ...plan,
  }),
  async status(endpoint, signal) {
    const response = await fetch(`${url(endpoint)}/status`, { signal });
    return (await response.json()) as { role: string; term: number; primary: boolean };
  },
  clients: { register: ({ endpoint }) => client(url(endpoint)) },
});

class MemoryJournal implements Journal {
  readonly ops: Op[] = [];
  record(op: Op): void {
    this.ops.push(op);
  }
  log(): void {}
  flush(): void {}
}

/** Before the faults and after them the system is whole for so long: it is asked what it is twice a second. */
const wholeMs = 2000;

/** These faults, one after the other; then the load, then these heals. */
const script = (faults: readonly Fault[], heals: readonly Fault[]): Nemesis => ({
  name: 'script',
  summary: 'Follows a script.',
  faults: [...faults, ...heals].map(({ f }) => f),
  create: () => ({
    generator: sequence(sleep(wholeMs), ...faults.map(inject)),
    heal: sequence(...heals.map(inject), sleep(wholeMs)),
  }),
});

describe.skipIf(whyNoDocker !== undefined)('into systems of others', () => {
  let proxyProgram: Bundle;
  beforeAll(async () => {
    proxyProgram = await bundle('cli/proxy.ts');
  });
  afterAll(() => proxyProgram.remove());
  afterEach(async () => expect(await runsOf((pid) => pid === process.pid)).toEqual(new Set()));

  const runtime = () => dockerRuntime({ program: 'none', proxyProgram: proxyProgram.path });

  async function run(system: ContainerSystem, faults: readonly Fault[], settings: Partial<TestSpec> = {}) {
    const undoing = faults.filter(({ f }) => !beginsFault(f));
    const beginning = faults.filter(({ f }) => beginsFault(f));
    const scripted = script(beginning, undoing);
    const registry: Registry = {
      targets: new Map([[system.name, system]]),
      services,
      workloads,
      nemeses: new Map([[scripted.name, scripted]]),
      runtimes: new Map([['docker', runtime]]),
    };
    const spec: TestSpec = {
      ...defaultSpec(system.name, system.defaultWorkload, 7, 2),
      nemesis: [scripted.name],
      runtime: 'docker',
      nodes: 2,
      timeLimitMs: 5000,
      opTimeoutMs: 2000,
      ...settings,
    };
    const journal = new MemoryJournal();
    const { results } = await runTest(resolveTest(spec, registry), await runtime(), journal);
    return { ...results, ops: journal.ops };
  }

  test.skipIf(findLibfaketime() === undefined)('clocks jump and drift, and are right again', async () => {
    const { nodeChanges, faults, valid, checkers } = await run(register({ clock: 'libfaketime' }), [
      { f: 'bump', deltaMs: { n2: -3_600_000 } },
      { f: 'drift', partsPerMillion: { n1: 50_000 } },
      { f: 'reset-clock' },
    ]);
    expect({ valid, checkers }).toMatchObject({ valid: true });
    expect(faults).toEqual({ bump: 1, drift: 1 });
    const roles = (node: string) => nodeChanges.filter((change) => change.node === node).map(({ role }) => role);
    expect(roles('n1')).not.toContain('skewed');
    expect(roles('n2').filter((role) => role !== 'up')).toEqual(['right', 'skewed', 'right']);
  });

  test('clocks and delays are refused where the system does not say how they can be had', async () => {
    const { refuses } = await runtime();
    expect(refuses('bump', register())).toContain('reads the clock of the machine');
    if (findLibfaketime() !== undefined) expect(refuses('drift', register({ clock: 'libfaketime' }))).toBeUndefined();
    expect(refuses('delay', register())).toBeUndefined();
    expect(refuses('delay', { ...register(), peerPorts: [] })).toMatch(/peerPorts/);
  });

  test('delays hold back what nodes ask each other, until packets are restored', async () => {
    const { ops, valid, checkers } = await run(register(), [
      { f: 'delay', links: [{ from: 'n2', to: 'n1' }], timeMs: 500, jitterMs: 0 },
      { f: 'restore-packets' },
    ]);
    expect({ valid, checkers }).toMatchObject({ valid: true });
    const delayedAt = ops.findLast(({ f }) => f === 'delay')?.time as number;
    const restoringAt = ops.find(({ f }) => f === 'restore-packets')?.time as number;
    const asked = ops.filter(
      ({ type, node, time }) => type === 'invoke' && node === 'n2' && time > delayedAt && time < restoringAt,
    );
    const tookMs = asked.flatMap(({ process, time }) => {
      const done = ops.find((op) => op.process === process && op.time > time);
      return done?.type === 'ok' ? [(done.time - time) / 1e6] : [];
    });
    expect(tookMs.length).toBeGreaterThan(2);
    for (const ms of tookMs) expect(ms).toBeGreaterThanOrEqual(499);
  });

  test('damage to files keeps a node down, which is its limit and no violation of the checker of nodes', async () => {
    const { checkers, faults, expected, ops } = await run(
      register(),
      [
        { f: 'kill', nodes: ['n1'] },
        { f: 'truncate', nodes: ['n1', 'n2'], dropBytes: 3, seed: 1 },
        { f: 'start', nodes: ['n1', 'n2'] },
      ],
      { timeLimitMs: 3000 },
    );
    expect(faults).toEqual({ kill: 1, truncate: 1 });
    const done = ops.findLast(({ f }) => f === 'truncate')?.value;
    expect(done).toMatchObject({ nodes: ['n1'], damaged: [{ node: 'n1', path: '/data/values', droppedBytes: 3 }] });
    expect(checkers.nodes).toEqual({ valid: true });
    expect(checkers.recovery).toMatchObject({ valid: false });
    expect(expected).toBe('limit');
  });
});
