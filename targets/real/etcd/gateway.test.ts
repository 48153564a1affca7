/** Refusals as different versions of etcd word them, from a server that answers what it is told. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientPort, EtcdFailure, Gateway } from './gateway.ts';

let answer = '';
const server = createServer((_, response) => response.writeHead(500).end(answer));
let gateway: Gateway;

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  gateway = new Gateway({ node: 'n1', host: '127.0.0.1', ports: { [clientPort]: port } });
});

afterAll(() => {
  gateway.close();
  server.close();
});

test.each<[string, object | null, message: string, certain: boolean]>([
  ['3.4', { error: 'etcdserver: too many requests', code: 8 }, 'etcdserver: too many requests', true],
  ['3.4', { error: 'etcdserver: request timed out', code: 14 }, 'etcdserver: request timed out', false],
  ['3.5', { error: 'raft proposal dropped', message: 'raft proposal dropped', code: 2 }, 'raft proposal dropped', true],
  ['3.6', { code: 8, message: 'etcdserver: too many requests', details: [] }, 'etcdserver: too many requests', true],
  ['3.6', { code: 14, message: 'etcdserver: request timed out', details: [] }, 'etcdserver: request timed out', false],
  ['3.6', { code: 3, message: 'etcdserver: key is not provided' }, 'etcdserver: key is not provided', true],
  ['something else', {}, 'HTTP 500', false],
  ['something else', null, 'HTTP 500', false],
])('a refusal of %s: %j', async (_, refusal, message, certain) => {
  answer = JSON.stringify(refusal);
  const failure: unknown = await gateway.call('kv/put', {}).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EtcdFailure);
  expect(failure).toMatchObject({ message, certain });
});
