/**
 * A docker-compose.yml as the plan of a system: each service is a node, n1, n2, … in the file's order, on a network of ftest's own.
 * What the file says of image, command, environment, volumes, and ports is kept. What ftest does itself is left out and said:
 * networks, restarts, the order of starts, health checks. What would weaken the isolation of nodes, or could not be kept and
 * matters, is refused, one sentence each: so no node runs otherwise than its file says without a word about it.
 *
 * @see https://docs.docker.com/reference/compose-file/services/
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { ContainerPlan, ContainerSystem, ImageSource } from '../../harness/container-system.ts';
import { unknownName } from '../../harness/near.ts';
import { SpecError } from '../../harness/spec.ts';
import { interpolate, type Variables, wordsIn } from './compose-text.ts';

export interface ComposeOptions {
  /** The services that are nodes, n1 first. Default: all that need no profile, in the file's order. */
  readonly services?: readonly string[];
  /** Default: those of this process. A file `.env` is not read. */
  readonly variables?: Variables;
}

export interface ComposedNode {
  /** n1, n2, … */
  readonly id: string;
  readonly service: string;
  readonly plan: ContainerPlan;
  /** Of the container: published or exposed, TCP only. */
  readonly ports: readonly number[];
  /** Under which the file lets other services reach it. */
  readonly hostNames: readonly string[];
}

export interface Composition {
  readonly nodes: readonly ComposedNode[];
  /** What was left out, a sentence each. */
  readonly notes: readonly string[];
}

type Composed = Required<Pick<ContainerSystem, 'plan' | 'sizes' | 'clientPorts' | 'clientPortsOf' | 'hostNames'>>;

/**
 * What `defineTarget` needs of a compose file: `defineTarget({ ...fromCompose('docker-compose.yml'), name, … })`. The client ports
 * are all ports of all services, and of a node those of its service; what was left out is a warning of this process.
 *
 * @throws SpecError for what cannot be run as the file says
 */
export function fromCompose(file: string, options: ComposeOptions = {}): Composed {
  const { nodes, notes } = composePlans(file, options);
  for (const note of notes) process.emitWarning(`${file}: ${note}`, 'ComposeWarning');
  const nodeOf = (id: string): ComposedNode => {
    const node = nodes.find((each) => each.id === id);
    if (node === undefined) throw new SpecError(`${file} has no service for ${id}`);
    return node;
  };
  return {
    sizes: [nodes.length],
    clientPorts: [...new Set(nodes.flatMap(({ ports }) => ports))],
    clientPortsOf: (id) => nodeOf(id).ports,
    plan: ({ id }) => nodeOf(id).plan,
    hostNames: (id) => nodeOf(id).hostNames,
  };
}

