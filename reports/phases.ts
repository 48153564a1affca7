/** Availability, phase by phase: what fraction of ops succeeded, as bars. */
import type { AvailabilityPhase, Outage } from '../checkers/classic/availability.ts';
import { cut, displayCount, displayMs, displayText } from './display.ts';
import { lineText } from './field-text.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { table } from './page.ts';
import type { Lines } from './spans.ts';

const phasesMax = 100;
const barWidth = 180;
const barHeight = 12;

/** Nothing for what are no phases. */
export function renderPhases(phases: readonly unknown[], outage: unknown, lines: Lines): Part {
  const all = phases.filter(isPhase);
  if (all.length === 0) return null;
  const shown = all.slice(0, phasesMax);
  const rows = shown.map((phase) => [
    phase.after === null ? 'the beginning' : cut(displayText(phase.after), 60),
    bar(phase),
    phase.share === null ? '–' : `${(phase.share * 100).toFixed(1)} %`,
    ...[phase.ok, phase.fail, phase.info].map(displayCount),
    phase.durationNs === undefined ? '' : displayMs(phase.durationNs / 1e6),
    `${lineText(phase.from, lines)} to ${lineText(phase.to, lines)}`,
  ]);
  const title = 'Availability by phase';
  return markup`${isOutage(outage) ? describeOutage(outage, lines) : null}<h3>${title}</h3>${table(title, ['After', 'Outcomes', 'Share', 'Ok', 'Fail', 'Info', 'For', 'Lines'], rows, 2)}${
    all.length > shown.length
      ? markup`<p class="hint">The first ${phasesMax} of ${displayCount(all.length)}.</p>`
      : null
  }`;
}

function isPhase(phase: unknown): phase is AvailabilityPhase {
  if (typeof phase !== 'object' || phase === null) return false;
  const { ok, fail, info, from, to, share, after, durationNs } = phase as { readonly [name: string]: unknown };
  const isNumber = (field: unknown): boolean => typeof field === 'number' && Number.isFinite(field);
  return (
    [ok, fail, info, from, to].every(isNumber) &&
    (share === null || isNumber(share)) &&
    (after === null || typeof after === 'string') &&
    (durationNs === undefined || isNumber(durationNs))
  );
}

function isOutage(outage: unknown): outage is Outage {
  if (typeof outage !== 'object' || outage === null) return false;
  const { from, to } = outage as Partial<Outage>;
  return typeof from === 'number' && typeof to === 'number';
}

function describeOutage({ from, to, durationNs }: Outage, lines: Lines): Markup {
  const lasted = durationNs === undefined ? 'was' : `lasted ${displayMs(durationNs / 1e6)},`;
  return markup`<p>The longest time in which no op succeeded ${lasted} from line ${lineText(from, lines)} to line ${lineText(to, lines)}.</p>`;
}

/** Ok, then info, then fail, each as wide as its share. */
function bar({ ok, fail, info }: AvailabilityPhase): Markup {
  const total = Math.max(1, ok + fail + info);
  let x = 0;
  const parts = (
    [
      ['ok', ok],
      ['info', info],
      ['fail', fail],
    ] as const
  ).map(([type, count]) => {
    const width = Math.round((count / total) * barWidth * 10) / 10;
    const part = markup`<rect class="${type}" x="${x}" y="0" width="${width}" height="${barHeight}"/>`;
    x = Math.round((x + width) * 10) / 10;
    return width === 0 ? null : part;
  });
  const text = `${displayCount(ok)} ok, ${displayCount(info)} info, ${displayCount(fail)} fail`;
  return markup`<svg class="bar" width="${barWidth}" height="${barHeight}" viewBox="0 0 ${barWidth} ${barHeight}" role="img" aria-label="${text}">${parts}</svg>`;
}
