import { describe, expect, test } from 'vitest';
import type { InvariantMonitor } from '../../protocol/system.ts';
import type { Command } from '../machines/replicated.ts';
import { invariants } from './invariants.ts';
import type { Entry } from './messages.ts';
import type { RaftDescription, Role } from './raft.ts';

const nodeIds = ['n1', 'n2', 'n3'];

/** A node that is whatever a test says it is. */
class FakeNode implements RaftDescription {
  role: Role = 'follower';
  term = 1;
  leader = null;
  commitIndex = 0;
  lastApplied = 0;
  snapshotIndex = 0;
  revision = 0;
  firstIndex = 1;
  entries: Entry[] = [];

  get primary(): boolean {
    return this.role === 'leader';
  }
  get lastIndex(): number {
    return this.firstIndex + this.entries.length - 1;
  }
  termAt(index: number): number | undefined {
    return index === 0 ? 0 : this.entryAt(index)?.term;
  }
  entryAt(index: number): Entry | undefined {
    return this.entries[index - this.firstIndex];
  }
  /** Replaces the log from `index` on. */
  rewrite(index: number, entries: readonly Entry[]): void {
    if (index <= this.lastIndex) this.revision++;
    this.entries.splice(index - this.firstIndex, Number.POSITIVE_INFINITY, ...entries);
  }
  lead(term: number): void {
    this.role = 'leader';
    this.term = term;
  }
  /** Commits, and applies. */
  commit(index: number): void {
    this.commitIndex = index;
    this.lastApplied = index;
  }
}

function entry(term: number, id: number): Entry {
  const command: Command = { client: 'c1', id, origin: 'n1', bornAt: 0, request: { type: 'write' } };
  return { term, command };
}

class Watch {
  readonly nodes: (FakeNode | undefined)[] = nodeIds.map(() => new FakeNode());
  readonly #monitor: InvariantMonitor<RaftDescription>;

  constructor(invariant: string) {
    const found = invariants.find(({ name }) => name === invariant);
    if (found === undefined) throw new Error(`there is no invariant ${invariant}`);
    this.#monitor = found.monitor(nodeIds);
  }

  /** Changes a node, and returns what the monitor says. */
  step(index: number, change: (node: FakeNode) => void): string | undefined {
    const node = this.nodes[index] as FakeNode;
    change(node);
    return this.#monitor.observe(index, this.nodes);
  }

  /** The node comes back as a new object, with what it had on disk. */
  restart(index: number, change: (node: FakeNode) => void): string | undefined {
    this.nodes[index] = new FakeNode();
    return this.step(index, change);
  }
}

describe('election safety', () => {
  test('two leaders of one term break it, also when the first is gone', () => {
    const watch = new Watch('election-safety');
    expect(watch.step(0, (node) => node.lead(2))).toBeUndefined();
    watch.nodes[0] = undefined;
    expect(watch.step(1, (node) => node.lead(2))).toMatch(/n1 and n2 were both elected leader of term 2/);
  });

  test('leaders of different terms at once do not', () => {
    const watch = new Watch('election-safety');
    expect(watch.step(0, (node) => node.lead(2))).toBeUndefined();
    expect(watch.step(1, (node) => node.lead(3))).toBeUndefined();
    expect(watch.step(0, () => {})).toBeUndefined();
  });
});

describe('log matching', () => {
  test('one index and term with two commands breaks it', () => {
    const watch = new Watch('log-matching');
    expect(watch.step(0, (node) => node.rewrite(1, [entry(1, 1), entry(1, 2)]))).toBeUndefined();
    expect(watch.step(1, (node) => node.rewrite(1, [entry(1, 1)]))).toBeUndefined();
    expect(watch.step(1, (node) => node.rewrite(2, [entry(1, 9)]))).toMatch(
      /at index 2, n1 has request 2 of c1 in term 1, but n2 request 9 of c1 in term 1/,
    );
  });

  test('the same entry after different ones breaks it', () => {
    const watch = new Watch('log-matching');
    expect(watch.step(0, (node) => node.rewrite(1, [entry(1, 1), entry(3, 3)]))).toBeUndefined();
    expect(watch.step(1, (node) => node.rewrite(1, [entry(2, 2), entry(3, 3)]))).toMatch(
      /same entry of term 3 at index 2, but before it entries of terms 1 and 2/,
    );
  });

  test('a rewritten suffix is seen although the log ends where it did', () => {
    const watch = new Watch('log-matching');
    const last = entry(3, 3);
    watch.step(0, (node) => node.rewrite(1, [entry(1, 1), last]));
    expect(watch.step(1, (node) => node.rewrite(1, [entry(1, 1), last]))).toBeUndefined();
    expect(watch.step(1, (node) => node.rewrite(1, [entry(2, 2), last]))).toMatch(/entries of terms 1 and 2/);
  });

  test('entries that a node had before it restarted still count', () => {
    const watch = new Watch('log-matching');
    watch.step(0, (node) => node.rewrite(1, [entry(1, 1)]));
    expect(watch.restart(0, (node) => node.rewrite(1, [entry(1, 2)]))).toMatch(/request 1 of c1.*request 2 of c1/);
  });

  test('conflicting entries of different terms are nothing unusual', () => {
    const watch = new Watch('log-matching');
    expect(watch.step(0, (node) => node.rewrite(1, [entry(1, 1), entry(2, 2)]))).toBeUndefined();
    expect(watch.step(1, (node) => node.rewrite(1, [entry(1, 1), entry(3, 3)]))).toBeUndefined();
    expect(watch.step(0, (node) => node.rewrite(2, [entry(3, 3)]))).toBeUndefined();
  });

  test('old entries are forgotten when every node has them in a snapshot, later ones are not', () => {
    const watch = new Watch('log-matching');
    const entries = Array.from({ length: 3000 }, (_, i) => entry(1, i));
    for (let node = 0; node < 3; node++) watch.step(node, (each) => each.rewrite(1, entries));
    for (let node = 0; node < 3; node++) {
      const compacted = watch.step(node, (each) => {
        each.entries = entries.slice(2900);
        each.firstIndex = 2901;
        each.snapshotIndex = 2900;
        each.rewrite(3001, [entry(1, 3000)]);
      });
      expect(compacted).toBeUndefined();
    }
    expect(watch.step(0, (node) => node.rewrite(3001, [entry(1, 7)]))).toMatch(/at index 3001/);
  });
});

