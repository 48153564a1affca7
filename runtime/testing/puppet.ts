/**
 * A node that does what clients tell it, effect by effect, and can say what has happened to it: the probe of the
 * contract suite. It keeps nothing durable but what it is told to.
 */
import type { Body, Json } from '../../protocol/message.ts';
import type { Durable, Effect, Event } from '../../protocol/node.ts';
import type { Service, ServiceOp } from '../../protocol/service.ts';
import type { NodeSystem } from '../../protocol/system.ts';

/**
 * `perform`: do these effects, and reply before them, after them, in a step of its own that a timer begins at once, or
 * never.
 */
export interface Perform {
  readonly effects: readonly Effect[];
  readonly reply?: 'first' | 'last' | 'next-step' | 'never';
}

/** `become`: describe yourself so. */
export interface Become {
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

/** What `recall` answers. */
export interface Memory {
  readonly incarnation: number;
  /** The wall clock when it was asked. */
  readonly nowMs: number;
  /** What this life found on disk. */
  readonly values: Readonly<Record<string, Json>>;
  readonly logs: Readonly<Record<string, { readonly first: number; readonly entries: readonly Json[] }>>;
  /** Messages of nodes, as `<src> <tag>`, in order. */
  readonly received: readonly string[];
  /** Timers that fired, with the wall clock then, in order. */
  readonly fired: readonly { readonly name: string; readonly nowMs: number }[];
}

interface State {
  memory: Memory;
  /** What the step that the timer `nextStep` begins is to do. */
  next: readonly Effect[];
  description: Become;
}

/** A message from one puppet to another. */
export interface TagBody extends Body {
  readonly type: 'tag';
  readonly tag: string;
}

export const tag = (to: string, name: string): Effect<TagBody> => ({
  type: 'send',
  to,
  body: { type: 'tag', tag: name },
});

function remember(incarnation: number, nowMs: number, durable: Durable): Memory {
  return {
    incarnation,
    nowMs,
    values: Object.fromEntries(durable.values),
    logs: Object.fromEntries(
      [...durable.logs].map(([name, { first, entries }]) => [name, { first, entries: [...entries] }]),
    ),
    received: [],
    fired: [],
  };
}

const nextStep = 'next step';

function step(state: State, event: Event): readonly Effect[] {
  const { nowMs } = event;
  switch (event.type) {
    case 'start':
      state.memory = remember(event.incarnation, nowMs, event.durable);
      return [];
    case 'timer':
      if (event.name === nextStep) return state.next;
      state.memory = { ...state.memory, fired: [...state.memory.fired, { name: event.name, nowMs }] };
      return [];
    case 'message': {
      const { src, body } = event.message;
      if (body.type === 'tag') {
        const received = [...state.memory.received, `${src} ${(body as TagBody).tag}`];
        state.memory = { ...state.memory, received };
        return [];
      }
      return obey(state, src, body as Body & { readonly value: unknown }, nowMs);
    }
  }
}

function obey(
  state: State,
  client: string,
  request: Body & { readonly value: unknown },
  nowMs: number,
): readonly Effect[] {
  const reply = (value: unknown): Effect => ({
    type: 'send',
    to: client,
    body: { type: 'done', in_reply_to: request.msg_id as number, value } as Body,
  });
  switch (request.type) {
    case 'perform': {
      const { effects, reply: when = 'last' } = request.value as Perform;
      if (when === 'never') return effects;
      if (when === 'next-step') {
        state.next = [reply(null)];
        return [...effects, { type: 'set-timer', name: nextStep, minMs: 0, maxMs: 0 }];
      }
      return when === 'first' ? [reply(null), ...effects] : [...effects, reply(null)];
    }
    case 'become':
      state.description = request.value as Become;
      return [reply(null)];
    case 'recall':
      return [reply({ ...state.memory, nowMs })];
    case 'crash':
      throw new Error('the puppet was told to crash');
    default:
      throw new Error(`a puppet cannot ${request.type}`);
  }
}

export const puppet: NodeSystem = {
  name: 'puppet',
  summary: 'Does what it is told.',
  sources: [],
  services: [],
  defaultWorkload: '',
  configure: () => ({}),
  bugs: [],
  invariants: [],
  promises: [],
  marks: {},
  create: (): State => ({
    memory: remember(0, 0, { values: new Map(), logs: new Map() }),
    next: [],
    description: { role: 'puppet', term: 0, primary: false },
  }),
  step: (state, event) => step(state as State, event),
  describe: (state) => (state as State).description,
};

/** How clients speak to puppets: an op's `f` is what to do. */
export const puppetService: Service = {
  name: 'echo',
  summary: 'Tells puppets what to do.',
  rpcs: [],
  isRead: (f) => f === 'recall',
  request: ({ f, value }: ServiceOp, msgId: number) => ({ type: f, value, msg_id: msgId }) as Body,
  outcome: (_op, reply) => ({ type: 'ok', value: (reply as Body & { readonly value: unknown }).value }),
};
