/** The smallest system there is: each node answers `echo` with what it was sent, and counts its lives on disk. */
import type { Body, Json } from '../../protocol/message.ts';
import type { Boot, Description, Effect, Event } from '../../protocol/node.ts';
import type { NodeSystem } from '../../protocol/system.ts';

/** No choice: an echo is an echo. */
export type EchoConfig = Readonly<Record<string, never>>;

interface EchoBody extends Body {
  readonly echo?: Json;
}

interface EchoState {
  readonly description: Description;
}

export const echo: NodeSystem<EchoState, EchoConfig, EchoBody> = {
  name: 'echo',
  summary: 'Nodes that answer with what they were sent; nothing is shared between them.',
  sources: ['Maelstrom, doc/02-echo'],
  services: ['echo'],
  defaultWorkload: 'echo',
  configure: () => ({}),
  create: (_boot: Boot<EchoConfig>) => ({ description: { role: 'server', primary: false, term: 0 } }),
  step(_state, event: Event<EchoBody>): readonly Effect<EchoBody>[] {
    if (event.type === 'start') return [{ type: 'put', key: 'lives', value: event.incarnation }, { type: 'sync' }];
    if (event.type === 'timer') return [];
    const { src, body } = event.message;
    if (body.type !== 'echo' || body.msg_id === undefined) return [];
    return [{ type: 'send', to: src, body: { type: 'echo_ok', in_reply_to: body.msg_id, echo: body.echo ?? null } }];
  },
  describe: (state) => state.description,
  bugs: [],
  invariants: [],
  promises: ['echo', 'recovery'].map((property) => ({ property, under: 'all' })),
  marks: {},
};
