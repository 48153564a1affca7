/**
 * A node that answers at once: registers in memory, behind the same TCP host, storage and all, that raft has in its container. What it
 * costs is what any node of ours costs.
 *
 * `node dist/bench/harness-at-once-node.js PORT DIRECTORY`.
 */
import type { Body, Message } from '../protocol/message.ts';
import type { Effect, Event } from '../protocol/node.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { hostNodeOnTcp } from '../runtime/docker/tcp.ts';
import { inReplyTo, type Request } from '../targets/machines/machine.ts';
import { registerMachine } from '../targets/machines/register.ts';

type Registers = ReturnType<typeof registerMachine.init>;

const description = { role: 'server', primary: true, term: 1 };

function answer(registers: Registers, { src, body }: Message): readonly Effect[] {
  const kind = registerMachine.classify(body);
  const reply =
    typeof kind === 'object'
      ? kind
      : kind === 'query'
        ? registerMachine.query(registers, body as unknown as Request)
        : registerMachine.apply(registers, body as unknown as Request);
  return [{ type: 'send', to: src, body: inReplyTo(body.msg_id!, reply) as unknown as Body }];
}

const atOnce: NodeSystem<Registers, null> = {
  name: 'at-once',
  summary: 'Registers of one node, in memory.',
  sources: [],
  services: ['register'],
  defaultWorkload: 'register',
  configure: () => null,
  create: () => registerMachine.init(),
  step: (registers, event: Event) => (event.type === 'message' ? answer(registers, event.message) : []),
  describe: () => description,
  bugs: [],
  invariants: [],
  promises: [],
  marks: {},
};

const [port, directory] = process.argv.slice(2) as [string, string];
hostNodeOnTcp({ system: atOnce as NodeSystem, config: null, directory }, Number(port));
