/** A registry and a runtime that need no cluster: what tests of the harness run. */
import type { Checker } from '../../checkers/checker.ts';
import type { Op } from '../../history/op.ts';
import type { Service } from '../../protocol/service.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import { cycle, delay, nemesis, once, repeat, sequence } from '../combinators.ts';
import type { Completion, Execution, Runtime, Session } from '../ports.ts';
import { defaultSpec, type TestSpec } from '../spec.ts';
import type { Nemesis, Registry, Workload } from '../test.ts';

const system: NodeSystem = {
  name: 'toy',
  summary: 'Does nothing.',
  sources: [],
  services: ['register'],
  defaultWorkload: 'writes',
  configure: (service) => ({ service, careless: false }),
  bugs: [
    { name: 'careless', summary: 'Is careless.', source: 'none', config: { careless: true } },
    { name: 'caring-less', summary: 'Cares less.', source: 'none', config: { careless: true } },
  ],
  invariants: [
    { name: 'sanity', summary: 'Stays sane.', source: 'none', monitor: () => ({ observe: () => undefined }) },
  ],
  promises: [{ property: 'agreeable', under: ['partition'] }],
  marks: {},
  create: () => ({}),
  step: () => [],
  describe: () => ({ role: 'toy', primary: false, term: 0 }),
};

const service: Service = {
  name: 'register',
  summary: 'Takes anything.',
  rpcs: [],
  isRead: (f) => f === 'read',
  request: () => ({ type: 'any' }),
  outcome: (op) => ({ type: 'ok', value: op.value }),
};

/** Judges as it is told to. */
const agreeable = (verdict: Checker['check']): Checker => ({ name: 'agreeable', check: verdict });

const workload = (verdict: Checker['check']): Workload => ({
  name: 'writes',
  summary: 'Writes.',
  service: 'register',
  create: () => ({
    generator: repeat({ f: 'write', value: 1 }),
    probes: [{ f: 'read', generator: repeat({ f: 'read', value: null }) }],
    finalReads: repeat({ f: 'final-read', value: null }, 3),
    checkers: [agreeable(verdict)],
  }),
});

const echo: Workload = { ...workload(() => ({ valid: true })), name: 'echoes', service: 'echo' };

const partition: Nemesis = {
  name: 'partition',
  summary: 'Cuts.',
  faults: ['partition', 'heal'],
  create: ({ spec }) => {
    const cut = sequence(once({ f: 'partition', value: null }), once({ f: 'heal', value: null }));
    return { generator: delay(spec.nemesisIntervalMs, cycle(cut)), heal: nemesis(once({ f: 'heal', value: null })) };
  },
};

const pause: Nemesis = {
  name: 'pause',
  summary: 'Pauses.',
  faults: ['pause', 'resume'],
  create: () => ({
    generator: nemesis(repeat({ f: 'pause', value: null }, 1)),
    heal: once({ f: 'resume', value: null }),
  }),
};

export function toyRegistry(verdict: Checker['check'] = () => ({ valid: true })): Registry {
  return {
    targets: new Map([['toy', system]]),
    services: new Map([['register', service]]),
    workloads: new Map([
      ['writes', workload(verdict)],
      ['echoes', echo],
    ]),
    nemeses: new Map([
      ['partition', partition],
      ['pause', pause],
    ]),
    runtimes: new Map([['sim', () => Promise.resolve(toyRuntime())]]),
  };
}

export const toySpec = (settings: Partial<TestSpec> = {}): TestSpec => ({
  ...defaultSpec('toy', 'writes', 7),
  timeLimitMs: 5000,
  nemesisIntervalMs: 500,
  ...settings,
});

export interface ToyRuntime {
  readonly refuses?: Runtime['refuses'];
  /** How an op ends; ok after 5 ms, where left out. `undefined`: never. */
  respond?(op: Op): Completion['type'] | undefined;
  readonly brokenInvariants?: Execution['brokenInvariants'];
  /** Called before each decision. */
  onDecision?(now: number): void;
}

const latency = 5_000_000;

/** Virtual time, and no node at all. */
export function toyRuntime(options: ToyRuntime = {}): Runtime {
  const respond = options.respond ?? ((): 'ok' => 'ok');
  return {
    name: 'sim',
    refuses: options.refuses ?? (() => undefined),
    async execute({ journal, begin, test }: Session): Promise<Execution> {
      const decider = begin({ nodeIds: test.nodeIds, primaries: () => [] });
      let due: { readonly time: number; readonly completion: Completion }[] = [];
      let now = 0;
      for (;;) {
        options.onDecision?.(now);
        const ready = due.filter(({ time }) => time <= now).map(({ completion }) => completion);
        due = due.filter(({ time }) => time > now);
        const decision = decider.next(now, ready);
        for (const op of decision.record) journal.record(op);
        if (decision.done) break;
        for (const op of decision.invoke) {
          const type = op.process === 'nemesis' ? 'ok' : respond(op);
          if (type === undefined) continue;
          due.push({
            time: now + latency,
            completion: { process: op.process, type, value: op.value, invocation: op.index },
          });
        }
        now = Math.min(decision.wakeAt, ...due.map(({ time }) => time));
      }
      return { duration: now, marks: { asked: 1 }, nodeChanges: [], brokenInvariants: options.brokenInvariants ?? [] };
    },
  };
}
