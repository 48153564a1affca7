import { describe, expect, test } from 'vitest';
import type { InvariantMonitor } from '../../protocol/system.ts';
import type { Command } from '../machines/replicated.ts';
import { Acceptances } from './acceptances.ts';
import { invariants } from './invariants.ts';
import type { PValue } from './messages.ts';
import type { PaxosDescription, Role } from './paxos.ts';

const nodeIds = ['n1', 'n2', 'n3'];

/** A node that is whatever a test says it is. */
class FakeNode implements PaxosDescription {
  role: Role = 'follower';
  leader = null;
  promised = 3;
  chosen = 0;
  applied = 0;
  snapshotSlot = 0;
  readonly promises = new Uint8Array(3);
  readonly #accepted = new Acceptances();

  get primary(): boolean {
    return this.role === 'leader';
  }
  get term(): number {
    return this.promised;
  }
  get acceptances(): number {
    return this.#accepted.count;
  }
  at(slot: number): PValue | undefined {
    return this.#accepted.at(slot);
  }
  acceptance(position: number): PValue | undefined {
    return this.#accepted.accepted(position);
  }
  accept(...pvalues: readonly PValue[]): void {
    for (const pvalue of pvalues) this.#accepted.add(pvalue);
  }
  learn(chosen: number): void {
    this.chosen = chosen;
    this.applied = chosen;
  }
  snapshot(slot: number): void {
    this.snapshotSlot = slot;
    this.#accepted.forgetBefore(slot + 1);
  }
}

function proposal(slot: number, id: number, ballot = 3): PValue {
  const command: Command = { client: 'c1', id, origin: 'n1', bornAt: 0, request: { type: 'write' } };
  return { ballot, slot, command };
}

class Watch {
  readonly nodes: (FakeNode | undefined)[] = nodeIds.map(() => new FakeNode());
  readonly #monitor: InvariantMonitor<PaxosDescription>;

  constructor(invariant: string) {
    const found = invariants.find(({ name }) => name === invariant);
    if (found === undefined) throw new Error(`there is no invariant ${invariant}`);
    this.#monitor = found.monitor(nodeIds);
  }

  /** Changes a node, and returns what the monitor says. */
  step(index: number, change: (node: FakeNode) => void): string | undefined {
    change(this.nodes[index] as FakeNode);
    return this.#monitor.observe(index, this.nodes);
  }

  /** The node comes back as a new object, with what it had on disk. */
  restart(index: number, change: (node: FakeNode) => void): string | undefined {
    this.nodes[index] = new FakeNode();
    return this.step(index, change);
  }
}

describe('agreement', () => {
  const learned = (): Watch => {
    const watch = new Watch('agreement');
    const first = watch.step(0, (node) => {
      node.accept(proposal(1, 1), proposal(2, 2));
      node.learn(2);
    });
    expect(first).toBeUndefined();
    return watch;
  };

  test('two values that are learned for one slot break it', () => {
    const reason = learned().step(1, (node) => {
      node.accept(proposal(1, 1), proposal(2, 7, 4));
      node.learn(2);
    });
    expect(reason).toBe('for slot 2, n1 has learned that request 2 of c1 is chosen, but n2 request 7 of c1');
  });

  test('so does a node that learns another value after a restart', () => {
    const reason = learned().restart(0, (node) => {
      node.accept(proposal(1, 7));
      node.learn(1);
    });
    expect(reason).toMatch(/for slot 1/);
  });

  test('values that nobody takes for chosen may differ, and the same may be learned in another ballot', () => {
    const watch = learned();
    const other = watch.step(1, (node) => {
      node.accept(proposal(1, 1, 4), proposal(2, 7, 4));
      node.learn(1);
    });
    expect(other).toBeUndefined();
  });

  test('old slots are forgotten when every node has them in a snapshot, later ones are not', () => {
    const watch = new Watch('agreement');
    const pvalues = Array.from({ length: 3000 }, (_, i) => proposal(i + 1, i));
    for (let node = 0; node < 3; node++) {
      expect(watch.step(node, (each) => each.accept(...pvalues))).toBeUndefined();
      expect(watch.step(node, (each) => each.learn(3000))).toBeUndefined();
    }
    for (let node = 0; node < 3; node++) {
      const next = watch.step(node, (each) => {
        each.snapshot(2900);
        each.accept(proposal(3001, node === 2 ? 7 : 3001));
        each.learn(3001);
      });
      if (node < 2) expect(next).toBeUndefined();
      else expect(next).toMatch(/for slot 3001/);
    }
  });
});

describe('applied in order', () => {
  test('a slot that was left out breaks it', () => {
    const reason = new Watch('applied-in-order').step(0, (node) => {
      node.accept(proposal(1, 1), proposal(3, 3));
      node.learn(3);
    });
    expect(reason).toBe('n1 has applied slot 3, but nothing at slot 2');
  });

  test('so does one that is not known to be chosen, and going back', () => {
    const watch = new Watch('applied-in-order');
    const ahead = watch.step(0, (node) => {
      node.accept(proposal(1, 1));
      node.applied = 1;
    });
    expect(ahead).toMatch(/has applied slot 1, and knows only those up to 0/);
    const back = watch.step(0, (node) => node.learn(0));
    expect(back).toBe('n1 had applied slot 1, and now only 0');
  });

  test('what a snapshot covers need not be there, nor what a node had applied before a restart', () => {
    const watch = new Watch('applied-in-order');
    const installed = watch.step(0, (node) => {
      node.snapshot(5);
      node.accept(proposal(6, 6));
      node.learn(6);
    });
    expect(installed).toBeUndefined();
    expect(watch.restart(0, () => {})).toBeUndefined();
  });
});

