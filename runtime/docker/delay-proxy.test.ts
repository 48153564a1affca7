import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DelayProxy } from './delay-proxy.ts';

let proxy: DelayProxy;
let opened: (Server | Socket)[];
beforeEach(() => {
  proxy = new DelayProxy();
  opened = [];
});
afterEach(() => {
  proxy.close();
  for (const each of opened) 'destroy' in each ? each.destroy() : each.close();
});

/** A peer, and the port of the proxy by which it is reached. */
async function peer(connected: (socket: Socket) => void, peerPort?: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    opened.push(socket);
    connected(socket);
  });
  opened.push(server);
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const port = peerPort ?? (server.address() as AddressInfo).port;
  const answer = await proxy.obey({ type: 'route', routes: [{ peer: 'n2', address: '127.0.0.1', port }] });
  return (answer as { readonly ports: readonly number[] }).ports[0] as number;
}

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  opened.push(socket);
  return socket;
}

/** All that comes, up to the end of that half. */
async function heardBy(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks).toString();
}

const delayTo = (timeMs: number, jitterMs = 0) =>
  proxy.obey({ type: 'delay', to: { n2: { timeMs, jitterMs } }, from: {} });
const delayFrom = (timeMs: number) => proxy.obey({ type: 'delay', to: {}, from: { n2: { timeMs, jitterMs: 0 } } });

describe('what a proxy passes on', () => {
  test('is all bytes both ways, and the end of each half for itself', async () => {
    const port = await peer((socket) => {
      heardBy(socket).then(
        (heard) => socket.end(`heard ${heard}`),
        (error) => socket.destroy(error),
      );
    });
    const socket = open(port);
    socket.end('hello');
    expect(await heardBy(socket)).toBe('heard hello');
  });

  test('is a reset, of either side', async () => {
    let heard: (error: Error) => void = () => {};
    const atPeer = new Promise<Error>((resolve) => {
      heard = resolve;
    });
    const port = await peer((socket) => {
      socket.on('error', heard);
      socket.write('hello');
    });
    const near = open(port);
    await once(near, 'data');
    near.resetAndDestroy();
    expect(await atPeer).toMatchObject({ code: 'ECONNRESET' });
    const socket = open(await peer((other) => other.once('data', () => other.resetAndDestroy())));
    socket.write('hello');
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  test('is that the peer refuses, as a reset', async () => {
    const free = createServer().listen({ host: '127.0.0.1', port: 0 });
    await once(free, 'listening');
    const { port: refusing } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const socket = open(await peer(() => {}, refusing));
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  test('is no more than it holds while the other side takes nothing', async () => {
    const port = await peer((socket) => socket.pause());
    const socket = open(port);
    await once(socket, 'connect');
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 200; i++) socket.write(chunk);
    const passed = (): number => socket.bytesWritten - socket.writableLength;
    let before = -1;
    while (passed() !== before) {
      before = passed();
      await sleep(300);
    }
    expect(passed()).toBeLessThan(100 << 20);
    expect(socket.writableLength).toBeGreaterThan(50 << 20);
  });
});

describe('delays', () => {
  /** From the first byte that is sent to the first that is back, on a connection that is there. */
  async function roundTrip(socket: Socket): Promise<number> {
    const began = performance.now();
    socket.write('x');
    await once(socket, 'data');
    return performance.now() - began;
  }

  const echo = (socket: Socket): void => void socket.pipe(socket);

  test('last as long as said, in the direction said, on connections that there are already', async () => {
    const heardMs: number[] = [];
    const port = await peer((socket) => {
      socket.on('data', () => heardMs.push(performance.now()));
      echo(socket);
    });
    const socket = open(port);
    await roundTrip(socket);
    await delayTo(120);
    let began = performance.now();
    expect(await roundTrip(socket)).toBeGreaterThanOrEqual(120);
    expect((heardMs.at(-1) as number) - began).toBeGreaterThanOrEqual(120);
    await delayFrom(150);
    began = performance.now();
    const tookMs = await roundTrip(socket);
    expect(tookMs - ((heardMs.at(-1) as number) - began)).toBeGreaterThanOrEqual(149);
  });

  test('with jitter never change the order, and hold back the end too', async () => {
    const port = await peer(echo);
    const socket = open(port);
    await delayTo(20, 20);
    const received = heardBy(socket);
    const sent: string[] = [];
    for (let i = 0; i < 100; i++) {
      sent.push(`${i} `);
      socket.write(`${i} `);
      await sleep(1);
    }
    socket.end();
    expect(await received).toBe(sent.join(''));
  });

  test('are over when restored', async () => {
    const socket = open(await peer(echo));
    await delayTo(10_000);
    await delayTo(0);
    await roundTrip(socket);
    await proxy.obey({ type: 'delay', to: {}, from: {} });
    await roundTrip(socket);
  });

  test('concern the named peer alone', async () => {
    const socket = open(await peer(echo));
    await proxy.obey({ type: 'delay', to: { n3: { timeMs: 60_000, jitterMs: 0 } }, from: {} });
    await roundTrip(socket);
  });
});
