/** Calls what the author of a system wrote, whose promises may never settle: waits so long and no longer. */

/** The signal is aborted after so many milliseconds, and what is asked then rejects. */
export async function askSystem<Answer>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(new Error(`no answer within ${limitMs / 1000} s`));
    }, limitMs);
  });
  try {
    return await Promise.race([ask(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The words of an error, with those of its cause: `fetch failed: read ECONNRESET`. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const words = error.message || (error as NodeJS.ErrnoException).code || error.name;
  return error.cause === undefined ? words : `${words}: ${wordsOf(error.cause)}`;
}
