/** Lanes that show what acted on the cluster: phases, faults, and what each node took itself for. */
import type { PageFault, PageHead, PageNodeChange } from '../page-data.ts';
import { type Interval, intervalLane, type Lane } from './lanes.ts';
import { secondsText } from './run.ts';

const between = (startMs: number, endMs: number): string =>
  `${secondsText(startMs, 100)} to ${secondsText(endMs, 100)}`;

function faultInterval({ f, label, detail, startMs, endMs, healed }: PageFault): Interval {
  return {
    startMs,
    endMs,
    label: detail === '' ? label : `${label}: ${detail}`,
    shortLabel: label,
    details: [
      label,
      ...(detail === '' ? [] : [detail]),
      healed ? between(startMs, endMs) : `from ${secondsText(startMs, 100)}, not undone`,
    ].join('\n'),
    fill: (palette) => palette.fault(f),
    ink: (palette) => palette.text,
    hatched: false,
  };
}

/** Faults that overlap stand in rows below each other. */
function faultLanes(faults: readonly PageFault[]): Lane[] {
  const rows: PageFault[][] = [];
  for (const fault of faults) {
    const free = rows.find((row) => (row.at(-1) as PageFault).endMs <= fault.startMs);
    if (free === undefined) rows.push([fault]);
    else free.push(fault);
  }
  return rows.map((row, i) => intervalLane(i === 0 ? 'faults' : '', row.map(faultInterval), 19, i === 0 ? 8 : 0));
}

function nodeInterval({ role, term, primary, node, timeMs }: PageNodeChange, endMs: number): Interval {
  const stopped = role === 'down' || role === 'paused';
  const label = stopped || term === 0 ? role : `${role} ${term}`;
  return {
    startMs: timeMs,
    endMs,
    label,
    shortLabel: label,
    details: `${node}: ${role}\n${stopped ? '' : `term ${term}\n`}${between(timeMs, endMs)}`,
    fill: (palette) =>
      stopped
        ? palette.stopped
        : primary
          ? palette.primary
          : role === 'candidate'
            ? palette.candidate
            : palette.follower,
    ink: (palette) => (primary && !stopped ? palette.onStrong : palette.text),
    hatched: stopped,
  };
}

function nodeLanes(head: PageHead): Lane[] {
  return head.nodes.flatMap((node, i) => {
    const changes = head.nodeChanges.filter((change) => change.node === node);
    if (head.nodeChanges.length === 0) return [];
    const intervals = changes.map((change, j) => nodeInterval(change, changes[j + 1]?.timeMs ?? head.durationMs));
    return [intervalLane(node, intervals, 19, i === 0 ? 10 : 0)];
  });
}

function phaseLane(head: PageHead): Lane[] {
  if (head.phases.length === 0) return [];
  const intervals = head.phases.map(
    ({ name, startMs, endMs }): Interval => ({
      startMs,
      endMs,
      label: name,
      shortLabel: name,
      details: `phase ${name}\n${between(startMs, endMs)}`,
      fill: (palette) => palette.rule,
      ink: (palette) => palette.text,
      hatched: false,
    }),
  );
  return [intervalLane('phase', intervals, 19)];
}

export const clusterLanes = (head: PageHead): Lane[] => [
  ...phaseLane(head),
  ...faultLanes(head.faults),
  ...nodeLanes(head),
];
