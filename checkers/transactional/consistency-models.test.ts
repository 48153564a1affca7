import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anomalyNames,
  canonicalModel,
  friendlyModel,
  impossibleModels,
  modelNames,
  prohibitedAnomalies,
} from './consistency-models.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 1000);

const chains: readonly (readonly string[])[] = [
  ['read-uncommitted', 'read-committed', 'cursor-stability', 'repeatable-read', 'serializable', 'strict-serializable'],
  [
    'read-committed',
    'monotonic-view',
    'consistent-view',
    'forward-consistent-view',
    'snapshot-isolation',
    'serializable',
  ],
  ['read-committed', 'read-atomic', 'update-atomic', 'snapshot-isolation'],
  ['snapshot-isolation', 'strong-session-snapshot-isolation', 'strong-snapshot-isolation', 'strict-serializable'],
  ['serializable', 'strong-session-serializable', 'strict-serializable'],
  ['read-uncommitted', 'strong-session-read-uncommitted', 'strong-read-uncommitted', 'strong-read-committed'],
  ['read-committed', 'strong-session-read-committed', 'strong-read-committed', 'strong-snapshot-isolation'],
  ['forward-consistent-view', 'update-serializable', 'serializable'],
];

function prohibitsAtLeast(model: string, weaker: string): boolean {
  const prohibited = new Set(prohibitedAnomalies(model));
  return prohibitedAnomalies(weaker).every((anomaly) => prohibited.has(anomaly));
}

const isAbove = (model: string, other: string): boolean =>
  chains.some((chain) => chain.includes(model) && chain.indexOf(model) > chain.indexOf(other) && chain.includes(other));

const all = (anomalies: readonly string[]): string[] => {
  const { not, alsoNot } = impossibleModels(anomalies);
  return [...not, ...alsoNot].sort();
};

describe('names', () => {
  test('of one model lead to one', () => {
    for (const name of ['serializable', 'conflict-serializable', 'PL-3']) expect(canonicalModel(name)).toBe('PL-3');
    for (const name of ['strict-serializable', 'strong-serializable']) expect(canonicalModel(name)).toBe('PL-SS');
    expect(canonicalModel('strong-session-snapshot-isolation')).toBe('strong-session-snapshot-isolation');
    expect(canonicalModel('read-your-writes')).toBe('read-your-writes');
  });

  test('that no model has are undefined, also those of every object', () => {
    for (const name of ['', 'serialisable', 'toString', '__proto__']) expect(canonicalModel(name)).toBeUndefined();
    expect(() => prohibitedAnomalies('constructor')).toThrow('no consistency model is called "constructor"');
  });

  test('as people are shown them are those of Elle', () => {
    expect(friendlyModel('PL-3')).toBe('serializable');
    expect(friendlyModel('strict-serializable')).toBe('strong-serializable');
    expect(friendlyModel('prefix')).toBe('prefix');
  });

  test('are as many as in Elle', () => {
    const canonical = new Set(modelNames.map(canonicalModel));
    expect(canonical).not.toContain(undefined);
    expect([modelNames.length, canonical.size]).toEqual([54, 36]);
  });

  test('that no anomaly has are refused: they would rule out nothing', () => {
    expect(() => impossibleModels(['G1a', 'G1d'])).toThrow('no anomaly is called "G1d"');
  });
});

// From elle's consistency_model_test.clj, with the strong levels of read committed and uncommitted, which came later.
describe('what is ruled out', () => {
  test('by nothing: nothing', () => {
    expect(impossibleModels([])).toEqual({ not: [], alsoNot: [] });
    expect(impossibleModels(['cycle-search-timeout', 'empty-transaction-graph'])).toEqual({ not: [], alsoNot: [] });
  });

  test('by G-single', () => {
    expect(impossibleModels(['G-single'])).toEqual({
      not: ['consistent-view'],
      alsoNot: [
        'forward-consistent-view',
        'serializable',
        'snapshot-isolation',
        'strong-serializable',
        'strong-session-serializable',
        'strong-session-snapshot-isolation',
        'strong-snapshot-isolation',
        'update-serializable',
      ],
    });
  });

  test('by internal, which G2 adds nothing to', () => {
    const expected = {
      not: ['read-atomic'],
      alsoNot: [
        'causal-cerone',
        'parallel-snapshot-isolation',
        'prefix',
        'serializable',
        'snapshot-isolation',
        'strong-serializable',
        'strong-session-serializable',
        'strong-session-snapshot-isolation',
        'strong-snapshot-isolation',
        'update-atomic',
      ],
    };
    expect(impossibleModels(['internal'])).toEqual(expected);
    expect(impossibleModels(['internal', 'G2'])).toEqual(expected);
  });

  test('by read committed', () => {
    const prohibited = prohibitedAnomalies('read-committed').filter((name) => !name.endsWith('-cycle-exists'));
    expect(prohibited).toEqual([
      'G0',
      'G1',
      'G1a',
      'G1b',
      'G1c',
      'cyclic-versions',
      'dirty-update',
      'duplicate-elements',
      'future-read',
      'garbage-read',
      'incompatible-order',
    ]);
  });

  test('by a read of garbage: what an aborted read rules out', () => {
    expect(impossibleModels(['garbage-read'])).toEqual(impossibleModels(['G1a']));
    expect(impossibleModels(['garbage-read']).not).toEqual(['read-committed']);
    expect(all(['garbage-read'])).not.toContain('read-uncommitted');
  });

  test('by a cycle of versions: only what promises every edge in it', () => {
    expect(impossibleModels(['cyclic-versions']).not).toEqual(['read-uncommitted']);
    expect(impossibleModels(['cyclic-versions-process']).not).toEqual(['strong-session-read-uncommitted']);
    expect(impossibleModels(['cyclic-versions-realtime']).not).toEqual(['strong-read-uncommitted']);
    expect(all(['cyclic-versions-realtime'])).not.toContain('serializable');
  });
});

