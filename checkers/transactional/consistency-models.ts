/**
 * The lattice of consistency models, and which anomalies each rules out, as Elle has them (Alvaro and Kingsbury, VLDB 2020;
 * elle.consistency-model), so that verdicts can be compared. Sources, short in the tables below:
 *
 * - Adya: Weak Consistency, PhD thesis, MIT 1999; with Liskov and O'Neil: Generalized Isolation Level Definitions, ICDE 2000.
 * - Bailis: Bailis and others, Highly Available Transactions, VLDB 2014.
 * - Bernstein: Bernstein, Hadzilacos, and Goodman, Concurrency Control and Recovery in Database Systems, 1987.
 * - Cerone: Cerone, Bernardi, and Gotsman, A Framework for Transactional Consistency Models with Atomic Visibility, CONCUR 2015;
 *   with generalized snapshot isolation as in Cerone and Gotsman, Analysing Snapshot Isolation, PODC 2016.
 * - Daudjee: Daudjee and Salem, Lazy Database Replication with Ordering Guarantees, ICDE 2004, and with Snapshot Isolation, VLDB 2006.
 * - ROLA: Liu and others, ROLA: A New Distributed Transaction Protocol and Its Formal Analysis, FASE 2018.
 * - Zuikeviciute: Zuikeviciute and Pedone, Correctness Criteria for Database Replication, 2008.
 *
 * ftest adds to Elle's anomalies:
 *
 * - `garbage-read`, a read of a value that nobody wrote. It rules out what an aborted read (G1a) rules out, read-committed
 *   and all above. For G1a is a read of a version that no committed transaction wrote, and so is this. No weaker model is
 *   ruled out by it: read-uncommitted (PL-1) says only how writes are ordered, and lets a read return anything.
 * - `cyclic-versions-process` and `cyclic-versions-realtime`, versions of a key in a cycle where an edge holds only
 *   if the order of each process, or real time, is kept: they rule out only models that promise this. A cycle with an edge
 *   that holds because a committed transaction wrote after it read is a G1c, or a form of it: the write depends on what was read.
 */

type Table = Readonly<Record<string, readonly string[]>>;

/** The canonical name of each model that has another one. The last name of each is what people are shown. */
const aliases: Readonly<Record<string, string>> = {
  'consistent-view': 'PL-2+',
  'cursor-stability': 'PL-CS',
  'forward-consistent-view': 'PL-FCV',
  'monotonic-snapshot-read': 'PL-MSR',
  'monotonic-view': 'PL-2L',
  'read-committed': 'PL-2',
  'read-uncommitted': 'PL-1',
  'repeatable-read': 'PL-2.99',
  // Conflict serializability is meant, as in Bernstein.
  'conflict-serializable': 'PL-3',
  serializable: 'PL-3',
  'snapshot-isolation': 'PL-SI',
  'strict-serializable': 'PL-SS',
  'strong-serializable': 'PL-SS',
  'update-serializable': 'PL-3U',
  'strong-session-read-uncommitted': 'strong-session-PL-1',
  'strong-session-read-committed': 'strong-session-PL-2',
  'strong-read-uncommitted': 'strong-PL-1',
  'strong-read-committed': 'strong-PL-2',
};

