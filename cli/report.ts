/** `ftest report`: renders index.html and junit.xml of a stored run again. */
import { join } from 'node:path';
import { readHistory } from '../history/read.ts';
import { renderHtml } from '../reports/html.ts';
import { renderJunit } from '../reports/junit.ts';
import { readRun, rewriteReports } from '../reports/store.ts';
import { BadInput, type ExitCode, exitCodes } from './exit.ts';
import { printJson } from './output.ts';
import type { JsonOption } from './program.ts';

export async function reportCommand(path: string, options: JsonOption): Promise<ExitCode> {
  const run = readRun(path);
  const { results, spec, historyPath } = run;
  if (results === undefined) {
    throw new BadInput(
      `${path} has no results.json, because the run did not end: its history can be judged with ftest check`,
    );
  }
  const history = await readHistory(historyPath);
  const html = await renderHtml({ results, spec, history });
  const report = rewriteReports(run, { html, junit: renderJunit([{ results, spec }]) });
  const junit = join(run.path, 'junit.xml');
  if (options.json) printJson({ report, junit });
  else process.stdout.write(`${report}\n${junit}\n`);
  return exitCodes.valid;
}
