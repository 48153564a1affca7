import { describe, expect, test } from 'vitest';
import type { InvariantMonitor } from '../../protocol/system.ts';
import { Instance } from './instance.ts';
import { invariants } from './invariants.ts';
import type { SingleDecreeDescription } from './single-decree-paxos.ts';

const nodeIds = ['n1', 'n2', 'n3'];

/** Nodes that are whatever a test says they are. */
class Watch {
  readonly #nodes: { instances: Map<string, Instance>; description: SingleDecreeDescription }[];
  readonly #monitor: InvariantMonitor<SingleDecreeDescription>;

  constructor(invariant: string) {
    const found = invariants.find(({ name }) => name === invariant);
    if (found === undefined) throw new Error(`there is no invariant ${invariant}`);
    this.#monitor = found.monitor(nodeIds);
    this.#nodes = nodeIds.map(() => life());
    for (const i of nodeIds.keys()) this.#observe(i);
  }

  /** Changes the instance `x` of a node, or another, and returns what the monitor says. */
  step(node: number, change: (instance: Instance) => void, key = 'x'): string | undefined {
    const { instances, description } = this.#nodes[node]!;
    const instance = instances.get(key) ?? new Instance(key, nodeIds.length);
    instances.set(key, instance);
    change(instance);
    Object.assign(description, { touched: instance });
    return this.#observe(node);
  }

  /** The node comes back with what it had on its disk. */
  restart(node: number, disk: (instance: Instance) => void): string | undefined {
    this.#nodes[node] = life();
    const instance = new Instance('x', nodeIds.length);
    disk(instance);
    this.#nodes[node]!.instances.set('x', instance);
    return this.#observe(node);
  }

  #observe(node: number): string | undefined {
    return this.#monitor.observe(
      node,
      this.#nodes.map(({ description }) => description),
    );
  }
}

function life() {
  const instances = new Map<string, Instance>();
  const description: SingleDecreeDescription = {
    role: 'acceptor',
    primary: false,
    term: 0,
    instances,
    touched: null,
  };
  return { instances, description };
}

const accept =
  (ballot: number, value: number) =>
  (instance: Instance): void => {
    instance.promised = Math.max(instance.promised, ballot);
    instance.accepted = { ballot, value };
  };

const learn =
  (ballot: number, value: number) =>
  (instance: Instance): void => {
    instance.decided = { ballot, value };
  };

/** The proposer has what these nodes have answered in its ballot. */
const proposer =
  (phase: 'prepare' | 'accept', ballot: number, answered: readonly number[]) =>
  (instance: Instance): void => {
    instance.phase = phase;
    instance.ballot = ballot;
    instance.promised = ballot;
    for (const node of answered) (phase === 'prepare' ? instance.promises : instance.acceptors)[node] = 1;
  };

const asking =
  (value: number) =>
  (instance: Instance): void => {
    instance.waiting.push({ client: 'c1', id: 1, value, age: 0, isProposed: false, isAsked: false });
  };

test('agreement: two values that are learned, also by one node after a restart', () => {
  const watch = new Watch('agreement');
  expect(watch.step(0, learn(3, 7))).toBeUndefined();
  expect(watch.step(1, learn(4, 7))).toBeUndefined();
  expect(watch.step(1, learn(4, 8), 'y')).toBeUndefined();
  expect(watch.step(2, learn(5, 8))).toBe('of "x", n1 has learned that 7 is chosen, but n3 8');
  expect(watch.restart(0, learn(3, 9))).toBe('of "x", n1 has learned that 7 is chosen, but n1 9');
});

test('validity: a value that no client has proposed, anywhere', () => {
  const watch = new Watch('validity');
  expect(watch.step(0, asking(7))).toBeUndefined();
  expect(watch.step(1, accept(3, 7))).toBeUndefined();
  expect(watch.step(1, accept(4, 8))).toBe('of "x", n2 has 8, which no client has proposed');
  expect(watch.step(2, learn(3, 7), 'y')).toBe('of "y", n3 has 7, which no client has proposed');
});

describe('learned is chosen', () => {
  test('what a majority has accepted in that ballot, whoever restarted meanwhile', () => {
    const watch = new Watch('learned-is-chosen');
    watch.step(0, accept(3, 7));
    watch.step(1, accept(3, 7));
    watch.restart(1, accept(5, 7));
    expect(watch.step(2, learn(3, 7))).toBeUndefined();
  });

  test('not what a minority has, or some in one ballot and some in another', () => {
    const watch = new Watch('learned-is-chosen');
    watch.step(0, accept(3, 7));
    watch.step(1, accept(4, 7));
    expect(watch.step(0, learn(3, 7))).toBe(
      'of "x", n1 takes 7 for chosen in ballot 1.n1, which 1 of 3 acceptors have accepted',
    );
  });
});