/** What satisfies a model satisfies those beside it as well. Canonical names. */
const impliedModels: Table = {
  'PL-SS': [
    'PL-3', // Adya
    'linearizable', // Bailis
    'PL-SI', // Adya
    'strong-snapshot-isolation',
    'strong-session-serializable', // Daudjee
    'session-serializable', // Zuikeviciute
  ],
  'strong-session-serializable': ['PL-3', 'strong-session-snapshot-isolation'], // Daudjee
  'session-serializable': ['1SR'], // Zuikeviciute
  'strong-snapshot-isolation': ['strong-session-snapshot-isolation', 'strong-PL-2'], // Daudjee
  'strong-session-snapshot-isolation': ['PL-SI', 'strong-session-PL-2'], // Daudjee, Cerone
  'PL-3': [
    'PL-2.99', // Adya
    'PL-3U', // Adya
    'PL-SI', // Bailis, Cerone
    'view-serializable', // Bernstein
  ],
  'PL-3U': ['PL-FCV'], // Adya
  'PL-SI': [
    'PL-FCV', // Adya
    'monotonic-atomic-view', // Bailis
    'PL-MSR', // Adya
    'parallel-snapshot-isolation', // Cerone
    'prefix', // Cerone
  ],
  'PL-2.99': [
    'PL-CS', // Adya
    'monotonic-atomic-view', // Bailis
  ],
  'PL-FCV': ['PL-2+'], // Adya
  'PL-2+': ['PL-CS', 'PL-2L'], // Adya
  'PL-CS': ['PL-2'], // Adya, Bailis
  'PL-2L': ['PL-2'], // Adya
  'PL-MSR': ['PL-2'], // Adya
  'parallel-snapshot-isolation': [
    'causal-cerone', // Cerone
    'update-atomic', // ROLA
  ],
  prefix: ['causal-cerone'], // Cerone
  'causal-cerone': ['read-atomic'], // Cerone
  'update-atomic': ['read-atomic'], // Cerone
  'read-atomic': ['monotonic-atomic-view'], // Cerone: atomic visibility, and within the transaction it is trivial
  'monotonic-atomic-view': ['PL-2'], // Bailis
  'PL-2': ['PL-1'], // Adya
  // The weak levels with the order of each process, or real time, kept: the plain generalizations of what Daudjee has.
  'strong-PL-2': ['strong-session-PL-2', 'strong-PL-1'],
  'strong-PL-1': ['strong-session-PL-1'],
  'strong-session-PL-2': ['PL-2', 'strong-session-PL-1'],
  'strong-session-PL-1': ['PL-1'],
  // Of single objects, Bailis.
  linearizable: ['sequential'],
  sequential: ['causal'],
  causal: ['writes-follow-reads', 'PRAM'],
  PRAM: ['monotonic-reads', 'monotonic-writes', 'read-your-writes'],
};

/** Where an anomaly is, those beside it are too. */
const impliedAnomalies: Table = {
  G0: ['G1c', 'G0-process'], // Adya; without an edge of a process it is a trivial case of one with
  // A process does one thing at a time, so that its order is an order in real time: here and below.
  'G0-process': ['G1c-process', 'G0-realtime'],
  'G0-realtime': ['G1c-realtime'],

  // G1 is any of these three: Adya.
  G1a: ['G1'],
  G1b: ['G1'],
  G1c: ['G1', 'G1c-process'],
  'G1c-process': ['G1c-realtime', 'G1-process'],
  'G1c-realtime': ['G1-realtime'],
  G1: ['G1-process'],
  'G1-process': ['G1-realtime'],

  'G-single-item': ['G-single', 'G-single-item-process', 'G-nonadjacent-item'],
  'G-single-item-process': ['G-single-process', 'G-single-item-realtime', 'G-nonadjacent-item-process'],
  'G-single-item-realtime': ['G-single-realtime', 'G-nonadjacent-item-realtime'],
  'G-single': ['G-nonadjacent', 'GSIb', 'G-single-process'], // Adya
  'G-single-process': ['G-nonadjacent-process', 'G-single-realtime'],
  'G-single-realtime': ['G-nonadjacent-realtime'],

  'G-nonadjacent-item': ['G-nonadjacent', 'G2-item', 'G-nonadjacent-item-process'],
  'G-nonadjacent-item-process': ['G-nonadjacent-process', 'G2-item-process', 'G-nonadjacent-item-realtime'],
  'G-nonadjacent-item-realtime': ['G2-item-realtime', 'G-nonadjacent-realtime'],
  'G-nonadjacent': ['G2', 'G-nonadjacent-process'],
  'G-nonadjacent-process': ['G2-process', 'G-nonadjacent-realtime'],
  'G-nonadjacent-realtime': ['G2-realtime'],

  'G2-item': ['G2', 'G2-item-process'], // Adya
  'G2-item-process': ['G2-process', 'G2-item-realtime'],
  'G2-item-realtime': ['G2-realtime'],
  G2: ['G2-process'],
  'G2-process': ['G2-realtime'],

  // Adya, of snapshot isolation.
  GSIa: ['GSI'],
  GSIb: ['GSI'],

  // Two committed reads that cannot be of one timeline: one of them saw what never was committed.
  'incompatible-order': ['G1a'],
  // What a transaction read of its own future is a cycle of one.
  'future-read': ['G1c'],
  // Adya has no updates that build on what was there; what forbids to read it forbids to build on it.
  'dirty-update': ['G1a'],
  'garbage-read': ['G1a'],

  'lost-update': ['write-skew', 'G2-item'], // Bailis; of one item, found by its key
  'write-skew': ['G2'], // Kleppmann, Hermitage

  'cyclic-versions': ['cyclic-versions-process'],
  'cyclic-versions-process': ['cyclic-versions-realtime'],
};

