/** One generated history judged in a process of its own, so that its memory can be told: a HistoryShape as JSON in, a CaseResult as JSON out. */
import { performance } from 'node:perf_hooks';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { generateHistory, type HistoryShape } from './histories.ts';

export interface CaseResult {
  readonly valid: boolean | 'unknown';
  readonly reason?: string | undefined;
  /** CPU time of the check, evidence included. */
  readonly checkMs: number;
  readonly wallMs: number;
  /** The largest the process has been, and how large it was with the history alone. */
  readonly peakMb: number;
  readonly historyMb: number;
}

const limitMs = 60_000;

const shape = JSON.parse(process.argv[2]!) as HistoryShape;
const history = generateHistory(shape);
const historyMb = process.memoryUsage.rss() / 2 ** 20;
const before = process.cpuUsage();
const beganMs = performance.now();
const { valid, reason } = checkLinearizable(history, {
  model: casRegister(),
  budget: 1e12,
  isOverdue: () => performance.now() - beganMs > limitMs,
});
const { user, system } = process.cpuUsage(before);
const result: CaseResult = {
  valid,
  reason,
  checkMs: (user + system) / 1000,
  wallMs: performance.now() - beganMs,
  peakMb: process.resourceUsage().maxRSS / 1024,
  historyMb,
};
console.log(JSON.stringify(result));
