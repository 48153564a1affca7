/** Whose everything is: labels on each container, network, and volume, by which a later run knows what is left over. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

export const runLabel = 'ftest.run';
const ownerLabel = 'ftest.owner';
/** Marks what a person asked to keep. */
export const keptLabel = 'ftest.kept';

export type Labels = Readonly<Record<string, string>>;

/** Labels of a new run of this process. */
export function newRunLabels(kept = false): Labels & { readonly [runLabel]: string } {
  const own = { [runLabel]: randomBytes(4).toString('hex'), [ownerLabel]: ownerOf(process.pid) };
  return kept ? { ...own, [keptLabel]: 'true' } : own;
}

/**
 * Whether whoever made it runs no more: another boot of the machine, or no such process. Of a process in another
 * container, whose ids mean something else here, nothing is known: its things are left alone.
 */
export function isOrphan(labels: Labels): boolean {
  const owner = labels[ownerLabel];
  if (owner === undefined) return false;
  const [boot, namespace, pid] = owner.split(' ');
  const [bootHere, namespaceHere] = machine();
  if (boot !== bootHere) return true;
  if (namespace !== namespaceHere) return false;
  return ownerOf(Number(pid)) !== owner;
}

/** The id of the process whose it is, in its own namespace. */
export const ownerPid = (labels: Labels): number => Number(labels[ownerLabel]?.split(' ')[2]);

/** Boot, process-id namespace, process id, and when that process started: ids are used again. */
const ownerOf = (pid: number): string => [...machine(), pid, startedAt(pid)].join(' ');

function machine(): readonly [boot: string, namespace: string] {
  return [readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), readlinkSync('/proc/self/ns/pid')];
}

/** In the kernel's ticks since boot; empty when there is no such process. */
function startedAt(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] as string;
  } catch {
    return '';
  }
}
