/**
 * junit.xml: one testsuite per run, one testcase per checker, as CI systems read it. An invalid verdict is a
 * `<failure>`; unknown is an `<error>`, since a run that proves nothing must not pass for one that does.
 */
import type { Verdict } from '../checkers/checker.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import { displayValue } from './display.ts';
import { describeExpected, describeRun, summarizeVerdict, violationsOf, worstAnomaly } from './verdict.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for XML 1.0. Characters that XML cannot hold, not even as a reference, become U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids them
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"']/g, (character: string) => entities[character] as string)
      .replace(/\r/g, '&#13;')
  );
}

/** Attribute values: a parser would turn line breaks and tabs into spaces. */
const attribute = (text: string): string => escapeXml(text).replace(/\n/g, '&#10;').replace(/\t/g, '&#9;');

/** Of the story of an anomaly, at most. */
const sentencesMax = 20;

function evidence(name: string, verdict: Verdict, results: Results, spec: TestSpec): string {
  const stories = violationsOf(results)
    .filter(({ checker }) => checker === name)
    .map(({ failure }) => {
      const title = failure.key === null ? [] : [`key ${displayValue(failure.key)}:`];
      return [...title, ...failure.story].join('\n');
    });
  const anomaly = worstAnomaly(verdict);
  if (anomaly !== undefined) {
    const story = anomaly.evidence.story.slice(0, sentencesMax);
    stories.push([`${anomaly.anomaly}:`, ...story, `Ruled out: ${anomaly.verdict.not.join(', ')}.`].join('\n'));
  }
  const expected = describeExpected(results);
  return [
    `${summarizeVerdict(verdict)}.`,
    ...stories,
    `${describeRun(results, spec)}.`,
    ...(expected === undefined ? [] : [expected]),
    `Reproduce: ${results.reproduce}`,
    ...(results.report === null ? [] : [`Report: ${results.report}`]),
  ].join('\n\n');
}

function testcase(name: string, verdict: Verdict, results: Results, spec: TestSpec): string {
  const head = `    <testcase classname="${attribute(`ftest.${results.target}.${results.workload}`)}" name="${attribute(name)}" time="0"`;
  if (verdict.valid === true) return `${head}/>`;
  const kind = verdict.valid === false ? 'failure' : 'error';
  const type = verdict.valid === false ? 'invalid' : 'unknown';
  const text = escapeXml(evidence(name, verdict, results, spec));
  return `${head}>\n      <${kind} type="${type}" message="${attribute(summarizeVerdict(verdict))}">${text}</${kind}>\n    </testcase>`;
}

function testsuite(results: Results, spec: TestSpec): string {
  const verdicts = Object.entries(results.checkers);
  // An interrupted run that has no bad verdict has still not passed.
  if (results.valid === 'unknown' && verdicts.every(([, { valid }]) => valid === true)) {
    verdicts.push(['run', { valid: 'unknown', reason: results.interrupted ? 'interrupted' : 'nothing was decided' }]);
  }
  const count = (valid: false | 'unknown'): number => verdicts.filter(([, verdict]) => verdict.valid === valid).length;
  const name = [results.target, results.workload, ...results.nemesis].join(' ');
  const properties = {
    seed: results.seed,
    runtime: results.runtime,
    bug: results.bug ?? '',
    reproduce: results.reproduce,
  };
  return [
    `  <testsuite name="${attribute(name)}" tests="${verdicts.length}" failures="${count(false)}" errors="${count('unknown')}" skipped="0" time="${(results.wallMs / 1000).toFixed(3)}">`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([key, value]) => `      <property name="${key}" value="${attribute(String(value))}"/>`,
    ),
    '    </properties>',
    ...verdicts.map(([checker, verdict]) => testcase(checker, verdict, results, spec)),
    '  </testsuite>',
  ].join('\n');
}

/** The whole document for any number of runs, in the order given. */
export function renderJunit(runs: readonly { readonly results: Results; readonly spec: TestSpec }[]): string {
  const suites = runs.map(({ results, spec }) => testsuite(results, spec));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="ftest">\n${suites.join('\n')}\n</testsuites>\n`;
}
