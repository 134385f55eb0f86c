import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { inFolder, program, vmlayout, type Outcome } from '../support/command-line.js';

// What others run in CI: the GitHub Action and the pre-commit hooks of this repository, by their own commands.

const WRONG = 'vm web {\n  ram low at 0 siz\n}\n';
const LOOSE = 'vm web {\n  ram low at 0 size 4G\n}\n';
const RIGHT = 'const A = 1\nconst B = A\n';

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly { readonly name: string; readonly shell: string; readonly env: Readonly<Record<string, string>>; readonly run: string }[] };
}

const action = load(readFileSync('action.yml', 'utf8')) as Action;

/** Runs the step that checks, as a runner does, with these inputs. */
function checkStep(folder: string, inputs: Readonly<Record<string, string>>): Outcome {
  const step = action.runs.steps.at(-1) ?? assert.fail();
  const value = (expression: string): string =>
    expression.replace(/\$\{\{ (?:github\.action_path|inputs\.([\w-]+)) \}\}/g, (_, name?: string) => (name === undefined ? resolve('.') : inputs[name] ?? action.inputs[name]?.default ?? assert.fail(name)));
  const env = Object.fromEntries(Object.entries(step.env).map(([name, expression]) => [name, value(expression)]));
  const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], { cwd: folder, env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' });
  return { status: status ?? -1, out: stdout, err: stderr };
}

describe('the GitHub Action', function () {
  this.timeout(60_000);

  it('is a composite one, whose inputs are described and all used, and never part of a command', () => {
    assert.equal(action.runs.using, 'composite');
    const used = new Set([...JSON.stringify(action.runs).matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), Object.keys(action.inputs).sort());
    for (const { description, default: otherwise } of Object.values(action.inputs)) assert.ok(description.length > 10 && typeof otherwise === 'string');
    for (const { shell, run } of action.runs.steps) {
      assert.equal(shell, 'bash');
      assert.doesNotMatch(run, /\$\{\{/);
      assert.equal(spawnSync('bash', ['-n', '-c', run]).status, 0);
    }
  });

  it('annotates the lines and fails where there is an error', async () => {
    await inFolder({ 'a.vmlayout': WRONG, 'in/b.vmlayout': RIGHT }, (folder) => {
      const { status, out, err } = checkStep(folder, {});
      assert.deepEqual({ status, err }, { status: 1, err: '' });
      assert.match(out, /^::error file=a\.vmlayout,line=2,/m);
      assert.equal(checkStep(folder, { files: 'in' }).status, 0);
    });
  });

  it('passes its inputs on, whatever is in them', async () => {
    await inFolder({ 'a b.vmlayout': LOOSE, '$(touch x).vmlayout': LOOSE }, (folder) => {
      assert.equal(checkStep(folder, {}).status, 0);
      assert.equal(checkStep(folder, { 'max-warnings': '1' }).status, 1);
      assert.equal(checkStep(folder, { files: 'a b.vmlayout\n\n$(touch x).vmlayout\n', rules: 'unit-loose=off\nunused-const=off', 'max-warnings': '0' }).status, 0);
      assert.match(checkStep(folder, { format: 'json', files: 'a b.vmlayout' }).out, /"path": "a b\.vmlayout"/);
      assert.equal(existsSync(join(folder, 'x')), false);
    });
  });

  it('writes SARIF beside, and wants formatted layouts if asked to', async () => {
    await inFolder({ 'a.vmlayout': WRONG, 'b.vmlayout': 'const  A = 1\n' }, (folder) => {
      assert.equal(checkStep(folder, { 'sarif-file': 'out.sarif' }).status, 1);
      assert.match(readFileSync(join(folder, 'out.sarif'), 'utf8'), /"version": "2\.1\.0"/);
      const { status, out } = checkStep(folder, { fmt: 'true', files: 'b.vmlayout' });
      assert.equal(status, 1);
      assert.match(out, /^b\.vmlayout\n/);
      assert.equal(checkStep(folder, { files: 'none.vmlayout' }).status, 2);
    });
  });
});

describe('the pre-commit hooks', () => {
  const hooks = load(readFileSync('.pre-commit-hooks.yaml', 'utf8')) as readonly { readonly id: string; readonly name: string; readonly entry: string; readonly language: string; readonly files: string }[];

  it('have what pre-commit asks for, and are installed with a program that is built', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
    for (const { id, name, entry, language, files } of hooks) {
      assert.match(id, /^[a-z-]+$/);
      assert.ok(name.length > 0);
      assert.equal(language, 'node');
      assert.ok(Object.hasOwn(bin, entry.split(' ')[0] ?? ''));
      assert.ok(new RegExp(files).test('layouts/a.vmlayout') && !new RegExp(files).test('a.vmlayout.txt'));
    }
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly files: readonly { readonly path: string }[] }>);
    assert.deepEqual(packed?.files.map(({ path }) => path).sort(), ['LICENSE', 'README.md', 'dist/THIRD-PARTY-NOTICES.txt', 'dist/language-server.cjs', 'dist/program.cjs', bin['vmlayout'], 'package.json']);
  });

  it('are built where npm takes them from git, and only there', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    assert.equal(scripts['prepare'], 'node client/prepare.mjs');
    const files = { 'client/prepare.mjs': readFileSync('client/prepare.mjs'), 'node_modules/esbuild/package.json': '{}', 'package.json': JSON.stringify({ scripts: { ...scripts, bundle: 'node -e "require(\'fs\').writeFileSync(\'built\', String(process.env.npm_config_global))"' } }) };
    for (const [command, wanted] of [['install', 'undefined'], ['ci', undefined]] as const) {
      await inFolder(files, (folder) => {
        const { status } = spawnSync(process.execPath, ['client/prepare.mjs'], { cwd: folder, env: { ...process.env, npm_command: command, npm_config_global: 'true' } });
        assert.equal(status, 0);
        assert.equal(existsSync(join(folder, 'built')) ? readFileSync(join(folder, 'built'), 'utf8') : undefined, wanted);
      });
    }
  });

  it('check, and format, the files that are named', async () => {
    await inFolder({ 'a.vmlayout': WRONG, 'b.vmlayout': 'const  A = 1\n' }, async (folder) => {
      const [check, fmt] = hooks.map(({ entry }) => entry.split(' ').slice(1));
      assert.equal((await vmlayout([...(check ?? []), 'a.vmlayout', 'b.vmlayout'], { folder })).status, 1);
      assert.equal(program([...(check ?? []), 'b.vmlayout'], { folder }).status, 0);
      assert.equal((await vmlayout([...(fmt ?? []), 'b.vmlayout'], { folder })).status, 0);
      assert.equal(readFileSync(join(folder, 'b.vmlayout'), 'utf8'), 'const A = 1\n');
    });
  });
});

describe('the task of the editor', () => {
  it('is described in package.json as the client makes it', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { taskDefinitions: readonly { type: string; properties: object }[] } };
    const client = readFileSync('client/tasks.ts', 'utf8');
    const [definition] = contributes.taskDefinitions;
    assert.ok(client.includes(`const TASK_TYPE = '${definition?.type}';`));
    for (const name of Object.keys(definition?.properties ?? {})) assert.match(client, new RegExp(`readonly ${name}\\?: readonly string`));
  });
});