/**
 * The anomalies that a model rules out beyond those that the models rule out which it implies. Elle's `…-cycle-exists` say that
 * the transactions are in a cycle that the model forbids, though none was singled out.
 */
const proscribedAnomalies: Table = {
  'PL-1': [
    'G0', // Adya
    // No history in Adya's sense has these: each version is installed once, and the versions of an item are in a total order.
    'duplicate-elements',
    'cyclic-versions',
    'PL-1-cycle-exists',
  ],
  'PL-2': ['G1', 'PL-2-cycle-exists'], // Adya
  'PL-CS': [
    'G1', // Adya
    'G-cursor', // Adya
    'lost-update', // Adya, Bailis
  ],
  'PL-2L': ['G1', 'G-monotonic'], // Adya
  'PL-MSR': ['G1', 'G-MSR'], // Adya
  'PL-2+': ['G1', 'G-single'], // Adya
  'PL-FCV': ['G1', 'G-SIb'], // Adya
  'PL-2.99': [
    'G1', // Adya
    'G2-item', // Adya
    'lost-update', // Bailis
    'PL-2.99-cycle-exists',
  ],
  'PL-3U': ['G1', 'G-update'], // Adya
  'PL-3': [
    'internal', // Cerone
    'G1', // Adya
    'G2', // Adya
    // A read by predicate did not find a version, although every version there is matches the predicate.
    'predicate-read-miss',
    'PL-3-cycle-exists',
  ],
  'PL-SI': [
    'internal', // Cerone
    'G1', // Adya
    'G-SI', // Adya
    // Generalized snapshot isolation forbids every cycle in which no two anti-dependencies are adjacent: Cerone.
    'G-nonadjacent',
    'PL-SI-cycle-exists',
  ],
  'PL-SS': [
    'G1', // Adya
    'G1c-realtime', // Adya
    'G2-realtime', // Adya
    'PL-SS-cycle-exists',
  ],
  'read-atomic': [
    'internal', // Cerone
    'G1a', // Cerone
    // What was read is the transaction's own later write, not that of the last transaction visible to it: Cerone's EXT.
    'future-read',
  ],
  'update-atomic': ['lost-update'], // Cerone
  'causal-cerone': ['internal', 'G1a'], // Cerone
  'parallel-snapshot-isolation': ['internal', 'G1a'], // Cerone
  prefix: ['internal', 'G1a'], // Cerone
  'strong-session-PL-1': ['G0-process', 'cyclic-versions-process', 'strong-session-PL-1-cycle-exists'],
  'strong-session-PL-2': ['G1c-process', 'strong-session-PL-2-cycle-exists'],
  'strong-PL-1': ['G0-realtime', 'cyclic-versions-realtime', 'strong-PL-1-cycle-exists'],
  'strong-PL-2': ['G1c-realtime', 'strong-PL-2-cycle-exists'],
  // Not to see one's own earlier writes is G-single-process, not to see any completed ones G-single-realtime; and snapshot
  // isolation forbids not only G-single, but G-nonadjacent.
  'strong-session-snapshot-isolation': [
    'internal',
    'G1-process',
    'G-nonadjacent-process',
    'strong-session-snapshot-isolation-cycle-exists',
  ],
  'strong-snapshot-isolation': [
    'internal',
    'G1-realtime',
    'G-nonadjacent-realtime',
    'strong-snapshot-isolation-cycle-exists',
  ],
  'strong-session-serializable': ['G1-process', 'G2-process', 'strong-session-serializable-cycle-exists'], // Daudjee
};

