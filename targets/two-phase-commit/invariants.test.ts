import { describe, expect, test } from 'vitest';
import type { Deed } from './deeds.ts';
import { invariants } from './invariants.ts';
import { Cluster } from './testing/cluster.ts';
import type { CommitDescription } from './two-phase-commit.ts';

const nodeIds = ['n1', 'n2', 'n3'];

/** A node that has done whatever a test says. */
class FakeNode implements CommitDescription {
  readonly role = 'participant';
  readonly primary = false;
  readonly term = 1;
  readonly uncertain = [];
  readonly coordinating = 0;
  readonly deeds: Deed[] = [];
  readonly logged = new Set<string>();

  get deedCount(): number {
    return this.deeds.length;
  }
  deedAt(number: number): Deed | undefined {
    return this.deeds[number];
  }
  isLogged(tx: string): boolean {
    return this.logged.has(tx);
  }
}

class Watch {
  readonly nodes = nodeIds.map(() => new FakeNode());
  readonly #monitor;

  constructor(invariant: string) {
    this.#monitor = invariants.find(({ name }) => name === invariant)!.monitor(nodeIds);
  }

  /** What the invariant says when a node does something. */
  does(node: number, deed: Partial<Deed>): string | undefined {
    this.nodes[node]!.deeds.push({ tx: 't', deed: 'followed', decision: null, participants: [], ...deed });
    return this.#monitor.observe(node, this.nodes);
  }

  restart(node: number): void {
    this.nodes[node] = new FakeNode();
  }
}

describe('each invariant can be broken', () => {
  test('atomicity', () => {
    const watch = new Watch('atomicity');
    expect(watch.does(0, { decision: 'commit' })).toBeUndefined();
    expect(watch.does(1, { decision: 'commit' })).toBeUndefined();
    expect(watch.does(2, { tx: 'u', decision: 'abort' })).toBeUndefined();
    expect(watch.does(2, { decision: 'abort' })).toBe('n1 has committed t, but n3 has aborted it');
  });

  test('atomicity: a commit that never left its coordinator may be undone by a crash, an abort not', () => {
    const watch = new Watch('atomicity');
    expect(watch.does(0, { deed: 'decided', decision: 'commit' })).toBeUndefined();
    expect(watch.does(1, { decision: 'abort' })).toBeUndefined();
    expect(watch.does(0, { tx: 'u', deed: 'decided', decision: 'abort' })).toBeUndefined();
    expect(watch.does(1, { tx: 'u', decision: 'commit' })).toBe('n1 has aborted u, but n2 has committed it');
  });

  test('stability, also beyond a restart', () => {
    const watch = new Watch('stability');
    expect(watch.does(0, { decision: 'commit' })).toBeUndefined();
    watch.restart(0);
    expect(watch.does(0, { decision: 'commit' })).toBeUndefined();
    expect(watch.does(1, { decision: 'abort' })).toBeUndefined();
    expect(watch.does(0, { decision: 'abort' })).toBe('n1 had committed t, and then aborted it');
  });

  test('unanimity', () => {
    const watch = new Watch('unanimity');
    expect(watch.does(1, { deed: 'voted-yes' })).toBeUndefined();
    const decision = { deed: 'decided', decision: 'commit' } as const;
    expect(watch.does(0, { ...decision, participants: ['n2'] })).toBeUndefined();
    expect(watch.does(0, { ...decision, participants: ['n2', 'n3'] })).toBe(
      'n1 decided to commit t, but n3 had not voted yes',
    );
  });

  test('prepared-is-logged', () => {
    const watch = new Watch('prepared-is-logged');
    watch.nodes[0]!.logged.add('t');
    expect(watch.does(0, { deed: 'voted-yes' })).toBeUndefined();
    expect(watch.does(1, { deed: 'voted-yes' })).toBe('n2 has voted yes on t, but its log does not say so');
  });

  test('commit-is-logged', () => {
    const watch = new Watch('commit-is-logged');
    watch.nodes[0]!.logged.add('t');
    const decision = { deed: 'decided', decision: 'commit' } as const;
    expect(watch.does(0, decision)).toBeUndefined();
    expect(watch.does(1, decision)).toBe('n2 has decided to commit t, but its log does not say so');
  });
});

describe('a bug breaks it', () => {
  test.each([
    ['prepare-not-durable', 'prepared-is-logged'],
    ['decision-not-logged', 'commit-is-logged'],
  ])('%s: %s', (bug, invariant) => {
    const cluster = new Cluster({ bug });
    cluster.txn('c1', 'n1', [['append', 1, 7]]);
    cluster.settle();
    expect([...cluster.broken.keys()]).toEqual([invariant]);
  });
});
