import { describe, expect, test } from 'vitest';
import { commandLine } from './command-line.ts';
import { table, tolerateClosedPipes } from './output.ts';
import { expandShortForm } from './program.ts';

describe('table', () => {
  test('aligns its columns, and wraps the last one under itself', () => {
    const rows = [
      ['a', 'some words that do not fit'],
      ['long', 'few'],
    ];
    expect(table(['name', 'summary'], rows, 26).split('\n')).toEqual([
      'name  summary',
      'a     some words that do',
      '      not fit',
      'long  few',
    ]);
  });
});

test('a reader or a terminal that is gone is tolerated, and no other error', () => {
  tolerateClosedPipes();
  for (const stream of [process.stdout, process.stderr]) {
    const listener = stream.listeners('error').at(-1) as (error: object) => void;
    stream.off('error', listener);
    for (const code of ['EPIPE', 'EIO']) expect(() => listener({ code })).not.toThrow();
    expect(() => listener(Object.assign(new Error('no space'), { code: 'ENOSPC' }))).toThrow('no space');
  }
});

describe('the short form', () => {
  test.each([
    [['raft'], ['test', 'raft']],
    [
      ['--nodes', '3', 'raft'],
      ['test', '--nodes', '3', 'raft'],
    ],
    [
      ['check', 'file'],
      ['check', 'file'],
    ],
    [
      ['test', 'check'],
      ['test', 'check'],
    ],
    [['--help'], ['--help']],
    [[], []],
  ])('%j means %j', (args, expanded) => {
    expect(expandShortForm(args)).toEqual(expanded);
  });
});

describe('the command line in test.json', () => {
  test('can be pasted into a shell', () => {
    expect(commandLine(['raft', '--store', "it's here", ''])).toBe(`ftest raft --store 'it'\\''s here' ''`);
  });
});
