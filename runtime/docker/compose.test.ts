// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are Compose's variables.
/** Compose files, good and hostile: what becomes of them, and the sentence by which the others are refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type ContainerSystem, nodesOf, type Placement } from '../../harness/container-system.ts';
import { checkPlan, completeTarget } from '../../harness/define-target.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec, SpecError, type TestSpec } from '../../harness/spec.ts';
import { type Registry, resolveTest } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import { nemeses } from '../../nemesis/index.ts';
import { services } from '../../protocol/services/index.ts';
import { etcd } from '../../targets/real/etcd/system.ts';
import { workloads } from '../../workloads/index.ts';
import { whyNoDocker } from '../testing/docker.ts';
import { type ComposeOptions, type Composition, composePlans, fromCompose } from './compose.ts';
import { interpolate, wordsIn } from './compose-text.ts';
import { connectEngine } from './engine.ts';
import { ensureImageOf } from './image-sources.ts';
import { findProgram } from './images.ts';
import { dockerRuntime } from './runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftest-compose-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, 'docker-compose.yml');
  writeFileSync(file, text);
  return file;
}

const compose = (text: string, options: ComposeOptions = {}): Composition => composePlans(fileOf(text), options);

/** Of one service with these lines. */
const one = (lines: string, options: ComposeOptions = {}) => {
  const { nodes, notes } = compose(`services:\n  a:\n    image: i\n${lines.replace(/^/gm, '    ')}\n`, options);
  return { ...nodes[0]!, notes };
};

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(SpecError);
    return (error as Error).message.replace(`${folder}/docker-compose.yml: `, '');
  }
  throw new Error('nothing was refused');
};

