import { describe, expect, test } from 'vitest';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { historyOfText } from '../checkers/transactional/testing/transactions-of-text.ts';
import { renderSummary, terminalOf } from './terminal.ts';
import { sampleRun } from './testing/sample.ts';

const plain = { colours: false, columns: 100 };

describe('the summary', () => {
  test('of a valid run', () => {
    expect(renderSummary(sampleRun(), plain)).toMatchInlineSnapshot(`
      "valid ✓
        3 checks passed: linearizable, recovery, and stats.

        test      raft, register, nemesis partition, kill, 5 nodes, 10 clients, seed 7
        time      60 s simulated in 700 ms
        ops       600: 572 ok, 18 fail, 10 info
        faults    4 partitions and 2 kills

        ✓ linearizable  5 keys, 600 ops
        ✓ recovery      recovered 312 ms
        ✓ stats

        report    store/raft-register-partition+kill/20261121T040243.123Z-7/index.html
        reproduce ftest raft --workload register --nemesis partition,kill --seed 7
      "
    `);
  });

  test('of an invalid run', () => {
    expect(renderSummary(sampleRun({ valid: false }), plain)).toMatchInlineSnapshot(`
      "INVALID ✗
        1 of 5 keys is not linearizable: "x".
        Expected: the bug stale-read is switched on.

        test      raft, register, nemesis partition, kill, bug stale-read, 5 nodes, 10 clients, seed 7
        time      60 s simulated in 700 ms
        ops       606: 578 ok, 18 fail, 10 info
        faults    4 partitions and 2 kills
        invariant leader-completeness broken on n1 at 31.200 s: n1 leads term 4 without entry 212

        ✗ linearizable  1 of 5 keys is not linearizable: "x"
        ✓ recovery      recovered 312 ms
        ✓ stats

        Why key "x" cannot be
         1. Client 1003 wrote 42 on n4, and it was acknowledged.
         2. Client 1004 read 42 on n5.
         3. Client 1000 began to read after both on n1, and was given 41, which 42 had replaced: no order
            of these ops explains it.

          process      node  from      to        op         outcome
          client 1001  n2    34.015 s  34.027 s  write 41   ok
          client 1003  n4    34.040 s  34.063 s  write 42   ok
        ✗ client 1000  n1    34.085 s  34.099 s  read → 41  ok

        report    store/raft-register-partition+kill/20261121T040243.123Z-7/index.html
        reproduce ftest raft --workload register --nemesis partition,kill --seed 7 --bug stale-read
      "
    `);
  });

  test('of an unknown run', () => {
    expect(renderSummary(sampleRun({ valid: 'unknown' }), plain)).toMatchInlineSnapshot(`
      "unknown ?
        linearizable: key 3 is undecided: the budget of 1,000,000 configurations was used up.

        test      raft, register, nemesis partition, kill, 5 nodes, 10 clients, seed 7
        time      60 s simulated in 700 ms
        ops       600: 572 ok, 18 fail, 10 info
        faults    4 partitions and 2 kills

        ? linearizable  key 3 is undecided: the budget of 1,000,000 configurations was used up
        ✓ recovery      recovered 312 ms
        ✓ stats

        report    store/raft-register-partition+kill/20261121T040243.123Z-7/index.html
        reproduce ftest raft --workload register --nemesis partition,kill --seed 7
      "
    `);
  });

  test('of transactions that are not isolated as was asked', () => {
    const sample = sampleRun();
    const history = historyOfText(
      '0 invoke ax1 ry\n1 invoke ay1 rx\n0 ok ax1 ry=\n1 ok ay1 rx=\n2 invoke rx\n2 ok rx=',
    );
    const checkers = { 'list-append': checkListAppend(history), stats: { valid: true as const } };
    const results = { ...sample.results, valid: false as const, checkers };
    expect(renderSummary({ ...sample, results }, plain)).toMatchInlineSnapshot(`
      "INVALID ✗
        list-append: not strict-serializable: G2-item, G-single-item-realtime, and G2-item-realtime.

        test      raft, register, nemesis partition, kill, 5 nodes, 10 clients, seed 7
        time      60 s simulated in 700 ms
        ops       600: 572 ok, 18 fail, 10 info
        faults    4 partitions and 2 kills

        ✗ list-append  not strict-serializable: G2-item, G-single-item-realtime, and G2-item-realtime
        ✓ stats

        G2-item
        Anti-dependency cycle: transactions missed what others wrote, in a circle, as in write skew; no
        serial order explains it.
         T2: read → 0
         1. T1 < T2, because T1 read [] from key "y", to which T2 appended 1 later.
         2. However, T2 < T1, because T2 read [] from key "x", to which T1 appended 1 later: a
            contradiction.

        ruled out repeatable-read, strong-snapshot-isolation
        with it   serializable, strong-serializable, strong-session-serializable
        2 more kinds of anomaly in the report.

        report    store/raft-register-partition+kill/20261121T040243.123Z-7/index.html
        reproduce ftest raft --workload register --nemesis partition,kill --seed 7
      "
    `);
  });

  test('of a long story shows the beginning', () => {
    const sample = sampleRun();
    const verdict = checkListAppend(historyOfText('0 invoke ax1\n0 ok ax1\n1 invoke rx\n1 ok rx='));
    const [name, [first]] = Object.entries(verdict.evidence)[0]!;
    const story = Array.from({ length: 20 }, (_, i) => `Sentence ${i + 1}.`);
    const not = Array.from({ length: 30 }, (_, i) => `model-${i + 1}`);
    const long = { ...verdict, not, evidence: { [name]: [{ ...first!, story }] } };
    const summary = renderSummary(
      { ...sample, results: { ...sample.results, valid: false, checkers: { 'list-append': long } } },
      plain,
    );
    expect(summary).toContain('6. Sentence 6.\n      14 more sentences in the report.');
    expect(summary).toContain('model-8, and 22 more');
  });

  test('says what was expected because of a stated limit', () => {
    const sample = sampleRun({ valid: false });
    const limited = { ...sample, results: { ...sample.results, bug: null, expected: 'limit' as const } };
    expect(renderSummary(limited, plain)).toContain(
      'Expected: raft does not promise this under the faults that happened (4 partitions and 2 kills).',
    );
  });

  test('says why what was asked for is no promise, where no fault is the reason', () => {
    const sample = sampleRun({ valid: false });
    const results = { ...sample.results, bug: null, expected: 'limit' as const, limits: ['reads may be old'] };
    expect(renderSummary({ ...sample, results }, plain)).toContain(
      'Expected: raft does not promise this, for reads may be old.',
    );
  });

  test('fits a narrow terminal, but for the line that is there to be copied', () => {
    const lines = renderSummary(sampleRun({ valid: false }), { colours: false, columns: 60 }).split('\n');
    const tooLong = lines.filter((line) => line.length > 60);
    expect(
      tooLong.every(
        (line) => line.includes('reproduce') || line.trim().startsWith('store/') || line.includes('report'),
      ),
    ).toBe(true);
  });

  test('colours change nothing but colours', () => {
    const coloured = renderSummary(sampleRun({ valid: false }), { colours: true, columns: 100 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderSummary(sampleRun({ valid: false }), plain));
    expect(coloured).not.toBe(renderSummary(sampleRun({ valid: false }), plain));
  });

  test('no value reaches the terminal as a control sequence', () => {
    const summary = renderSummary(sampleRun({ valid: false, hostile: '\u001b[2J\u009b2J\u202e' }), plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(summary).not.toMatch(/[\u001b\u009b\u202e]/);
  });
});

describe('colours', () => {
  test('only on a terminal', () => {
    expect(terminalOf({ isTTY: true, columns: 80 }, {})).toEqual({ colours: true, columns: 80 });
    expect(terminalOf({}, {}).colours).toBe(false);
  });

  test('not where NO_COLOR is set, unless it is empty', () => {
    expect(terminalOf({ isTTY: true }, { NO_COLOR: '1' }).colours).toBe(false);
    expect(terminalOf({ isTTY: true }, { NO_COLOR: '' }).colours).toBe(true);
  });
});
