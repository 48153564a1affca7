import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../harness/fault.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { whyNoDocker } from '../testing/docker.ts';
import { attach, hostDefaults, stdinOf } from './attached.ts';
import { DelayProxies } from './delay-proxies.ts';
import { connectEngine } from './engine.ts';
import { ensureNodeImage, ensurePodImage, ensureProgramImage, nodeBinary, programInImage } from './images.ts';
import { newRunLabels, runLabel } from './labels.ts';
import { ofRun, remove } from './leftovers.ts';
import { Network } from './network.ts';
import { Pod } from './pod.ts';

/** A node of others: answers on its peer port, and asks the address that it is told, saying what came of it and how long it took. */
const peerPort = 2380;
const source = `
  import { createServer, get } from 'node:http';
  createServer((request, response) => response.end(request.socket.remoteAddress.replace('::ffff:', ''))).listen(${peerPort});
  const say = (...words) => console.log(words.join(' '));
  process.stdin.on('data', (address) => {
    const began = performance.now();
    const asked = get({ host: String(address).trim(), port: ${peerPort}, agent: false, timeout: 1500 }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => say('heard', text, performance.now() - began));
      response.on('error', (error) => say('failed', error.code, 0));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
    asked.on('error', (error) => say('failed', error.code, 0));
  });
  say('listening', '', 0);
`;

const ids = ['n1', 'n2', 'n3'];
const link = (from: string, to: string): Link => ({ from, to });

interface Node {
  readonly pod: Pod;
  /** Asks the node of that name; resolves with what was heard, and how long it took. */
  ask(id: string): Promise<readonly [what: string, text: string, tookMs: number]>;
}

