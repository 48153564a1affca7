/** Small histories of a register by fast-check: recorded from a real one, with crashed ops and late effects, then perhaps falsified. */
import fc from 'fast-check';
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from '../calls.ts';

interface Step {
  readonly process: number;
  readonly f: 'read' | 'write' | 'cas';
  readonly a: number;
  readonly b: number;
  /** Decides whether a pending call takes effect, returns, or crashes. */
  readonly chance: number;
  /** Decides whether its result is falsified. */
  readonly lie: number;
}

interface Call {
  process: number;
  f: string;
  input: Value;
  output: Value;
  fate: number;
  applied: boolean;
  refused: boolean;
}

interface Shape {
  readonly processes: number;
  readonly callsMax: number;
  /** Values are 0 to this, exclusive; 0 stands for nil. */
  readonly values: number;
  readonly fs: readonly ('read' | 'write' | 'cas')[];
  /** Whether refused cas are observations; else they are left out. */
  readonly observeRefused: boolean;
  /** Of 16 completions so many crash. */
  readonly crashes: number;
  /** Of 16 results so many are falsified. */
  readonly lies: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  processes: fc.integer({ min: 1, max: 5 }),
  callsMax: fc.integer({ min: 2, max: 9 }),
  values: fc.integer({ min: 2, max: 5 }),
  fs: fc.constantFrom<Shape['fs']>(
    ['read', 'write'],
    ['read', 'write', 'cas'],
    ['read', 'cas', 'cas', 'write'],
    ['write', 'cas'],
    ['read', 'write', 'write'],
  ),
  observeRefused: fc.boolean(),
  crashes: fc.constantFrom(0, 2, 5, 9),
  lies: fc.constantFrom(0, 2, 4, 8),
});

/** The calls of a small history of this shape. */
function smallHistories(shape: Shape): fc.Arbitrary<Calls> {
  const step: fc.Arbitrary<Step> = fc.record({
    process: fc.integer({ min: 0, max: shape.processes - 1 }),
    f: fc.constantFrom(...shape.fs),
    a: fc.integer({ min: 0, max: shape.values - 1 }),
    b: fc.integer({ min: 0, max: shape.values - 1 }),
    chance: fc.integer({ min: 0, max: 255 }),
    lie: fc.integer({ min: 0, max: 15 }),
  });
  return fc
    .noBias(fc.array(step, { minLength: shape.callsMax * 3, maxLength: shape.callsMax * 4 }))
    .map((steps) => record(shape, steps));
}

/**
 * First several ops that crash, then others one or two at a time, whose results are made up: which crashed ops have been
 * used by then is what decides.
 */
export const crashedFirst: fc.Arbitrary<Calls> = fc
  .record({ crashed: fc.integer({ min: 2, max: 4 }), values: fc.integer({ min: 3, max: 4 }), overlap: fc.boolean() })
  .chain(({ crashed, values, overlap }) => {
    const value = fc.integer({ min: 0, max: values - 1 }).map(valueNumbered);
    const change = fc.oneof(
      value.map((input) => ({ f: 'write', input: input as Value, output: null as Value })),
      fc.tuple(value, value).map((input) => ({ f: 'cas', input: input as Value, output: null as Value })),
    );
    const read = value.map((output) => ({ f: 'read', input: null as Value, output }));
    const returning = fc.oneof({ weight: 2, arbitrary: read }, { weight: 1, arbitrary: change });
    return fc
      .noBias(
        fc.tuple(
          fc.array(change, { minLength: crashed, maxLength: crashed }),
          fc.array(returning, { minLength: 3, maxLength: 6 }),
        ),
      )
      .map(([lost, others]) => {
        const calls = [...lost, ...others].map((call, i): Call => {
          return { ...call, process: i, fate: i < lost.length ? CRASHED : RETURNED, applied: true, refused: false };
        });
        const events: [number, boolean][] = lost.map((_, i) => [i, false]);
        others.forEach((_, i) => {
          const number = lost.length + i;
          events.push([number, false]);
          if (overlap && i > 0) events.push([number - 1, true]);
          if (!overlap || i === others.length - 1) events.push([number, true]);
        });
        return columns(calls, events, () => true);
      });
  });

export const anySmallHistory: fc.Arbitrary<Calls> = shapes.chain(smallHistories);

const valueNumbered = (n: number): Value => (n === 0 ? null : n);

/** Plays the steps on a real register: a process goes from invoked to applied to returned; crashed calls may be applied later. */
function record(shape: Shape, steps: readonly Step[]): Calls {
  let state: Value = null;
  const calls: Call[] = [];
  const events: [number, boolean][] = [];
  const pending = new Map<number, number>();
  const crashed: number[] = [];

  const apply = (call: Call): void => {
    if (call.applied) return;
    call.applied = true;
    if (call.f === 'read') call.output = state;
    else if (call.f === 'write') state = call.input;
    else {
      const [expected, replacement] = call.input as readonly [Value, Value];
      if (state === expected) state = replacement;
      else call.refused = true;
    }
  };

  for (const { process, f, a, b, chance, lie } of steps) {
    const number = pending.get(process);
    if (number === undefined) {
      const late = crashed[chance % 4];
      if (late !== undefined && chance > 128) apply(calls[late]!);
      if (calls.length >= shape.callsMax) continue;
      const input = f === 'read' ? null : f === 'write' ? valueNumbered(a) : [valueNumbered(a), valueNumbered(b)];
      pending.set(process, calls.length);
      events.push([calls.length, false]);
      calls.push({ process, f, input, output: null, fate: CRASHED, applied: false, refused: false });
      continue;
    }
    const call = calls[number]!;
    if (chance % 16 < shape.crashes) {
      crashed.push(number);
      pending.delete(process);
    } else if (!call.applied && chance < 128) {
      apply(call);
    } else {
      apply(call);
      call.fate = call.refused ? REFUSED : RETURNED;
      const lies = lie < shape.lies;
      if (lies && call.f === 'read') call.output = valueNumbered(a);
      if (lies && call.f === 'cas') call.fate = call.fate === REFUSED ? RETURNED : REFUSED;
      events.push([number, true]);
      pending.delete(process);
    }
  }
  return columns(calls, events, (call) => call.fate !== REFUSED || shape.observeRefused);
}

function columns(calls: readonly Call[], events: readonly [number, boolean][], keep: (call: Call) => boolean): Calls {
  const numberOf = new Map<number, number>();
  calls.forEach((call, index) => {
    if (keep(call)) numberOf.set(index, numberOf.size);
  });
  const kept = calls.filter(keep);
  const invocation = new Int32Array(kept.length);
  const completion = new Int32Array(kept.length).fill(-1);
  const codes: number[] = [];
  events.forEach(([index, isReturn], line) => {
    const number = numberOf.get(index);
    if (number === undefined) return;
    (isReturn ? completion : invocation)[number] = line;
    codes.push(number * 2 + (isReturn ? 1 : 0));
  });
  return {
    length: kept.length,
    invocation,
    completion,
    fate: Uint8Array.from(kept, (call) => call.fate),
    process: Int32Array.from(kept, (call) => call.process),
    f: kept.map((call) => call.f),
    input: kept.map((call) => call.input),
    output: kept.map((call) => (call.fate === RETURNED ? call.output : null)),
    events: Int32Array.from(codes),
  };
}
