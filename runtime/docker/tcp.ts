/**
 * The node's end of the network: hosts a NodeSystem in a container. Peers and harness connect to one TCP port; what is
 * for a peer goes out on a connection of the node's own, what is for anybody else on the one that they spoke on.
 */
import { createServer, type Socket } from 'node:net';
import type { Message } from '../../protocol/message.ts';
import { HostedNode, type NodeProgram } from '../process/stdio.ts';
import { harnessId, type InitBody, LineSplitter, LineWriter, parseMessage } from '../process/wire.ts';
import { type Delay, PeerLink } from './peer-link.ts';

/** An `init` that says where the peers are. */
export interface AddressedInitBody extends InitBody {
  /** By node id, this node included: `172.18.0.2:7000`. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** To a node of ours: what it sends to a peer is held back so long. Peers that are not named are not delayed. */
export interface DelaysBody {
  readonly type: 'delays';
  readonly delays: Readonly<Record<string, Delay>>;
}

/** Takes over the process, which ends with its stdin, or with exit code 1 and the reason on stderr. */
export function hostNodeOnTcp(program: NodeProgram, port: number): void {
  const network = new Network();
  const node = new HostedNode(program, (dest, line) => network.send(dest, line));
  network.received = (message) => node.receive(message);
  network.failed = (reason) => node.fail(reason);
  const server = createServer({ noDelay: true }, (socket) => network.listen(socket));
  server.on('error', (error) => node.fail(error));
  server.listen(port);
  process.stdin.resume();
  // The harness is gone.
  process.stdin.on('end', () => process.exit(0));
}

class Network {
  received: (message: Message) => void = () => {};
  failed: (reason: string) => void = () => {};
  #id = '';
  readonly #peers = new Map<string, PeerLink>();
  /** By id of who is no node: where they last spoke. */
  readonly #others = new Map<string, LineWriter>();

  listen(socket: Socket): void {
    const answers = new LineWriter(socket);
    const lines = new LineSplitter((line) => {
      const message = parseMessage(line);
      if (message === undefined) this.failed(`expected a message, a JSON object a line, and got: ${line}`);
      else this.#hear(answers, message);
    });
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    // Whoever it was is gone: its side says so by connecting again.
    socket.on('error', () => {});
  }

  send(dest: string, line: string): void {
    const peer = this.#peers.get(dest);
    if (peer !== undefined) peer.send(line);
    else if (dest === this.#id) setImmediate(() => this.received(JSON.parse(line) as Message));
    else this.#others.get(dest)?.write(line);
  }

  #hear(answers: LineWriter, message: Message): void {
    const { src, body } = message;
    if (!this.#peers.has(src)) this.#others.set(src, answers);
    if (body.type === 'init') {
      this.#others.set(harnessId, answers);
      this.#meet(body as AddressedInitBody);
    }
    if (body.type === 'delays') this.#delay(body as DelaysBody);
    else this.received(message);
  }

  #meet({ node_id, addresses }: AddressedInitBody): void {
    this.#id = node_id;
    for (const [id, address] of Object.entries(addresses)) {
      if (id !== node_id && !this.#peers.has(id)) this.#peers.set(id, new PeerLink(address));
    }
  }

  #delay({ delays }: DelaysBody): void {
    for (const [id, peer] of this.#peers) peer.delay = delays[id];
  }
}