/** Elle's names for what was not decided. They rule out nothing. */
const undecided: readonly string[] = ['empty-transaction-graph', 'cycle-search-timeout'];

const namesIn = (table: Table): string[] => [...Object.keys(table), ...Object.values(table).flat()];

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

const canonicalModels = sorted(namesIn(impliedModels));

/** Every name that a model has, sorted: canonical ones, such as PL-3, and friendly ones, such as serializable. */
export const modelNames: readonly string[] = sorted([...canonicalModels, ...Object.keys(aliases)]);

/** Every anomaly that can be named, sorted. */
export const anomalyNames: readonly string[] = sorted([
  ...namesIn(impliedAnomalies),
  ...Object.values(proscribedAnomalies).flat(),
  ...undecided,
]);

const knownModels: ReadonlySet<string> = new Set(canonicalModels);
const knownAnomalies: ReadonlySet<string> = new Set(anomalyNames);

const friendlyNames: ReadonlyMap<string, string> = new Map(
  Object.entries(aliases).map(([friendly, canonical]) => [canonical, friendly]),
);

const strongerModels = inverse(impliedModels);
const implyingAnomalies = inverse(impliedAnomalies);
const proscribingModels = inverse(proscribedAnomalies);

/** The one name that all names of a model lead to, `PL-3` for `serializable`; undefined where no model is called so. */
export function canonicalModel(name: string): string | undefined {
  const canonical = Object.hasOwn(aliases, name) ? aliases[name]! : name;
  return knownModels.has(canonical) ? canonical : undefined;
}

/** The name of a model by which people know it, `serializable` for `PL-3`: as Elle has it in `not` and `also-not`. */
export function friendlyModel(name: string): string {
  const canonical = canonicalOf(name);
  return friendlyNames.get(canonical) ?? canonical;
}

/**
 * All anomalies that a model rules out, sorted: those of the models it implies are among them, and those that imply others
 * among them. Throws a RangeError where no model is called so.
 */
export function prohibitedAnomalies(model: string): readonly string[] {
  const models = reachable([canonicalOf(model)], impliedModels);
  const proscribed = [...models].flatMap((each) => proscribedAnomalies[each] ?? []);
  return sorted(reachable(proscribed, implyingAnomalies));
}

export interface ImpossibleModels {
  /** The weakest models that cannot hold. */
  readonly not: readonly string[];
  /** All stronger ones. */
  readonly alsoNot: readonly string[];
}

/**
 * The models that a history with these anomalies does not satisfy, by their friendly names, sorted. Throws a RangeError for
 * a name that no anomaly has: it would rule out nothing, and so pass for a valid history.
 */
export function impossibleModels(anomalies: Iterable<string>): ImpossibleModels {
  const found = [...anomalies];
  for (const name of found) if (!knownAnomalies.has(name)) throw new RangeError(`no anomaly is called "${name}"`);
  const proscribing = [...reachable(found, impliedAnomalies)].flatMap((each) => proscribingModels[each] ?? []);
  const impossible = reachable(proscribing, strongerModels);
  const isWeakest = (model: string): boolean =>
    [...reachable([model], impliedModels)].every((weaker) => weaker === model || !impossible.has(weaker));
  const named = (models: readonly string[]): string[] => sorted(models.map(friendlyModel));
  return {
    not: named([...impossible].filter(isWeakest)),
    alsoNot: named([...impossible].filter((model) => !isWeakest(model))),
  };
}

function canonicalOf(name: string): string {
  const canonical = canonicalModel(name);
  if (canonical === undefined) throw new RangeError(`no consistency model is called "${name}"`);
  return canonical;
}

function inverse(table: Table): Table {
  const result: Record<string, string[]> = {};
  for (const [from, names] of Object.entries(table)) {
    for (const to of names) {
      result[to] ??= [];
      result[to].push(from);
    }
  }
  return result;
}

/** Those given and all that they lead to. */
function reachable(from: readonly string[], table: Table): ReadonlySet<string> {
  const found = new Set(from);
  for (const name of found) for (const next of table[name] ?? []) found.add(next);
  return found;
}
