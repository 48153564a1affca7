/** `ftest list`: everything that can be named on the command line. */
import type { Registry } from '../harness/test.ts';
import { type ExitCode, exitCodes } from './exit.ts';
import { models, workloads } from './models.ts';
import { printJson, table } from './output.ts';
import { type JsonOption, type ListKind, listKinds } from './program.ts';
import { createRegistry } from './registry.ts';

type Row = Readonly<Record<string, string | readonly string[]>>;

const rowsOf: Readonly<Record<ListKind, (registry: Registry) => Row[]>> = {
  targets: ({ targets }) =>
    [...targets.values()].map(({ name, services, defaultWorkload, bugs, summary }) => ({
      name,
      services,
      workload: defaultWorkload,
      bugs: String(bugs.length),
      summary,
    })),
  workloads: ({ workloads }) =>
    [...workloads.values()].map(({ name, service, summary }) => ({ name, service, summary })),
  nemeses: ({ nemeses }) => [...nemeses.values()].map(({ name, faults, summary }) => ({ name, faults, summary })),
  bugs: ({ targets }) =>
    [...targets.values()].flatMap(({ name: target, bugs }) =>
      bugs.map(({ name, source, summary }) => ({ name, target, source, summary })),
    ),
  models: () => [
    ...models.map(({ name, workloads: judged = ['all'], summary }) => ({
      name,
      kind: 'consistency',
      workloads: judged,
      ops: [],
      summary,
    })),
    ...[...workloads.values()].map(({ name, fs, summary }) => ({
      name,
      kind: 'object',
      workloads: [name],
      ops: fs,
      summary,
    })),
  ],
};

function printRows(kind: ListKind, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0] ?? { name: '', summary: '' });
  const cells = rows.map((row) => columns.map((column) => [row[column] ?? ''].flat().join(', ')));
  process.stdout.write(
    `${table([kind, ...columns.slice(1)], cells, process.stdout.columns || Number.POSITIVE_INFINITY)}\n`,
  );
}

/** Prints one kind, or all of them. */
export async function listCommand(kind: ListKind | undefined, options: JsonOption): Promise<ExitCode> {
  const registry = createRegistry();
  const kinds = kind === undefined ? listKinds : [kind];
  const all = kinds.map((each) => [each, rowsOf[each](registry)] as const);
  if (options.json) printJson(Object.fromEntries(all));
  else printTables(all);
  return exitCodes.valid;
}

function printTables(all: readonly (readonly [ListKind, readonly Row[]])[]): void {
  for (const [position, [each, rows]] of all.entries()) {
    if (position > 0) process.stdout.write('\n');
    printRows(each, rows);
  }
}
