import type { Body, Json } from '../../protocol/message.ts';
import type { Description, Effect } from '../../protocol/node.ts';
import type { NodeSystem } from '../../protocol/system.ts';

interface EchoBody extends Body {
  readonly echo?: Json;
}

const description: Description = { role: 'echo', primary: false, term: 0 };
const nothing: readonly Effect<EchoBody>[] = [];

/** The smallest target: every node answers what it is told. */
export const echo: NodeSystem<null, null, EchoBody, Description> = {
  name: 'echo',
  summary: 'Echo: every node answers what it is told; the smallest target there is',
  sources: ['https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md'],
  services: ['echo'],
  defaultWorkload: 'echo',
  configure: () => null,
  create: () => null,
  step(_, event) {
    if (event.type !== 'message' || event.message.body.type !== 'echo') return nothing;
    const { src, body } = event.message;
    const { msg_id, echo: said } = body;
    if (msg_id === undefined) return nothing;
    return [{ type: 'send', to: src, body: { type: 'echo_ok', in_reply_to: msg_id, echo: said ?? null } }];
  },
  describe: () => description,
  bugs: [],
  invariants: [],
  promises: [
    { property: 'echo', under: 'all' },
    { property: 'recovery', under: 'all' },
  ],
  marks: {},
};
