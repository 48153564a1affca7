/** Nodes that send back what they are sent, as Maelstrom's echo: the smallest workload, for the smallest target. */
import { echo } from '../checkers/echo.ts';
import { each } from '../harness/combinators.ts';
import type { Generator } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';

const echoing = (text: string) => ({ f: 'echo', value: text });

/** Echoes without end, each of another text. */
function echoes(count: number): Generator {
  return {
    op(context) {
      return context.free.length === 0 ? ['pending', this] : [echoing(`echo ${count}`), echoes(count + 1)];
    },
    update() {
      return this;
    },
  };
}

export const echoWorkload: Workload = {
  name: 'echo',
  summary: 'Sends each node texts that it must send back.',
  service: 'echo',
  create() {
    return {
      generator: echoes(1),
      probes: [{ f: 'echo', generator: each(() => echoing('are you there?')) }],
      checkers: [echo],
    };
  },
};
