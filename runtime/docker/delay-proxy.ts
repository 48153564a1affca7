/**
 * The program that delays what a node of others sends and receives, in the network of its pod. The kernel sends it the
 * connections that the node opens to its peers (all but those of the proxy's own user); it opens one to where they were
 * meant to go, and passes everything on both ways: what goes out as late as the link to the peer says, what comes in as late as
 * the link from the peer says. Connections that a peer opens are the business of the peer's proxy.
 *
 * A node's connection succeeds at once, before the peer is asked: where the peer refuses, the node sees a reset instead.
 *
 * Told on stdin and answering on stdout, JSON objects a line, each answered by one in order; ends with its stdin. It also
 * answers whoever connects to its echo port, so that the way from one proxy to another can be tried.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { LineSplitter } from '../process/wire.ts';
import { DelayLine } from './delay-proxy-line.ts';
import type { Delay } from './peer-link.ts';

/** Where connections to one port of one peer go. */
export interface Route {
  readonly peer: string;
  readonly address: string;
  readonly port: number;
}

/** By peer; those that are not named are not delayed. */
export type Delays = Readonly<Record<string, Delay>>;

export type ProxyRequest =
  | { readonly type: 'route'; readonly routes: readonly Route[] }
  | { readonly type: 'delay'; readonly to: Delays; readonly from: Delays };

export type ProxyAnswer =
  /** Unasked, at the start. */
  | { readonly type: 'ready'; readonly echoPort: number }
  /** On 127.0.0.1, for each route in order. */
  | { readonly type: 'routed'; readonly ports: readonly number[] }
  | { readonly type: 'delayed' };

/** Takes over the process. */
export function runDelayProxy(): void {
  const proxy = new DelayProxy();
  const say = (answer: ProxyAnswer): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`);
  // One after the other, so that answers keep the order of requests.
  let done: Promise<unknown> = proxy.echo().then((echoPort) => say({ type: 'ready', echoPort }));
  const lines = new LineSplitter((line) => {
    const request = JSON.parse(line) as ProxyRequest;
    done = done.then(async () => say(await proxy.obey(request)));
  });
  process.stdin.on('data', (chunk: Buffer) => lines.push(chunk));
  process.stdin.on('end', () => process.exit(0));
}

export class DelayProxy {
  #to: Delays = {};
  #from: Delays = {};
  readonly #servers: Server[] = [];

  /** Sends back whatever comes; resolves with the port, on all addresses. */
  echo(): Promise<number> {
    return this.#listen('0.0.0.0', (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
  }

  async obey(request: ProxyRequest): Promise<ProxyAnswer> {
    if (request.type === 'delay') {
      this.#to = request.to;
      this.#from = request.from;
      return { type: 'delayed' };
    }
    const ports = request.routes.map((route) => this.#listen('127.0.0.1', (socket) => this.#forward(socket, route)));
    return { type: 'routed', ports: await Promise.all(ports) };
  }

  /** Takes no new connections. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  #forward(near: Socket, { peer, address, port }: Route): void {
    const far = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
    new DelayLine(near, far, () => this.#to[peer]);
    new DelayLine(far, near, () => this.#from[peer]);
  }

  #listen(host: string, connected: (socket: Socket) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, connected);
      this.#servers.push(server);
      server.on('error', reject);
      server.listen({ host, port: 0 }, () => resolve((server.address() as AddressInfo).port));
    });
  }
}
