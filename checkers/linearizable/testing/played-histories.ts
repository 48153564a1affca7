/** Small histories of any object by fast-check: recorded from a real one, with crashed ops and late effects, then perhaps falsified. */
import fc from 'fast-check';
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';

/** A real object: an op takes effect and returns what it returns; undefined where it cannot, or not now. */
export type RealObject = (f: string, input: Value, process: number) => Value | undefined;

export interface Player {
  create(): RealObject;
  /** What a client asks for; `kind` is 0 to 255. */
  ask(kind: number, value: number, another: number): { readonly f: string; readonly input: Value };
  /** A result made up. */
  lie(f: string, input: Value, output: Value, value: number): Value;
  /** Of values from 0 so many, exclusive; the numbers of the calls in the place of values, where they are to be distinct. */
  readonly values: number;
}

/** After an op of unknown outcome a client goes on as a process with a number higher by this. */
export const concurrency = 10;

interface Shape {
  readonly processes: number;
  readonly callsMax: number;
  readonly distinct: boolean;
  /** Of 16 completions so many crash. */
  readonly crashes: number;
  /** Of 16 results so many are falsified. */
  readonly lies: number;
}

interface Step {
  readonly client: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  /** Decides whether a pending call takes effect, returns, or crashes. */
  readonly chance: number;
  /** Decides whether its result is falsified. */
  readonly lie: number;
}

interface Call {
  readonly process: number;
  readonly f: string;
  readonly input: Value;
  output: Value | undefined;
  fate: number;
  applied: boolean;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  processes: fc.integer({ min: 1, max: 5 }),
  callsMax: fc.integer({ min: 2, max: 9 }),
  distinct: fc.boolean(),
  crashes: fc.constantFrom(0, 1, 3, 6),
  lies: fc.constantFrom(0, 4, 8, 14),
});

export function playedHistories(player: Player): fc.Arbitrary<Calls> {
  return shapes.chain((shape) => {
    const step: fc.Arbitrary<Step> = fc.record({
      client: fc.integer({ min: 0, max: shape.processes - 1 }),
      kind: fc.integer({ min: 0, max: 255 }),
      a: fc.integer({ min: 0, max: player.values - 1 }),
      b: fc.integer({ min: 0, max: player.values - 1 }),
      chance: fc.integer({ min: 0, max: 255 }),
      lie: fc.integer({ min: 0, max: 15 }),
    });
    return fc
      .noBias(fc.array(step, { minLength: shape.callsMax * 3, maxLength: shape.callsMax * 4 }))
      .map((steps) => record(player, shape, steps));
  });
}

/** A process goes from invoked to applied to returned; a call that cannot take effect fails, or goes on trying; crashed calls may be applied later. */
function record(player: Player, shape: Shape, steps: readonly Step[]): Calls {
  const object = player.create();
  const calls: Call[] = [];
  const events: [Call, boolean][] = [];
  const pending = new Map<number, Call>();
  const processOf = new Map<number, number>();
  const crashed: Call[] = [];

  const apply = (call: Call): void => {
    if (call.applied) return;
    call.output = object(call.f, call.input, call.process);
    call.applied = call.output !== undefined;
  };

  for (const { client, kind, a, b, chance, lie } of steps) {
    const call = pending.get(client);
    const process = processOf.get(client) ?? client;
    if (call === undefined) {
      const late = crashed[chance % 4];
      if (late !== undefined && chance > 128) apply(late);
      if (calls.length >= shape.callsMax) continue;
      const asked = player.ask(kind, shape.distinct ? calls.length + 1 : a, b);
      const begun = { ...asked, process, output: undefined, fate: CRASHED, applied: false };
      calls.push(begun);
      events.push([begun, false]);
      pending.set(client, begun);
      continue;
    }
    if (chance % 16 < shape.crashes) {
      crashed.push(call);
      pending.delete(client);
      processOf.set(client, process + concurrency);
      continue;
    }
    const isApplied = call.applied;
    apply(call);
    if (!isApplied && call.applied && chance < 128) continue;
    if (call.output === undefined && chance < 192) continue;
    if (call.output !== undefined) {
      call.fate = RETURNED;
      if (lie < shape.lies) call.output = player.lie(call.f, call.input, call.output, shape.distinct ? kind % 9 : a);
    } else if (lie < shape.lies) {
      call.fate = RETURNED;
      call.output = player.lie(call.f, call.input, null, shape.distinct ? kind % 9 : a);
    } else calls.splice(calls.indexOf(call), 1);
    events.push([call, true]);
    pending.delete(client);
  }
  return columns(calls, events);
}

/** As columns; events of calls that are not among these are left out. */
function columns(calls: readonly Call[], events: readonly [Call, boolean][]): Calls {
  const numberOf = new Map(calls.map((call, number) => [call, number]));
  const invocation = new Int32Array(calls.length);
  const completion = new Int32Array(calls.length).fill(-1);
  const codes: number[] = [];
  events.forEach(([call, isReturn], line) => {
    const number = numberOf.get(call);
    if (number === undefined) return;
    (isReturn ? completion : invocation)[number] = line;
    codes.push(number * 2 + (isReturn ? 1 : 0));
  });
  return {
    length: calls.length,
    invocation,
    completion,
    fate: Uint8Array.from(calls, ({ fate }) => fate),
    process: Int32Array.from(calls, ({ process }) => process),
    f: calls.map(({ f }) => f),
    input: calls.map(({ input }) => input),
    output: calls.map(({ fate, output }) => (fate === RETURNED ? output! : null)),
    events: Int32Array.from(codes),
  };
}
