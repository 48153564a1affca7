/** Holds the imports between rooms to the table in DESIGN and in docs/ARCHITECTURE.md, and keeps real time out of what a seed decides. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = dirname(fileURLToPath(import.meta.url));

/** Which rooms each room may import. `entry` is cli/ and the files at the root: nothing imports them. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  history: [],
  protocol: [],
  checkers: ['history'],
  targets: ['protocol'],
  harness: ['history', 'protocol', 'checkers'],
  nemesis: ['history', 'protocol', 'checkers', 'harness'],
  workloads: ['history', 'protocol', 'checkers', 'harness'],
  runtime: ['history', 'protocol', 'checkers', 'harness'],
  'targets/real': ['history', 'protocol', 'checkers', 'harness'],
  reports: ['history', 'protocol', 'checkers', 'harness'],
  'reports/client': [],
  entry: [
    'history',
    'protocol',
    'checkers',
    'targets',
    'targets/real',
    'harness',
    'nemesis',
    'workloads',
    'runtime',
    'reports',
    'entry',
  ],
};

/** Folders at the side, which no arrow concerns. */
const aside = new Set(['node_modules', 'dist', 'store', 'coverage', 'docs', 'bench', 'examples']);

/** Type-only imports by which the report's client reads the shapes of the data that reports/ embeds. */
const dataShapes = new Set([
  'reports/client -> reports',
  'reports/client -> checkers',
  'reports/client -> harness',
  'reports/client -> history',
]);

/** Rooms in which a seed decides, or which must give the same answer everywhere. */
const deterministicRooms = [
  'history',
  'protocol',
  'targets',
  'checkers',
  'harness',
  'nemesis',
  'workloads',
  'runtime/sim',
];

/** A room within one of those, whose systems run in real time only. */
const realTimeRoom = 'targets/real';

/** Files of those rooms that meet real time by design, each with what it may name. */
const realTimeAllowed: Readonly<Record<string, readonly string[]>> = {
  'harness/drive.ts': ['setTimeout', 'clearTimeout', 'performance'],
  'harness/run.ts': ['performance', 'Date'],
};

const forbiddenNames =
  /\b(?:Date|Math\.(?:random|log|log2|log10|log1p|exp|expm1|pow|sin|cos|tan|atan2|sinh|cosh|tanh|cbrt|hypot)|setTimeout|setInterval|clearTimeout|performance|hrtime|toLocaleString|toLocaleLowerCase|toLocaleUpperCase|localeCompare|Intl)\b/g;

interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const tokens = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** The code without comments; strings become `""`, so that words in them do not count. */
const codeOnly = (text: string): string => text.replace(tokens, (token) => (token.startsWith('/') ? ' ' : '""'));

const withoutComments = (text: string): string =>
  text.replace(tokens, (token) => (token.startsWith('/') ? ' ' : token));

