/** Ctrl-C: the first asks the run to end well, the second ends the process at once. */
import { exitCodes } from './exit.ts';

/**
 * A signal that is aborted by the first SIGINT, SIGTERM, or SIGHUP; a second SIGINT or SIGTERM exits with 130. A terminal that is
 * closed may send more than one SIGHUP, by the kernel and by the shell: further ones are ignored. `release` gives the signals
 * back to Node's own handling.
 */
export function onInterrupt(announce: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      announce();
      controller.abort();
    } else if (signal !== 'SIGHUP') process.exit(exitCodes.interruptedTwice);
  };
  for (const signal of signals) process.on(signal, handle);
  return {
    signal: controller.signal,
    release() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