interface Line {
  readonly file: string;
  readonly model: string;
  readonly options: unknown;
  readonly 'anomaly-types': readonly string[];
  readonly not: readonly string[];
  readonly 'also-not': readonly string[];
  readonly error: string | null;
}

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/histories/elle/verdicts.jsonl');

describe.skipIf(!existsSync(recorded))(
  "Elle's verdicts on recorded histories (skipped where ../shared/histories does not exist)",
  () => {
    const lines = existsSync(recorded)
      ? readFileSync(recorded, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Line)
          .filter((line) => line.error === null)
      : [];

    test('follow from the anomalies that they name', () => {
      expect(lines).toHaveLength(1370);
      for (const line of lines) {
        const found = [...line['anomaly-types'], ...hiddenAnomalies(line)];
        const ruledOut = { not: line.not, alsoNot: line['also-not'] };
        expect(impossibleModels(found), `${line.file} ${line.model}`).toEqual(ruledOut);
      }
    });

    test('name all anomalies but a few', () => {
      expect(lines.filter((line) => hiddenAnomalies(line).length > 0)).toHaveLength(11);
    });
  },
);

/**
 * Elle rules out models by all that it found, but names in `anomaly-types` only what the model that was asked for prohibits:
 * not `internal`, where that is repeatable-read. These histories show it when another model is asked for.
 */
function hiddenAnomalies({ file, model, 'anomaly-types': named }: Line): readonly string[] {
  if (model !== 'repeatable-read') return [];
  if (file === 'append-internal-2.edn') return ['internal'];
  return file.startsWith('wr-rc-100') && named.includes('lost-update') ? ['internal'] : [];
}

describe('the lattice', () => {
  const someAnomalies = fc.subarray([...anomalyNames]);

  test('rules out exactly the models that prohibit what was found', () => {
    for (const anomaly of anomalyNames) {
      const prohibiting = modelNames.filter((model) => prohibitedAnomalies(model).includes(anomaly));
      expect(all([anomaly]), anomaly).toEqual([...new Set(prohibiting.map(friendlyModel))].sort());
    }
  });

  test('rules out by several anomalies what each alone rules out, and no more', () => {
    fc.assert(
      fc.property(someAnomalies, (anomalies) => {
        const alone = anomalies.flatMap((each) => all([each]));
        expect(all(anomalies)).toEqual([...new Set(alone)].sort());
      }),
      { numRuns },
    );
  });

  test('has for each of the stronger models ruled out a weaker one that is, which prohibits less', () => {
    fc.assert(
      fc.property(someAnomalies, (anomalies) => {
        const { not, alsoNot } = impossibleModels(anomalies);
        for (const model of alsoNot)
          expect(
            not.some((weaker) => prohibitsAtLeast(model, weaker)),
            model,
          ).toBe(true);
        const weakest = not.filter((model) => not.some((other) => other !== model && isAbove(model, other)));
        expect(weakest).toEqual([]);
      }),
      { numRuns },
    );
  });

  test.each(chains)('prohibits more from %s upwards', (...chain) => {
    for (let i = 1; i < chain.length; i++) {
      expect(prohibitsAtLeast(chain[i]!, chain[i - 1]!), chain[i]).toBe(true);
      expect(prohibitsAtLeast(chain[i - 1]!, chain[i]!), chain[i]).toBe(false);
    }
  });
});
