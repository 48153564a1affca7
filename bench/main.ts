/** `npm run bench -- NAME`: measurements, each with its own figures in docs/PERFORMANCE.md. */
import { benchHarness } from './harness.ts';
import { benchLinearizability } from './linearizability.ts';
import { benchSimulator } from './sim.ts';
import { benchTransactions } from './transactions.ts';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  sim: benchSimulator,
  harness: benchHarness,
  linearizability: benchLinearizability,
  transactions: benchTransactions,
};

const name = process.argv[2] ?? '';
const bench = benches[name];
if (bench === undefined) {
  console.error(`expected the name of a bench (${Object.keys(benches).join(', ')}), got "${name}"`);
  process.exitCode = 254;
} else {
  await bench(process.argv.slice(3));
}
