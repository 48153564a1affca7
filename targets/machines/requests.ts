/** Tells a machine's requests apart: which there are, which of them change the state, and what they must hold. */
import type { Body } from '../../protocol/message.ts';
import { errorReply, type Reply, type StateMachine } from './machine.ts';

export interface RequestKind {
  readonly kind: 'command' | 'query';
  /** What must be true of each field, which is undefined where the request has none. */
  readonly fields: Readonly<Record<string, (value: unknown) => boolean>>;
  /** What the request needs, in words. */
  readonly needs?: string;
}

/** The `classify` of a machine that has these types of request, and no other. */
export function classifierOf(kinds: Readonly<Record<string, RequestKind>>): StateMachine['classify'] {
  const known = new Map(Object.entries(kinds));
  const names = [...known.keys()].join(', ');
  return (request: Body): 'command' | 'query' | Reply => {
    const expected = known.get(request.type);
    if (expected === undefined) return errorReply('notSupported', `expected one of ${names}; got ${request.type}`);
    for (const field in expected.fields) {
      const holds = expected.fields[field]!;
      if (!holds((request as unknown as Record<string, unknown>)[field])) {
        return errorReply('malformedRequest', `${request.type} needs ${expected.needs}`);
      }
    }
    return expected.kind;
  };
}

export type Scalar = string | number;

/** True of what can be a key or an element: 1 and "1" are two. */
export const isScalar = (value: unknown): value is Scalar => typeof value === 'string' || typeof value === 'number';

/** True also of a key that is left out. */
export const isOptionalKey = (value: unknown): boolean => value === undefined || isScalar(value);

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
