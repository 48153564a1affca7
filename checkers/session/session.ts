import type { History } from '../../history/history.ts';
import { formatValue, type Value } from '../../history/value.ts';
import type { Checker, Validity, Verdict } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
import { registerWords } from '../linearizable/models/register-words.ts';
import { objectsOf } from '../linearizable/objects.ts';
import { momentOf } from '../moments.ts';
import { unlessFailed } from '../sequential/failed-writes.ts';
import {
  type Doubt,
  type Finding,
  type Judgement,
  monotonicReads,
  monotonicWrites,
  readYourWrites,
  type SessionGuarantee,
  writesFollowReads,
} from './guarantees.ts';
import { NONE, UNWRITTEN, type VersionOptions, type Versions, versionsOf } from './versions.ts';

export type SessionOptions = VersionOptions;

/** JSON. */
export interface SessionVerdict extends Verdict {
  readonly guarantee: SessionGuarantee;
  /** Registers checked. */
  readonly keys: number;
  readonly ops: number;
  /** Registers on which the guarantee is broken, the earliest first; at most ten. */
  readonly failures: readonly SessionFailure[];
  /** Registers of which it cannot be told; at most ten. */
  readonly undecided: readonly { readonly key: Value; readonly reason: string }[];
}

export interface SessionFailure {
  /** null where there is a single register. */
  readonly key: Value;
  /** Invocation lines, ascending, of the ops that break it, and of those that wrote what they read. */
  readonly conflict: readonly number[];
  /** Sentences for people, the contradiction last. */
  readonly story: readonly string[];
}

const shownMax = 10;

const judgements: Readonly<Record<SessionGuarantee, (versions: Versions) => Judgement>> = {
  'read-your-writes': readYourWrites,
  'monotonic-reads': monotonicReads,
  'monotonic-writes': monotonicWrites,
  'writes-follow-reads': writesFollowReads,
};

/**
 * A session guarantee (Terry et al. 1994; Viotti and Vukolić 2016, section 3.3; jepsen.io/consistency) on registers, each key by itself. A
 * session is a process. What each one means for a history stands with monotonicReads, readYourWrites, monotonicWrites, and
 * writesFollowReads. Common to all:
 *
 * - The versions of a register are taken to have one order that never changes, by which all replicas go, as in those papers. Real time
 *   says nothing of it: what returned before another write was invoked need not come first.
 * - Only reads show versions. Monotonic writes and writes-follow-reads say in which order others see them, and a client cannot tell
 *   a write that is out of order from a read that goes back. So both are judged by processes whose own reads of the key do not go
 *   back as far as can be seen, and what is found may be a violation of monotonic reads instead.
 * - The writes to a key must be of different values, and not of the one it begins with, else a read does not tell which of them it
 *   saw: such reads are left out, and the answer is unknown unless the others break the guarantee.
 * - A read of what no write wrote, or only one that failed, breaks every guarantee, as no register can answer it.
 * - An op of unknown outcome may have happened: what it wrote is a version, but it is no earlier write of its process.
 *
 * So a system that has the guarantee, and monotonic reads where they are relied on, is never found without it; one that has it not may pass. Op `f`s other than read, write,
 * and cas are refused by a ModelMismatch. Near linear: a million ops take seconds.
 */
export function session(guarantee: SessionGuarantee, options: SessionOptions = {}): Checker {
  return { name: guarantee, check: (history) => checkSession(history, guarantee, options) };
}

/** As the checker does. */
export function checkSession(
  history: History,
  guarantee: SessionGuarantee,
  options: SessionOptions = {},
): SessionVerdict {
  const { keys, calls, ops } = objectsOf(history);
  const failures: SessionFailure[] = [];
  const undecided: { key: Value; reason: string }[] = [];
  calls.forEach((of, object) => {
    const versions = versionsOf(of, options);
    const tell = new Telling(history, keys[object]!, versions);
    const unwritten = versions.read.indexOf(UNWRITTEN);
    if (unwritten >= 0) {
      failures.push(tell.unwritten(unwritten));
      return;
    }
    const { violation, doubt } = judgements[guarantee](versions);
    if (violation !== undefined) failures.push(tell.violation(violation));
    else if (versions.ambiguous.length > 0) undecided.push({ key: keys[object]!, reason: tell.ambiguous() });
    else if (doubt !== undefined) undecided.push({ key: keys[object]!, reason: tell.doubt(doubt) });
  });

  failures.sort((a, b) => a.conflict.at(-1)! - b.conflict.at(-1)!);
  const valid: Validity = failures.length > 0 ? false : undecided.length > 0 ? 'unknown' : true;
  const counts = { guarantee, keys: keys.length, ops };
  const evidence = { failures: failures.slice(0, shownMax), undecided: undecided.slice(0, shownMax) };
  if (valid === true) return { valid, ...counts, ...evidence };
  return { valid, reason: reasonOf(guarantee, failures, undecided), ...counts, ...evidence };
}

