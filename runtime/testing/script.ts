/** A run that follows a script: what the contract suite drives a runtime with, instead of a generator. */
import type { Fault } from '../../harness/fault.ts';
import type { ClusterView } from '../../harness/generator.ts';
import type { Completion, Decider, Decision, Execution, Runtime } from '../../harness/ports.ts';
import type { Test } from '../../harness/test.ts';
import type { Op, Process } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { type Become, type Memory, type Perform, puppet, puppetService } from './puppet.ts';

const nsPerMs = 1_000_000;

/** An op that was begun; `completion` is there when it has ended. */
export interface Call {
  completion?: Completion;
}

/**
 * - `begin`: an op of a client of its own; goes on at once with its Call.
 * - `await`: goes on when a Call has ended.
 * - `wait`: goes on after some milliseconds.
 */
type Step =
  | { readonly type: 'begin'; readonly node: string | undefined; readonly f: string; readonly value: unknown }
  | { readonly type: 'await'; readonly call: Call }
  | { readonly type: 'wait'; readonly ms: number };

export type Script<Result = void> = globalThis.Generator<Step, Result, Call>;

export function* begin(
  node: string,
  f: 'perform' | 'recall' | 'become' | 'crash',
  value: unknown = null,
): Script<Call> {
  return yield { type: 'begin', node, f, value };
}

export function* ended(call: Call): Script<Completion> {
  yield { type: 'await', call };
  return call.completion as Completion;
}

export function* wait(ms: number): Script {
  yield { type: 'wait', ms };
}

export function* inject(fault: Fault): Script<Fault> {
  const completion = yield* ended(yield { type: 'begin', node: undefined, f: fault.f, value: fault });
  return completion.value as unknown as Fault;
}

export function* perform(node: string, perform: Perform): Script<Completion> {
  return yield* ended(yield* begin(node, 'perform', perform));
}

export function* become(node: string, become: Become): Script<Completion> {
  return yield* ended(yield* begin(node, 'become', become));
}

export function* recall(node: string): Script<Memory> {
  const { type, value, error } = yield* ended(yield* begin(node, 'recall'));
  if (type !== 'ok') throw new Error(`${node} cannot recall: ${type} ${String(error)}`);
  return value as unknown as Memory;
}

/** Asks until the answer is as wished; the limit is generous, since a real machine may be busy. */
export function* recallUntil(node: string, wished: (memory: Memory) => boolean): Script<Memory> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const memory = yield* recall(node);
    if (wished(memory)) return memory;
    yield* wait(10);
  }
  throw new Error(`${node} never got to what was wished for: ${JSON.stringify(yield* recall(node))}`);
}

class ScriptDecider implements Decider {
  readonly #script: Script;
  readonly #calls = new Map<Process, Call>();
  #index = 0;
  #processes = 0;
  /** What the script waits for: a call, or a time. */
  #awaited: Call | undefined;
  #wakeAt = 0;
  #result: Call = {};
  #done = false;

  constructor(script: Script) {
    this.#script = script;
  }

  interrupt(): void {}

  next(now: number, completions: readonly Completion[]): Decision {
    for (const completion of completions) {
      const call = this.#calls.get(completion.process);
      if (call !== undefined) call.completion ??= completion;
    }
    const invoke: Op[] = [];
    while (!this.#done && this.#mayGoOn(now)) this.#goOn(now, invoke);
    const wakeAt = this.#awaited === undefined ? this.#wakeAt : Number.POSITIVE_INFINITY;
    return { record: invoke, invoke, wakeAt, done: this.#done };
  }

  #mayGoOn(now: number): boolean {
    return this.#awaited === undefined ? now >= this.#wakeAt : this.#awaited.completion !== undefined;
  }

  #goOn(now: number, invoke: Op[]): void {
    this.#awaited = undefined;
    const { done, value: step } = this.#script.next(this.#result);
    if (done) {
      this.#done = true;
    } else if (step.type === 'begin') {
      this.#result = this.#begin(step, now, invoke);
    } else if (step.type === 'await') {
      this.#awaited = step.call;
    } else {
      this.#wakeAt = now + step.ms * nsPerMs;
    }
  }

  #begin({ node, f, value }: Step & { readonly type: 'begin' }, time: number, invoke: Op[]): Call {
    const process = node === undefined ? 'nemesis' : this.#processes++;
    const call: Call = {};
    this.#calls.set(process, call);
    const type = node === undefined ? 'info' : 'invoke';
    const op = { index: this.#index++, time, process, type, f, value: value as Value } as const;
    invoke.push(node === undefined ? op : { ...op, node });
    return call;
  }
}

/** A test of `nodes` puppets, n1, n2, … */
function puppetTest(nodes: number): Test {
  return {
    spec: {
      target: puppet.name,
      workload: '',
      nemesis: [],
      runtime: 'sim',
      nodes,
      concurrency: 1,
      rate: 1,
      timeLimitMs: 0,
      opTimeoutMs: 0,
      nemesisIntervalMs: 0,
      seed: 1,
      bug: null,
      options: {},
    },
    targetOptions: {},
    promises: puppet.promises,
    nodeIds: Array.from({ length: nodes }, (_, i) => `n${i + 1}`),
    system: puppet,
    config: {},
    service: puppetService,
    generator: { op: () => null, update: (): never => undefined as never },
    checkers: [],
  };
}

export interface ScriptedRun {
  readonly execution: Execution;
  /** Of all nodes, as `<node> <text>`. */
  readonly logLines: readonly string[];
}

/** Runs a script on `nodes` puppets. Rejects when the script throws, as an expectation in it does. */
export async function runScript(
  runtime: Runtime,
  nodes: number,
  script: (view: ClusterView) => Script,
): Promise<ScriptedRun> {
  const logLines: string[] = [];
  const execution = await runtime.execute({
    test: puppetTest(nodes),
    journal: {
      record() {},
      log: (node, _time, text) => logLines.push(`${node} ${text}`),
      flush() {},
    },
    begin: (view) => new ScriptDecider(script(view)),
  });
  return { execution, logLines };
}
