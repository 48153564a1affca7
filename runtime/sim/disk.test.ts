import { describe, expect, test } from 'vitest';
import { randomStream } from '../../harness/random.ts';
import { Disk } from './disk.ts';

const log = (disk: Disk) => disk.read().logs.get('log');

describe("a node's disk", () => {
  test('keeps what was synced, whatever the crash', () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = new Disk();
      disk.write({ type: 'put', key: 'term', value: 3 });
      disk.write({ type: 'append', log: 'log', entries: ['a', 'b', 'c'] });
      disk.sync(2);
      disk.crash(randomStream(seed, 'disk'));
      expect(disk.read().values.get('term')).toBe(3);
      expect(log(disk)).toEqual({ first: 1, entries: ['a', 'b', 'c'] });
    }
  });

  test('a crash keeps a prefix of what was not synced; over seeds every prefix occurs, torn appends among them', () => {
    const survivors = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const disk = new Disk();
      disk.write({ type: 'append', log: 'log', entries: ['a', 'b'] });
      disk.write({ type: 'put', key: 'term', value: 1 });
      disk.write({ type: 'append', log: 'log', entries: ['c', 'd'] });
      disk.crash(randomStream(seed, 'disk'));
      const { values } = disk.read();
      survivors.add(`${(log(disk)?.entries ?? []).join('')}${values.get('term') ?? ''}`);
    }
    expect([...survivors].sort()).toEqual(['', 'a', 'ab', 'ab1', 'abc1', 'abcd1']);
  });

  test('nothing unsynced is left after a crash', () => {
    const disk = new Disk();
    disk.write({ type: 'put', key: 'k', value: 1 });
    expect(disk.unsyncedWrites).toBe(1);
    disk.crash(randomStream(0, 'disk'));
    expect(disk.unsyncedWrites).toBe(0);
  });

  test('truncates at the end and compacts at the start; an emptied log continues where it was told', () => {
    const disk = new Disk();
    disk.write({ type: 'append', log: 'log', entries: ['a', 'b', 'c', 'd'] });
    disk.write({ type: 'truncate', log: 'log', from: 4 });
    disk.write({ type: 'compact', log: 'log', before: 2 });
    disk.sync(3);
    expect(log(disk)).toEqual({ first: 2, entries: ['b', 'c'] });
    disk.write({ type: 'compact', log: 'log', before: 10 });
    disk.write({ type: 'append', log: 'log', entries: ['x'] });
    disk.sync(2);
    expect(log(disk)).toEqual({ first: 10, entries: ['x'] });
  });

  test('what a node has read does not change when the disk does', () => {
    const disk = new Disk();
    disk.write({ type: 'append', log: 'log', entries: ['a'] });
    disk.sync(1);
    const read = disk.read();
    disk.write({ type: 'append', log: 'log', entries: ['b'] });
    disk.sync(1);
    expect(read.logs.get('log')?.entries).toEqual(['a']);
  });
});
