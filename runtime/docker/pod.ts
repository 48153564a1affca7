/**
 * The container that owns a node's network: address, published port, and the rules by which the kernel breaks it. It
 * runs a shell that does what it is told on stdin and ends with it. The node's own container joins its network, so that
 * a node that is killed comes back with the same address, and what may change the network is not within its reach.
 */
import type Docker from 'dockerode';
import { type Attached, attach, hostDefaults, stdinOf } from './attached.ts';
import { ask, DockerFailed } from './engine.ts';
import { podProgramFolder } from './images.ts';
import type { Labels } from './labels.ts';

/** A script takes milliseconds. */
const scriptTimeoutMs = 20_000;

const done = 'ftest-done';

/**
 * `net.ipv4.tcp_retries2` of ftest's own nodes: the kernel gives a connection up 1.4 s after the first packet that is not
 * acknowledged, at the third retry. They then make a new one at once, which finds a healed link sooner than retries with
 * longer and longer pauses.
 */
export const ownTcpRetries = '1';

export interface PodOptions {
  readonly image: string;
  /** Of the container, and of the pod in its network. */
  readonly name: string;
  readonly alias: string;
  /** Further ones. */
  readonly hostNames: readonly string[];
  readonly network: string;
  /** In the pod; each is published on a port of 127.0.0.1. */
  readonly ports: readonly number[];
  /** The kernel's own where it is left out. */
  readonly tcpRetries?: string;
  readonly labels: Labels;
}

interface Script {
  readonly output: string[];
  end(code: number): void;
}

export class Pod {
  readonly id: string;
  /** Resolves when the pod has ended, or Docker. */
  readonly ended: Promise<void>;
  /** IPv4, in the network of the pods. */
  readonly address: string;
  /** By port in the pod, the port on 127.0.0.1 of this machine. */
  readonly ports: Readonly<Record<number, number>>;
  readonly #shell: Attached;
  /** Sent and not ended, in order. */
  readonly #scripts: Script[];

  private constructor(pod: Pick<Pod, 'id' | 'address' | 'ports'>, shell: Attached, scripts: Script[]) {
    this.id = pod.id;
    this.address = pod.address;
    this.ports = pod.ports;
    this.ended = shell.ended;
    this.#shell = shell;
    this.#scripts = scripts;
  }

  static async start(docker: Docker, options: PodOptions): Promise<Pod> {
    const { name, network } = options;
    const container = await ask(`create the container ${name}`, docker.createContainer(configuration(options)));
    const scripts: Script[] = [];
    const shell = await attach(docker, container, (line) => {
      const [, code] = line.match(new RegExp(`^${done} (\\d+)$`)) ?? [];
      if (code === undefined) scripts[0]?.output.push(line);
      else scripts.shift()?.end(Number(code));
    });
    await ask(`start the container ${name}`, container.start());
    const { NetworkSettings } = await ask(`inspect the container ${name}`, container.inspect());
    const address = NetworkSettings.Networks[network]?.IPAddress;
    const ports = options.ports.map(
      (port) => [port, Number(NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort)] as const,
    );
    if (!address || !ports.every(([, published]) => published > 0)) {
      throw new DockerFailed(`Docker gave the container ${name} no address or no port`);
    }
    return new Pod({ id: container.id, address, ports: Object.fromEntries(ports) }, shell, scripts);
  }

  /** The port on 127.0.0.1 that leads to a port of the pod. */
  publishedPort(port: number): number {
    return this.ports[port] as number;
  }

  /** Runs a script, after those before it; resolves with its output, and rejects with a DockerFailed if it fails. */
  async run(script: string): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const ran = new Promise<string>((resolve, reject) => {
      const output: string[] = [];
      const end = (code: number): void => {
        const text = output.join('\n');
        if (code === 0) resolve(text);
        else reject(new DockerFailed(`a pod could not carry out "${script.trim().split('\n')[0]}": ${text}`));
      };
      timer = setTimeout(() => reject(new DockerFailed('a pod has not answered for 20 s')), scriptTimeoutMs);
      this.#scripts.push({ output, end });
      this.#shell.write(`{ :\n${script}\n} 2>&1\necho "${done} $?"\n`);
    });
    const gone = this.ended.then((): never => {
      throw new DockerFailed('a pod, the container that owns the network of a node, has ended');
    });
    try {
      return await Promise.race([ran, gone]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives a program its input: `nft -f -`. */
  feed(program: string, input: string): Promise<string> {
    return this.run(`${program} <<'ftest-input'\n${input}ftest-input`);
  }
}

const configuration = (options: PodOptions): Docker.ContainerCreateOptions => {
  const { image, name, alias, hostNames, network, ports, tcpRetries, labels } = options;
  const tcp = <Value>(value: Value): Record<string, Value> =>
    Object.fromEntries(ports.map((port) => [`${port}/tcp`, value]));
  return {
    ...stdinOf(labels),
    name,
    Image: image,
    Hostname: alias,
    Cmd: [`${podProgramFolder}/bash`],
    Env: [`PATH=${podProgramFolder}`],
    Labels: labels,
    ExposedPorts: tcp({}),
    HostConfig: {
      ...hostDefaults(),
      CapAdd: ['NET_ADMIN'],
      NetworkMode: network,
      PortBindings: tcp([{ HostIp: '127.0.0.1', HostPort: '' }]),
      ...(tcpRetries === undefined ? {} : { Sysctls: { 'net.ipv4.tcp_retries2': tcpRetries } }),
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [alias, ...hostNames] } } },
  };
};
