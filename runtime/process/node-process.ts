/** One life of a node as an operating-system process, in a process group of its own, behind pipes. */
import { execa } from 'execa';
import { LineSplitter } from './wire.ts';

/** A process as the harness starts it: program, then arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** How a process ended. */
export interface Ended {
  /** As the rest of a sentence: `exited with code 1`. */
  readonly how: string;
  /** By a SIGKILL. */
  readonly killed: boolean;
}

/** What a process says and how it ends. After `exited` nothing more comes. */
export interface NodeProcessEvents {
  line(line: string): void;
  log(line: string): void;
  exited(ended: Ended): void;
}

export class NodeProcess {
  readonly #subprocess;
  /** Resolves when the process has ended and all it said has been heard. */
  readonly ended: Promise<Ended>;

  constructor([program, ...args]: Command, events: NodeProcessEvents) {
    // In a group of its own, so that signals reach what a wrapper script has started, and a Ctrl-C at the terminal,
    // which is the harness's to act on, does not.
    this.#subprocess = execa(program, args, { detached: true, cleanup: false, buffer: false, reject: false });
    const { stdin, stdout, stderr } = this.#subprocess;
    const lines = new LineSplitter((line) => events.line(line));
    const logLines = new LineSplitter((line) => events.log(line));
    stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    stderr.on('data', (chunk: Buffer) => logLines.push(chunk));
    // A message to a process that has just died is lost, as it would be on a network.
    stdin.on('error', () => {});
    this.ended = this.#subprocess.then((result) => {
      lines.end();
      logLines.end();
      const ended = { how: ending(result), killed: result.signal === 'SIGKILL' };
      events.exited(ended);
      return ended;
    });
  }

  /** The process group; undefined when the program could not be started. */
  get group(): number | undefined {
    return this.#subprocess.pid;
  }

  write(line: string): void {
    if (this.#subprocess.stdin.writable) this.#subprocess.stdin.write(`${line}\n`);
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    const { pid } = this.#subprocess;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // It has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** What is known of the end of a process. */
interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function ending({ exitCode, signal, originalMessage }: Ending): string {
  if (exitCode !== undefined) return `exited with code ${exitCode}`;
  if (signal !== undefined) return `was ended by ${signal}`;
  return `could not be started (${originalMessage})`;
}
