/** `ftest list`: everything that can be named on the command line. */
import { type AnySystem, isContainerSystem, type TargetOption } from '../harness/container-system.ts';
import { defaultSpec, nodeIdsOf, type RuntimeName, runtimeNames } from '../harness/spec.ts';
import type { Registry, Workload } from '../harness/test.ts';
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
  promises: ({ targets, workloads }) =>
    [...workloads.values()].map((workload) => ({
      name: workload.name,
      ...Object.fromEntries([...targets.values()].map((target) => [target.name, promised(workload, target)])),
    })),
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

/** Of the workload's checks on the target, under which faults all of them hold; empty where it does not offer the service. */
function promised(workload: Workload, { name, services, promises }: AnySystem): string {
  if (!services.includes(workload.service)) return '';
  const spec = defaultSpec(name, workload.name, 0);
  const { checkers } = workload.create({ spec, nodeIds: nodeIdsOf(spec) });
  const faults = checkers.map((checker) => {
    const under = promises.filter(({ property }) => property === checker.name).map((promise) => promise.under);
    return under.length === 0 ? 'nothing' : under.map(faultsInShort).join(' or ');
  });
  return [...new Set(faults)].join('; ');
}

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

const legend =
  'Under which faults all checks of the workload hold: all but damage to files, none, or those named. Empty: not offered.';

/** As in a cell of a table of them. */
const faultsInShort = (under: Guarantee['under']): string =>
  typeof under === 'string' ? under : under.length === 0 ? 'none' : under.join(', ');

function printRows(kind: ListKind, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0] ?? { name: '', summary: '' });
  const cells = rows.map((row) => columns.map((column) => [row[column] ?? ''].flat().join(', ')));
  process.stdout.write(
    `${table([kind, ...columns.slice(1)], cells, process.stdout.columns || Number.POSITIVE_INFINITY)}\n`,
  );
  if (kind === 'promises') process.stdout.write(`${legend}\n`);
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
