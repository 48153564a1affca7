/** Work that is not waited for any longer than until somebody wants it no more. */

/**
 * What comes of the work; rejects with the signal's reason where that is aborted first. The work then goes on alone, and how
 * it ends is nobody's business.
 */
export async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  work.catch(() => {});
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** As Promise.all, but where one rejects, all have ended before this does. */
export async function settleAll<Result>(works: readonly Promise<Result>[]): Promise<Result[]> {
  try {
    return await Promise.all(works);
  } finally {
    await Promise.allSettled(works);
  }
}
