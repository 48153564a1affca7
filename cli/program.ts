/** The command line as commander sees it: every command and option, what each expects, and the help. */
import { Argument, Command, Help, Option } from '@commander-js/extra-typings';
import { partitionShapes } from '../harness/fault.ts';
import { runtimeNames } from '../harness/spec.ts';
import { type Concurrency, concurrency, milliseconds, names, positiveNumber, seed, wholeNumber } from './arguments.ts';
import { commandNames } from './command-names.ts';
import type { ExitCode } from './exit.ts';
import { type Expectation, expectations } from './expect.ts';

export interface ConfigOption {
  readonly config?: string | undefined;
}

export interface RunOptions extends ConfigOption {
  readonly workload?: string | undefined;
  readonly bug?: string | undefined;
  readonly values?: string | undefined;
  readonly keyCount?: string | undefined;
  readonly keyDist?: string | undefined;
  readonly minTxnLength?: string | undefined;
  readonly maxTxnLength?: string | undefined;
  readonly maxWritesPerKey?: string | undefined;
  readonly runtime?: string | undefined;
  readonly nodes?: number | undefined;
  readonly targetOption?: string | undefined;
  readonly image?: string | undefined;
  readonly dockerfile?: string | undefined;
  readonly keep?: true | undefined;
  readonly paranoid?: true | undefined;
  readonly concurrency: Concurrency;
  readonly rate: number;
  readonly timeLimit: number;
  readonly opTimeout: number;
  readonly nemesis: readonly string[];
  readonly nemesisInterval: number;
  readonly partition?: readonly string[] | undefined;
  readonly direction?: string | undefined;
  readonly seed?: number | undefined;
  readonly runs?: number | undefined;
  readonly expect?: Expectation | undefined;
  readonly keepGoing?: true | undefined;
  readonly store: string;
  readonly report: boolean;
  readonly junit?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

export interface CheckOptions {
  readonly workload?: string | undefined;
  readonly model?: string | undefined;
  readonly initial?: string | undefined;
  readonly nilIsUnknown?: true | undefined;
  readonly observeFailedCas?: true | undefined;
  readonly sequentialKeys?: true | undefined;
  readonly linearizableKeys?: true | undefined;
  readonly writesFollowReads?: true | undefined;
  readonly inference: boolean;
  readonly order: 'line' | 'time';
  readonly budget?: number | undefined;
  /** In milliseconds. */
  readonly timeout?: number | undefined;
  readonly workers?: number | undefined;
  readonly linearization?: true | undefined;
  readonly html?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

export interface JsonOption {
  readonly json?: true | undefined;
}

export interface CleanOptions extends JsonOption {
  readonly run?: string | undefined;
}

export const listKinds = ['targets', 'workloads', 'nemeses', 'promises', 'bugs', 'models'] as const;
export type ListKind = (typeof listKinds)[number];

/** What each command does; main.ts loads them when they are asked for. */
export interface Commands {
  test(target: string, options: RunOptions): Promise<ExitCode>;
  check(files: readonly string[], options: CheckOptions): Promise<ExitCode>;
  replay(run: string, options: JsonOption & ConfigOption): Promise<ExitCode>;
  report(run: string, options: JsonOption): Promise<ExitCode>;
  list(kind: ListKind | undefined, options: JsonOption & ConfigOption): Promise<ExitCode>;
  doctor(options: JsonOption & ConfigOption): Promise<ExitCode>;
  clean(options: CleanOptions): Promise<ExitCode>;
}

const ownOptions = new Set(['-h', '--help', '-V', '--version']);

/** Puts in the `test` that the short form leaves out: `ftest raft`, and also `ftest --nodes 3 raft`. */
export function expandShortForm(args: readonly string[]): readonly string[] {
  const first = args[0];
  if (first === undefined || commandNames.includes(first) || ownOptions.has(first)) return args;
  return ['test', ...args];
}

const programUsage = `<target> [options]           run a test (short for: ftest test <target>)
       ftest check <history...> [options] judge recorded histories; no system needed
       ftest replay <run>                 run a stored run again, and say whether anything differs
       ftest report <run>                 render the report of a stored run again
       ftest list [kind]                  targets, workloads, nemeses, promises, bugs, models
       ftest doctor                       what this machine can do: Docker, nftables, libfaketime
       ftest clean                        remove what runs in containers have left behind`;

const examples = `
Examples:
  ftest raft --nemesis partition                  a Raft cluster, driven through partitions
  ftest raft --nemesis partition,kill --seed 7    the same run each time
  ftest raft --bug stale-read --nemesis partition --runs 200
                                                  many seeds, up to the first violation
  ftest check history.edn --workload cas-register a verdict on a history recorded elsewhere
  ftest replay store/latest                       the last run again

Exit codes:
  0 valid   1 invalid   2 unknown   254 bad arguments or input   255 ftest itself failed`;

function testCommand(commands: Commands, exit: (code: ExitCode) => void) {
  return new Command('test')
    .summary('run a test')
    .description('Starts a target, drives a workload at it while nemeses break things, heals, and judges the history.')
    .argument('<target>', 'the system to test; ftest list targets shows all')
    .optionsGroup('What to test:')
    .option(
      '--config <file>',
      'a file with targets of your own (default: ftest.config.ts, .mts, .js, or .mjs, if here)',
    )
    .option('--workload <name>', 'what clients do (default: the one the target names)')
    .option('--bug <name>', 'switch on a mistake of the target; ftest list bugs shows all')
    .addOption(
      new Option('--values <which>', 'values that the register workload writes').choices(['small', 'distinct']),
    )
    .option('--key-count <n>', 'keys that transactions work on at a time (default: 10)')
    .option('--key-dist <name>', 'how likely each key is: exponential, uniform, or zipf')
    .option('--min-txn-length <n>', 'micro-ops in a transaction, at least (default: 1)')
    .option('--max-txn-length <n>', 'micro-ops in a transaction, at most (default: 4)')
    .option('--max-writes-per-key <n>', 'writes to a key before a fresh one takes its place (default: 32)')
    .option(
      '--runtime <name>',
      `where the nodes run: ${runtimeNames.join(' or ')} (default: sim; docker for systems that run in containers only)`,
    )
    .option(
      '--nodes <n>',
      'nodes in the cluster (default: 5, or what the target names first)',
      wholeNumber('--nodes', 'nodes', 1, 99),
    )
    .option(
      '--target-option <choices>',
      'how the target is set: name=value, separated by commas; ftest list targets shows all',
    )
    .option(
      '--image <name>',
      "what the nodes' containers are made of; of a node of ftest's own, what its program is put on",
    )
    .option('--dockerfile <file>', 'the same, built of a file first; its folder is the context')
    .option('--keep', 'leave containers and volumes behind, and say how to look inside; docker only')
    .optionsGroup('Load:')
    .addOption(
      new Option('--concurrency <n>', 'clients at once; 2n means two per node')
        .argParser(concurrency)
        .default<Concurrency>({ count: 2, perNode: true }, '2n'),
    )
    .option(
      '--rate <ops>',
      'ops per second, all clients together',
      positiveNumber('--rate', 'ops per second', 1e6),
      100,
    )
    .addOption(
      new Option('--time-limit <s>', 'seconds of load; simulated seconds in sim')
        .argParser(milliseconds('--time-limit', 86_400))
        .default(60_000, '60'),
    )
    .addOption(
      new Option('--op-timeout <s>', 'seconds after which an op is given up')
        .argParser(milliseconds('--op-timeout', 3600))
        .default(5000, '5'),
    )
    .optionsGroup('Faults:')
    .addOption(
      new Option('--nemesis <names>', 'which faults, separated by commas; none; or all (but damage to files)')
        .argParser(names('--nemesis'))
        .default<readonly string[]>(['none'], 'none'),
    )
    .addOption(
      new Option('--nemesis-interval <s>', 'seconds between a change of faults and the next, on average')
        .argParser(milliseconds('--nemesis-interval', 3600))
        .default(10_000, '10'),
    )
    .option(
      '--partition <shapes>',
      `shapes to draw partitions from (default: all): ${partitionShapes.join(', ')}`,
      names('--partition'),
    )
    .addOption(
      new Option('--direction <which>', 'which way partitions cut (default: both)').choices([
        'to',
        'from',
        'both',
        'random',
      ]),
    )
    .optionsGroup('Seeds:')
    .option('--seed <n>', 'seed of the run, 0 to 4294967295 (default: a fresh one, printed)', seed)
    .option(
      '--runs <n>',
      'many runs, with the seeds from --seed on, over all cores',
      wholeNumber('--runs', 'runs', 1, 1e9),
    )
    .addOption(
      new Option(
        '--expect <what>',
        'a violation is wanted: 0 if one is found, 1 if not; limit: one that the target states',
      ).choices(expectations),
    )
    .option('--keep-going', 'with --runs: do not stop at the first violation')
    .option('--paranoid', 'deep-freeze every message and record, to catch targets that change them; sim only')
    .optionsGroup('Output:')
    .option('--store <folder>', 'where runs are kept', 'store')
    .option('--no-report', 'write no index.html')
    .option('--junit <file>', 'write the verdict as JUnit XML to this file too')
    .option('--json', 'print the result as one JSON object on stdout')
    .option('--quiet', 'no progress, only the verdict')
    .action(async (target, options) => exit(await commands.test(target, options)));
}

const checkExamples = `
Examples:
  ftest check history.edn                         found out by its ops: a register, a mutex, a queue
  ftest check store/latest                        the last run's history again
  ftest check results/ --json                     all histories in a folder, as JSON
  zcat big.jsonl.gz | ftest check - --timeout 60  from a pipe, a minute at most

Exit codes:
  0 valid   1 invalid   2 unknown   254 a history or an argument that cannot be used   255 ftest itself failed
  Of several histories: 254 if any cannot be used, else 1 if any is invalid, else 2 if any is unknown, else 0.`;

function checkCommand(commands: Commands, exit: (code: ExitCode) => void) {
  return new Command('check')
    .summary('judge recorded histories')
    .description(
      'Judges histories: JSON lines, JSON arrays, or Jepsen EDN, gzipped or not; - is stdin. A folder with a test.json is a run, another folder stands for the histories in it and below it.',
    )
    .argument('<history...>', 'files, folders, or -')
    .optionsGroup('What it is:')
    .option('--workload <name>', 'what was done (default: found by the ops; a run knows its own)')
    .option('--initial <value>', 'what a register holds at first, as JSON or EDN (default: nil)')
    .option('--nil-is-unknown', 'a read of nil says nothing, as in Knossos')
    .option('--observe-failed-cas', 'a cas refused with precondition-failed shows that the value was another one')
    .option('--sequential-keys', 'each register of an rw-register is sequentially consistent')
    .option('--linearizable-keys', 'each register of an rw-register is linearizable')
    .option('--writes-follow-reads', 'a transaction of an rw-register overwrites what it read')
    .option('--no-inference', 'of an rw-register infer only what every database promises')
    .addOption(
      new Option('--order <by>', 'what orders ops: their lines; or their times, concurrent where equal')
        .choices(['line', 'time'] as const)
        .default('line' as const),
    )
    .optionsGroup('What it should be:')
    .option(
      '--model <names>',
      'the consistency model, of transactions one or more (default: linearizable; of transactions strict-serializable)',
    )
    .optionsGroup('How far to go:')
    .option(
      '--budget <n>',
      'configurations to look at for each key (default: about 4 million); of transactions edges (300 million)',
      wholeNumber('--budget', 'configurations', 1, 1e12),
    )
    .option('--timeout <s>', 'seconds for each history, then it is unknown', milliseconds('--timeout', 86_400))
    .option(
      '--workers <n>',
      'threads to check keys with (default: as many as there are cores)',
      wholeNumber('--workers', 'threads', 1, 256),
    )
    .optionsGroup('Output:')
    .option('--linearization', 'give an order of the ops that explains a valid history')
    .option('--html <file>', 'write a report with the evidence, and with the orders asked for, to this file')
    .option('--json', 'print the verdict as one JSON object on stdout')
    .option('--quiet', 'no progress and no evidence, only the verdict')
    .addHelpText('after', checkExamples)
    .action(async (files, options) => exit(await commands.check(files, options)));
}

/** The whole command line. `exit` receives the code of the command that ran. */
export function createProgram(version: string, commands: Commands, exit: (code: ExitCode) => void) {
  const test = testCommand(commands, exit);
  const plain = new Help();
  const program = new Command('ftest')
    .usage(programUsage)
    .description('Fault-injection tests for distributed systems: run a target, break things, judge the history.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .configureHelp({
      // One page shows it all: the options of a run stand under the program's own usage.
      visibleCommands: () => [],
      visibleOptions: (command) => [...(command.parent === null ? test.options : []), ...plain.visibleOptions(command)],
    });
  program.addCommand(test);
  program.addCommand(checkCommand(commands, exit));
  program
    .command('replay')
    .summary('run a stored run again')
    .description(
      'Runs a stored run again in memory and compares the two histories line by line. Runs of the simulator only.',
    )
    .argument('<run>', "a run's folder, such as store/latest")
    .option('--config <file>', 'the file that the target comes from (default: the one the run names)')
    .option('--json', 'print the outcome as one JSON object on stdout')
    .action(async (run, options) => exit(await commands.replay(run, options)));
  program
    .command('report')
    .summary('render a report again')
    .description('Writes index.html and junit.xml of a stored run again.')
    .argument('<run>', "a run's folder, such as store/latest")
    .option('--json', 'print the paths as one JSON object on stdout')
    .action(async (run, options) => exit(await commands.report(run, options)));
  program
    .command('list')
    .summary('show what there is')
    .description(
      'Shows targets, workloads, nemeses, what each target promises of each workload under which faults, bugs, and models.',
    )
    .addArgument(new Argument('[kind]', 'only these').choices(listKinds))
    .option('--config <file>', 'a file with targets of your own (default: as for a run)')
    .option('--json', 'print one JSON object on stdout')
    .action(async (kind, options) => exit(await commands.list(kind, options)));
  program
    .command('doctor')
    .summary('show what this machine can do')
    .description(
      'Shows what tests can use here, what is missing, and which faults each runtime can inject. Exit code 1 if not in containers.',
    )
    .option('--config <file>', 'a file with targets of your own (default: as for a run)')
    .option('--json', 'print one JSON object on stdout')
    .action(async (options) => exit(await commands.doctor(options)));
  program
    .command('clean')
    .summary('remove what was left behind')
    .description('Removes every container, volume, network, and image that ftest made, of runs that go on now too.')
    .option('--run <name>', 'only what this run made, and no images')
    .option('--json', 'print what was removed as one JSON object on stdout')
    .action(async (options) => exit(await commands.clean(options)));
  return program;
}