describe('promises kept', () => {
  test('a node that goes back breaks it', () => {
    const watch = new Watch('promises-kept');
    expect(watch.step(0, (node) => (node.promised = 7))).toBeUndefined();
    expect(watch.step(0, (node) => (node.promised = 6))).toBe('n1 has promised ballot 2.n2, and is back at 2.n1');
  });

  for (const role of ['proposer', 'leader'] as const) {
    test(`so does one that forgets in a restart what a ${role} has from it`, () => {
      const watch = new Watch('promises-kept');
      watch.step(0, (node) => (node.promised = 7));
      const counted = watch.step(1, (node) => {
        node.role = role;
        node.promised = 7;
        node.promises[0] = 1;
      });
      expect(counted).toBeUndefined();
      expect(watch.restart(0, (node) => (node.promised = 4))).toMatch(
        /n1 has promised ballot 2.n2, and is back at 1.n2/,
      );
    });
  }

  test('a promise that was lost with a crash before anybody had it does not', () => {
    const watch = new Watch('promises-kept');
    watch.step(0, (node) => (node.promised = 7));
    expect(watch.restart(0, (node) => (node.promised = 4))).toBeUndefined();
  });
});

describe('accepts what is promised', () => {
  test('an acceptance below the promise breaks it', () => {
    const watch = new Watch('accepts-what-is-promised');
    const reason = watch.step(0, (node) => {
      node.promised = 7;
      node.accept(proposal(1, 1, 4));
    });
    // What a new life finds on disk was accepted before.
    expect(reason).toBeUndefined();
    expect(watch.step(0, (node) => node.accept(proposal(2, 2, 4)))).toBe(
      'n1 has accepted request 2 of c1 for slot 2 in ballot 1.n2, having promised 2.n2',
    );
  });

  test('so does one above it, also one that was on disk', () => {
    const watch = new Watch('accepts-what-is-promised');
    expect(watch.step(0, () => {})).toBeUndefined();
    expect(watch.step(0, (node) => node.accept(proposal(1, 1, 4)))).toMatch(/in ballot 1.n2, having promised 1.n1/);
    expect(watch.restart(0, (node) => node.accept(proposal(1, 1, 4)))).toMatch(/having promised 1.n1/);
  });

  test('one in the ballot that is promised does not', () => {
    const watch = new Watch('accepts-what-is-promised');
    expect(watch.step(0, (node) => node.accept(proposal(1, 1)))).toBeUndefined();
    const raised = watch.step(0, (node) => {
      node.promised = 4;
      node.accept(proposal(1, 1, 4));
    });
    expect(raised).toBeUndefined();
  });
});

describe('one proposal per ballot', () => {
  test('two values for one slot in one ballot break it', () => {
    const watch = new Watch('one-proposal-per-ballot');
    expect(watch.step(0, (node) => node.accept(proposal(1, 1)))).toBeUndefined();
    expect(watch.step(1, (node) => node.accept(proposal(1, 2)))).toBe(
      'for slot 1, both request 1 of c1 and request 2 of c1 were proposed in ballot 1.n1',
    );
  });

  test('two values in two ballots do not, nor in two slots', () => {
    const watch = new Watch('one-proposal-per-ballot');
    watch.step(0, (node) => node.accept(proposal(1, 1), proposal(2, 2)));
    expect(watch.step(1, (node) => node.accept(proposal(1, 2, 4)))).toBeUndefined();
    expect(watch.step(2, (node) => node.accept(proposal(1, 1), proposal(1, 2, 4)))).toBeUndefined();
  });
});

describe('chosen is stable', () => {
  const chosen = (): Watch => {
    const watch = new Watch('chosen-is-stable');
    const first = watch.step(0, (node) => {
      node.accept(proposal(1, 1));
      node.learn(1);
    });
    expect(first).toBeUndefined();
    return watch;
  };

  test('another value in a higher ballot breaks it', () => {
    expect(chosen().step(1, (node) => node.accept(proposal(1, 2, 4)))).toBe(
      'for slot 1, request 1 of c1 is chosen in ballot 1.n1 or before, but request 2 of c1 is proposed in 1.n2',
    );
  });

  test('another value in a lower ballot does not, nor the same in a higher one', () => {
    const watch = new Watch('chosen-is-stable');
    watch.step(0, (node) => {
      node.accept(proposal(1, 1, 7));
      node.learn(1);
    });
    expect(watch.step(1, (node) => node.accept(proposal(1, 2, 4)))).toBeUndefined();
    expect(watch.step(1, (node) => node.accept(proposal(1, 1, 8)))).toBeUndefined();
  });
});

test('every invariant says what it is and where it comes from', () => {
  for (const { name, summary, source } of invariants) {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(summary).toMatch(/\.$/);
    expect(source).toMatch(/§/);
  }
});
