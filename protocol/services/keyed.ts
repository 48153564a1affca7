/** Services that have one object, or one under each key: the key travels with the request where the op has one. */
import type { Body, Json } from '../message.ts';
import type { ServiceOp } from '../service.ts';

/** The request, on the key of the op. */
export const onKey = (op: ServiceOp, request: Body): Body =>
  op.key === undefined ? request : ({ ...request, key: op.key as Json } as Body);
