/** What a node has done that no other may contradict, told to invariants in the order in which it did it. */
import type { Description } from '../../protocol/node.ts';
import type { InvariantMonitor } from '../../protocol/system.ts';
import type { Decision } from './messages.ts';

export interface Deed {
  readonly tx: string;
  readonly deed: 'voted-yes' | 'voted-no' | 'decided' | 'followed';
  /** Of `decided`, by the coordinator, and `followed`, by a participant. */
  readonly decision: Decision | null;
  /** Of a commit that was decided: who must have voted yes. */
  readonly participants: readonly string[];
}

/** A node whose deeds can be seen: those of this life, numbered from 0. `deedAt` knows the last few thousand. */
export interface Doer extends Description {
  readonly deedCount: number;
  deedAt(number: number): Deed | undefined;
}

const rememberedMax = 4096;
const nobody: readonly string[] = [];

export class Deeds {
  #deeds: Deed[] = [];
  #dropped = 0;

  get count(): number {
    return this.#dropped + this.#deeds.length;
  }

  at(number: number): Deed | undefined {
    return this.#deeds[number - this.#dropped];
  }

  add(tx: string, deed: Deed['deed'], decision: Decision | null = null, participants = nobody): void {
    this.#deeds.push({ tx, deed, decision, participants });
    if (this.#deeds.length <= rememberedMax) return;
    this.#dropped += rememberedMax >>> 1;
    this.#deeds.splice(0, rememberedMax >>> 1);
  }
}

/** Tells of each deed once. The number of deeds begins anew with each life of a node, which is another object. */
export function watching<D extends Doer>(
  nodeIds: readonly string[],
  judge: (deed: Deed, changed: number, descriptions: readonly (D | undefined)[]) => string | undefined,
): InvariantMonitor<D> {
  const seen: (D | undefined)[] = nodeIds.map(() => undefined);
  const counts = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      if (seen[changed] !== node) {
        seen[changed] = node;
        counts[changed] = 0;
      }
      for (; counts[changed]! < node.deedCount; counts[changed]!++) {
        const deed = node.deedAt(counts[changed]!);
        const reason = deed === undefined ? undefined : judge(deed, changed, descriptions);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}
