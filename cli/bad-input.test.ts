import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Ended, ftest } from './testing/ftest.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftest-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'file'), '');
writeFileSync(
  join(folder, 'bad.jsonl'),
  '{"process":0,"type":"invoke","f":"read","value":null}\n{"process":0,"type":"okay"}\n',
);

const refused: readonly (readonly [line: string, message: RegExp])[] = [
  ['rafft', /unknown target or command "rafft": did you mean raft\?/],
  ['repaly', /unknown target or command "repaly": did you mean replay/],
  ['raft --workload regster', /unknown workload "regster": did you mean register\?/],
  ['raft --nemesis partitoin', /unknown nemesis "partitoin": did you mean partition\?/],
  ['raft --nemesis none,kill', /none stands alone/],
  ['raft --nemesis ,', /--nemesis expects names separated by commas/],
  ['raft --bug stale-reed', /unknown bug of raft "stale-reed": did you mean stale-read\?/],
  ['raft --runtime simm', /unknown runtime "simm": did you mean sim\?/],
  ['raft --runtime podman', /unknown runtime "podman"/],
  ['raft --nemsis kill', /unknown option '--nemsis'; did you mean --nemesis\?/],
  ['raft --rate 0', /--rate expects ops per second: a number above 0 and up to 1000000, got "0"/],
  ['raft --rate abc', /--rate expects .*, got "abc"/],
  ['raft --rate -5', /--rate expects .*, got "-5"/],
  ['raft --rate NaN', /--rate expects .*, got "NaN"/],
  ['raft --nodes 0', /--nodes expects nodes: a whole number from 1 to 99, got "0"/],
  ['raft --nodes 2.5', /--nodes expects .*, got "2.5"/],
  ['raft --concurrency 0n', /--concurrency expects .*, got "0n"/],
  ['raft --time-limit 0', /--time-limit expects seconds: .*, got "0"/],
  ['raft --op-timeout never', /--op-timeout expects seconds: .*, got "never"/],
  ['raft --nemesis-interval -1', /--nemesis-interval expects seconds: .*, got "-1"/],
  ['raft --seed 4294967296', /--seed expects a seed: a whole number from 0 to 4294967295, got "4294967296"/],
  ['raft --seed -1', /--seed expects .*, got "-1"/],
  ['raft --runs 0', /--runs expects .*, got "0"/],
  ['raft --runs 2 --seed 4294967295', /passes the largest seed/],
  ['raft --keep-going', /--keep-going goes with --runs/],
  ['raft --key-count 3', /--key-count is about transactions: add --workload list-append or rw-register/],
  ['raft --workload list-append --key-count 0', /key-count must be a whole number from 1 to 1000, not 0/],
  ['raft --workload rw-register --key-dist zip', /unknown distribution of keys "zip": did you mean zipf\?/],
  ['raft --values tiny', /argument 'tiny' is invalid. Allowed choices are small, distinct/],
  ['raft --nemesis partition --partition halfs', /"halfs"/],
  ['raft --nemesis kill --direction to', /--direction is about partitions: add --nemesis partition/],
  ['raft --direction up', /Allowed choices are to, from, both, random/],
  ['raft --runtime process --paranoid', /--paranoid needs --runtime sim/],
  ['raft --store file', /[Tt]he store .*file.* must be a folder that can be written to/],
  ['raft --store /proc/ftest', /[Tt]he store .*\/proc\/ftest.* must be a folder that can be written to/],
  [
    'raft --junit no/such/folder/junit.xml --time-limit 1',
    /--junit expects a file in a folder that exists and can be written to, got "no\/such\/folder\/junit.xml"/,
  ],
  ['raft extra', /too many arguments/],
  ['', /Usage: ftest/],
  ['test', /missing required argument 'target'/],
  ['check', /missing required argument 'history'/],
  ['check missing.edn --workload register', /missing\.edn/],
  ['check bad.jsonl --workload register', /bad\.jsonl:2:\d+/],
  ['check bad.jsonl', /bad\.jsonl:2:\d+/],
  ['check bad.jsonl --workload regster', /unknown workload "regster": did you mean register\?/],
  ['check bad.jsonl --workload register --model linear', /unknown model "linear": did you mean linearizable\?/],
  ['replay nowhere', /nowhere/],
  ['report nowhere', /nowhere/],
  ['list bugz', /bugz/],
];

describe('bad input', () => {
  // Two at a time: a process each, on machines that may have two cores.
  const ended = new Map<string, Promise<Ended>>();
  const pending = refused.map(([line]) => line);
  const work = async (): Promise<void> => {
    for (let line = pending.shift(); line !== undefined; line = pending.shift()) {
      const run = ftest(line === '' ? [] : line.split(' '), { cwd: folder });
      ended.set(line, run);
      await run;
    }
  };
  const all = Promise.all([work(), work()]);

  test.each(refused)('ftest %s is refused with 254 and a sentence on stderr', async (line, message) => {
    await all;
    const { code, stdout, stderr } = (await ended.get(line)) as Ended;
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at |node:internal/m);
    if (line !== '') expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(254);
  });
});