describe('a compose file', () => {
  test('gives a node for each service, in order, as it says', () => {
    const { nodes, notes } = compose(
      `
version: "3.9"
name: kv
x-common: &common
  image: registry.example/kv:\${KV_TAG:-1.2}
  environment: &environment
    PEERS: first,second
    VERBOSE: true
    RETRIES: 3
    PASSED:
    NOT_SET:
services:
  first:
    <<: *common
    command: ["--id", "1", "--sync"]
    entrypoint: /bin/kv "--data dir" '/var/lib/kv'
    ports: ["8080:80", "127.0.0.1:9000-9001:90-91/tcp", 443, {target: 7000, published: 1}, "53:53/udp"]
    expose: ["2380", 80]
    volumes:
      - first-data:/var/lib/kv
      - /cache/
      - { type: volume, source: logs, target: /logs }
    user: 1000:1000
    working_dir: /srv
    depends_on: [second]
    restart: always
    healthcheck: { test: ["CMD-SHELL", "true"] }
    networks: { back: { aliases: [leader] } }
    container_name: kv-1
    privileged: false
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    deploy: { replicas: 1, resources: { limits: { memory: 1g } } }
  second:
    build: { context: ./kv, dockerfile: docker/Dockerfile }
    environment: ["A=b=c", PASSED, NOT_SET, "EMPTY="]
    user: 0
  tool:
    image: tool
    profiles: [debug]
networks:
  back:
volumes:
  first-data:
  logs: { driver: local, labels: [a=b] }
`,
      { variables: { PASSED: 'yes' } },
    );
    expect(nodes).toEqual([
      {
        id: 'n1',
        service: 'first',
        plan: {
          image: { image: 'registry.example/kv:1.2' },
          entrypoint: ['/bin/kv', '--data dir', '/var/lib/kv'],
          command: ['--id', '1', '--sync'],
          environment: { PEERS: 'first,second', VERBOSE: 'true', RETRIES: '3', PASSED: 'yes' },
          user: '1000:1000',
          workingFolder: '/srv',
          volumes: ['/var/lib/kv', '/cache', '/logs'],
        },
        ports: [80, 90, 91, 443, 7000, 2380],
        hostNames: ['first', 'kv-1', 'leader'],
      },
      {
        id: 'n2',
        service: 'second',
        plan: {
          image: { dockerfile: join(folder, 'kv/docker/Dockerfile'), context: join(folder, 'kv') },
          environment: { A: 'b=c', PASSED: 'yes', EMPTY: '' },
          user: '0',
          volumes: [],
        },
        ports: [],
        hostNames: ['second'],
      },
    ]);
    for (const { plan } of nodes) checkPlan('kv', plan);
    expect(notes).toEqual([
      'depends_on of first is left out: all nodes start at once.',
      'restart of first is left out: ftest alone starts a node again.',
      'healthcheck of first is left out: the target says when a node is ready.',
      "cap_drop of first is left out: nodes have Docker's own capabilities, less NET_RAW.",
      "networks of first is left out: all nodes are on one network of ftest's own.",
      'deploy.resources of first is left out: no limits are set.',
      'the port "53:53/udp" is left out: clients speak TCP.',
    ]);
  });

  test('the services that are nodes, and their order, may be named', () => {
    const text = 'services: {a: {image: x}, b: {image: y, profiles: p}, c: {image: z, privileged: true}}';
    const { nodes } = compose(text, { services: ['b', 'a'] });
    expect(nodes.map(({ id, service }) => [id, service])).toEqual([
      ['n1', 'b'],
      ['n2', 'a'],
    ]);
    expect(refusal(() => compose(text, { services: ['aa'] }))).toContain('did you mean');
    expect(refusal(() => compose(text, { services: ['a', 'a'] }))).toContain('once');
    expect(refusal(() => compose(text, { services: [] }))).toContain('must be named');
    expect(refusal(() => compose('services: {b: {image: y, profiles: [p]}}'))).toContain('needs a profile');
  });

  test('is what defineTarget needs, with a warning of what was left out', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const file = fileOf(
      'services: {a: {image: x, ports: ["1:10"], restart: always}, b: {image: y, ports: ["2:10", "3:11"]}}',
    );
    const { sizes, clientPorts, clientPortsOf, plan, hostNames } = fromCompose(file);
    expect([sizes, clientPorts]).toEqual([[2], [10, 11]]);
    const placement: Placement = { id: 'n2', address: '192.0.2.2', members: [], options: {} };
    expect(plan(placement).image).toEqual({ image: 'y' });
    expect([clientPortsOf('n1'), clientPortsOf('n2')]).toEqual([[10], [10, 11]]);
    expect(hostNames('n1')).toEqual(['a']);
    expect(() => plan({ ...placement, id: 'n3' })).toThrow('no service for n3');
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('restart of a'), 'ComposeWarning');
    warn.mockRestore();
  });

  test('an empty entrypoint, a command of one word, and numbers stay what they are', () => {
    expect(one('entrypoint: []\ncommand: serve').plan).toMatchObject({ entrypoint: [], command: ['serve'] });
    expect(one('command: [run, 1, true]').plan.command).toEqual(['run', '1', 'true']);
    expect(one('command:').plan).not.toHaveProperty('command');
  });

  test.each([
    ['read_only: true', 'read_only of a is left out: a node can write to all of its file system.'],
    ['cap_drop: [ALL]', "cap_drop of a is left out: nodes have Docker's own capabilities, less NET_RAW."],
    ['init: true', 'init of a is left out: what the command names is the first process of its container.'],
    [
      'volumes: [{type: volume, target: /x, read_only: true}]',
      'that a only reads /x is left out: it can write to its volumes.',
    ],
    [
      'volumes: [{type: volume, target: /x, volume: {nocopy: true}}]',
      'nocopy of /x of a is left out: a volume begins with what the image has there.',
    ],
  ])('that says %s is told that this is not kept', (lines, note) => {
    expect(one(lines).notes).toEqual([note]);
  });

  test('that says how a volume is mounted by its mode is told so too', () => {
    const { notes } = compose('services: {a: {image: x, volumes: ["v:/x:ro,nocopy"]}}\nvolumes: {v: }');
    expect(notes).toHaveLength(2);
    const usual = compose('services: {a: {image: x, volumes: ["v:/x:rw,z"]}}\nvolumes: {v: }');
    expect(usual.notes).toEqual([]);
  });

  test('is told nothing of what is as usual', () => {
    expect(one('read_only: false\ninit: false\ncap_drop: []').notes).toEqual([]);
    expect(one('volumes: [{type: volume, target: /x, read_only: false, volume: {nocopy: false}}]').notes).toEqual([]);
  });

  test('its variables are those of this process, and a missing one is said to be missing', () => {
    vi.stubEnv('FTEST_COMPOSE_TEST', 'seven');
    expect(one('command: $FTEST_COMPOSE_TEST').plan.command).toEqual(['seven']);
    vi.unstubAllEnvs();
    const { plan, notes } = one('command: [a, "${FTEST_NO_SUCH}", "$$x"]');
    expect(plan.command).toEqual(['a', '', '$x']);
    expect(notes).toEqual(['the variable FTEST_NO_SUCH is not set, and taken to be empty.']);
  });

  test.each([
    ['privileged: true', 'service a: privileged is refused: nodes have no privileges: they could undo the faults'],
    ['network_mode: host', 'network_mode is refused'],
    ['pid: host', 'pid is refused'],
    ['ipc: host', 'ipc is refused'],
    ['uts: host', 'uts is refused'],
    ['userns_mode: host', 'userns_mode is refused'],
    ['cap_add: [NET_ADMIN]', 'cap_add is refused'],
    ['devices: ["/dev/sda:/dev/sda"]', 'devices is refused'],
    ['security_opt: ["seccomp:unconfined"]', 'security_opt "seccomp:unconfined" is refused'],
    ['security_opt: ["no-new-privileges:false"]', 'security_opt "no-new-privileges:false" is refused'],
    ['sysctls: {net.ipv4.ip_forward: 1}', 'sysctls is refused'],
    ['env_file: .env', 'env_file is refused'],
    ['extends: {service: b}', 'extends is refused'],
    ['volumes_from: [b]', 'volumes_from is refused'],
    ['tmpfs: /run', 'tmpfs is refused'],
    ['secrets: [s]', 'secrets is refused'],
    ['links: [b]', 'links is refused'],
    ['hostname: db', 'hostname "db" is refused: the host name of this node is n1'],
    ['scale: 3', 'a service is one node'],
    ['deploy: {replicas: 2}', 'a service is one node'],
    ['deploy: {mode: global}', 'a service is one node'],
    ['runtime: sysbox', 'runtime is not supported'],
    ['develop: {}', 'develop is not supported'],
    ['volumes: ["./data:/data"]', 'is a bind mount'],
    ['volumes: ["/var/run/docker.sock:/var/run/docker.sock"]', 'is a bind mount'],
    ['volumes: ["~/x:/x"]', 'is a bind mount'],
    ['volumes: ["../x:/x:ro"]', 'is a bind mount'],
    ['volumes: [{type: bind, source: /, target: /x}]', 'is a bind'],
    ['volumes: [{type: tmpfs, target: /x}]', 'is a tmpfs'],
    ['volumes: ["data:/x"]', 'unknown volume "data"'],
    ['volumes: ["data"]', 'no absolute folder'],
    ['volumes: [{type: volume, target: /x, volume: {subpath: y}}]', 'volume.subpath of the volume {"type":"volume"'],
    ['volumes: [{type: volume, target: /x, bind: {}}]', 'bind of the volume'],
    ['volumes: ["data:/x:w"]', 'the mode w of the volume "data:/x:w" is refused'],
    ['ports: ["x"]', '"x" is no port'],
    ['ports: ["0"]', '"0" is no port'],
    ['ports: ["1:70000"]', '"1:70000" is no port'],
    ['ports: ["5-3"]', '"5-3" is no port'],
    ['ports: ["80/sctp"]', '"80/sctp" is no port'],
    ['environment: {A: [1]}', 'expected environment'],
    ['environment: ["=x"]', 'expected environment'],
    ['command: {a: b}', 'expected command'],
    ['command: "a \'b"', 'does not end'],
    ['command: "${A:?is needed}"', 'the variable A must be set: is needed'],
    ['command: "${A"', 'a $ that begins no variable'],
    ['build: {context: ., args: {A: b}}', 'build.args is not supported'],
    ['build: https://example.com/x.git', 'must be a folder'],
    ['build: git@example.com:x.git', 'must be a folder'],
    ['build: {context: [1]}', 'expected build'],
    ['user: [1]', 'expected user'],
  ])('is refused in a sentence for %s', (lines, sentence) => {
    const message = refusal(() => one(lines, { variables: {} }));
    expect(message).toContain(sentence);
    expect(message).not.toContain('\n');
  });

  test.each([
    ['', 'a mapping with services'],
    ['[]', 'a mapping with services'],
    ['a: b: c', 'this is no YAML'],
    ['services: {a: {image: x}, a: {image: y}}', 'this is no YAML'],
    ['services: {a: !reset null}', 'this is no YAML'],
    ['a: &a [x, x]\nb: &b [*a, *a]\nx-c: *nothing', 'this is no YAML'],
    ['services:', 'it has no services'],
    ['services: {}', 'it has no services'],
    ['services: {a: x}', 'service a: expected a mapping'],
    ['services: {a: {}}', 'service a: it has neither image nor build'],
    ['services: {a: {image: x}}\ninclude: [b.yml]', 'include is not supported'],
    ['services: {a: {image: x}}\nsecrets: {s: {file: x}}', 'secrets is not supported'],
    ['services: {n2: {image: x}, b: {image: y}}', 'the name n2'],
    ['services: {a: {image: x}, b: {image: y, container_name: a}}', 'the name a'],
    ['services: {a: {image: x, volumes: ["v:/x"]}, b: {image: y, volumes: ["v:/x"]}}\nvolumes: {v: }', 'share no data'],
    ['services: {a: {image: x, volumes: ["v:/x"]}}\nvolumes: {v: {external: true}}', 'has external'],
    ['services: {a: {image: x, volumes: ["v:/x"]}}\nvolumes: {v: {driver: nfs}}', 'has driver'],
    ['services: {a: {image: x, volumes: ["v:/x"]}}\nvolumes: {v: {driver_opts: {device: /}}}', 'has driver_opts'],
    ['services: {a: {image: x, volumes: ["toString:/x"]}}', 'toString'],
  ])('that is none, or could not be kept, is refused in a sentence: %s', (text, sentence) => {
    const message = refusal(() => compose(text));
    expect(message).toContain(sentence);
    expect(message).not.toContain('\n');
  });

  test('that cannot be read is refused by its name', () => {
    expect(refusal(() => composePlans(join(folder, 'none.yml')))).toContain('none.yml cannot be read');
  });

  test('aliases that multiply without bound are refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) => {
      const items =
        i === 0
          ? 'x'
          : Array(10)
              .fill(`*l${i - 1}`)
              .join(', ');
      return `x-${i}: &l${i} [${items}]`;
    });
    expect(refusal(() => compose(`${levels.join('\n')}\nservices: {a: {image: x}}`))).toContain('no YAML');
  });
});

