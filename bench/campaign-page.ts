/** A campaign's figures, as tables for docs/campaigns.md. */
import type { NodeSystem } from '../protocol/system.ts';
import { markdownTable } from './markdown.ts';
import type { Frequency, Tally } from './tally.ts';

/** What the host of the nodes marks itself, where a campaign must have come by too. */
const hostMarks: Readonly<Record<string, string>> = {
  'crash-between-write-and-sync': 'A node was killed while what it had written was not on disk.',
  'crash-between-effects': 'A node was killed in the middle of a step.',
};

/** All that a thorough campaign must have seen, each with its meaning. */
export const requiredMarks = (system: NodeSystem): Readonly<Record<string, string>> => ({
  ...system.marks,
  ...hostMarks,
});

/** The required marks that no run has shown. */
export const absentMarks = (system: NodeSystem, tally: Tally): readonly string[] =>
  Object.keys(requiredMarks(system)).filter((name) => tally.mark(name).total === 0);

const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');

const columnsOf = ({ total, runs }: Frequency): readonly string[] => [grouped(total), grouped(runs)];

function figures(tally: Tally): readonly (readonly string[])[] {
  const { ops, recoveryMs } = tally;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return [
    ['runs', grouped(tally.runs)],
    ['valid', grouped(tally.valid)],
    ['invalid', grouped(tally.invalid)],
    ['unknown', grouped(tally.unknown)],
    ['without a verdict, for an error', grouped(tally.errors)],
    ['simulated', `${(tally.simulatedMs / 3_600_000).toFixed(1)} h`],
    ['ops', `${grouped(ops.invoke)} (${grouped(ops.ok)} ok, ${grouped(ops.fail)} fail, ${grouped(ops.info)} info)`],
    ['recovery, median', recoveryMs === undefined ? 'none' : seconds(recoveryMs.median)],
    ['recovery, longest', recoveryMs === undefined ? 'none' : seconds(recoveryMs.max)],
  ];
}

/** Markdown, without a heading: the figures, the marks, and the faults. */
export function campaignTables(system: NodeSystem, tally: Tally): string {
  const marks = Object.entries(requiredMarks(system));
  return [
    markdownTable([['of all runs', ''], ...figures(tally)], [1]),
    markdownTable(
      [
        ['mark', 'meaning', 'times', 'runs with it'],
        ...marks.map(([name, meaning]) => [name, meaning, ...columnsOf(tally.mark(name))]),
      ],
      [2, 3],
    ),
    markdownTable(
      [['fault', 'times', 'runs with it'], ...tally.faults.map(([name, frequency]) => [name, ...columnsOf(frequency)])],
      [1, 2],
    ),
  ].join('\n\n');
}

const begin = (target: string): string => `<!-- generated: ${target} -->`;
const end = (target: string): string => `<!-- end: ${target} -->`;

/** The page with the section of a target replaced, or added at its end. */
export function withSection(page: string, target: string, section: string): string {
  const text = `${begin(target)}\n\n${section}\n\n${end(target)}`;
  const from = page.indexOf(begin(target));
  const to = page.indexOf(end(target));
  if (from < 0 || to < 0) return `${page.trimEnd()}\n\n${text}\n`;
  return page.slice(0, from) + text + page.slice(to + end(target).length);
}