describe('leader completeness', () => {
  const committed = (): Watch => {
    const watch = new Watch('leader-completeness');
    watch.step(0, (node) => {
      node.rewrite(1, [entry(1, 1), entry(1, 2)]);
      node.lead(1);
    });
    expect(watch.step(0, (node) => node.commit(2))).toBeUndefined();
    return watch;
  };

  test('a leader of a later term that lacks a committed entry breaks it', () => {
    const reason = committed().step(1, (node) => {
      node.rewrite(1, [entry(1, 1)]);
      node.lead(2);
    });
    expect(reason).toMatch(/n2 leads term 2 with nothing at index 2, where request 2 of c1 in term 1 was committed/);
  });

  test('so does one that has another entry there', () => {
    const reason = committed().step(1, (node) => {
      node.rewrite(1, [entry(1, 1), entry(2, 3)]);
      node.lead(3);
    });
    expect(reason).toMatch(/with request 3 of c1 in term 2 at index 2/);
  });

  test('and so does one that was elected before the entry was committed', () => {
    const watch = new Watch('leader-completeness');
    watch.step(1, (node) => node.lead(2));
    const reason = watch.step(0, (node) => {
      node.rewrite(1, [entry(1, 1)]);
      node.commit(1);
    });
    expect(reason).toMatch(/n2 leads term 2 with nothing at index 1/);
  });

  test('a leader that has everything, in its log or in its snapshot, does not, nor does one of an earlier term', () => {
    const watch = committed();
    expect(watch.step(1, (node) => node.lead(1))).toBeUndefined();
    const whole = watch.step(1, (node) => {
      node.rewrite(1, [entry(1, 1), entry(1, 2)]);
      node.lead(2);
    });
    expect(whole).toBeUndefined();
    const compacted = watch.step(2, (node) => {
      node.snapshotIndex = 2;
      node.firstIndex = 3;
      node.lead(3);
    });
    expect(compacted).toBeUndefined();
  });
});

describe('state machine safety', () => {
  const applied = (): Watch => {
    const watch = new Watch('state-machine-safety');
    watch.step(0, (node) => {
      node.rewrite(1, [entry(1, 1), entry(1, 2)]);
      node.commit(2);
    });
    return watch;
  };

  test('two commands applied at one index break it', () => {
    const reason = applied().step(1, (node) => {
      node.rewrite(1, [entry(1, 1), entry(2, 3)]);
      node.commit(2);
    });
    expect(reason).toMatch(/at index 2, n1 has applied request 2 of c1 in term 1, but n2 request 3 of c1 in term 2/);
  });

  test('also those that a node applies after a restart', () => {
    const reason = applied().restart(0, (node) => {
      node.rewrite(1, [entry(1, 7)]);
      node.commit(1);
    });
    expect(reason).toMatch(/at index 1/);
  });

  test('entries that are not applied may differ, and the same ones may be applied again', () => {
    const watch = applied();
    const other = watch.step(1, (node) => {
      node.rewrite(1, [entry(1, 1), entry(2, 3)]);
      node.commit(1);
    });
    expect(other).toBeUndefined();
    const again = watch.restart(0, (node) => {
      node.rewrite(1, [entry(1, 1), entry(1, 2)]);
      node.commit(2);
    });
    expect(again).toBeUndefined();
  });
});

test('every invariant says what it is and where it comes from', () => {
  for (const { name, summary, source } of invariants) {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(summary).toMatch(/\.$/);
    expect(source).toMatch(/§/);
  }
});