/** Every module a file names: static, re-exported, dynamic, and `new URL(…, import.meta.url)`. */
function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const match of code.matchAll(/\b(import|export)\s+(type\s+)?[^'"`;()]*?\bfrom\s*(['"])([^'"]+)\3/g)) {
    found.push({ specifier: match[4] as string, typeOnly: match[2] !== undefined });
  }
  for (const match of code.matchAll(/\bimport\s*(['"])([^'"]+)\1/g)) {
    found.push({ specifier: match[2] as string, typeOnly: false });
  }
  for (const match of code.matchAll(/\bimport\s*\(\s*(?:(['"`])([^'"`$]+)\1|([^)]*))/g)) {
    found.push({ specifier: match[2] ?? `(${match[3]?.trim() ?? ''})`, typeOnly: false });
  }
  for (const match of code.matchAll(/\bnew URL\(\s*(['"])([^'"]+)\1\s*,\s*import\.meta\.url/g)) {
    found.push({ specifier: match[2] as string, typeOnly: false });
  }
  return found;
}

function roomOf(path: string): string | undefined {
  for (const inner of ['reports/client', 'targets/real']) if (path.startsWith(`${inner}/`)) return inner;
  const slash = path.indexOf('/');
  if (slash < 0) return 'entry';
  const folder = path.slice(0, slash);
  if (aside.has(folder)) return undefined;
  return folder === 'cli' || folder === 'arbitraries' ? 'entry' : folder;
}

/** What is wrong with the imports of one file, a sentence each. */
function arrowViolations({ path, text }: SourceFile): string[] {
  const from = roomOf(path);
  if (from === undefined) return [];
  const allowed = mayImport[from];
  if (allowed === undefined) return [`${path} is in no room of the table`];
  const violations: string[] = [];
  for (const { specifier, typeOnly } of importsOf(text)) {
    if (specifier.startsWith('(')) violations.push(`${path} imports an expression: ${specifier}`);
    if (!specifier.startsWith('.')) continue;
    const target = join(dirname(path), specifier);
    const to = roomOf(target);
    if (target.startsWith('..') || target === 'package.json' || to === from) continue;
    if (typeOnly && dataShapes.has(`${from} -> ${to}`)) continue;
    if (to === undefined || !allowed.includes(to))
      violations.push(`${path} (${from}) imports ${target} (${to ?? 'aside'})`);
  }
  return violations;
}

/** Names of real time, chance, or rounding that differs between engines, used where a seed decides. */
function realTimeViolations({ path, text }: SourceFile): string[] {
  if (roomOf(path) === realTimeRoom || !deterministicRooms.some((room) => path.startsWith(`${room}/`))) return [];
  const allowed = realTimeAllowed[path] ?? [];
  const used = new Set([...codeOnly(text).matchAll(forbiddenNames)].map((match) => match[0]));
  return [...used].filter((name) => !allowed.includes(name)).map((name) => `${path} uses ${name}`);
}

function sourceFiles(): SourceFile[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter(
      (path) => !aside.has(path.split('/')[0] as string) && !path.includes('/testing/') && !/\.config\.ts$/.test(path),
    )
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

describe('the arrows between rooms', () => {
  test('every import in the tree follows the table', () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(arrowViolations)).toEqual([]);
  });

  test('a violating import is seen, however it is written', () => {
    const violating = [
      `import { stats } from '../checkers/stats.ts';`,
      `import type { Checker } from "../checkers/checker.ts";`,
      `export * from '../checkers/checker.ts';`,
      `import {\n  stats,\n} from '../checkers/stats.ts';`,
      `import '../checkers/stats.ts';`,
      `const lazy = await import('../checkers/stats.ts');`,
      'const lazy = await import(`../checkers/stats.ts`);',
      `new Worker(new URL('../checkers/worker.ts', import.meta.url));`,
    ];
    for (const text of violating) {
      expect(arrowViolations({ path: 'protocol/made-up.ts', text }), text).toHaveLength(1);
    }
  });

  test('an import of an expression is refused, because nobody can read where it points', () => {
    expect(arrowViolations({ path: 'nemesis/made-up.ts', text: 'await import(name);' })).toHaveLength(1);
  });

  test('rooms of one number never import each other, and nothing imports an entry point', () => {
    expect(arrowViolations({ path: 'nemesis/x.ts', text: `import '../workloads/index.ts';` })).toHaveLength(1);
    expect(arrowViolations({ path: 'runtime/sim/x.ts', text: `import '../../reports/store.ts';` })).toHaveLength(1);
    expect(arrowViolations({ path: 'reports/x.ts', text: `import '../cli/main.ts';` })).toHaveLength(1);
    expect(arrowViolations({ path: 'harness/x.ts', text: `import { run } from '../index.ts';` })).toHaveLength(1);
    const real = `import { realSystems } from '../targets/real/index.ts';`;
    expect(arrowViolations({ path: 'runtime/x.ts', text: real })).toHaveLength(1);
    expect(arrowViolations({ path: 'cli/x.ts', text: real })).toEqual([]);
    expect(arrowViolations({ path: 'targets/x.ts', text: `import './real/index.ts';` })).toHaveLength(1);
    expect(arrowViolations({ path: 'targets/real/x.ts', text: `import '../index.ts';` })).toHaveLength(1);
  });

  test('what the table allows, comments, and packages are no violations', () => {
    expect(arrowViolations({ path: 'checkers/x.ts', text: `import type { Op } from '../history/op.ts';` })).toEqual([]);
    expect(arrowViolations({ path: 'protocol/x.ts', text: `// import '../cli/main.ts'\nimport 'node:fs';` })).toEqual(
      [],
    );
    expect(arrowViolations({ path: 'runtime/sim/x.ts', text: `import '../contract.ts';` })).toEqual([]);
    expect(arrowViolations({ path: 'cli/x.ts', text: `import '../targets/raft/raft.ts';` })).toEqual([]);
  });

  test('a folder that is no room is refused', () => {
    expect(arrowViolations({ path: 'helpers/x.ts', text: '' })).toHaveLength(1);
  });

  test('docs/ARCHITECTURE.md has the same table', () => {
    const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z/]+)` +\| \d +\| ([^|]*) \|/gm)].map((row) => [
      row[1] as string,
      [...(row[2] as string).matchAll(/`([a-z/]+)`/g)].map((room) => room[1] as string),
    ]);
    const documented = Object.fromEntries(rows) as Record<string, string[]>;
    const { entry: _, ...rooms } = mayImport;
    expect(documented).toEqual(rooms);
  });
});

describe('real time and chance', () => {
  test('are named nowhere that a seed decides', () => {
    expect(sourceFiles().flatMap(realTimeViolations)).toEqual([]);
  });

  test('are seen where they do not belong', () => {
    for (const text of [
      'Date.now()',
      'Math.random()',
      'setTimeout(f, 1)',
      'performance.now()',
      'Math.log(x)',
      'a.localeCompare(b)',
    ]) {
      expect(realTimeViolations({ path: 'targets/raft/x.ts', text }), text).toHaveLength(1);
    }
    expect(realTimeViolations({ path: 'runtime/process/x.ts', text: 'Date.now()' })).toEqual([]);
    expect(realTimeViolations({ path: 'targets/real/etcd/x.ts', text: 'Date.now()' })).toEqual([]);
    expect(realTimeViolations({ path: 'targets/raft/x.ts', text: "// Date\nconst x = 'Date.now()';" })).toEqual([]);
  });

  test('every file with leave to name them exists', () => {
    const paths = new Set(sourceFiles().map((file) => file.path));
    for (const path of Object.keys(realTimeAllowed)) expect(paths, path).toContain(path);
  });
});
