/** The rules of three-phase commit, message by message: three phases, termination, recovery, total failure. */
import { describe, expect, test } from 'vitest';
import type { ThreePhaseMessage } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const tx = 'n1.1.1';

const tell = (cluster: Cluster, src: string, dest: string, body: ThreePhaseMessage): void =>
  cluster.receive({ src, dest, body });

/** A transaction of n1 on which all have voted yes. Nobody has heard of it. */
function voted(nodes = 3, bug?: string): Cluster {
  const cluster = new Cluster({ nodes, ...(bug === undefined ? {} : { bug }) });
  cluster.transact('n1');
  cluster.pass('vote-request');
  return cluster;
}

/** n1 is down, and nothing that it has sent arrives any more. */
function withoutCoordinator(cluster: Cluster): void {
  cluster.crash('n1');
  cluster.network.length = 0;
}

/** Time passes for everybody who is up, and messages arrive within a tick. */
function elapse(cluster: Cluster, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    for (const { id, state } of cluster.nodes) if (state !== undefined) cluster.wait(id, 1);
    cluster.settle();
  }
}

describe('the three phases', () => {
  test('a vote and an acknowledgement leave when they are on disk', () => {
    const cluster = new Cluster();
    cluster.transact('n1');
    while (cluster.underWay('vote-request').length > 0) cluster.deliver(0);
    expect(cluster.underWay('vote')).toEqual([]);
    cluster.sync('n2');
    expect(cluster.underWay('vote').map(({ src }) => src)).toEqual(['n2']);
    cluster.pass('vote');
    while (cluster.underWay('precommit').length > 0) cluster.deliver(0);
    expect(cluster.underWay('acknowledge')).toEqual([]);
    cluster.sync('n3');
    expect(cluster.underWay('acknowledge').map(({ src }) => src)).toEqual(['n3']);
  });

  test('nobody commits while another is in wait', () => {
    const cluster = voted();
    cluster.pass('vote');
    expect(cluster.states()).toEqual(['wait', 'wait', 'wait']);
    cluster.pass('precommit');
    expect([cluster.states(), cluster.replies]).toEqual([['precommit', 'precommit', 'precommit'], []]);
    cluster.settle();
    expect(cluster.states()).toEqual(['committed', 'committed', 'committed']);
    expect(cluster.reply('c1', 1)?.type).toBe('transact_ok');
    expect([...cluster.broken]).toEqual([]);
  });

  test('one no is enough, and sites say what they know', () => {
    const cluster = new Cluster();
    cluster.transact('n1', ['n3']);
    cluster.settle();
    expect(cluster.states()).toEqual(['aborted', 'aborted', 'aborted']);
    expect(cluster.reply('c1', 1)).toMatchObject({ type: 'error', code: 14 });
    expect(cluster.inspect('n2')).toMatchObject({ vote: 'yes', decision: 'abort' });
    expect(cluster.inspect('n3')).toMatchObject({ vote: 'no', decision: 'abort' });
  });

  test('the coordinator may be the one that votes no', () => {
    const cluster = new Cluster();
    cluster.transact('n1', ['n1']);
    cluster.settle();
    expect(cluster.states()).toEqual(['aborted', 'aborted', 'aborted']);
    expect(cluster.reply('c1', 1)).toMatchObject({ code: 14 });
  });

  test('the coordinator aborts without a vote, and commits without an acknowledgement', () => {
    const unvoted = new Cluster();
    unvoted.crash('n3');
    unvoted.transact('n1');
    elapse(unvoted, 8);
    expect(unvoted.states()).toEqual(['aborted', 'aborted', 'down']);
    expect(unvoted.reply('c1', 1)).toMatchObject({ code: 11 });

    const unacknowledged = voted();
    unacknowledged.crash('n3');
    elapse(unacknowledged, 10);
    expect(unacknowledged.states()).toEqual(['committed', 'committed', 'down']);
    expect([...unacknowledged.broken]).toEqual([]);
  });

  test('a cluster of one needs nobody', () => {
    const cluster = new Cluster({ nodes: 1 });
    cluster.transact('n1');
    cluster.settle();
    expect(cluster.states()).toEqual(['committed']);
  });
});

