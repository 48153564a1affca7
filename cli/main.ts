#!/usr/bin/env node
/** The command line `ftest`: reads the arguments, runs one command, and turns every way to end into an exit code. */
import { CommanderError } from 'commander';
import { type ExitCode, exitCodes } from './exit.ts';
import { tolerateClosedPipes } from './output.ts';
import { type Commands, createProgram, expandShortForm } from './program.ts';
import { version } from './version.ts';

/** Each command loads what it needs when it is asked for: `ftest --help` loads none of it. */
const commands: Commands = {
  test: async (target, options) => (await import('./run.ts')).runCommand(target, options),
  check: async (files, options) => (await import('./check.ts')).checkCommand(files, options),
  replay: async (run, options) => (await import('./replay.ts')).replayCommand(run, options),
  report: async (run, options) => (await import('./report.ts')).reportCommand(run, options),
  list: async (kind, options) => (await import('./list.ts')).listCommand(kind, options),
  doctor: async (options) => (await import('./doctor.ts')).doctorCommand(options),
  clean: async (options) => (await import('./clean.ts')).cleanCommand(options),
};

/** Errors that say that the caller must give something else; known by name, so that nothing is loaded for their sake. */
const badInputErrors = new Set([
  'BadInput',
  'SpecError',
  'StoreNotWritable',
  'NotARun',
  'HistoryError',
  'MalformedHistory',
]);

/** Failures that have their own sentence: the stack would add nothing. */
const explainedErrors = new Set(['StoreFailed', 'DiskFull', 'DockerFailed', 'TargetFailed']);

/** Commander's `error: unknown option '--nemsis'\n(Did you mean --nemesis?)` as one sentence. */
function sentence(message: string): string {
  return message
    .trim()
    .replace(/^error: /, '')
    .replace(
      /\s*\n\((Did you mean .*\?)\)/s,
      (_, question: string) => `; ${question.charAt(0).toLowerCase()}${question.slice(1)}`,
    );
}

function complain(text: string): void {
  process.stderr.write(`ftest: ${text}\n`);
}

/** Says what went wrong and gives the code that stands for it. */
function codeOfFailure(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.valid : exitCodes.badInput;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (badInputErrors.has(name)) {
    complain(message);
    return exitCodes.badInput;
  }
  complain(explainedErrors.has(name) ? message : `ftest itself failed: ${message} (FTEST_DEBUG=1 shows where)`);
  if (process.env.FTEST_DEBUG === '1') {
    for (let each = error; each instanceof Error; each = each.cause) process.stderr.write(`${each.stack}\n`);
  }
  return exitCodes.harnessFailed;
}

async function main(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.valid;
  const program = createProgram(version, commands, (ended) => {
    code = ended;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: (message) => complain(sentence(message)) });
  }
  if (args.length === 0) {
    process.stderr.write(program.helpInformation());
    return exitCodes.badInput;
  }
  try {
    await program.parseAsync([...expandShortForm(args)], { from: 'user' });
    return code;
  } catch (error) {
    return codeOfFailure(error);
  }
}

/** Ends the process once what was written has left it. */
function exit(code: ExitCode): void {
  process.exitCode = code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

tolerateClosedPipes();
process.on('uncaughtException', (error) => process.exit(codeOfFailure(error)));
process.on('unhandledRejection', (error) => process.exit(codeOfFailure(error)));
exit(await main(process.argv.slice(2)));
