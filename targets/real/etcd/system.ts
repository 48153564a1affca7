/** etcd: a key-value store replicated by Raft, as it is: this machine's own binary, in containers. */
import type { ContainerPlan, ContainerSystem, Endpoint, Placement } from '../../../harness/container-system.ts';
import type { ServiceName } from '../../../protocol/service.ts';
import type { Guarantee } from '../../../protocol/system.ts';
import { clientPort, Gateway } from './gateway.ts';
import { openLock } from './lock.ts';
import { openRegister } from './register.ts';
import { openSet } from './set.ts';
import { openTxn } from './txn.ts';

const peerPort = 2380;
/** A second port for health and metrics, which answers also while the one for clients waits for a quorum. */
const healthPort = 2381;

const volume = '/var/lib/etcd';

/** How long a fresh cluster may take to have a leader everywhere, in milliseconds. */
const firstElectionMs = 30_000;
const pollMs = 100;

/** Names of checkers that ask for reads that are up to date. */
const ofFreshReads = ['linearizable', 'list-append', 'rw-register', 'set', 'set-full'];
/** Names of checkers for which it is enough that reads see a state that was, and never an older one after it. */
const ofAnyReads = ['long-fork', 'causal', 'causal-reverse'];
const ofLocks = ['lock-ownership', 'linearizable'];

/** An option takes some guarantees of the services that it concerns. */
function promisesWith({ reads, lease }: Readonly<Record<string, string>>, service?: ServiceName): readonly Guarantee[] {
  const guarantees = new Map<string, Guarantee>();
  for (const property of [...ofFreshReads, ...ofAnyReads, ...ofLocks, 'recovery']) {
    guarantees.set(property, { property, under: 'all', except: 'faults that lose or change what was synced to disk' });
  }
  if (lease === '2s' && service === 'lock') {
    const except = 'a lock is lost when its lease is not renewed in time';
    for (const property of ofLocks) guarantees.set(property, { property, under: [], except });
  }
  if (reads === 'serializable' && service !== 'lock') {
    const except = 'a member answers reads of what it knows, which may be old';
    for (const property of ofFreshReads) guarantees.set(property, { property, under: 'never', except });
  }
  return [...guarantees.values()];
}

export const etcd: ContainerSystem = {
  name: 'etcd',
  summary: 'etcd: registers, transactions, sets, and locks, replicated by Raft. The real one, in containers.',
  sources: [
    'https://etcd.io/docs/v3.4/learning/api_guarantees/',
    'https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/',
    'https://jepsen.io/analyses/etcd-3.4.3',
  ],
  services: ['register', 'txn', 'set', 'lock'],
  defaultWorkload: 'register',
  bugs: [],
  invariants: [],
  options: [
    {
      name: 'reads',
      values: ['linearizable', 'serializable'],
      summary: 'Whether a read asks a majority whether it is up to date, or only the member, whose answer may be old.',
    },
    {
      name: 'lease',
      values: ['run', '2s'],
      summary: 'How long a lock is held without a renewal: longer than the run, or two seconds.',
    },
  ],
  promises: promisesWith({}),
  promisesWith,
  clientPorts: [clientPort, healthPort],
  peerPorts: [peerPort],
  plan,
  // Any answer will do: without a quorum it says that it is not healthy, and is as ready as it can be.
  async ready({ host, ports }, signal) {
    try {
      const answer = await fetch(`http://${host}:${ports[healthPort]}/health`, { signal });
      await answer.text();
      return true;
    } catch {
      return false;
    }
  },
  async setUp(endpoints) {
    const signal = AbortSignal.timeout(firstElectionMs);
    await Promise.all(endpoints.map((endpoint) => untilLed(endpoint, signal)));
  },
  async status(endpoint, signal) {
    const { leader, term, id } = await askStatus(endpoint, signal);
    const primary = leader === id;
    return { role: primary ? 'leader' : leader === '0' ? 'leaderless' : 'follower', term, primary };
  },
  clients: { register: openRegister, txn: openTxn, set: openSet, lock: openLock },
};

/** Heartbeats every 100 ms and elections after 1000 ms, etcd's defaults, are stated, for what a run finds depends on them. */
function plan({ id, address, members }: Placement): ContainerPlan {
  const url = (host: string, port: number): string => `http://${host}:${port}`;
  const flags: Readonly<Record<string, string>> = {
    name: id,
    // A folder of its own: etcd wants to make it, open to no one else.
    'data-dir': `${volume}/data`,
    'listen-client-urls': url('0.0.0.0', clientPort),
    'advertise-client-urls': url(address, clientPort),
    'listen-peer-urls': url('0.0.0.0', peerPort),
    'initial-advertise-peer-urls': url(address, peerPort),
    'listen-metrics-urls': url('0.0.0.0', healthPort),
    'initial-cluster': members.map((member) => `${member.id}=${url(member.address, peerPort)}`).join(','),
    'initial-cluster-state': 'new',
    'heartbeat-interval': '100',
    'election-timeout': '1000',
    // By default 128, which long transactions exceed.
    'max-txn-ops': '1024',
    logger: 'zap',
    'log-outputs': 'stderr',
  };
  return {
    image: { programs: [{ name: 'etcd', debianPackage: 'etcd-server' }] },
    // By name: in images of others it lies elsewhere.
    entrypoint: ['etcd'],
    command: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    volumes: [volume],
  };
}

async function untilLed(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  while (true) {
    const leader = await askStatus(endpoint, signal).then(
      (status) => status.leader,
      () => '0',
    );
    if (leader !== '0') return;
    if (signal.aborted) throw new Error(`${endpoint.node} has found no leader within ${firstElectionMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

interface StatusAnswer {
  readonly header: { readonly member_id: string };
  /** Left out where there is none. */
  readonly leader?: string;
  readonly raftTerm: string;
}

async function askStatus(endpoint: Endpoint, signal: AbortSignal) {
  const gateway = new Gateway(endpoint);
  try {
    const { header, leader = '0', raftTerm } = (await gateway.call('maintenance/status', {}, signal)) as StatusAnswer;
    return { id: header.member_id, leader, term: Number(raftTerm) };
  } finally {
    gateway.close();
  }
}