describe('variables', () => {
  const variables = { A: 'a', EMPTY: '', 'B C': 'no' };
  test.each([
    ['x', 'x'],
    ['$A-${A}_$$A', 'a-a_$A'],
    ['${A:-d}${EMPTY:-d}${NONE:-d}', 'add'],
    ['${A-d}|${EMPTY-d}|${NONE-d}', 'a||d'],
    ['${A:+d}|${EMPTY:+d}|${NONE:+d}', 'd||'],
    ['${A+d}|${EMPTY+d}|${NONE+d}', 'd|d|'],
    ['${NONE:-${EMPTY:-$A}b}c', 'abc'],
    ['${A:?no}${EMPTY?no}', 'a'],
    ['${NONE:-}', ''],
    ['$1', undefined],
    ['a $', undefined],
    ['${A:-b', undefined],
    ['${}', undefined],
    ['${A b}', undefined],
    ['${EMPTY:?no}', undefined],
    ['${NONE?no}', undefined],
  ])('in %s', (text, expected) => {
    const act = () => interpolate(text, variables, () => {});
    if (expected === undefined) expect(act).toThrow(SpecError);
    else expect(act()).toBe(expected);
  });
});

describe('the words of a command', () => {
  test.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`a 'b c' "d e"f`, ['a', 'b c', 'd ef']],
    [`'' ""`, ['', '']],
    [String.raw`a\ b "c\"d\e" 'f\g'`, ['a b', String.raw`c"d\e`, String.raw`f\g`]],
    ['', []],
    ['a; b && $C', ['a;', 'b', '&&', '$C']],
  ])('%s', (line, words) => {
    expect(wordsIn(line)).toEqual(words);
  });
});

