/** The rules by which the search leaves out what cannot change the verdict. All are on; tests switch each on alone. */
export interface Rules {
  /** A configuration is left out if another of the same state has no more left to do, as much that it can do, and has used no more crashed ops. */
  readonly dominance: boolean;
  /** A pending op that is read-only and legal now happens now. */
  readonly readsAtOnce: boolean;
  /** Of equal pending ops the one that returns first goes first; a crashed one after all of them. */
  readonly equalInOrder: boolean;
  /** What is pending and total when another op overwrites the state may have happened just before it. */
  readonly unseenBeforeOverwrite: boolean;
  /** A crashed op whose result nothing can observe is dropped. */
  readonly dropUnobservable: boolean;
  /** States that nothing can tell apart are one. */
  readonly mergeUnobserved: boolean;
  /** Cheap proofs either way before the full search, where ops crashed. */
  readonly bracket: boolean;
}

export const allRules: Rules = {
  dominance: true,
  readsAtOnce: true,
  equalInOrder: true,
  unseenBeforeOverwrite: true,
  dropUnobservable: true,
  mergeUnobserved: true,
  bracket: true,
};
