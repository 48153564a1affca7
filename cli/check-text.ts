/** What `ftest check` tells people of the histories that it judged. */
import type { Validity } from '../checkers/checker.ts';
import type { KeyFailure, Linearization } from '../checkers/evidence.ts';
import type { TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { type History, okCode } from '../history/history.ts';
import type { Value } from '../history/value.ts';
import { displayText, displayValue, plural } from '../reports/display.ts';
import type { CheckedHistory } from './check.ts';
import type { Judge } from './judge.ts';

/** What was checked for, and what it says of a key that it is not so; see Judge. */
type PropertyWords = Pick<Judge, 'property' | 'breach'>;

/** How much of a linearization is printed. */
const ordersMax = 3;
const stepsMax = 30;

/** How much of the anomalies of transactions is printed. */
const anomaliesMax = 4;
const transactionsMax = 6;
const transactionLength = 100;

const wordOf = (valid: Validity): string => (valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'INVALID');

const nameOf = (key: Value): string => (key === null ? 'the object' : `key ${displayValue(key)}`);

/** One line with the verdict; without `quiet` what it rests on, too. */
export function describeChecked(
  checked: CheckedHistory,
  history: History,
  words: PropertyWords,
  quiet: boolean,
): string {
  const { file, valid, reason, ops, workload, workloadFrom, parseMs, checkMs, recorded, evidence } = checked;
  const of = workload === null ? '' : ` of a ${workload}${workloadFrom === 'ops' ? ' (as its ops show)' : ''}`;
  const times = `read in ${parseMs} ms, checked for ${words.property} in ${checkMs} ms`;
  const lines = [`${file}: ${wordOf(valid)}, ${plural(ops, 'op')}${of}, ${times}`];
  if (quiet) return displayText(valid === true && reason !== undefined ? `${lines[0]}: ${reason}` : lines[0]!);
  if (recorded !== undefined && recorded !== valid) {
    lines.push(
      `  Only the history was judged again; all checks of the run together said ${wordOf(recorded)} (results.json).`,
    );
  }
  const story = [...storyOf(checked, history, words.breach), ...anomaliesOf(checked, history, words.breach)];
  lines.push(...(story.length > 0 ? story : reason === undefined ? [] : [`  ${reason}`]));
  if (valid === true) lines.push(...ordersOf(evidence, history));
  return lines.map(displayText).join('\n');
}

/** Why it is invalid, in sentences; nothing where the checker gives none. */
function storyOf({ evidence }: CheckedHistory, history: History, breach: string): string[] {
  const told = (story: readonly string[]): string[] => story.map((sentence) => `  - ${sentence}`);
  const [first, ...more] = (evidence.failures ?? []) as readonly KeyFailure[];
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    return [`  ${nameOf(first.key)}${others} ${breach}:`, ...told(first.story), ...linesOf(first, history)];
  }
  const failure = evidence.failure as { readonly story: readonly string[] } | undefined;
  return failure === undefined ? [] : [`  the history ${breach}:`, ...told(failure.story)];
}

/** Where the ops that are told of stand in the file. */
function linesOf({ conflict = [] }: KeyFailure, history: History): string[] {
  const lines = conflict.map((line) => {
    const completion = history.completionOf(line);
    return completion < 0 ? `${history.line(line)}` : `${history.line(line)}-${history.line(completion)}`;
  });
  return lines.length === 0 ? [] : [`  These ops are on lines ${lines.join(', ')}.`];
}

/** Of transactions: what each anomaly is, by its shortest case, and which models that rules out; nothing of other histories. */
function anomaliesOf({ anomalies, not, evidence }: CheckedHistory, history: History, breach: string): string[] {
  const cases = evidence.evidence as TransactionalVerdict['evidence'] | undefined;
  if (cases === undefined || anomalies.length === 0) return [];
  const shown = anomalies.filter((anomaly) => cases[anomaly] !== undefined);
  const lines = shown.slice(0, anomaliesMax).flatMap((anomaly) => {
    const [first, ...more] = cases[anomaly]!;
    const others = more.length === 0 ? '' : ` (and ${plural(more.length, 'other case')})`;
    return [
      `  ${anomaly}${others}:`,
      ...first!.ops
        .slice(0, transactionsMax)
        .map((line, t) => `    T${t + 1}: ${describeOp(history, line, transactionLength)}`),
      ...first!.story.map((sentence) => `  - ${sentence}`),
    ];
  });
  const left = shown.length - anomaliesMax;
  const rest =
    left > 0 ? [`  … and ${left === 1 ? 'another anomaly' : `${left} other anomalies`}; --json gives all`] : [];
  const undecided = evidence.undecided as TransactionalVerdict['undecided'];
  const open = undecided.length > 0 ? [`  The budget left it open whether there is ${undecided.join(', ')}.`] : [];
  return [`  the history ${breach}; it is not ${not.join(', nor ')}:`, ...lines, ...rest, ...open];
}

/** The orders that explain a valid history, where they were asked for: one of each key, or one of all. */
function ordersOf({ linearizations, order }: CheckedHistory['evidence'], history: History): string[] {
  const whole = order === undefined ? [] : [{ name: 'all ops', order: order as readonly number[], states: undefined }];
  const byKey = ((linearizations ?? []) as readonly Linearization[]).map((one) => ({ ...one, name: nameOf(one.key) }));
  const orders = [...whole, ...byKey];
  const lines = orders.slice(0, ordersMax).flatMap(({ name, order: steps, states }) => [
    `  ${name}, in an order that explains it:`,
    ...steps.slice(0, stepsMax).map((line, step) => {
      const held = states === undefined ? '' : ` → ${states[step]}`;
      return `    ${describeOp(history, line)}${held}`;
    }),
    ...(steps.length > stepsMax ? [`    … and ${plural(steps.length - stepsMax, 'op')} more; --json gives all`] : []),
  ]);
  const left = orders.length - ordersMax;
  return left > 0 ? [...lines, `  … and ${plural(left, 'key')} more; --json gives all`] : lines;
}

/** `line 12, process 3: cas [1 2]`, with what it returned where it did. */
function describeOp(history: History, line: number, length = 60): string {
  const completion = history.completionOf(line);
  const returned = completion >= 0 && history.types[completion] === okCode ? history.value(completion) : null;
  const value = returned ?? history.value(line);
  return `line ${history.line(line)}, process ${history.process(line)}: ${history.f(line)} ${displayValue(value, length)}`;
}

/** The last line on several histories. */
export function describeAll(valids: readonly Validity[], refused: number): string {
  const count = (valid: Validity): number => valids.filter((each) => each === valid).length;
  const unread = refused === 0 ? '' : `, ${refused} refused`;
  const all = valids.length + refused;
  return `${all} histories: ${count(true)} valid, ${count(false)} invalid, ${count('unknown')} unknown${unread}`;
}