async function runComposed(system: ContainerSystem, changes: Partial<TestSpec>) {
  const runtime = await dockerRuntime({ program: 'none' });
  const registry: Registry = {
    targets: new Map([[system.name, system]]),
    services,
    workloads,
    nemeses,
    runtimes: new Map([['docker', async () => runtime]]),
  };
  const spec: TestSpec = {
    ...defaultSpec(system.name, system.defaultWorkload, 7, nodesOf(system)),
    runtime: 'docker',
    nemesisIntervalMs: 1000,
    opTimeoutMs: 1000,
    ...changes,
  };
  const ops: Op[] = [];
  const journal = { record: (op: Op) => void ops.push(op), log: () => {}, flush: () => {} };
  const { results } = await runTest(resolveTest(spec, registry), runtime, journal);
  return { results, ops };
}

test.skipIf(whyNoDocker !== undefined)(
  'services that listen on different ports are ready each by its own, also after a kill',
  async () => {
    const { docker } = await connectEngine();
    const programs = [{ name: 'node', debianPackage: 'nodejs' }];
    const image = await ensureImageOf(docker, { programs }, () => {});
    const service = (port: number): string => `
    image: ${image.name}
    command: [node, -e, "require('http').createServer((req, res) => res.end()).listen(${port})"]
    expose: [${port}]`;
    const file = fileOf(`services:\n  a:${service(7001)}\n  b:${service(7002)}\n`);
    const asked = new Set<string>();
    const system = completeTarget({
      ...fromCompose(file),
      name: 'composed',
      defaultWorkload: 'echo',
      clients: {
        echo: ({ endpoint: { node, host, ports } }) => ({
          async invoke({ value }, signal) {
            const { ok } = await fetch(`http://${host}:${ports[node === 'n1' ? 7001 : 7002]}`, { signal });
            if (ok) asked.add(node);
            return { type: 'ok', value };
          },
          close() {},
        }),
      },
    });
    const { results } = await runComposed(system, { nemesis: ['kill'], timeLimitMs: 2500 });
    expect(results.valid, JSON.stringify(results.checkers)).toBe(true);
    expect([...asked].toSorted()).toEqual(['n1', 'n2']);
  },
  120_000,
);

