/**
 * What every runtime promises its nodes and clients, on each runtime, by puppets that do what clients tell them. An
 * expectation inside a script fails the run, and so the test.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault, FileDamageDone, Link } from '../harness/fault.ts';
import type { Runtime } from '../harness/ports.ts';
import type { Effect } from '../protocol/node.ts';
import { dockerRuntime } from './docker/runtime.ts';
import { hostedBy, processRuntime } from './process/runtime.ts';
import { simRuntime } from './sim/runtime.ts';
import { type Bundle, bundle } from './testing/bundle.ts';
import { whyNoDocker } from './testing/docker.ts';
import { type Memory, tag } from './testing/puppet.ts';
import {
  become,
  begin,
  ended,
  inject,
  perform,
  recall,
  recallUntil,
  runScript,
  type Script,
  wait,
} from './testing/script.ts';

interface Subject {
  readonly name: string;
  open(): Promise<Runtime>;
  close?(): Promise<void>;
  /** After so long, what has not happened will not happen. */
  readonly settleMs: number;
  /** A node that is killed is dead after so long at most. */
  readonly deathMs: number;
  /** Time is virtual: upper bounds hold too, and disks can do worse than real ones do on a kill. */
  readonly virtual: boolean;
  /** Why this machine does not have it. */
  readonly missing?: string | undefined;
}

let puppetProgram: Bundle;

const subjects: readonly Subject[] = [
  { name: 'sim', open: () => Promise.resolve(simRuntime()), settleMs: 2000, deathMs: 100, virtual: true },
  {
    name: 'process',
    async open() {
      puppetProgram = await bundle('runtime/testing/puppet-node.ts');
      return processRuntime(hostedBy(puppetProgram.path));
    },
    close: () => puppetProgram.remove(),
    settleMs: 100,
    deathMs: 0,
    virtual: false,
  },
  {
    name: 'docker',
    async open() {
      puppetProgram = await bundle('runtime/testing/puppet-node.ts');
      return dockerRuntime({ program: puppetProgram.path });
    },
    close: () => puppetProgram.remove(),
    // Within this time the kernel gives up what it cannot deliver: nothing sent into a cut arrives after the heal.
    settleMs: 2500,
    deathMs: 0,
    virtual: false,
    missing: whyNoDocker,
  },
];

const cut = (...links: readonly Link[]): Fault => ({ f: 'partition', shape: 'one', direction: 'both', cut: links });
const link = (from: string, to: string): Link => ({ from, to });
const append = (entry: number): Effect => ({ type: 'append', log: 'entries', entries: [entry] });
const sync: Effect = { type: 'sync' };
const entriesOf = (memory: Memory): readonly unknown[] => memory.logs.entries?.entries ?? [];

const present = subjects.filter(({ missing }) => missing === undefined);

