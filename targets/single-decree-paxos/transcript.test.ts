import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rewrite } from './testing/transcript.ts';

const folder = new URL('./transcripts/', import.meta.url);

/**
 * `FTEST_REWRITE=1 npx vitest run targets/single-decree-paxos` writes them anew; whoever does so reads the difference.
 */
const rewriting = process.env.FTEST_REWRITE === '1';

describe('single-decree Paxos does what its transcripts say', () => {
  for (const name of readdirSync(folder).sort()) {
    test(name, () => {
      const file = new URL(name, folder);
      const written = readFileSync(file, 'utf8');
      const happened = rewrite(written);
      if (rewriting) writeFileSync(file, happened);
      else expect(happened).toBe(written);
    });
  }
});