/** @throws SpecError for what cannot be run as the file says, or is no compose file; it names the file. */
export function composePlans(file: string, options: ComposeOptions = {}): Composition {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SpecError(`the compose file ${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return new Reader(dirname(resolve(file)), options).read(text);
  } catch (error) {
    if (error instanceof SpecError) throw new SpecError(`${file}: ${error.message}`);
    throw error;
  }
}

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** Of the whole file; all else but `services` and `volumes` is refused, `x-…` apart. */
const ignoredOfFile: ReadonlySet<string> = new Set(['name', 'version']);

/** What the harness does itself, or what only people look at; null where it makes no difference that is worth a word. */
const ignoredOfService: ReadonlyMap<string, string | null> = new Map(
  Object.entries({
    annotations: null,
    attach: null,
    cap_drop: "nodes have Docker's own capabilities, less NET_RAW",
    cpus: 'no limits are set',
    depends_on: 'all nodes start at once',
    healthcheck: 'the target says when a node is ready',
    init: 'what the command names is the first process of its container',
    labels: null,
    logging: null,
    mem_limit: 'no limits are set',
    mem_reservation: 'no limits are set',
    networks: "all nodes are on one network of ftest's own",
    profiles: null,
    pull_policy: null,
    read_only: 'a node can write to all of its file system',
    restart: 'ftest alone starts a node again',
    stdin_open: null,
    stop_grace_period: null,
    stop_signal: null,
    tty: null,
  }),
);

/** Why not. What is in no list is refused without a reason. */
const refusedOfService: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cap_add: 'nodes have no privileges: the network is broken from outside of them',
    configs: 'put them into the image',
    devices: 'nodes have no devices of this machine',
    env_file: 'put the variables under environment',
    extends: 'write the service out',
    extra_hosts: 'nodes reach each other by name, and nothing else',
    ipc: 'nodes share nothing with this machine or with each other',
    links: 'nodes reach each other by the names of their services',
    network_mode: 'each node has a network of its own, which the faults need',
    pid: 'nodes share nothing with this machine or with each other',
    privileged: 'nodes have no privileges: they could undo the faults',
    secrets: 'put them into the image, or under environment',
    sysctls: 'the network of a node belongs to its pod',
    tmpfs: 'a node writes to volumes',
    userns_mode: 'nodes share nothing with this machine or with each other',
    uts: 'nodes share nothing with this machine or with each other',
    volumes_from: 'nodes share no data',
  }),
);

class Reader {
  readonly #folder: string;
  readonly #options: ComposeOptions;
  readonly #variables: Variables;
  readonly #notes = new Set<string>();
  /** Which service has each named volume. */
  readonly #volumeOwners = new Map<string, string>();
  #volumes: Mapping = {};

  constructor(folder: string, options: ComposeOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#variables = options.variables ?? process.env;
  }

  read(text: string): Composition {
    const { services, volumes } = this.#fileIn(text);
    this.#volumes = volumes;
    const names = this.#namesAmong(services);
    const nodes = names.map((service, index) => {
      try {
        return this.#node(`n${index + 1}`, service, services[service] as Mapping);
      } catch (error) {
        if (error instanceof SpecError) throw new SpecError(`service ${service}: ${error.message}`);
        throw error;
      }
    });
    checkHostNames(nodes);
    return { nodes, notes: [...this.#notes] };
  }

  #fileIn(text: string): { readonly services: Mapping; readonly volumes: Mapping } {
    const document = parseDocument(text, { merge: true });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new SpecError(`this is no YAML: ${fault.message.split('\n')[0]}`);
    let raw: unknown;
    try {
      raw = document.toJS();
    } catch (error) {
      throw new SpecError(`this is no YAML that could be read: ${(error as Error).message}`);
    }
    if (!isMapping(raw)) throw new SpecError('a compose file is a mapping with services');
    const { services, volumes = {}, networks: _, ...others } = this.#interpolated(raw) as Mapping;
    const unknown = Object.keys(others).find((key) => !ignoredOfFile.has(key) && !key.startsWith('x-'));
    if (unknown !== undefined) throw new SpecError(`${unknown} is not supported`);
    if (!isMapping(services) || Object.keys(services).length === 0) throw new SpecError('it has no services');
    for (const [name, service] of Object.entries(services)) {
      if (!isMapping(service)) throw new SpecError(`service ${name}: expected a mapping, got ${shown(service)}`);
    }
    if (volumes !== null && !isMapping(volumes)) throw new SpecError('expected volumes to be a mapping');
    return { services, volumes: volumes ?? {} };
  }

  /** Variables are put into values, not into keys. */
  #interpolated(value: unknown): unknown {
    if (typeof value === 'string') {
      return interpolate(value, this.#variables, (name) => {
        this.#notes.add(`the variable ${name} is not set, and taken to be empty.`);
      });
    }
    if (Array.isArray(value)) return value.map((item) => this.#interpolated(item));
    if (!isMapping(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#interpolated(item)]));
  }

  #namesAmong(services: Mapping): readonly string[] {
    const isAsked = (name: string): boolean => listOf((services[name] as Mapping).profiles).length === 0;
    const { services: asked } = this.#options;
    if (asked === undefined) {
      const names = Object.keys(services).filter(isAsked);
      if (names.length === 0) throw new SpecError('each of its services needs a profile: name those that are nodes');
      return names;
    }
    const unknown = asked.find((name) => !Object.hasOwn(services, name));
    if (unknown !== undefined) throw new SpecError(unknownName('service', unknown, Object.keys(services)));
    if (asked.length === 0 || new Set(asked).size < asked.length) {
      throw new SpecError('each service that is a node must be named, and once');
    }
    return asked;
  }

  #node(id: string, service: string, fields: Mapping): ComposedNode {
    const {
      build,
      command,
      container_name: containerName,
      deploy,
      entrypoint,
      environment,
      expose,
      hostname,
      image,
      networks,
      ports,
      scale,
      security_opt: securityOpt,
      user,
      volumes,
      working_dir: workingFolder,
      ...others
    } = fields;
    for (const [key, value] of Object.entries({ ...others, networks })) this.#checkOther(service, key, value);
    this.#checkCopies(service, scale, deploy);
    for (const option of listOf(securityOpt)) {
      if (!/^no-new-privileges(?:[:=]true)?$/.test(String(option))) {
        throw new SpecError(`security_opt ${shown(option)} is refused: nodes keep Docker's own limits`);
      }
    }
    if (hostname !== undefined && hostname !== id) {
      throw new SpecError(`hostname ${shown(hostname)} is refused: the host name of this node is ${id}`);
    }
    const aliases = isMapping(networks)
      ? Object.values(networks)
          .filter(isMapping)
          .flatMap(({ aliases }) => listOf(aliases))
      : [];
    const named = containerName === undefined ? [] : [containerName];
    const plan: ContainerPlan = {
      image: this.#image(image, build),
      ...given('entrypoint', commandIn('entrypoint', entrypoint)),
      ...given('command', commandIn('command', command)),
      ...given('user', textIn('user', user)),
      ...given('workingFolder', textIn('working_dir', workingFolder)),
      environment: this.#environment(environment),
      volumes: listOf(volumes).map((volume) => this.#volume(service, volume)),
    };
    return {
      id,
      service,
      plan,
      ports: [
        ...new Set([
          ...listOf(ports).flatMap((port) => this.#ports(port)),
          ...listOf(expose).flatMap((port) => this.#ports(port)),
        ]),
      ],
      hostNames: [...new Set([service, ...named, ...aliases].map(String))],
    };
  }

  #checkOther(service: string, key: string, value: unknown): void {
    if (value === undefined || value === null || key.startsWith('x-')) return;
    const off = value === false || (Array.isArray(value) && value.length === 0);
    const reason = refusedOfService.get(key);
    const ignored = ignoredOfService.get(key);
    if (reason !== undefined) {
      if (!off) throw new SpecError(`${key} is refused: ${reason}`);
    } else if (ignored === undefined) {
      throw new SpecError(`${key} is not supported`);
    } else if (ignored !== null && !off) {
      this.#notes.add(`${key} of ${service} is left out: ${ignored}.`);
    }
  }

  #checkCopies(service: string, scale: unknown, deploy: unknown): void {
    const { replicas, mode, ...others } = isMapping(deploy) ? deploy : {};
    const copies = scale ?? replicas ?? 1;
    if (Number(copies) !== 1 || mode === 'global') {
      throw new SpecError(
        'a service is one node: write out one service for each copy, in the place of scale and replicas',
      );
    }
    for (const key of Object.keys(others))
      this.#notes.add(`deploy.${key} of ${service} is left out: no limits are set.`);
  }

  #image(image: unknown, build: unknown): ImageSource {
    if (build === undefined || build === null) {
      const name = textIn('image', image);
      if (name === undefined || name === '') throw new SpecError('it has neither image nor build');
      return { image: name };
    }
    const { context = '.', dockerfile = 'Dockerfile', ...others } = isMapping(build) ? build : { context: build };
    const [unsupported] = Object.keys(others).filter((key) => !['labels', 'tags', 'pull', 'no_cache'].includes(key));
    if (unsupported !== undefined)
      throw new SpecError(`build.${unsupported} is not supported: put it into the Dockerfile`);
    if (typeof context !== 'string' || typeof dockerfile !== 'string') {
      throw new SpecError(`expected build to name a context and a dockerfile, got ${shown(build)}`);
    }
    if (/^[a-z+]+:\/\/|^git@/.test(context))
      throw new SpecError(`build from ${context} is refused: the context must be a folder`);
    const folder = resolve(this.#folder, context);
    return { dockerfile: resolve(folder, dockerfile), context: folder };
  }

  #environment(environment: unknown): Readonly<Record<string, string>> {
    if (environment === undefined || environment === null) return {};
    const entries = isMapping(environment)
      ? Object.entries(environment)
      : listOf(environment).map((entry): readonly [string, unknown] => {
          const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(String(entry)) ?? [];
          return [name, value];
        });
    const found: [string, string][] = [];
    for (const [name, value] of entries) {
      // Without a value it is passed on, if it is set.
      const passed = value === undefined || value === null ? this.#variables[name] : value;
      if (passed === undefined) continue;
      if (name === '' || !isScalar(passed))
        throw new SpecError(`expected environment to be names and values, got ${shown(environment)}`);
      found.push([name, String(passed)]);
    }
    return Object.fromEntries(found);
  }

  /** The folder in the container. */
  #volume(service: string, volume: unknown): string {
    const {
      type,
      source,
      target,
      read_only: readOnly = false,
      volume: { nocopy = false, labels: _, ...manner } = {},
      consistency: __,
      ...others
    } = (isMapping(volume) ? volume : volumeIn(String(volume))) as VolumeFields;
    if (type !== 'volume') {
      throw new SpecError(
        `the volume ${shown(volume)} is a ${type}: only Docker's own volumes are supported, because nodes share no files with this machine`,
      );
    }
    if (typeof target !== 'string' || !target.startsWith('/'))
      throw new SpecError(`the volume ${shown(volume)} has no absolute folder in the container`);
    const [unsupported] = [...Object.keys(manner).map((key) => `volume.${key}`), ...Object.keys(others)];
    if (unsupported !== undefined)
      throw new SpecError(
        `${unsupported} of the volume ${shown(volume)} is refused: a volume is kept whole, for one node`,
      );
    if (readOnly !== false)
      this.#notes.add(`that ${service} only reads ${target} is left out: it can write to its volumes.`);
    if (nocopy !== false)
      this.#notes.add(`nocopy of ${target} of ${service} is left out: a volume begins with what the image has there.`);
    if (source === undefined) return withoutSlash(target);
    const name = String(source);
    if (!Object.hasOwn(this.#volumes, name)) {
      throw new SpecError(unknownName('volume', name, Object.keys(this.#volumes)));
    }
    const definition = this.#volumes[name];
    if (isMapping(definition)) {
      const { name: _, labels: __, ...particulars } = definition;
      const special = Object.keys(particulars).find((key) => particulars[key] !== (key === 'driver' ? 'local' : false));
      if (special !== undefined)
        throw new SpecError(`the volume ${name} has ${special}: only Docker's own volumes are supported`);
    }
    const owner = this.#volumeOwners.get(name) ?? service;
    if (owner !== service) throw new SpecError(`the volume ${name} is that of ${owner} too: nodes share no data`);
    this.#volumeOwners.set(name, service);
    return withoutSlash(target);
  }

  /** Ports in the container. */
  #ports(port: unknown): readonly number[] {
    const { target, protocol } = isMapping(port) ? { protocol: 'tcp', ...port } : portIn(String(port));
    if (protocol === 'udp') {
      this.#notes.add(`the port ${shown(port)} is left out: clients speak TCP.`);
      return [];
    }
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(String(target)) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (protocol !== 'tcp' || !(from >= 1 && to >= from && to <= 65_535))
      throw new SpecError(`${shown(port)} is no port`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }
}

/** A node's name must not be that of another node. */
function checkHostNames(nodes: readonly ComposedNode[]): void {
  const owners = new Map(nodes.map(({ id, service }) => [id, service]));
  for (const { hostNames, service } of nodes) {
    for (const name of hostNames) {
      const owner = owners.get(name) ?? service;
      if (owner !== service)
        throw new SpecError(
          `the name ${name} of service ${service} is that of service ${owner} too, in ftest or in the file`,
        );
      owners.set(name, service);
    }
  }
}

const given = <Key extends string, Item>(key: Key, value: Item | undefined): { readonly [K in Key]?: Item } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Item };

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function textIn(key: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (isScalar(value)) return String(value);
  throw new SpecError(`expected ${key} to be text, got ${shown(value)}`);
}

function commandIn(key: string, value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return wordsIn(value);
  if (Array.isArray(value) && value.every(isScalar)) return value.map(String);
  throw new SpecError(`expected ${key} to be a line or a list of words, got ${shown(value)}`);
}

const withoutSlash = (folder: string): string => (folder === '/' ? folder : folder.replace(/\/+$/, ''));

/** A volume in Compose's long form. */
interface VolumeFields extends Mapping {
  readonly volume?: Mapping;
}

/** By part of a short form's mode, what the long form has for it. Labels and caching are of folders of the machine. */
const volumeModes: ReadonlyMap<string, Mapping> = new Map(
  Object.entries({
    rw: {},
    ro: { read_only: true },
    nocopy: { volume: { nocopy: true } },
    z: {},
    Z: {},
    cached: {},
    consistent: {},
    delegated: {},
  }),
);

/** `/folder`, or `source:/folder`, or `source:/folder:mode`. A source that looks like a path is one. */
function volumeIn(text: string): Mapping {
  const [first, second, mode = 'rw'] = text.split(':');
  if (second === undefined) return { type: 'volume', target: first };
  const type = /^[./~\\]/.test(first as string) ? 'bind mount' : 'volume';
  const fields = mode.split(',').map((part) => volumeModes.get(part) ?? { [`the mode ${part}`]: true });
  return Object.assign({ type, source: first, target: second }, ...fields);
}

/** `[[address:]published:]port[/protocol]` */
function portIn(text: string): Mapping {
  const [place = '', protocol = 'tcp'] = text.split('/');
  return { target: place.split(':').at(-1), protocol };
}
