/** Colours for canvases, read from the style sheet, so that light and dark have one source. */
const families: Readonly<Record<string, string>> = {
  partition: 'partition',
  kill: 'kill',
  pause: 'pause',
  bump: 'clock',
  drift: 'clock',
  strobe: 'clock',
  delay: 'packet',
  loss: 'packet',
  duplicate: 'packet',
  reorder: 'packet',
  corrupt: 'packet',
  rate: 'packet',
  hold: 'packet',
};

export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly rule: string;
  readonly ground: string;
  readonly invalid: string;
  readonly types: readonly string[];
  readonly primary: string;
  readonly follower: string;
  readonly candidate: string;
  readonly stopped: string;
  readonly onStrong: string;
  fault(f: string): string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const faults = new Map(
    ['partition', 'kill', 'pause', 'clock', 'packet', 'disk'].map((family) => [family, colour(`fault-${family}`)]),
  );
  return {
    text: colour('text'),
    muted: colour('muted'),
    rule: colour('rule'),
    ground: colour('raised'),
    invalid: colour('invalid'),
    types: [colour('ok'), colour('fail'), colour('info')],
    primary: colour('primary'),
    follower: colour('follower'),
    candidate: colour('candidate'),
    stopped: colour('stopped'),
    onStrong: colour('on-strong'),
    fault: (f) => faults.get(families[f] ?? 'disk') ?? '',
  };
}

export const font = '11.5px system-ui, sans-serif';

/** Calls back when the reader changes between light and dark. */
export function onThemeChange(listener: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', listener);
}
