import { describe, expect, test } from 'vitest';
import { commandLine } from './command-line.ts';
import { table } from './output.ts';
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
