/** Faults and phases as intervals of time, read from the nemesis's lines of a history. */
import { inverses } from '../harness/fault.ts';
import type { Op } from '../history/op.ts';
import { displayList, displayMs } from './display.ts';
import type { Lines } from './spans.ts';

export interface FaultWindow {
  readonly f: string;
  /** `partition majority`, `kill n1`. */
  readonly label: string;
  /** More words: who is cut from whom, by how much a clock jumps. */
  readonly detail: string;
  readonly startNs: number;
  /** When it was undone, or the history's end. */
  readonly endNs: number;
  /** The lines of the history at which it began and was undone. */
  readonly from: number;
  readonly to: number;
  /** False when the history ends before it is undone. */
  readonly healed: boolean;
}

export interface Phase {
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

interface Cut {
  readonly from: string;
  readonly to: string;
}

const cuts = (value: unknown): Cut[] =>
  Array.isArray(value)
    ? value
        .map(fieldsOf)
        .filter((link): link is Fields & Cut => typeof link.from === 'string' && typeof link.to === 'string')
    : [];

/** The groups that a cut leaves, where it cuts cleanly in both directions; undefined where it does not. */
function groups(cut: readonly Cut[], nodeIds: readonly string[]): string[][] | undefined {
  const isCut = new Set(cut.map(({ from, to }) => `${from} ${to}`));
  const cutBoth = (a: string, b: string): boolean => isCut.has(`${a} ${b}`) && isCut.has(`${b} ${a}`);
  const result: string[][] = [];
  for (const id of nodeIds) {
    const home = result.find((group) => !cutBoth(group[0] as string, id));
    if (home === undefined) result.push([id]);
    else home.push(id);
  }
  const clean = result.every((group, i) =>
    result.every((other, j) =>
      group.every((a) => other.every((b) => a === b || (i === j ? !isCut.has(`${a} ${b}`) : cutBoth(a, b)))),
    ),
  );
  return clean && result.length > 1 ? result : undefined;
}

/** `n1 n2 | n3 n4 n5`, or per node whom it does not hear: `n1 does not hear n2 and n3; …`. */
export function describeCut(cut: readonly Cut[], nodeIds: readonly string[]): string {
  const sides = groups(cut, nodeIds);
  if (sides !== undefined) return sides.map((group) => group.join(' ')).join(' | ');
  const receivers = nodeIds.filter((id) => cut.some(({ to }) => to === id));
  return receivers
    .map((id) => `${id} does not hear ${displayList(cut.filter(({ to }) => to === id).map(({ from }) => from))}`)
    .join('; ');
}

function perNode(values: Fields, unit: string): string {
  return Object.entries(values)
    .map(([node, value]) => `${node} ${typeof value === 'number' && value > 0 ? '+' : ''}${String(value)} ${unit}`)
    .join(', ');
}

function describe(f: string, fields: Fields, nodeIds: readonly string[]): { label: string; detail: string } {
  if (f === 'partition') {
    const direction =
      fields.direction === 'both' || fields.direction === undefined ? '' : ` (${String(fields.direction)})`;
    return {
      label: `partition ${String(fields.shape ?? '')}${direction}`.trim(),
      detail: describeCut(cuts(fields.cut), nodeIds),
    };
  }
  const nodes = strings(fields.nodes);
  if (f === 'bump') return { label: 'clock bump', detail: perNode(fieldsOf(fields.deltaMs), 'ms') };
  if (f === 'drift') return { label: 'clock drift', detail: perNode(fieldsOf(fields.partsPerMillion), 'ppm') };
  const numbers = Object.entries(fields)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([name, value]) => (name.endsWith('Ms') ? `${name.slice(0, -2)} ${displayMs(value)}` : `${name} ${value}`));
  const links = cuts(fields.links);
  const detail = [...numbers, ...(links.length === 0 ? [] : [`on ${links.length} links`])].join(', ');
  const node = typeof fields.node === 'string' ? [fields.node] : [];
  return { label: [f, ...nodes, ...node].join(' '), detail };
}

