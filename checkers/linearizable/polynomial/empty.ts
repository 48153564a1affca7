/** Calls that found a container empty. */
import type { Elements } from './elements.ts';
import { NEVER } from './spans.ts';

/**
 * Gaps lie between events: gap p follows the event at position p, and a call can happen in those from its invocation up to its
 * return, exclusive. In gap p an element is certainly inside if its put has returned and its take is not yet
 * invoked. A gap is *clear* if none is: of the elements that some call returned, each by itself; of the others, if as many crashed takes
 * have been invoked by then as puts of such elements have returned.
 *
 * Whatever the container, if the rest of the calls are linearizable, all are just if each call that found it empty has a clear
 * gap (Lee and Mathur 2025, section 4.2, for calls that all returned). Only if: when the container is empty, each element
 * has not been put in yet, or has been taken out, one by a crashed call of its own where no call returned it. If: at clear gaps p1 < p2 < …
 * let every element leave whose put and take are both invoked by then, and for whose put the gap is not too early; those between two clear gaps
 * can be put in and taken out between them, in the order that they have in the given linearization. …
 */
