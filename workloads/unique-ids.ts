/** Ids asked for by all clients, as Maelstrom's unique-ids has it. */
import { uniqueIds } from '../checkers/classic/unique-ids.ts';
import { repeat } from '../harness/combinators.ts';
import type { OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';

const generate: OpDraft = { f: 'generate', value: null };

export const uniqueIdsWorkload: Workload = {
  name: 'unique-ids',
  summary: 'Asks for ids, of which no two may be the same.',
  service: 'unique-ids',
  create: () => ({
    generator: repeat(generate),
    probes: [{ f: 'generate', generator: repeat(generate) }],
    checkers: [uniqueIds],
  }),
};