describe.skipIf(whyNoDocker !== undefined)('delay proxies', () => {
  const labels = newRunLabels();
  const run = labels[runLabel];
  const folder = mkdtempSync(join(tmpdir(), 'ftest-proxies-'));
  const nodes = new Map<string, Node>();
  let docker: Docker;
  let proxyProgram: Bundle;
  let network: Network;
  let proxies: DelayProxies;
  let ended: string[] = [];
  const blocked = new Set<string>();

  beforeAll(async () => {
    ({ docker } = await connectEngine());
    const [podImage, nodeImage] = [await ensurePodImage(docker), await ensureNodeImage(docker)];
    const net = `ftest-${run}-net`;
    await docker.createNetwork({ Name: net, Driver: 'bridge', Labels: labels });
    const pods = new Map<string, Pod>();
    for (const id of ids) {
      const name = `ftest-${run}-${id}-pod`;
      pods.set(
        id,
        await Pod.start(docker, {
          image: podImage,
          name,
          alias: id,
          network: net,
          hostNames: [],
          ports: [peerPort],
          labels,
        }),
      );
    }
    proxyProgram = await bundle('cli/proxy.ts');
    proxies = await DelayProxies.start({
      docker,
      pods,
      peerPorts: [peerPort],
      image: await ensureProgramImage(docker, proxyProgram.path, nodeImage),
      command: [nodeBinary, await programInImage(proxyProgram.path)],
      name: (id) => `ftest-${run}-${id}-proxy`,
      labels,
      passes: (from, to) => !blocked.has(`${from} ${to}`),
      ended: (id) => ended.push(id),
    });
    const path = join(folder, 'server.mjs');
    writeFileSync(path, source);
    const image = await ensureProgramImage(docker, path, nodeImage);
    for (const [id, pod] of pods) nodes.set(id, await startNode(id, pod, pods, image, await programInImage(path)));
    network = new Network(pods);
    await network.apply();
  });

  afterEach(async () => {
    blocked.clear();
    await network?.partition([]);
    await proxies?.restore();
    expect(ended).toEqual([]);
  });

  afterAll(async () => {
    await remove(docker, ofRun(run));
    await proxyProgram?.remove();
    rmSync(folder, { recursive: true });
    ended = [];
  });

  async function startNode(
    id: string,
    pod: Pod,
    pods: ReadonlyMap<string, Pod>,
    image: string,
    program: string,
  ): Promise<Node> {
    const container = await docker.createContainer({
      ...stdinOf(labels),
      name: `ftest-${run}-${id}`,
      Image: image,
      Cmd: [nodeBinary, program],
      Labels: labels,
      HostConfig: { ...hostDefaults(), NetworkMode: `container:${pod.id}` },
    });
    let heard: (line: string) => void = () => {};
    const listening = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const node = await attach(docker, container, (line) => heard(line));
    await container.start();
    await listening;
    return {
      pod,
      async ask(other) {
        const answer = new Promise<string>((resolve) => {
          heard = resolve;
        });
        node.write(pods.get(other)?.address as string);
        const [what, text, tookMs] = (await answer).split(' ') as [string, string, string];
        return [what, text, Number(tookMs)];
      },
    };
  }

  const ask = (from: string, to: string) => (nodes.get(from) as Node).ask(to);
  const tookMs = async (from: string, to: string): Promise<number> => {
    const [what, , took] = await ask(from, to);
    expect(what).toBe('heard');
    return took;
  };
  /** A busy machine may be slow, but not always: resolves when it has once been quicker. */
  const becomesQuicker = async (from: string, to: string, ms: number): Promise<void> => {
    while ((await tookMs(from, to)) >= ms);
  };

  test('hold back what crosses a link, whoever asked whom, and nothing else', async () => {
    await proxies.delay([link('n1', 'n2')], { timeMs: 600, jitterMs: 0 });
    expect(await tookMs('n1', 'n2')).toBeGreaterThanOrEqual(599);
    expect(await tookMs('n2', 'n1')).toBeGreaterThanOrEqual(599);
    await becomesQuicker('n1', 'n3', 600);
    await becomesQuicker('n3', 'n2', 600);
    await proxies.delay([link('n2', 'n1')], { timeMs: 300, jitterMs: 100 });
    expect(await tookMs('n1', 'n2')).toBeGreaterThanOrEqual(799);
    await proxies.restore();
    await becomesQuicker('n1', 'n2', 600);
  });

  test('connect from the address of the node', async () => {
    const address = (nodes.get('n1') as Node).pod.address;
    expect((await ask('n1', 'n2')).slice(0, 2)).toEqual(['heard', address]);
  });

  test('leave cuts as they are', async () => {
    blocked.add('n1 n2');
    await network.partition([link('n1', 'n2')]);
    await proxies.delay([link('n1', 'n2'), link('n1', 'n3')], { timeMs: 200, jitterMs: 0 });
    expect((await ask('n1', 'n2')).slice(0, 2)).toEqual(['failed', 'TIMEOUT']);
    expect(await tookMs('n1', 'n3')).toBeGreaterThanOrEqual(199);
    await network.partition([]);
    blocked.clear();
    await proxies.restore();
    expect((await ask('n1', 'n2'))[0]).toBe('heard');
  });

  test('have no privileges, and a user of their own', async () => {
    const proxy = await docker.getContainer(`ftest-${run}-n1-proxy`).inspect();
    expect(proxy.HostConfig).toMatchObject({ CapAdd: null, CapDrop: ['ALL'], Privileged: false, ReadonlyRootfs: true });
    expect(proxy.Config.User).toBe('7001:7001');
  });

  test('notice that nothing is held back, also where the jitter would allow that now and then', async () => {
    await proxies.delay([link('n1', 'n2')], { timeMs: 100, jitterMs: 100 });
    await proxies.restore();
    const { pod } = nodes.get('n1') as Node;
    const redirections = await pod.run('nft list table ip ftest-proxies; nft delete table ip ftest-proxies');
    for (const jitterMs of [0, 400, 500]) {
      await expect(proxies.delay([link('n1', 'n2')], { timeMs: 400, jitterMs })).rejects.toThrow(
        /the way from n[12] to n[12] and back should (often )?take 400 ms/,
      );
    }
    await pod.feed('nft -f -', `${redirections}\n`);
  });

  test('notice a link that is said to pass and does not', async () => {
    await network.partition([link('n1', 'n2'), link('n2', 'n1')]);
    await expect(proxies.delay([link('n1', 'n2')], { timeMs: 10, jitterMs: 0 })).rejects.toThrow(
      /nothing comes from n[12] to n[12] and back/,
    );
  });
});
