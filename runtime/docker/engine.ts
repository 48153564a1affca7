/** The Docker engine of this machine: one connection, loaded when it is asked for, whose failures say what to do. */
import type Docker from 'dockerode';

/** An answer takes milliseconds; a machine under load may need seconds. */
const answerTimeoutMs = 30_000;
const pingTimeoutMs = 2000;
/** A daemon that has just been started takes its time. */
const connectTimeoutMs = 10_000;

/** Docker does not answer, or cannot do what is asked of it. `message` is one sentence for people. */
export class DockerFailed extends Error {
  override readonly name = 'DockerFailed';
}

/** It has not answered in time. */
export class EngineLate extends DockerFailed {}

export interface Engine {
  readonly docker: Docker;
  /** What it says of itself: `20.10.24`. */
  readonly version: string;
}

/** Throws a DockerFailed where none answers. */
export async function connectEngine(): Promise<Engine> {
  const { default: Client } = await import('dockerode');
  const docker = new Client();
  try {
    const { Version: version } = await within(connectTimeoutMs, 'say its version', docker.version());
    return { docker, version };
  } catch (error) {
    throw new DockerFailed(`Docker must answer, and does not (${reasonOf(error)}): start it; ftest doctor says more`);
  }
}

export async function answers({ docker }: Engine): Promise<boolean> {
  try {
    await within(pingTimeoutMs, 'answer', docker.ping());
    return true;
  } catch {
    return false;
  }
}

/** What Docker is asked to do, `what` as in "Docker could not …". Throws a DockerFailed, also when it takes too long. */
export async function ask<Answer>(
  what: string,
  answer: Promise<Answer>,
  timeoutMs: number = answerTimeoutMs,
): Promise<Answer> {
  try {
    return await within(timeoutMs, what, answer);
  } catch (error) {
    throw error instanceof DockerFailed ? error : new DockerFailed(`Docker could not ${what}: ${reasonOf(error)}`);
  }
}

/** As `ask`, where it is no failure that what is asked for is gone, or on its way. */
export async function askOfGone(what: string, answer: Promise<unknown>): Promise<void> {
  const gone = [304, 404, 409];
  await ask(
    what,
    answer.catch((error: { readonly statusCode?: number }) => {
      if (!gone.includes(error.statusCode ?? 0)) throw error;
    }),
  );
}

async function within<Answer>(ms: number, what: string, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EngineLate(`Docker has not been able to ${what} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why Docker could not. Dockerode puts the engine's own words in `json.message`, or behind a status code. */
export function reasonOf(error: unknown): string {
  const { json, message } = error as { readonly json?: { readonly message?: string }; readonly message?: string };
  return (json?.message ?? message ?? String(error)).replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();
}
