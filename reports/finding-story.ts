/** How what a classic checker found came about: what it saw, and the faults that began and ended in between. */
import type { Finding, Scene } from '../checkers/classic/findings.ts';
import { displayTime } from './display.ts';
import { readFaults } from './fault-windows.ts';
import type { Lines } from './spans.ts';

/** Sentences at most; the first and the last are always among them. */
const sentencesMax = 24;

/** Whether a finding, as it stands in a verdict, has a story. */
export const hasStory = (finding: { readonly [name: string]: unknown }): boolean =>
  Array.isArray(finding.story) && finding.story.length > 0;

/** Sentences without full stops, each with its time where the history has times. Linear in the history. */
export function tellStory(finding: Pick<Finding, 'story'>, lines: Lines): readonly string[] {
  const story = (finding.story ?? []).filter((scene) => isScene(scene, lines));
  const [first, last] = [story[0], story.at(-1)];
  if (first === undefined || last === undefined) return [];
  const faults = faultScenes(lines).filter(({ line }) => line < last.line);
  const before = faults.filter(({ line, ends }) => line < first.line && ends > first.line);
  const between = faults.filter(({ line }) => line > first.line);
  const scenes = [...before, ...story, ...between].sort((a, b) => a.line - b.line);
  const left = scenes.length - sentencesMax;
  const tell = ({ line, sentence }: Scene): string => {
    const { time } = lines.op(line);
    return Number.isFinite(time) ? `${displayTime(time)}: ${sentence}` : sentence;
  };
  if (left <= 0) return scenes.map(tell);
  const half = sentencesMax / 2;
  return [...scenes.slice(0, half).map(tell), `… ${left} more`, ...scenes.slice(-half).map(tell)];
}

/** A stored verdict may hold anything. */
const isScene = (scene: unknown, lines: Lines): scene is Scene => {
  const { line, sentence } = (scene ?? {}) as Partial<Scene>;
  return Number.isInteger(line) && line! >= 0 && line! < lines.length && typeof sentence === 'string';
};

/** Beginnings of faults, each with the line on which it ends, and their ends. */
function faultScenes(lines: Lines): readonly (Scene & { readonly ends: number })[] {
  return readFaults(lines, nodesIn(lines)).windows.flatMap(({ label, detail, from, to, healed }) => {
    const begins = { line: from, ends: to, sentence: detail === '' ? label : `${label}: ${detail}` };
    return healed ? [begins, { line: to, ends: to, sentence: `the end of ${label}` }] : [begins];
  });
}

/** Every node that an op was sent to, in the order of their names: n2 before n10. */
function nodesIn(lines: Lines): string[] {
  const nodes = new Set<string>();
  for (let index = 0; index < lines.length; index++) {
    const { node } = lines.op(index);
    if (node !== undefined) nodes.add(node);
  }
  return [...nodes].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}
