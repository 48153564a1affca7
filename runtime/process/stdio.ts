/** The node's end of the pipes: hosts a NodeSystem as a Maelstrom program on this process's stdin and stdout. */
import type { Body, Message } from '../../protocol/message.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import { NodeClock } from '../host/clock.ts';
import { NodeHost, type Surroundings } from '../host/host.ts';
import {
  type ClockBody,
  type DescribeBody,
  harnessId,
  type InitBody,
  LineSplitter,
  type MarkBody,
  parseMessage,
} from './wire.ts';

/** What a program is told when it is started; the rest comes with `init`. */
export interface NodeProgram {
  readonly system: NodeSystem;
  readonly config: unknown;
  /** The node's own directory. */
  readonly directory: string;
}

/** Takes over the process, which ends with its stdin, or with exit code 1 and the reason on stderr. */
export function hostNode(program: NodeProgram): void {
  const node = new HostedNode(program, (_dest, line) => process.stdout.write(`${line}\n`));
  const lines = new LineSplitter((line) => {
    const message = parseMessage(line);
    if (message === undefined) node.fail(`expected a message on stdin, a JSON object a line, and got: ${line}`);
    else node.receive(message);
  });
  process.stdin.on('data', (chunk: Buffer) => lines.push(chunk));
  process.stdin.on('end', () => process.exit(0));
  // The harness is gone.
  process.stdout.on('error', () => process.exit(0));
}

/** A NodeSystem that is told by messages who it is, whatever these come and go by. */
export class HostedNode {
  readonly #program: NodeProgram;
  readonly #write: (dest: string, line: string) => void;
  readonly #clock = new NodeClock();
  #id = '';
  #host: NodeHost | undefined;
  /** Messages that came while the host was starting. */
  #early: Message[] = [];

  /** @param write sends a message, as the line that it is, to `dest`: a node, a client, or the harness. */
  constructor(program: NodeProgram, write: (dest: string, line: string) => void) {
    this.#program = program;
    this.#write = write;
  }

  receive(message: Message): void {
    if (message.src === harnessId) this.#setClock(message.body as ClockBody);
    else if (this.#host !== undefined) this.#host.receive(message);
    else if (message.body.type === 'init') this.#init(message as Message<InitBody>).catch((error) => this.fail(error));
    else this.#early.push(message);
  }

  async #init(message: Message<InitBody>): Promise<void> {
    const { msg_id, node_id, node_ids } = message.body;
    this.#id = node_id;
    this.#host = await NodeHost.start({
      ...this.#program,
      id: node_id,
      nodeIds: node_ids,
      clock: this.#clock,
      surroundings: this.#surroundings(),
    });
    this.#send(message.src, { type: 'init_ok', in_reply_to: msg_id });
    for (const early of this.#early.splice(0)) this.#host.receive(early);
  }

  #surroundings(): Surroundings {
    return {
      send: (to, body) => this.#send(to, body),
      log: (text) => process.stderr.write(`${text}\n`),
      mark: (name) => this.#send<MarkBody>(harnessId, { type: 'mark', name }),
      described: ({ role, term, primary }) =>
        this.#send<DescribeBody>(harnessId, { type: 'describe', role, term, primary }),
      failed: (error) => this.fail(error),
    };
  }

  #setClock({ skew_ms, drift_ppm }: ClockBody): void {
    this.#clock.set(skew_ms, drift_ppm);
    this.#host?.rescheduleTimers();
  }

  #send<B extends Body>(dest: string, body: B): void {
    this.#write(dest, JSON.stringify({ src: this.#id, dest, body }));
  }

  /** Ends the process with the reason on stderr. Pipes are written synchronously, so that nothing is lost by the exit. */
  fail(error: unknown): never {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  }
}