test.skipIf(whyNoDocker !== undefined || findProgram('etcd') === undefined)(
  'the services of a compose file find each other by their names, and are a cluster that is broken and tested',
  async () => {
    const { docker } = await connectEngine();
    const programs = [{ name: 'etcd', debianPackage: 'etcd-server' }];
    const image = await ensureImageOf(docker, { programs }, () => {});
    const names = ['alpha', 'beta', 'gamma'];
    const lines = names.map(
      (name) => `
  ${name}:
    image: \${ETCD_IMAGE:?must be named}
    entrypoint: etcd
    command: >-
      --name ${name} --data-dir /var/lib/etcd/data --initial-cluster $PEERS
      --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://${name}:2379
      --listen-peer-urls http://0.0.0.0:2380 --initial-advertise-peer-urls http://${name}:2380
    ports: ["2379"]
    volumes: ["/var/lib/etcd"]`,
    );
    const variables = {
      ETCD_IMAGE: image.name,
      PEERS: names.map((name) => `${name}=http://${name}:2380`).join(','),
    };
    const system = completeTarget({
      ...fromCompose(fileOf(`services:${lines.join('')}`), { variables }),
      name: 'composed',
      defaultWorkload: 'register',
      clients: { register: etcd.clients.register! },
    });
    const { results, ops } = await runComposed(system, { nodes: 3, nemesis: ['partition', 'kill'], timeLimitMs: 5000 });
    expect(results.valid, JSON.stringify(results.checkers)).toBe(true);
    expect(ops.filter(({ type }) => type === 'ok').length).toBeGreaterThan(10);
  },
  120_000,
);