describe('promises kept', () => {
  test('within a life nobody goes back', () => {
    const watch = new Watch('promises-kept');
    expect(watch.step(0, proposer('prepare', 6, []))).toBeUndefined();
    expect(watch.step(0, proposer('prepare', 4, []))).toBe('of "x", n1 has promised ballot 2.n1, and is back at 1.n2');
  });

  test('what was not on disk may be lost, but not what a proposer was told', () => {
    const watch = new Watch('promises-kept');
    watch.step(1, proposer('prepare', 4, []));
    expect(watch.restart(1, () => {})).toBeUndefined();
    watch.step(0, proposer('prepare', 3, [0, 1]));
    expect(watch.restart(1, () => {})).toBe('of "x", n2 has promised ballot 1.n1, and is back at no ballot');
    expect(watch.restart(0, proposer('prepare', 6, []))).toBeUndefined();
  });

  test('to have accepted is to have promised', () => {
    const watch = new Watch('promises-kept');
    watch.step(0, proposer('accept', 3, [2]));
    expect(watch.restart(2, () => {})).toMatch(/n3 has promised ballot 1.n1/);
  });
});

test('acceptances kept: what a proposer was told is there after a restart', () => {
  const watch = new Watch('acceptances-kept');
  watch.step(1, accept(3, 7));
  expect(watch.restart(1, () => {})).toBeUndefined();
  watch.step(0, proposer('accept', 3, [1]));
  expect(watch.restart(1, accept(4, 7))).toBeUndefined();
  expect(watch.restart(1, () => {})).toBe(
    'of "x", n2 has accepted a proposal in ballot 1.n1, and is back at no ballot',
  );
});

describe('accepts what is promised', () => {
  test('an acceptance below the promise breaks it, and one that is no promise', () => {
    const watch = new Watch('accepts-what-is-promised');
    expect(watch.step(0, accept(3, 7))).toBeUndefined();
    watch.step(0, (instance) => {
      instance.promised = 6;
    });
    expect(watch.step(0, accept(4, 8))).toBe('of "x", n1 has accepted 8 in ballot 1.n2, having promised 2.n1');
    const above = watch.step(1, (instance) => {
      instance.accepted = { ballot: 4, value: 8 };
    });
    expect(above).toMatch(/having promised no ballot/);
  });

  test('what is on disk may be older than the promise', () => {
    const watch = new Watch('accepts-what-is-promised');
    const restarted = watch.restart(0, (instance) => {
      instance.promised = 6;
      instance.accepted = { ballot: 3, value: 7 };
    });
    expect(restarted).toBeUndefined();
  });
});

test('one proposal per ballot', () => {
  const watch = new Watch('one-proposal-per-ballot');
  expect(watch.step(0, accept(3, 7))).toBeUndefined();
  expect(watch.step(1, accept(4, 8))).toBeUndefined();
  expect(watch.step(2, accept(3, 8))).toBe('of "x", both 7 and 8 were proposed in ballot 1.n1');
});

describe('chosen is stable', () => {
  const chosen = (): Watch => {
    const watch = new Watch('chosen-is-stable');
    expect(watch.step(1, accept(3, 9))).toBeUndefined();
    expect(watch.step(0, learn(4, 7))).toBeUndefined();
    return watch;
  };

  test('another value in a higher ballot breaks it, accepted or only proposed', () => {
    const reason = 'of "x", 7 is chosen in ballot 1.n2, but 8 is proposed in 1.n3';
    expect(chosen().step(2, accept(5, 8))).toBe(reason);
    const proposed = chosen().step(2, (instance) => {
      instance.proposal = { ballot: 5, value: 8 };
    });
    expect(proposed).toBe(reason);
    expect(chosen().step(2, accept(5, 7))).toBeUndefined();
  });

  test('also where it was proposed before anybody knew that the other is chosen', () => {
    const watch = new Watch('chosen-is-stable');
    watch.step(2, accept(5, 8));
    expect(watch.step(0, learn(4, 7))).toMatch(/8 is proposed in 1.n3/);
  });
});
