/** The program in the container that delays what a node of others sends and receives. */
import { runDelayProxy } from '../runtime/docker/delay-proxy.ts';

runDelayProxy();
