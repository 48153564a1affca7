import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { tarOf } from './tar.ts';

test('an archive holds files with their folders, as tar reads them', () => {
  const archive = tarOf([
    { path: 'lib64/deep/ld.so', content: Buffer.from('loader'), executable: true },
    { path: 'Dockerfile', content: Buffer.from('x'.repeat(513)) },
    { path: 'empty', content: Buffer.alloc(0) },
  ]);
  const listing = execFileSync('tar', ['-tv'], { input: archive, encoding: 'utf8' });
  expect(listing.split('\n').map((line) => line.replace(/ \d{4}-.* /, ' ').replaceAll(/ +/g, ' '))).toEqual([
    'drwxr-xr-x 0/0 0 lib64/',
    'drwxr-xr-x 0/0 0 lib64/deep/',
    '-rw-r--r-- 0/0 513 Dockerfile',
    '-rw-r--r-- 0/0 0 empty',
    '-rwxr-xr-x 0/0 6 lib64/deep/ld.so',
    '',
  ]);
  expect(execFileSync('tar', ['-xO', 'Dockerfile'], { input: archive, encoding: 'utf8' })).toBe('x'.repeat(513));
});

test('the same files give the same bytes, in whatever order', () => {
  const one = { path: 'a', content: Buffer.from('1') };
  const other = { path: 'b', content: Buffer.from('2') };
  expect(tarOf([one, other])).toEqual(tarOf([other, one]));
});

test('a path that the format has no room for is refused', () => {
  expect(() => tarOf([{ path: 'x'.repeat(101), content: Buffer.alloc(0) }])).toThrow('too long a path');
});
