/** The harness's connection to a node: lines both ways, over the port that the node's pod publishes on 127.0.0.1. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineSplitter, LineWriter } from '../process/wire.ts';

const retryMs = 20;

export class LineSocket {
  readonly #socket: Socket;
  readonly #writer: LineWriter;
  readonly closed: Promise<void>;

  constructor(socket: Socket, line: (line: string) => void) {
    this.#socket = socket;
    this.#writer = new LineWriter(socket);
    const lines = new LineSplitter(line);
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  write(line: string): void {
    this.#writer.write(line);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Says something to whoever listens on the port until there is an answer. Docker takes connections for a program that
 * does not listen yet, and closes them. Resolves with the connection that was answered on; undefined once `over`.
 */
export async function greet(
  port: number,
  greeting: string,
  hear: (line: string, answered: () => void) => void,
  over: Promise<unknown>,
): Promise<LineSocket | undefined> {
  let isOver = false;
  const ended = over.then(() => {
    isOver = true;
    return false;
  });
  while (!isOver) {
    let answered = (): void => {};
    const answer = new Promise<boolean>((resolve) => {
      answered = () => resolve(true);
    });
    const link = new LineSocket(connect({ host: '127.0.0.1', port, noDelay: true }), (line) => hear(line, answered));
    link.write(greeting);
    if (await Promise.race([answer, link.closed.then(() => false), ended])) return link;
    link.close();
    await sleep(retryMs);
  }
  return undefined;
}
