import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { PeerLink } from './peer-link.ts';

/** A peer that keeps what it hears. */
class Peer {
  heard = '';
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  async listen(port = 0): Promise<number> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        this.heard += chunk.toString();
      });
    });
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  die(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#server?.close();
  }

  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) await sleep(5);
  }
}

const links: PeerLink[] = [];
function linkTo(port: number): PeerLink {
  const link = new PeerLink(`127.0.0.1:${port}`);
  links.push(link);
  return link;
}
afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

test('what is sent before there is a connection waits for it', async () => {
  const peer = new Peer();
  const link = linkTo(await peer.listen());
  link.send('one');
  link.send('two');
  await peer.hears('two\n');
  expect(peer.heard).toBe('one\ntwo\n');
  peer.die();
});

test('what is for a peer that is down is lost, and a peer that is back is found', async () => {
  const peer = new Peer();
  const port = await peer.listen();
  const link = linkTo(port);
  link.send('first life');
  await peer.hears('first life\n');
  peer.die();
  link.send('lost');
  while (link.waiting > 0) await sleep(5);
  const risen = new Peer();
  await risen.listen(port);
  while (risen.heard === '') {
    link.send('second life');
    await sleep(20);
  }
  expect(risen.heard).not.toContain('lost');
  risen.die();
});

test('what is delayed comes later and in order', async () => {
  const peer = new Peer();
  const link = linkTo(await peer.listen());
  link.send('at once');
  await peer.hears('at once\n');
  link.delay = { timeMs: 60, jitterMs: 40 };
  const beganMs = performance.now();
  for (let i = 0; i < 20; i++) link.send(String(i));
  link.delay = undefined;
  link.send('last');
  await peer.hears('last\n');
  expect(performance.now() - beganMs).toBeGreaterThan(19);
  expect(peer.heard).toBe(`at once\n${Array.from({ length: 20 }, (_, i) => `${i}\n`).join('')}last\n`);
  peer.die();
});
