/** A harness that starts two puppets, pauses one, says so, and waits to be killed. Its argument: the puppets' program. */
import { hostedBy, processRuntime } from '../process/runtime.ts';
import { inject, runScript, wait } from './script.ts';

const runtime = await processRuntime(hostedBy(process.argv[2] as string));
await runScript(runtime, 2, function* () {
  yield* inject({ f: 'pause', nodes: ['n1'] });
  process.stdout.write('paused\n');
  yield* wait(60_000);
});
