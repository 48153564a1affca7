/** Runs the commands of the README, of docs/ci.md, and of docs/your-own.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createRegistry } from './registry.ts';
import { ftest, temporaryFolder } from './testing/ftest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = (name: string): string => readFileSync(join(root, name), 'utf8');

/** A folder in which the docs' paths lead where they lead in the repository. */
const cwd = temporaryFolder();
symlinkSync(join(root, 'docs'), join(cwd, 'docs'));

const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] as string);

/** The words of each ftest command in shell text, redirections left out. */
const ftestCommands = (shell: string): string[][] =>
  [...shell.matchAll(/\bnpx ftest ([^\n&|>]+)/g)].map((match) => (match[1] as string).trim().split(/\s+/));

/** The files of docs/your-own.md, in the order of the page: their first line says their name. */
const ownFiles = [...page('docs/your-own.md').matchAll(/^```(?:js|ts)\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, name, code]) => ({ name: name as string, code: code as string }),
);
const [server, inContainers, inSimulator] = ownFiles as [OwnFile, OwnFile, OwnFile];

interface OwnFile {
  readonly name: string;
  readonly code: string;
}

function folderWith(name: string, ...files: readonly OwnFile[]): string {
  const folder = join(cwd, name);
  mkdirSync(folder);
  for (const file of files) writeFileSync(join(folder, file.name), file.code);
  return folder;
}

const ownStateMachine = folderWith('in-simulator', inSimulator);

describe('README.md', () => {
  const commands = blocks(page('README.md'), 'sh').flatMap(ftestCommands);

  test('has the two lines', () => {
    const lines = blocks(page('README.md'), 'sh').map((block) => block.trim());
    expect(lines).toContain('npm ci && npx ftest raft --nemesis partition');
    expect(lines).toContain('npm ci && npm test');
  });

  test.each([
    ['raft --nemesis partition', 0],
    ['raft --bug stale-read --nemesis partition --runs 100 --seed 1', 1],
    ['check docs/examples/stale-read.jsonl', 1],
    ['check docs/examples/write-skew.jsonl --model serializable', 1],
  ])('ftest %s ends with %i', async (line, expected) => {
    expect(commands).toContainEqual(line.split(' '));
    const { code, stderr } = await ftest(line.split(' '), { cwd });
    expect(code, stderr).toBe(expected);
  });

  test('a system of one’s own runs like any other', async () => {
    const line = ['one-keeper', '--nemesis', 'partition,kill'];
    expect(commands).toContainEqual(line);
    const { code, stderr } = await ftest(line, { cwd: ownStateMachine });
    expect(code, stderr).toBe(0);
  });

  test('has no further command that nobody runs', () => {
    expect(commands).toHaveLength(5);
  });
});

describe('docs/ci.md', () => {
  const text = page('docs/ci.md');
  const job = blocks(text, 'yaml')[0] as string;

  test('has a job of ten lines', () => {
    expect(job.trimEnd().split('\n')).toHaveLength(10);
  });

  test('the job runs ftest, and what it uploads is there afterwards', async () => {
    const folder = join(cwd, 'job');
    mkdirSync(folder);
    const [command] = ftestCommands(job);
    const { code, stderr } = await ftest(command as string[], { cwd: folder });
    expect(code, stderr).toBe(0);
    const uploaded = /path: (\S+)/.exec(job)?.[1] as string;
    for (const file of ['index.html', 'junit.xml']) expect(existsSync(join(folder, uploaded, file)), file).toBe(true);
  });

  test.each(
    blocks(text, 'sh')
      .flatMap(ftestCommands)
      .map((words) => [words.join(' ')]),
  )('ftest %s works', async (line) => {
    const { code, stderr } = await ftest(line.split(' '), { cwd });
    expect(code, stderr).toBe(0);
  });
});

describe('docs/your-own.md', () => {
  const lines = blocks(page('docs/your-own.md'), 'sh').flatMap(ftestCommands);

  test('the state machine: its commands end as the page says', async () => {
    const codes = [];
    for (const line of lines.slice(1)) codes.push((await ftest(line, { cwd: ownStateMachine })).code);
    expect(codes).toEqual([0, 1, 0]);
  });

  test('the system in containers is known, and not run without containers', async () => {
    const folder = folderWith('in-containers', server, inContainers);
    expect(lines[0]?.[0]).toBe('late-store');
    const { code, stderr } = await ftest([...(lines[0] as string[]), '--runtime', 'sim'], { cwd: folder });
    expect([code, stderr]).toEqual([
      254,
      'ftest: late-store runs in containers only, not in the runtime sim: add --runtime docker\n',
    ]);
  });

  test.each(ownFiles.filter(({ name }) => name.endsWith('.ts')).map((file, i) => [i, file] as const))(
    'example %i has no errors of types',
    (i, file) => {
      const folder = folderWith(`types-${i}`, file);
      const options = {
        strict: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2023',
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        paths: { ftest: [join(root, 'dist/index.d.ts')] },
      };
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file.name] }));
      const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/tsc'), { cwd: folder, encoding: 'utf8' });
      expect([stdout, status]).toEqual(['', 0]);
    },
  );
});

describe('docs/library.md', () => {
  const printed = [
    /^false the object is not linearizable|^false key "x" is not linearizable/,
    /^false$/m,
    /^true \{ invoke: /,
  ];

  test.each(blocks(page('docs/library.md'), 'js').map((code, i) => [i, code] as const))(
    'example %i runs',
    (i, code) => {
      const file = join(cwd, `example-${i}.mjs`);
      writeFileSync(
        file,
        code.replace("from 'ftest'", `from ${JSON.stringify(pathToFileURL(join(root, 'dist/index.js')))}`),
      );
      expect(execFileSync(process.execPath, [file], { cwd, encoding: 'utf8' })).toMatch(printed[i]!);
    },
  );
});

describe('docs/HACKING.md', () => {
  test('names only scripts that package.json has', () => {
    const scripts = Object.keys(JSON.parse(page('package.json')).scripts);
    for (const match of page('docs/HACKING.md').matchAll(/npm run ([a-z]+)/g)) expect(scripts).toContain(match[1]);
  });
});

describe('--help', () => {
  test('names every command and no option that does not exist', async () => {
    const { stdout, code } = await ftest(['--help']);
    expect(code).toBe(0);
    for (const command of ['check', 'replay', 'report', 'list', 'doctor', 'clean'])
      expect(stdout).toContain(`ftest ${command}`);
    expect(stdout).toContain('--config <file>');
    for (const unbuilt of ['explore', 'shrink', 'serve', 'init', '--bin']) {
      expect(stdout).not.toContain(unbuilt);
    }
  });

  test('loads neither ink nor targets, so that it is there at once', () => {
    const trace = join(cwd, 'loaded.mjs');
    writeFileSync(
      trace,
      `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`export async function load(url, context, next) {
  process._rawDebug(url);
  return next(url, context);
}\`));`,
    );
    const { stderr } = spawnSync(process.execPath, ['--import', trace, join(root, 'dist/cli/main.js'), '--help'], {
      encoding: 'utf8',
    });
    expect(stderr).toContain('/cli/main.js');
    expect(stderr).not.toMatch(/node_modules\/(?:ink|react|execa|zod|jiti)\/|\/dist\/(?:targets|runtime|checkers)\//);
  });
});

describe('ftest list', () => {
  test('shows everything that the registry has', async () => {
    const { stdout, code } = await ftest(['list']);
    const { targets, workloads, nemeses } = createRegistry();
    for (const name of [...targets.keys(), ...workloads.keys(), ...nemeses.keys()]) expect(stdout).toContain(name);
    for (const { bugs } of targets.values()) for (const { name } of bugs) expect(stdout).toContain(name);
    expect(code).toBe(0);
  });

  test('gives the same as JSON, one kind or all', async () => {
    const all = JSON.parse((await ftest(['list', '--json'])).stdout);
    expect(Object.keys(all)).toEqual(['targets', 'workloads', 'nemeses', 'promises', 'bugs', 'models']);
    expect(all.targets.map(({ name }: { name: string }) => name)).toContain('raft');
    const bugs = JSON.parse((await ftest(['list', 'bugs', '--json'])).stdout);
    expect(bugs).toEqual({ bugs: all.bugs });
    expect(bugs.bugs[0]).toMatchObject({
      target: 'raft',
      name: expect.any(String),
      source: expect.any(String),
      summary: expect.any(String),
    });
  });
});
