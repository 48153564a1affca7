/** Ctrl-C: the first asks the run to end well, the second ends the process at once. */
import { exitCodes } from './exit.ts';

/**
 * A signal that is aborted by the first SIGINT or SIGTERM; the second exits with 130. `release` gives the signals
 * back to Node's own handling.
 */
export function onInterrupt(announce: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interruptedTwice);
    announce();
    controller.abort();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