describe('termination', () => {
  test('where all that are up are in wait, they abort', () => {
    const cluster = voted();
    withoutCoordinator(cluster);
    elapse(cluster, 30);
    expect(cluster.states()).toEqual(['down', 'aborted', 'aborted']);
  });

  test('where one is in precommit, they commit', () => {
    const cluster = voted();
    cluster.pass('vote');
    tell(cluster, 'n1', 'n3', { type: 'precommit', tx });
    withoutCoordinator(cluster);
    elapse(cluster, 40);
    expect(cluster.states()).toEqual(['down', 'committed', 'committed']);
    expect([...cluster.broken]).toEqual([]);
  });

  test('a site that was not asked to vote aborts when it is polled, and votes no from then on', () => {
    const cluster = new Cluster();
    tell(cluster, 'n1', 'n2', { type: 'vote-request', tx, name: 't', against: [] });
    elapse(cluster, 16);
    expect(cluster.states()).toEqual(['aborted', 'aborted', 'aborted']);
    tell(cluster, 'n1', 'n3', { type: 'vote-request', tx, name: 't', against: [] });
    expect(cluster.underWay('vote')).toMatchObject([{ src: 'n3', body: { vote: 'no' } }]);
  });

  test('of two that take over, the later one in the order gives way', () => {
    const cluster = voted();
    withoutCoordinator(cluster);
    cluster.wait('n3', 16);
    cluster.settle();
    expect([cluster.state('n2').role, cluster.state('n3').role]).toEqual(['terminating', 'site']);
    cluster.wait('n3', 16);
    expect(cluster.states()).toEqual(['down', 'wait', 'wait']);
    cluster.wait('n2', 8);
    cluster.settle();
    expect(cluster.states()).toEqual(['down', 'aborted', 'aborted']);
  });

  test('when the one that took over fails as well, the next does', () => {
    const cluster = voted(4);
    withoutCoordinator(cluster);
    for (const id of ['n2', 'n3', 'n4']) cluster.wait(id, 16);
    cluster.settle();
    expect(cluster.state('n2').role).toBe('terminating');
    cluster.crash('n2');
    elapse(cluster, 40);
    expect(cluster.states()).toEqual(['down', 'down', 'aborted', 'aborted']);
  });

  test('a site alone decides as well', () => {
    const cluster = voted();
    cluster.crash('n2');
    withoutCoordinator(cluster);
    elapse(cluster, 30);
    expect(cluster.states()).toEqual(['down', 'down', 'aborted']);
  });
});

