import { expect, test } from 'vitest';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import { escapeXml, renderJunit } from './junit.ts';
import { type Sample, sampleRun } from './testing/sample.ts';

/** Throws where the document is not well-formed; gives its elements' names in order. */
function parse(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const token = /<\?xml[^?]*\?>|<(\/?)([a-z]+)((?: [a-z]+="[^"<&]*(?:&(?:[a-z]+|#\d+);[^"<&]*)*")*)(\/?)>|[^<]+/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (match === null) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 60)}`);
    const [text, closing, name, , empty] = match;
    if (name === undefined) {
      if (/&(?!(?:[a-z]+|#\d+);)/.test(text)) throw new Error(`a bare & at ${at}`);
    } else if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element at ${at}`);
    } else {
      names.push(name);
      if (empty === '') open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
  return names;
}

const render = (sample: Sample): string => renderJunit([sample]);

test('a valid run has one passing testcase per checker', () => {
  const xml = render(sampleRun());
  expect(parse(xml).filter((name) => ['testcase', 'failure', 'error'].includes(name))).toEqual([
    'testcase',
    'testcase',
    'testcase',
  ]);
  expect(xml).toContain('tests="3" failures="0" errors="0"');
});

test('an invalid verdict is a failure with the story and the line that reproduces it', () => {
  const xml = render(sampleRun({ valid: false }));
  expect(parse(xml)).toContain('failure');
  expect(xml).toContain('failures="1" errors="0"');
  expect(xml).toContain('no order of these ops explains it');
  expect(xml).toContain('Reproduce: ftest raft');
  expect(xml).toContain('Expected: the bug stale-read is switched on');
});

test('of transactions it tells the worst anomaly, and which models it rules out', () => {
  const sample = sampleRun();
  const verdict = checkListAppend(historyOfText('0 invoke ax1\n0 ok ax1\n1 invoke rx\n1 ok rx='));
  const xml = render({ ...sample, results: { ...sample.results, valid: false, checkers: { 'list-append': verdict } } });
  expect(parse(xml)).toContain('failure');
  expect(xml).toContain('message="not strict-serializable: G-single-item-realtime"');
  expect(xml).toContain('However, T2 &lt; T1, because T2 had returned');
  expect(xml).toContain('Ruled out: strong-snapshot-isolation.');
});

test('unknown is an error with its reason', () => {
  const xml = render(sampleRun({ valid: 'unknown' }));
  expect(xml).toContain('failures="0" errors="1"');
  expect(xml).toContain('message="key 3 is undecided');
});

test('an interrupted run whose checkers all pass is an error', () => {
  const sample = sampleRun();
  const xml = render({ ...sample, results: { ...sample.results, valid: 'unknown', interrupted: true } });
  expect(xml).toContain('errors="1"');
  expect(xml).toContain('interrupted');
});

test('is well-formed whatever values hold', () => {
  const hostile = `]]>&<failure a="b">'\u0000\u0007\u001b\ud800\ufffe`;
  const xml = render(sampleRun({ valid: false, hostile }));
  expect(parse(xml).filter((name) => name === 'failure')).toHaveLength(1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u);
});

test('the check for being well-formed is one that can fail', () => {
  expect(() => parse('<a><b></a></b>')).toThrow('closes another');
  expect(() => parse('<a>x & y</a>')).toThrow('bare &');
  expect(() => parse('<a b="<"/>')).toThrow('not well-formed');
});

test('characters that XML cannot hold are replaced, others kept', () => {
  expect(escapeXml('a\u0000b\td\u{1f600}<')).toBe('a\ufffdb\td\u{1f600}&lt;');
});

test('several runs are several suites', () => {
  expect(parse(renderJunit([sampleRun(), sampleRun({ seed: 8 })])).filter((name) => name === 'testsuite')).toHaveLength(
    2,
  );
});