describe.each(present)('$name', ({ open, close, settleMs, deathMs, virtual }) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open();
  });
  afterAll(() => close?.());

  const run = (nodes: number, script: () => Script) => runScript(runtime, nodes, script);
  const settle = (): Script => wait(settleMs);
  function* kill(node: string): Script {
    yield* inject({ f: 'kill', nodes: [node] });
    yield* wait(deathMs);
  }
  /** Where nodes speak TCP, a link that is cut one way carries nothing back either unless there was a connection before. */
  function* connect(a: string, b: string): Script {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      yield* perform(from, { effects: [tag(to, 'before')] });
      yield* recallUntil(to, ({ received }) => received.includes(`${from} before`));
    }
  }
  function* restart(node: string): Script {
    yield* kill(node);
    yield* inject({ f: 'start', nodes: [node] });
  }

  describe('messages', () => {
    test('each arrives once when there is no fault, at a node itself too', async () => {
      await run(3, function* () {
        const names = ['a', 'b', 'c', 'd'];
        for (const from of ['n1', 'n2', 'n3']) {
          yield* perform(from, { effects: ['n1', 'n2', 'n3'].flatMap((to) => names.map((name) => tag(to, name))) });
        }
        yield* settle();
        for (const to of ['n1', 'n2', 'n3']) {
          const expected = ['n1', 'n2', 'n3'].flatMap((from) => names.map((name) => `${from} ${name}`));
          expect([...(yield* recall(to)).received].sort()).toEqual(expected);
        }
      });
    });

    test('a cut link drops them in its direction only, until the heal', async () => {
      await run(2, function* () {
        yield* connect('n1', 'n2');
        yield* inject(cut(link('n1', 'n2')));
        yield* perform('n1', { effects: [tag('n2', 'there')] });
        yield* perform('n2', { effects: [tag('n1', 'back')] });
        yield* recallUntil('n1', ({ received }) => received.includes('n2 back'));
        yield* settle();
        expect((yield* recall('n2')).received).toEqual(['n1 before']);
        yield* inject({ f: 'heal' });
        yield* perform('n1', { effects: [tag('n2', 'later')] });
        yield* recallUntil('n2', ({ received }) => received.includes('n1 later'));
        yield* settle();
        expect((yield* recall('n2')).received).toEqual(['n1 before', 'n1 later']);
      });
    });

    test('a new partition takes the place of the earlier one', async () => {
      await run(2, function* () {
        yield* connect('n1', 'n2');
        yield* inject(cut(link('n1', 'n2')));
        yield* inject(cut(link('n2', 'n1')));
        yield* perform('n1', { effects: [tag('n2', 'there')] });
        yield* perform('n2', { effects: [tag('n1', 'back')] });
        yield* recallUntil('n2', ({ received }) => received.includes('n1 there'));
        yield* settle();
        expect((yield* recall('n1')).received).toEqual(['n2 before']);
      });
    });

    test('clients reach a node that is cut off from all others', async () => {
      await run(2, function* () {
        yield* inject(cut(link('n1', 'n2'), link('n2', 'n1')));
        expect(yield* perform('n1', { effects: [] })).toMatchObject({ type: 'ok' });
      });
    });

    test('those to a node that is down are lost', async () => {
      await run(2, function* () {
        yield* kill('n2');
        yield* perform('n1', { effects: [tag('n2', 'lost')] });
        yield* settle();
        yield* inject({ f: 'start', nodes: ['n2'] });
        yield* settle();
        expect((yield* recall('n2')).received).toEqual([]);
      });
    });
  });

  describe('timers', () => {
    test('fire once, after the least time', async () => {
      await run(1, function* () {
        const before = yield* recall('n1');
        yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 50, maxMs: 80 }] });
        const after = yield* recallUntil('n1', ({ fired }) => fired.length > 0);
        const waited = (after.fired[0]?.nowMs as number) - before.nowMs;
        expect(waited).toBeGreaterThanOrEqual(49);
        yield* settle();
        expect((yield* recall('n1')).fired).toEqual(after.fired);
      });
    });

    test.skipIf(!virtual)('fire within the most time, which a real machine may be too busy for', async () => {
      await run(1, function* () {
        for (let i = 0; i < 50; i++) {
          yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 50, maxMs: 80 }] });
          const before = yield* recall('n1');
          const { fired } = yield* recallUntil('n1', ({ fired }) => fired.length > i);
          expect((fired[i]?.nowMs as number) - before.nowMs).toBeLessThanOrEqual(81);
        }
      });
    });

    test('do not fire when they were cleared', async () => {
      await run(1, function* () {
        yield* perform('n1', {
          effects: [
            { type: 'set-timer', name: 'cleared', minMs: 10, maxMs: 10 },
            { type: 'clear-timer', name: 'cleared' },
            { type: 'clear-timer', name: 'never set' },
            { type: 'set-timer', name: 'alarm', minMs: 50, maxMs: 50 },
          ],
        });
        const { fired } = yield* recallUntil('n1', ({ fired }) => fired.length > 0);
        expect(fired.map(({ name }) => name)).toEqual(['alarm']);
      });
    });

    test('fire once when set anew, and later for it', async () => {
      await run(1, function* () {
        // So far ahead that it cannot fire before it is set anew, however busy the machine is.
        yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 60_000, maxMs: 60_000 }] });
        yield* perform('n1', {
          effects: [
            { type: 'set-timer', name: 'alarm', minMs: 0, maxMs: 0 },
            { type: 'set-timer', name: 'alarm', minMs: settleMs, maxMs: settleMs },
            { type: 'set-timer', name: 'other', minMs: 1, maxMs: 1 },
          ],
        });
        const { fired } = yield* recallUntil('n1', ({ fired }) => fired.some(({ name }) => name === 'alarm'));
        const alarms = fired.filter(({ name }) => name === 'alarm');
        yield* settle();
        expect((yield* recall('n1')).fired.filter(({ name }) => name === 'alarm')).toEqual(alarms);
        expect(fired.findIndex(({ name }) => name === 'other')).toBeLessThan(fired.indexOf(alarms.at(-1) as never));
      });
    });

    test('end with the life that set them', async () => {
      await run(1, function* () {
        yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 100, maxMs: 100 }] });
        yield* restart('n1');
        yield* settle();
        expect((yield* recall('n1')).fired).toEqual([]);
      });
    });
  });

  describe('durable writes', () => {
    test('outlive a kill when synced, in all their kinds', async () => {
      await run(1, function* () {
        yield* perform('n1', {
          effects: [
            { type: 'put', key: 'term', value: 1 },
            { type: 'put', key: 'term', value: { number: 2, of: ['n1', null, 'ü'] } },
            { type: 'append', log: 'entries', entries: ['one', 'two', 'three', 'four'] },
            { type: 'truncate', log: 'entries', from: 4 },
            { type: 'append', log: 'entries', entries: ['4th'] },
            { type: 'compact', log: 'entries', before: 2 },
            { type: 'append', log: 'emptied', entries: ['one', 'two'] },
            { type: 'compact', log: 'emptied', before: 7 },
            sync,
          ],
        });
        yield* restart('n1');
        const { values, logs } = yield* recall('n1');
        expect(values).toEqual({ term: { number: 2, of: ['n1', null, 'ü'] } });
        expect(logs).toEqual({
          entries: { first: 2, entries: ['two', 'three', '4th'] },
          emptied: { first: 7, entries: [] },
        });
      });
    });

    test(`are lost ${virtual ? 'but for a prefix' : 'entirely'} by a kill when not synced`, async () => {
      await run(1, function* () {
        yield* perform('n1', { effects: [append(1), append(2), sync] });
        yield* perform('n1', { effects: [append(3), append(4), append(5)] });
        yield* restart('n1');
        const entries = entriesOf(yield* recall('n1'));
        expect(entries).toEqual([1, 2, 3, 4, 5].slice(0, entries.length));
        expect(entries.length).toBeGreaterThanOrEqual(2);
        if (!virtual) expect(entries).toEqual([1, 2]);
      });
    });

    test('go on from life to life', async () => {
      await run(1, function* () {
        for (let life = 1; life <= 3; life++) {
          yield* perform('n1', { effects: [append(life), sync] });
          yield* restart('n1');
        }
        expect(entriesOf(yield* recall('n1'))).toEqual([1, 2, 3]);
      });
    });

    test('are on disk before a later step is heard of, whose own effects need none', async () => {
      await run(1, function* () {
        const rounds = virtual ? 50 : 4;
        const text = 'x'.repeat(virtual ? 1 : 8_000_000);
        for (let round = 1; round <= rounds; round++) {
          const value = `${round} ${text}`;
          yield* perform('n1', { effects: [{ type: 'put', key: 'round', value }, sync], reply: 'next-step' });
          yield* restart('n1');
          expect((yield* recall('n1')).values.round === value, `the write of round ${round} is there`).toBe(true);
        }
      });
    });

    test('of one node are not seen by another', async () => {
      await run(2, function* () {
        yield* perform('n1', { effects: [append(1), sync] });
        yield* restart('n2');
        expect((yield* recall('n2')).logs).toEqual({});
      });
    });
  });

  describe('processes', () => {
    test('count their incarnations from 1', async () => {
      await run(2, function* () {
        expect((yield* recall('n1')).incarnation).toBe(1);
        yield* restart('n1');
        yield* restart('n1');
        expect((yield* recall('n1')).incarnation).toBe(3);
        expect((yield* recall('n2')).incarnation).toBe(1);
      });
    });

    test('hold still while paused, and go on with all that came', async () => {
      await run(2, function* () {
        yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 50, maxMs: 50 }] });
        yield* inject({ f: 'pause', nodes: ['n1'] });
        yield* perform('n2', { effects: [tag('n1', 'meanwhile')] });
        const asked = yield* begin('n1', 'perform', { effects: [] });
        yield* settle();
        expect(asked.completion).toBeUndefined();
        yield* inject({ f: 'resume', nodes: ['n1'] });
        expect(yield* ended(asked)).toMatchObject({ type: 'ok' });
        const { received, fired, incarnation } = yield* recallUntil('n1', ({ fired }) => fired.length > 0);
        expect({ received, incarnation, fired: fired.length }).toEqual({
          received: ['n2 meanwhile'],
          incarnation: 1,
          fired: 1,
        });
      });
    });

    test('can be killed while paused, and come back unpaused', async () => {
      await run(1, function* () {
        yield* inject({ f: 'pause', nodes: ['n1'] });
        yield* restart('n1');
        expect((yield* recall('n1')).incarnation).toBe(2);
      });
    });

    test('report only what a fault has done: a node that is down is not killed again', async () => {
      await run(2, function* () {
        expect(yield* inject({ f: 'kill', nodes: ['n1'] })).toEqual({ f: 'kill', nodes: ['n1'] });
        yield* wait(deathMs);
        expect(yield* inject({ f: 'kill', nodes: ['n1', 'n2'] })).toEqual({ f: 'kill', nodes: ['n2'] });
        yield* wait(deathMs);
        expect(yield* inject({ f: 'pause', nodes: ['n1'] })).toEqual({ f: 'pause', nodes: [] });
        expect(yield* inject({ f: 'start', nodes: ['n1', 'n2'] })).toEqual({ f: 'start', nodes: ['n1', 'n2'] });
        expect(yield* inject({ f: 'start', nodes: ['n1'] })).toEqual({ f: 'start', nodes: [] });
        expect(yield* inject({ f: 'resume', nodes: ['n1'] })).toEqual({ f: 'resume', nodes: [] });
      });
    });
  });

  describe.skipIf(virtual)('files', () => {
    const seed = 5;

    test('that are cut short have lost what was acknowledged; those of nodes that run are spared', async () => {
      const { logLines } = await run(2, function* () {
        for (const node of ['n1', 'n2']) yield* perform(node, { effects: [append(1), append(2), sync] });
        yield* perform('n1', { effects: [append(3), sync] });
        yield* kill('n1');
        const truncate = { f: 'truncate', nodes: ['n1', 'n2'], dropBytes: 1, seed } as const;
        const { damaged, ...done } = (yield* inject(truncate)) as FileDamageDone;
        expect(done).toEqual({ ...truncate, nodes: ['n1'] });
        expect(damaged).toMatchObject([{ node: 'n1', droppedBytes: 1, flippedBits: 0 }]);
        expect(damaged[0]?.path).toMatch(/journal$/);
        yield* inject({ f: 'start', nodes: ['n1'] });
        yield* restart('n2');
        expect(entriesOf(yield* recall('n1'))).toEqual([1, 2]);
        expect(entriesOf(yield* recall('n2'))).toEqual([1, 2]);
      });
      expect(logLines.filter((line) => line.includes('torn'))).toEqual([
        expect.stringMatching(/^n1 the journal ended in \d+ bytes of a torn record, which are cut off$/),
      ]);
    });

    test('with flipped bits keep their node down, which says why, and the run goes on', async () => {
      const { execution, logLines } = await run(2, function* () {
        yield* perform('n1', { effects: [append(1), sync] });
        yield* kill('n1');
        const done = (yield* inject({ f: 'bitflip', nodes: ['n1', 'n2'], probability: 0, seed })) as FileDamageDone;
        expect(done.nodes).toEqual(['n1']);
        expect(done.damaged).toMatchObject([{ node: 'n1', droppedBytes: 0, flippedBits: 1 }]);
        expect(yield* inject({ f: 'start', nodes: ['n1'] })).toEqual({ f: 'start', nodes: [] });
        expect(yield* perform('n1', { effects: [] })).toMatchObject({ type: 'fail', error: 'connection-refused' });
        expect(yield* perform('n2', { effects: [] })).toMatchObject({ type: 'ok' });
        // The same bit again: the file is as it was.
        expect(yield* inject({ f: 'bitflip', nodes: ['n1'], probability: 0, seed })).toMatchObject({ nodes: ['n1'] });
        expect(yield* inject({ f: 'start', nodes: ['n1'] })).toEqual({ f: 'start', nodes: ['n1'] });
        expect(entriesOf(yield* recall('n1'))).toEqual([1]);
      });
      expect(logLines.filter((line) => /^n1 .*the journal .* is damaged at byte \d+ of \d+/.test(line))).toHaveLength(
        1,
      );
      const roles = execution.nodeChanges.filter(({ node }) => node === 'n1').map(({ role }) => role);
      expect(roles).toEqual(['puppet', 'down', 'puppet']);
    });

    test('are no excuse for another node, whose own are whole: its end is the end of the run', async () => {
      const damaging = run(2, function* () {
        yield* perform('n1', { effects: [append(1), sync] });
        yield* kill('n1');
        yield* inject({ f: 'bitflip', nodes: ['n1'], probability: 0, seed });
        yield* begin('n2', 'crash');
        yield* wait(20_000);
      });
      await expect(damaging).rejects.toThrow(/\bn2\b/);
    });
  });

  describe('clients', () => {
    test('are refused by a node that is down', async () => {
      await run(1, function* () {
        yield* kill('n1');
        const asked = yield* perform('n1', { effects: [] });
        expect(asked).toMatchObject({ type: 'fail', error: 'connection-refused' });
      });
    });

    test('do not know what has become of a request when its node dies, unless it was a read', async () => {
      await run(1, function* () {
        yield* inject({ f: 'pause', nodes: ['n1'] });
        const write = yield* begin('n1', 'perform', { effects: [], reply: 'never' });
        const read = yield* begin('n1', 'recall');
        yield* inject({ f: 'kill', nodes: ['n1'] });
        expect(yield* ended(write)).toMatchObject({ type: 'info', error: 'connection-reset' });
        expect(yield* ended(read)).toMatchObject({ type: 'fail', error: 'connection-reset' });
      });
    });
  });

  describe('clocks', () => {
    const aheadOf = function* (node: string, other: string): Script<number> {
      return (yield* recall(node)).nowMs - (yield* recall(other)).nowMs;
    };

    test('jump when bumped, forward and back, without touching timers, and keep it over a restart', async () => {
      await run(2, function* () {
        const hour = 3_600_000;
        const minute = 60_000;
        yield* perform('n1', { effects: [{ type: 'set-timer', name: 'alarm', minMs: 600_000, maxMs: 600_000 }] });
        yield* inject({ f: 'bump', deltaMs: { n1: hour } });
        expect(Math.abs((yield* aheadOf('n1', 'n2')) - hour)).toBeLessThan(minute);
        yield* settle();
        expect((yield* recall('n1')).fired).toEqual([]);
        yield* restart('n1');
        expect(Math.abs((yield* aheadOf('n1', 'n2')) - hour)).toBeLessThan(minute);
        yield* inject({ f: 'bump', deltaMs: { n1: -2 * hour } });
        expect(Math.abs((yield* aheadOf('n1', 'n2')) + hour)).toBeLessThan(minute);
        yield* inject({ f: 'reset-clock' });
        expect(Math.abs(yield* aheadOf('n1', 'n2'))).toBeLessThan(minute);
      });
    });

    test('gain while they drift, and stop to when reset', async () => {
      await run(2, function* () {
        yield* inject({ f: 'drift', partsPerMillion: { n1: 2_000_000 } });
        const before = yield* recall('n1');
        const otherBefore = yield* recall('n2');
        yield* settle();
        const otherAfter = yield* recall('n2');
        const after = yield* recall('n1');
        const gained = after.nowMs - before.nowMs - (otherAfter.nowMs - otherBefore.nowMs);
        expect(gained).toBeGreaterThan(settleMs);
        yield* inject({ f: 'reset-clock' });
        expect(Math.abs(yield* aheadOf('n1', 'n2'))).toBeLessThan(60_000);
      });
    });
  });

  describe('what is seen of nodes', () => {
    test('primaries are those that say so and are up, the highest term first', async () => {
      await runScript(runtime, 3, function* (view) {
        expect(view.primaries()).toEqual([]);
        yield* become('n1', { role: 'leader', term: 1, primary: true });
        yield* become('n2', { role: 'leader', term: 3, primary: true });
        yield* become('n3', { role: 'leader', term: 2, primary: true });
        expect(view.primaries()).toEqual(['n2', 'n3', 'n1']);
        yield* become('n3', { role: 'follower', term: 3, primary: false });
        yield* kill('n2');
        expect(view.primaries()).toEqual(['n1']);
      });
    });

    test('roles, pauses, and deaths are recorded in order, marks counted, and log lines kept', async () => {
      const { execution, logLines } = await run(1, function* () {
        yield* become('n1', { role: 'leader', term: 4, primary: true });
        yield* perform('n1', {
          effects: [
            { type: 'mark', name: 'remarkable' },
            { type: 'mark', name: 'remarkable' },
            { type: 'log', text: 'I lead' },
          ],
        });
        yield* inject({ f: 'pause', nodes: ['n1'] });
        yield* settle();
        yield* inject({ f: 'resume', nodes: ['n1'] });
        yield* settle();
        yield* kill('n1');
      });
      const roles = execution.nodeChanges.map(({ node, role, term, primary }) => ({ node, role, term, primary }));
      expect(roles.slice(-5)).toEqual([
        { node: 'n1', role: 'puppet', term: 0, primary: false },
        { node: 'n1', role: 'leader', term: 4, primary: true },
        { node: 'n1', role: 'paused', term: 4, primary: false },
        { node: 'n1', role: 'leader', term: 4, primary: true },
        { node: 'n1', role: 'down', term: 4, primary: false },
      ]);
      expect(execution.marks.remarkable).toBe(2);
      expect(logLines).toContain('n1 I lead');
      expect(execution.duration).toBeGreaterThan(0);
    });
  });
});