function reasonOf(
  guarantee: SessionGuarantee,
  failures: readonly SessionFailure[],
  undecided: readonly { readonly reason: string }[],
): string {
  const [failure] = failures;
  if (failure === undefined) {
    const more = undecided.length > 1 ? `, and ${undecided.length - 1} more` : '';
    return `${undecided[0]!.reason}${more}`;
  }
  const others = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
  return `${nameOf(failure.key)}${others} breaks ${guarantee}: ${failure.story.at(-1)!}`;
}

const nameOf = (key: Value): string => (key === null ? 'the register' : `key ${formatValue(key)}`);

/** Findings on one register in sentences. */
class Telling {
  private readonly history: History;
  private readonly key: Value;
  private readonly versions: Versions;

  constructor(history: History, key: Value, versions: Versions) {
    this.history = history;
    this.key = key;
    this.versions = versions;
  }

  unwritten(call: number): SessionFailure {
    const { calls } = this.versions;
    const value = registerWords.expects!(calls, call)!;
    const failed = unlessFailed(this.history, this.key, value);
    return this.failure([call], [`${this.did(call)}, but nothing ever wrote ${formatValue(value)}${failed}.`]);
  }

  violation(finding: Finding): SessionFailure {
    switch (finding.kind) {
      case 'first': {
        const { earlier, later } = finding;
        const what = `${this.did(earlier)}, and after that ${this.past(later)}`;
        return this.failure([earlier, later], [`${what}, which was there before anything was written.`]);
      }
      case 'cycle': {
        const steps = finding.steps.map(({ version, earlier, later }) => {
          const order = `${this.value(version)} comes before ${this.value(this.versions.read[later]!)}`;
          return `${this.did(earlier)}, and after that ${this.past(later)}, so ${order}.`;
        });
        const values = finding.steps.map(({ version }) => this.value(version));
        const last = `No order of the versions ${list(values)} allows all of that.`;
        return this.failure(
          finding.steps.flatMap(({ earlier, later }) => [earlier, later]),
          [...steps, last],
        );
      }
      case 'order': {
        const { before, after, sawAfter, sawBefore } = finding;
        const first =
          before === after ? `${this.did(after)}.` : `${this.did(before)}, and after that ${this.past(after)}.`;
        const second = `${this.did(sawAfter)}, and after that ${this.past(sawBefore)}: in the opposite order.`;
        return this.failure([before, after, sawAfter, sawBefore], [first, second]);
      }
    }
  }

  ambiguous(): string {
    const { calls, ambiguous } = this.versions;
    const [first, second] = ambiguous;
    const value = formatValue(registerWords.leaves!(calls, first!)!);
    const writers =
      second === undefined
        ? `was there at first and was written ${this.when(first!)}`
        : `was written ${this.when(first!)} and ${this.when(second)}`;
    return `${nameOf(this.key)} undecided: ${value} ${writers}, so a read of it does not tell which of the two it saw`;
  }

  doubt({ earlier, later, because }: Doubt): string {
    const what = `${this.did(earlier)}, and after that ${this.past(later)}`;
    return because === 'reads-go-back'
      ? `${nameOf(this.key)} undecided: ${what}, but its reads go back, so they do not tell the order of the writes`
      : `${nameOf(this.key)} undecided: ${what}, its own earlier write: either that, or the order of its writes, is broken`;
  }

  private failure(calls: readonly number[], story: readonly string[]): SessionFailure {
    const { read, writer } = this.versions;
    const told = new Set(calls);
    for (const call of calls) {
      const version = read[call]!;
      if (version >= 0 && writer[version] !== NONE) told.add(writer[version]!);
    }
    const lines = [...told].sort((a, b) => a - b).map((call) => this.versions.calls.invocation[call]!);
    return { key: this.key, conflict: lines, story };
  }

  private value(version: number): string {
    return formatValue(this.versions.value[version]!);
  }

  private did(call: number): string {
    return `Process ${this.history.process(this.versions.calls.invocation[call]!)} ${this.past(call)}`;
  }

  /** `read 4 at 12.4 s`. */
  private past(call: number): string {
    return `${registerWords.past(this.versions.calls, call)} ${this.when(call)}`;
  }

  private when(call: number): string {
    const { completion, invocation, fate } = this.versions.calls;
    return momentOf(this.history, fate[call] === RETURNED ? completion[call]! : invocation[call]!);
  }
}

/** `1, 2 and 3`. */
function list(items: readonly string[]): string {
  const distinct = [...new Set(items)];
  const last = distinct.pop()!;
  return distinct.length === 0 ? last : `${distinct.join(', ')} and ${last}`;
}
