/** From the anomalies of a history to a verdict on the consistency models that were asked for. */
import type { Validity } from '../checker.ts';
import { impossibleModels, prohibitedAnomalies } from './consistency-models.ts';
import type { Evidence, TransactionalVerdict } from './evidence.ts';

export interface TransactionalOptions {
  /** Models that the history is to satisfy, by any of their names. Default strict-serializable. */
  readonly consistencyModels?: readonly string[];
  /** Edges that the searches for cycles may look at, in all; see findCycles. */
  readonly budget?: number;
}

export const defaultModels: readonly string[] = ['strict-serializable'];

/** The anomaly of a history in which nothing depends on anything, so that nothing was tested. */
const nothingTested = 'empty-transaction-graph';

/** The order in time that cycles may need, for the models asked for. */
export type WantedOrder = 'process' | 'realtime' | undefined;

/**
 * Real time where a model prohibits an anomaly of real time, else the order of processes where one prohibits an anomaly of that:
 * real time has the order of each process in it. Throws a RangeError where no model is called so.
 */
export function wantedOrder(models: readonly string[]): WantedOrder {
  const prohibited = models.flatMap((model) => prohibitedAnomalies(model));
  if (prohibited.some((anomaly) => anomaly.endsWith('-realtime'))) return 'realtime';
  return prohibited.some((anomaly) => anomaly.endsWith('-process')) ? 'process' : undefined;
}

export interface Findings {
  readonly models: readonly string[];
  readonly transactions: number;
  /** Cases of each anomaly found. */
  readonly evidence: ReadonlyMap<string, readonly Evidence[]>;
  /** Anomalies of which it is not known whether they are there. */
  readonly undecided: readonly string[];
  /** Whether no transaction depends on another, nor precedes it in an order that counts. */
  readonly isEmpty: boolean;
  /** What kept the checker from seeing all, a sentence each: with any, no history is valid. */
  readonly doubts: readonly string[];
}

/**
 * Invalid with an anomaly that one of the models prohibits; else unknown where it may have one, where nothing depends on anything, or where
 * there are doubts; else valid. `not` and `alsoNot` are by all anomalies found, also those the models allow.
 */
export function verdictOn(findings: Findings): TransactionalVerdict {
  const { models, transactions, evidence, isEmpty, doubts } = findings;
  const prohibited = new Set(models.flatMap((model) => prohibitedAnomalies(model)));
  const found = [...evidence.keys()].sort();
  const bad = found.filter((anomaly) => prohibited.has(anomaly));
  const undecided = findings.undecided.filter((anomaly) => prohibited.has(anomaly)).sort();
  const isOpen = undecided.length > 0 || isEmpty || doubts.length > 0;
  const valid: Validity = bad.length > 0 ? false : isOpen ? 'unknown' : true;
  const { not, alsoNot } = valid === true ? { not: [], alsoNot: [] } : impossibleModels(found);
  const details = {
    models,
    transactions,
    anomalies: isEmpty ? [...bad, nothingTested].sort() : bad,
    otherAnomalies: found.filter((anomaly) => !prohibited.has(anomaly)),
    not,
    alsoNot,
    undecided,
    evidence: Object.fromEntries(evidence),
  };
  if (valid === true) return { valid, ...details };
  return { valid, reason: reasonOf(valid, bad, undecided, findings), ...details };
}

function reasonOf(
  valid: Validity,
  bad: readonly string[],
  undecided: readonly string[],
  { evidence, models, doubts }: Findings,
): string {
  if (valid === false) {
    const [first] = evidence.get(bad[0]!)!;
    return `not ${models.join(', ')}: ${bad.join(', ')}. ${first!.story.join(' ')}`;
  }
  if (doubts.length > 0) return doubts.join(' ');
  if (undecided.length > 0) return `the budget left it open whether there is ${undecided.join(', ')}`;
  return 'nothing was tested: no transaction depends on another';
}