interface Open {
  readonly f: string;
  readonly label: string;
  readonly detail: string;
  readonly startNs: number;
  readonly from: number;
  /** Nodes still under it; empty for a fault that is undone as a whole. */
  readonly nodes: Set<string>;
}

function endedBy(open: Open, f: string, nodes: readonly string[]): boolean {
  // As nemeses of other tools call what ftest does not know: start-partition, stop-partition.
  if (open.f.startsWith('start-') && f === `stop-${open.f.slice('start-'.length)}`) return true;
  if (!(inverses[f as keyof typeof inverses] ?? []).some((undone) => undone === open.f)) return false;
  if (nodes.length === 0 || open.nodes.size === 0) return true;
  for (const node of nodes) open.nodes.delete(node);
  return open.nodes.size === 0;
}

/**
 * Walks the nemesis's lines. Each fault has two, invocation and completion: its window begins with the first and ends
 * with the completion of its inverse. A fault whose completion carries an error did not happen.
 */
export class FaultTracker {
  readonly #nodeIds: readonly string[];
  readonly #closed: FaultWindow[] = [];
  readonly #phases: { name: string; startNs: number }[] = [];
  #open: Open[] = [];
  #invoked: Op | undefined;
  #lastNs = 0;
  #lastLine = 0;

  constructor(nodeIds: readonly string[]) {
    this.#nodeIds = nodeIds;
  }

  /** Faults that act now, in the order in which they began. */
  get active(): readonly string[] {
    return this.#open.map(({ label }) => label);
  }

  get phase(): string | undefined {
    return this.#phases.at(-1)?.name;
  }

  /** To be given every op of the history, in order. */
  onOp(op: Op): void {
    if (op.time > this.#lastNs) this.#lastNs = op.time;
    this.#lastLine = op.index;
    if (op.process !== 'nemesis') return;
    if (op.f === 'phase') {
      this.#enter(String(op.value), op.time);
      return;
    }
    const invoked = this.#invoked;
    if (invoked?.f !== op.f) {
      this.#invoked = op;
      return;
    }
    this.#invoked = undefined;
    if (op.error === undefined) this.#happened(invoked, op);
  }

  #enter(name: string, startNs: number): void {
    if (this.phase !== name) this.#phases.push({ name, startNs });
  }

  #happened(invoked: Op, completed: Op): void {
    const fields = fieldsOf(invoked.value);
    const nodes = strings(fields.nodes);
    if (!(invoked.f in inverses) && !invoked.f.startsWith('stop-')) {
      const said = describe(invoked.f, fields, this.#nodeIds);
      this.#open.push({ f: invoked.f, ...said, startNs: invoked.time, from: invoked.index, nodes: new Set(nodes) });
      return;
    }
    this.#open = this.#open.filter((open) => {
      if (!endedBy(open, invoked.f, nodes)) return true;
      this.#closed.push({ ...window(open, completed.time, completed.index), healed: true });
      return false;
    });
  }

  /** All faults so far, in the order in which they began; those not undone last until now. */
  windows(): FaultWindow[] {
    const open = this.#open.map((one) => ({ ...window(one, this.#lastNs, this.#lastLine), healed: false }));
    return [...this.#closed, ...open].sort((a, b) => a.startNs - b.startNs);
  }

  phases(): Phase[] {
    return this.#phases.map(({ name, startNs }, i) => ({
      name,
      startNs,
      endNs: this.#phases[i + 1]?.startNs ?? this.#lastNs,
    }));
  }
}

const window = ({ nodes: _, ...open }: Open, endNs: number, to: number): Omit<FaultWindow, 'healed'> => ({
  ...open,
  endNs,
  to,
});

/** The windows and phases of a whole history. */
export function readFaults(
  lines: Lines,
  nodeIds: readonly string[],
): { readonly windows: readonly FaultWindow[]; readonly phases: readonly Phase[] } {
  const tracker = new FaultTracker(nodeIds);
  for (let index = 0; index < lines.length; index++) tracker.onOp(lines.op(index));
  return { windows: tracker.windows(), phases: tracker.phases() };
}
