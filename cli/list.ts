/** `ftest list`: everything that can be named on the command line. */
import { type AnySystem, isContainerSystem, type TargetOption } from '../harness/container-system.ts';
import { type RuntimeName, runtimeNames } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import type { Guarantee } from '../protocol/system.ts';
import { findConfig } from './config.ts';
import { type ExitCode, exitCodes } from './exit.ts';
import { judgedWorkloads } from './judged-workloads.ts';
import { consistencyModels } from './object-workloads.ts';
import { printJson, table } from './output.ts';
import { type ConfigOption, type JsonOption, type ListKind, listKinds } from './program.ts';
import { builtInTargets, createRegistry } from './registry.ts';
import { transactionModelsByName, transactionWorkloads } from './transaction-workloads.ts';

type Row = Readonly<Record<string, string | readonly string[]>>;

const rowsOf: Readonly<Record<ListKind, (registry: Registry) => Row[]>> = {
  targets: ({ targets }) =>
    [...targets.values()].map((target) => {
      const { name, services, defaultWorkload, bugs, promises, summary } = target;
      return {
        name,
        services,
        workload: defaultWorkload,
        runtimes: runtimesOf(target),
        options: isContainerSystem(target) ? target.options.map(describeOption) : [],
        bugs: String(bugs.length),
        promises: promisesByFaults(promises),
        summary,
      };
    }),
  workloads: ({ workloads, targets }) =>
    [...workloads.values()].map(({ name, service, summary }) => ({
      name,
      service,
      targets: [...targets.values()].filter(({ services }) => services.includes(service)).map((target) => target.name),
      summary,
    })),
  nemeses: ({ nemeses }) => [...nemeses.values()].map(({ name, faults, summary }) => ({ name, faults, summary })),
  bugs: ({ targets }) =>
    [...targets.values()].flatMap(({ name: target, bugs }) =>
      bugs.map(({ name, source, summary }) => ({ name, target, source, summary })),
    ),
  models: () => [
    ...consistencyModels.map(({ name, workloads = ['every object'], summary }) => ({
      name,
      kind: 'of objects',
      workloads,
      ops: [],
      summary,
    })),
    ...transactionModelsByName().map(({ name, aliases, summary }) => ({
      name,
      kind: 'of transactions',
      workloads: transactionWorkloads.map((workload) => workload.name),
      ops: [],
      summary: aliases.length === 0 ? summary : `${summary} Also ${aliases.join(', ')}.`,
    })),
    ...[...judgedWorkloads.values()].map(({ name, kind, fs, summary }) => ({
      name,
      kind,
      workloads: [name],
      ops: fs,
      summary,
    })),
  ],
};

function runtimesOf(target: AnySystem): readonly RuntimeName[] {
  if (isContainerSystem(target)) return ['docker'];
  return builtInTargets.has(target.name) ? runtimeNames : runtimeNames.filter((name) => name !== 'docker');
}

/** `reads=linearizable|serializable`, the default first. */
const describeOption = ({ name, values }: TargetOption): string => `${name}=${values.join('|')}`;

/** `linearizable, recovery under all faults`: those that hold under the same faults together. */
function promisesByFaults(promises: readonly Guarantee[]): readonly string[] {
  const properties = new Map<string, string[]>();
  for (const { property, under } of promises) {
    const faults = faultsOf(under);
    properties.set(faults, [...(properties.get(faults) ?? []), property]);
  }
  return [...properties].map(([faults, names]) => `${names.join(', ')} under ${faults}`);
}

const faultsOf = (under: Guarantee['under']): string =>
  under === 'all'
    ? 'all faults but damage to files'
    : under === 'never'
      ? 'no circumstances'
      : under.length === 0
        ? 'no fault'
        : under.join(' and ');

function printRows(kind: ListKind, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0] ?? { name: '', summary: '' });
  const cells = rows.map((row) => columns.map((column) => [row[column] ?? ''].flat().join(', ')));
  process.stdout.write(
    `${table([kind, ...columns.slice(1)], cells, process.stdout.columns || Number.POSITIVE_INFINITY)}\n`,
  );
}

/** Prints one kind, or all of them. */
export async function listCommand(kind: ListKind | undefined, options: JsonOption & ConfigOption): Promise<ExitCode> {
  const registry = createRegistry({ own: (await findConfig(options.config))?.targets ?? [] });
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
