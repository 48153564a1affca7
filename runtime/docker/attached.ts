/** A container's stdin, stdout, and stderr, from before it starts: nothing that it says is missed. */
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { LineSplitter } from '../process/wire.ts';
import { ask } from './engine.ts';
import { keptLabel, type Labels } from './labels.ts';

export interface Attached {
  write(text: string): void;
  /** Resolves when the container has ended, or Docker. */
  readonly ended: Promise<void>;
}

/** @param line is given what comes, of both streams, line by line. */
export async function attach(
  docker: Docker,
  container: Docker.Container,
  line: (line: string) => void,
): Promise<Attached> {
  const options = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true };
  const stream = await ask('attach to a container', container.attach(options));
  const streams = [new PassThrough(), new PassThrough()] as const;
  const splitters = streams.map((each) => {
    const lines = new LineSplitter(line);
    each.on('data', (chunk: Buffer) => lines.push(chunk));
    return lines;
  });
  docker.modem.demuxStream(stream, ...streams);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      for (const lines of splitters) lines.end();
      resolve();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', end);
  });
  return {
    write: (text) => {
      if (stream.writable) stream.write(text);
    },
    ended,
  };
}

/** Of every container: its stdin ends with the harness, unless it is to be kept. */
export const stdinOf = (labels: Labels): Docker.ContainerCreateOptions => ({
  OpenStdin: true,
  StdinOnce: labels[keptLabel] === undefined,
  AttachStdin: true,
});

/** No privileges, nothing to write to but a volume, and no log of Docker's own beside the node's file. */
export const hostDefaults = (): Docker.HostConfig => ({
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  ReadonlyRootfs: true,
  LogConfig: { Type: 'none', Config: {} },
});