describe('recovery', () => {
  test('who recovers asks, and follows', () => {
    const cluster = voted();
    withoutCoordinator(cluster);
    elapse(cluster, 30);
    cluster.start('n1');
    expect(cluster.state('n1').role).toBe('recovering');
    cluster.settle();
    expect(cluster.states()).toEqual(['aborted', 'aborted', 'aborted']);
    expect([...cluster.broken]).toEqual([]);
  });

  test('who recovers takes no part in phases and termination', () => {
    const cluster = voted();
    cluster.crash('n3');
    cluster.start('n3');
    cluster.network.length = 0;
    tell(cluster, 'n1', 'n3', { type: 'precommit', tx });
    tell(cluster, 'n2', 'n3', { type: 'poll', tx });
    expect([cluster.network, cluster.states()[2]]).toEqual([[], 'wait']);
    cluster.wait('n3', 40);
    expect(new Set(cluster.network.map(({ body }) => body.type))).toEqual(new Set(['inquire']));
  });

  test('a decision is on disk before anybody hears of it', () => {
    const cluster = voted();
    cluster.pass('vote', 'precommit');
    while (cluster.underWay('acknowledge').length > 0) cluster.deliver(0);
    expect([cluster.underWay('decide'), cluster.replies]).toEqual([[], []]);
    cluster.crash('n1');
    cluster.start('n1');
    expect(cluster.states()).toEqual(['precommit', 'precommit', 'precommit']);
    elapse(cluster, 40);
    expect(cluster.states()).toEqual(['committed', 'committed', 'committed']);
    expect([...cluster.broken]).toEqual([]);
  });

  test.each([
    { phases: ['vote-request'], outcome: 'aborted' },
    { phases: ['vote-request', 'vote', 'precommit'], outcome: 'committed' },
  ])('after a total failure nobody decides before all are back: $outcome', ({ phases, outcome }) => {
    const cluster = new Cluster();
    cluster.transact('n1');
    cluster.pass(...phases);
    cluster.network.length = 0;
    for (const id of cluster.nodeIds) cluster.crash(id);
    cluster.start('n2');
    cluster.start('n3');
    elapse(cluster, 100);
    expect(cluster.states()).toEqual(['down', ...cluster.states().slice(1)]);
    expect(cluster.states()).not.toContain(outcome);
    cluster.start('n1');
    elapse(cluster, 10);
    expect(cluster.states()).toEqual([outcome, outcome, outcome]);
    expect([...cluster.broken]).toEqual([]);
  });

  test('a checkpoint holds what the log held', () => {
    const cluster = new Cluster({ config: { checkpointRecords: 4 } });
    for (let i = 0; i < 5; i++) {
      cluster.request('c1', 'n1', { type: 'transact', key: `t${i}`, value: [] } as never);
      cluster.settle();
    }
    cluster.transact('n1');
    cluster.pass('vote-request', 'vote', 'precommit');
    expect(cluster.marks.get('checkpoint-taken')).toBeGreaterThan(3);
    for (const id of cluster.nodeIds) cluster.crash(id);
    cluster.network.length = 0;
    for (const id of cluster.nodeIds) cluster.start(id);
    expect([cluster.states('n1.1.1'), cluster.states('n1.1.6')]).toEqual([
      Array(3).fill('committed'),
      Array(3).fill('precommit'),
    ]);
    cluster.settle();
    expect(cluster.states('n1.1.6')).toEqual(Array(3).fill('committed'));
  });
});

