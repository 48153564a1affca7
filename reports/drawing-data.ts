/**
 * What the page's code draws a history from: ops as bars, and orders of them as paths. The page's own code
 * (client/drawing.ts) knows the types of this file and nothing else.
 */

export interface Drawing {
  /** Id of the element that it is drawn into. */
  readonly id: string;
  readonly width: number;
  readonly lanes: readonly string[];
  /** In the order of their invocations. */
  readonly ops: readonly DrawnOp[];
  readonly times: readonly { readonly x: number; readonly text: string }[];
  readonly faults: readonly {
    readonly f: string;
    readonly label: string;
    readonly from: number;
    readonly to: number;
  }[];
  /** The stretch that shows the contradiction; null where there is none. */
  readonly window: { readonly from: number; readonly to: number } | null;
  /** Where ops are left out between those drawn. */
  readonly gaps: readonly number[];
  readonly orders: readonly DrawnOrder[];
}

export interface DrawnOp {
  /** Index of the invocation's line. */
  readonly line: number;
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  /** Where the next op in its lane begins. */
  readonly next: number;
  readonly type: 'ok' | 'fail' | 'info';
  readonly label: string;
  /** Lines of text. */
  readonly details: string;
  /** Whether the story tells of it. */
  readonly told: boolean;
  readonly impossible: boolean;
}

export interface DrawnOrder {
  /** How many steps come before the first one drawn. */
  readonly skipped: number;
  /** What the object holds before. */
  readonly start: string;
  /** Place of the op in `ops`, where its point is, and what the object holds after it. */
  readonly steps: readonly (readonly [op: number, x: number, state: string])[];
  /** Why the order goes no further; null where it is complete. */
  readonly end: string | null;
}
