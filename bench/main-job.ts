import { defaultSpec, type TestSpec } from '../harness/spec.ts';

/** `ftest raft --nemesis partition`, with every default written out. */
export const mainJob: TestSpec = { ...defaultSpec('raft', 'register', 0), nemesis: ['partition'] };
