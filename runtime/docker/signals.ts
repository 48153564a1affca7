/**
 * Signals that end a process which does not listen for them: Node then ends without an `exit` event, and nothing is told. Who
 * uses ftest as a library need not listen.
 */

/** By 128 and their number a shell tells of them. */
const fatal = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Those of this module; whatever else listens is of the program around it. */
const own = new Set<unknown>();

const isLeftToUs = (signal: NodeJS.Signals): boolean =>
  process.listeners(signal).every((listener) => own.has(listener));

/**
 * Calls `abandon`, which must not wait for anything, before a signal ends this process; the signal then takes its course. Where
 * the program around it listens for a signal, that is for the program to handle: nothing is called.
 *
 * @returns what ends it
 */
export function onFatalSignal(abandon: () => void): () => void {
  const listeners = fatal.filter(isLeftToUs).map((signal) => {
    const listener = (): void => {
      const isFatal = isLeftToUs(signal);
      release();
      if (!isFatal) return;
      abandon();
      // Another run may listen too. The last that does so sends the signal that nobody listens for.
      process.kill(process.pid, signal);
    };
    own.add(listener);
    process.once(signal, listener);
    return { signal, listener };
  });
  const release = (): void => {
    for (const { signal, listener } of listeners) {
      process.off(signal, listener);
      own.delete(listener);
    }
  };
  return release;
}
