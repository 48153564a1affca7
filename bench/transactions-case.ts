/** One generated history of transactions judged in a process of its own, so that its memory can be told: a TransactionsCase as JSON in, its result as JSON out. */
import type { TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { checkRwRegister, type RwRegisterOptions } from '../checkers/transactional/rw-register.ts';
import type { History } from '../history/history.ts';
import { generateTransactions, type TransactionShape } from './transaction-histories.ts';

export interface TransactionsCase {
  readonly shape: TransactionShape;
  readonly model: string;
  /** Of rw-register. */
  readonly options: Omit<RwRegisterOptions, 'consistencyModels' | 'budget'>;
  /** How often it is judged. */
  readonly rounds: number;
}

export interface TransactionsCaseResult {
  readonly valid: boolean | 'unknown';
  readonly anomalies: readonly string[];
  /** CPU time of the first check, evidence included, and of the fastest. */
  readonly firstMs: number;
  readonly leastMs: number;
  /** The largest the process has been after the first check, and how large it was with the history alone. */
  readonly peakMb: number;
  readonly historyMb: number;
}

const { shape, model, options, rounds } = JSON.parse(process.argv[2]!) as TransactionsCase;

const judge = (history: History): TransactionalVerdict =>
  shape.workload === 'list-append'
    ? checkListAppend(history, { consistencyModels: [model] })
    : checkRwRegister(history, { ...options, consistencyModels: [model] });

const history = generateTransactions(shape);
const historyMb = process.memoryUsage.rss() / 2 ** 20;
const figuresMs: number[] = [];
let verdict: TransactionalVerdict | undefined;
let peakMb = 0;
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage();
  verdict = judge(history);
  const { user, system } = process.cpuUsage(before);
  figuresMs.push((user + system) / 1000);
  if (round === 0) peakMb = process.resourceUsage().maxRSS / 1024;
}
const result: TransactionsCaseResult = {
  valid: verdict!.valid,
  anomalies: verdict!.anomalies,
  firstMs: figuresMs[0]!,
  leastMs: Math.min(...figuresMs),
  peakMb,
  historyMb,
};
console.log(JSON.stringify(result));