describe('forgetting', () => {
  const config = { decidedMax: 3, forgetAtOnce: 2 };

  /** Asks n1 for so many transactions, each decided before the next, which all nodes that are up vote on. */
  function decideMany(cluster: Cluster, count: number): void {
    for (let i = 0; i < count; i++) {
      cluster.request('c1', 'n1', { type: 'transact', key: `later ${i}`, value: [] } as never);
      elapse(cluster, 10);
    }
  }

  /** How many of the first transactions of n1 each node knows. */
  const known = (cluster: Cluster, count: number): readonly number[] =>
    cluster.nodeIds.map((_, node) => {
      const txs = Array.from({ length: count }, (_unused, i) => `n1.1.${i + 1}`);
      return txs.filter((each) => cluster.states(each)[node] !== 'initial').length;
    });

  test('who was down while many others were decided still hears of its commit', () => {
    const cluster = new Cluster({ config: { ...config, checkpointRecords: 4 } });
    cluster.transact('n1');
    cluster.pass('vote-request', 'vote', 'precommit');
    cluster.crash('n3');
    decideMany(cluster, 12);
    expect(cluster.states()).toEqual(['committed', 'committed', 'down']);
    cluster.start('n3');
    cluster.settle();
    expect(cluster.states()).toEqual(['committed', 'committed', 'committed']);
    expect(cluster.inspect('n3')).toMatchObject({ vote: 'yes', decision: 'commit' });
    expect([...cluster.broken]).toEqual([]);
  });

  test('while all are up, what is remembered is bounded; and while one is down, its backlog is made good afterwards', () => {
    const cluster = new Cluster({ config });
    decideMany(cluster, 20);
    for (const count of known(cluster, 20)) expect(count).toBeLessThanOrEqual(5);
    cluster.crash('n3');
    decideMany(cluster, 20);
    expect(
      known(cluster, 40)
        .slice(0, 2)
        .every((count) => count >= 20),
    ).toBe(true);
    cluster.start('n3');
    decideMany(cluster, 6);
    for (const count of known(cluster, 46).slice(0, 2)) expect(count).toBeLessThanOrEqual(5);
    expect([...cluster.broken]).toEqual([]);
  });

  test('a site to which one of them is open does not agree', () => {
    const cluster = voted();
    tell(cluster, 'n1', 'n2', { type: 'may-forget', batch: '1.1', upTo: [['n1.1', 3]] });
    expect(cluster.underWay('forgettable')).toEqual([]);
    cluster.pass('vote', 'precommit', 'acknowledge', 'decide');
    tell(cluster, 'n1', 'n2', { type: 'may-forget', batch: '1.1', upTo: [['n1.1', 3]] });
    expect(cluster.underWay('forgettable')).toHaveLength(1);
  });

  test('who agrees has its decision on disk', () => {
    const cluster = voted();
    cluster.pass('vote', 'precommit', 'acknowledge');
    while (cluster.underWay('decide').length > 0) cluster.deliver(0);
    tell(cluster, 'n1', 'n2', { type: 'may-forget', batch: '1.1', upTo: [['n1.1', 1]] });
    expect(cluster.underWay('forgettable')).toEqual([]);
    cluster.sync('n2');
    expect(cluster.underWay('forgettable')).toHaveLength(1);
  });

  test.each([false, true])(
    'to what comes late of a forgotten transaction nobody says abort (restarted: %s)',
    (restarts) => {
      const cluster = new Cluster({ config: { ...config, checkpointRecords: 3 } });
      decideMany(cluster, 20);
      expect(cluster.states()).toEqual(['initial', 'initial', 'initial']);
      if (restarts) {
        cluster.crash('n2');
        cluster.start('n2');
      }
      for (const type of ['poll', 'inquire'] as const) tell(cluster, 'n3', 'n2', { type, tx });
      tell(cluster, 'n1', 'n2', { type: 'decide', tx, decision: 'abort' });
      expect([cluster.network, cluster.states()[1]]).toEqual([[], 'initial']);
      tell(cluster, 'n1', 'n2', { type: 'vote-request', tx, name: 't', against: [] });
      cluster.sync('n2');
      expect(cluster.underWay('vote')).toMatchObject([{ src: 'n2', body: { vote: 'no' } }]);
      expect([...cluster.broken]).toEqual([]);
    },
  );

  test('a cluster of one forgets alone', () => {
    const cluster = new Cluster({ nodes: 1, config });
    decideMany(cluster, 20);
    expect(known(cluster, 20)[0]).toBeLessThanOrEqual(5);
  });
});

describe('no-commit-beside-wait can be broken', () => {
  test('by a coordinator that skips the second phase', () => {
    const cluster = voted(3, 'no-precommit');
    cluster.pass('vote', 'decision-durable');
    expect([...cluster.broken.keys()]).toEqual(['no-commit-beside-wait']);
  });

  test('and not by one who has failed in the meantime', () => {
    const cluster = voted();
    cluster.crash('n3');
    cluster.start('n3');
    elapse(cluster, 20);
    expect([cluster.states(), [...cluster.broken]]).toEqual([['committed', 'committed', 'committed'], []]);
  });
});

describe('what it does not promise', () => {
  test('a message that is lost in the second phase, with a site that is up', () => {
    const cluster = voted();
    cluster.pass('vote');
    cluster.network.splice(
      cluster.network.findIndex(({ dest, body }) => dest === 'n3' && body.type === 'precommit'),
      1,
    );
    cluster.settle(['n3']);
    cluster.wait('n1', 8);
    cluster.settle(['n3']);
    cluster.wait('n3', 24);
    cluster.settle(['n3']);
    expect(cluster.states()).toEqual(['committed', 'committed', 'aborted']);
    expect(cluster.broken.get('atomicity')).toBe('n1 has committed n1.1.1, but n3 has aborted it');
  });
});
