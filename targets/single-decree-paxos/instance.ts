/** What a node knows of one instance, which is one decision: as acceptor, as learner, and as proposer. */
import type { Json } from '../../protocol/message.ts';
import type { Scalar } from '../machines/requests.ts';
import type { Proposal } from './messages.ts';

/** A proposer waits after it was preempted; in vain, where nobody waits for the decision any more. */
type Phase = 'idle' | 'prepare' | 'accept' | 'backoff';

/** A request of a client that has not been answered. */
interface Waiting {
  readonly client: string;
  readonly id: number;
  /** What it proposes; null where it only wants to learn. */
  readonly value: Json;
  /** How often it has been looked at. */
  age: number;
  /** Its value has been in a proposal, so that it may be decided whatever happens. */
  isProposed: boolean;
  /** It came before the phase 1 that is under way. */
  isAsked: boolean;
}

/** What the outside sees of an instance on a node. */
export interface InstanceDescription {
  readonly key: Scalar;
  readonly promised: number;
  readonly accepted: Proposal | null;
  /** The proposal that the node takes for chosen. */
  readonly decided: Proposal | null;
  readonly phase: Phase;
  /** In which the node last proposed something, or tried to. */
  readonly ballot: number;
  /** What it proposed there, once it had the promises. */
  readonly proposal: Proposal | null;
  /** By position in the cluster, 1 where a promise of `ballot` came, and where the proposal was accepted. */
  readonly promises: Readonly<Uint8Array>;
  readonly acceptors: Readonly<Uint8Array>;
  readonly waiting: readonly Waiting[];
}

export class Instance implements InstanceDescription {
  readonly key: Scalar;
  /** Its name on the disk, and that of its timer: 1 and "1" are two keys. */
  readonly name: string;

  promised = 0;
  accepted: Proposal | null = null;

  decided: Proposal | null = null;

  phase: Phase = 'idle';
  ballot = 0;
  readonly promises: Uint8Array;
  /** Of what acceptors have reported in this ballot, the proposal whose value must be proposed. */
  reported: Proposal | null = null;
  proposal: Proposal | null = null;
  readonly acceptors: Uint8Array;
  /** The greatest ballot that anybody has met this proposer with. */
  highestSeen = 0;
  /** Ballots that were preempted since somebody last waited in vain. */
  preemptions = 0;

  waiting: Waiting[] = [];

  constructor(key: Scalar, size: number) {
    this.key = key;
    this.name = JSON.stringify(key);
    this.promises = new Uint8Array(size);
    this.acceptors = new Uint8Array(size);
  }
}
