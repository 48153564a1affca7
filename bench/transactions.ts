/**
 * How long the checkers of transactions take. Histories are generated (transaction-histories.ts), concurrency 20, one transaction in a hundred
 * never answered; each is judged in a process of its own. A figure is CPU time of the whole check, evidence included: of the first check in
 * the process, and of the fastest of several in it, which is what a warmed one takes; then the largest that the process
 * has been, the history included. Growth is how much longer a warmed check of ten times as many transactions takes.
 *
 * `npm run bench -- transactions [workload] [most transactions]`.
 */
import { join } from 'node:path';
import { execa } from 'execa';
import { markdownTable } from './markdown.ts';
import type { TransactionShape } from './transaction-histories.ts';
import type { TransactionsCase, TransactionsCaseResult } from './transactions-case.ts';

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const concurrency = 20;
const crashedPerMille = 10;

/** Rounds in which about so many transactions are judged, and no fewer than these. */
const judgedMin = 500_000;
const roundsMin = 3;
const roundsMax = 50;

type Line = Pick<TransactionShape, 'workload' | 'isolation' | 'flaw'> & Pick<TransactionsCase, 'model' | 'options'>;

const databases: readonly Pick<Line, 'isolation' | 'flaw' | 'model'>[] = [
  { isolation: 'strict-serializable', flaw: 'none', model: 'strict-serializable' },
  { isolation: 'strict-serializable', flaw: 'stale-reads', model: 'strict-serializable' },
  { isolation: 'strict-serializable', flaw: 'lost-updates', model: 'strict-serializable' },
  { isolation: 'snapshot-isolation', flaw: 'none', model: 'snapshot-isolation' },
  { isolation: 'snapshot-isolation', flaw: 'none', model: 'strict-serializable' },
];

const registerOptions: readonly Line['options'][] = [
  {},
  { inference: false },
  { sequentialKeys: true },
  { linearizableKeys: true },
  { writesFollowReads: true },
];

const lines: readonly Line[] = [
  ...databases.map((database) => ({ ...database, workload: 'list-append' as const, options: {} })),
  ...registerOptions.flatMap((options) =>
    databases.map((database) => ({ ...database, workload: 'rw-register' as const, options })),
  ),
];

export async function benchTransactions(args: readonly string[]): Promise<void> {
  const workloads = [...new Set(lines.map(({ workload }) => workload))];
  const chosen = workloads.filter(
    (workload) => !workloads.some((one) => args.includes(one)) || args.includes(workload),
  );
  const most = Math.max(...args.map(Number).filter(Number.isFinite), 0) || sizes.at(-1)!;
  for (const workload of chosen) await measured(workload, most);
}

async function measured(workload: string, most: number): Promise<void> {
  const chosen = sizes.filter((size) => size <= most);
  const columns = chosen.map((size) => size.toLocaleString('en'));
  const rows = [['database', 'flaw', 'judged as', 'options', 'verdict', ...columns, 'growth']];
  for (const line of lines.filter((one) => one.workload === workload)) {
    const results: TransactionsCaseResult[] = [];
    for (const transactions of chosen) {
      results.push(await judged(line, transactions));
      process.stderr.write('.');
    }
    const verdicts = new Set(results.map(({ valid }) => (valid === true ? 'valid' : valid ? 'undecided' : 'invalid')));
    const cells = results.map(
      ({ firstMs, leastMs, peakMb }) => `${seconds(firstMs)} / ${seconds(leastMs)} s, ${Math.round(peakMb)} MB`,
    );
    const growth = results.slice(1).map(({ leastMs }, i) => (leastMs / results[i]!.leastMs).toFixed(1));
    const { isolation, flaw, model, options } = line;
    const [option] = Object.entries(options).map(([name, value]) => (value ? name : `no ${name}`));
    rows.push([isolation, flaw, model, option ?? '', [...verdicts].join(', '), ...cells, growth.join(', ')]);
  }
  process.stderr.write('\n');
  console.log(`${workload}: CPU time of the first check / of a warmed one, memory with the history\n`);
  console.log(`${markdownTable(rows)}\n`);
}

const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 3 : 1);

async function judged({ model, options, ...shape }: Line, transactions: number): Promise<TransactionsCaseResult> {
  const rounds = Math.min(roundsMax, Math.max(roundsMin, Math.ceil(judgedMin / transactions)));
  const one: TransactionsCase = {
    shape: { ...shape, transactions, concurrency, crashedPerMille, seed: 1 },
    model,
    options,
    rounds,
  };
  const program = join(import.meta.dirname, 'transactions-case.js');
  const { stdout } = await execa(process.execPath, [...process.execArgv, program, JSON.stringify(one)]);
  return JSON.parse(stdout) as TransactionsCaseResult;
}
