// Changes the code, one small change at a time, and tells which changes no test notices: `node test/mutation/run.mjs
// [PART …]`, after a build; a part is a target (`intervals`, `rules/map-limit`) or the beginning of some (`rules/`). What is mutated
// is the compiled code: what the tests run. The score is the share of changes that a test noticed.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SourceMap } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import ts from 'typescript';
import { installStryker } from './install.mjs';
import { allTargets } from './targets.mjs';

const root = path.join(import.meta.dirname, '../..');
const results = 'test-results/mutation';

/** Maps from compiled files to their sources, by source. */
const sourceMaps = new Map();

const targets = chosenTargets(process.argv.slice(2));
process.chdir(root);
installStryker();
const { Stryker } = await import('@stryker-mutator/core');
mkdirSync(results, { recursive: true });

const scores = [];
for (const target of targets) {
  const { counts, lines } = summed(await mutate(target));
  console.log(`\n${target.name}: ${scoreOf(counts)}`);
  for (const line of lines) console.log(`  ${line}`);
  writeFileSync(path.join(results, `${fileName(target)}.txt`), [`${target.name}: ${scoreOf(counts)}`, ...lines, ''].join('\n'));
  scores.push({ target: target.name, ...counts, 'score %': percent(counts) });
}
if (scores.length > 1) console.table(scores);

function chosenTargets(parts) {
  const all = allTargets();
  const unknown = parts.find((part) => !all.some(({ name }) => isMeant(name, part)));
  if (unknown !== undefined) throw new Error(`There is no target \`${unknown}\`; there are ${all.map(({ name }) => name).join(', ')}.`);
  return parts.length === 0 ? all : all.filter(({ name }) => parts.some((part) => isMeant(name, part)));
}

/** A target is meant by its name, several by the folder they begin with. */
function isMeant(name, part) {
  return name === part || (part.endsWith('/') && name.startsWith(part));
}

/** What the tests of the core don't read: each run copies the rest. */
function unneeded() {
  const needed = ['out', 'test', 'examples', 'docs', 'package.json', '.mocharc.json'];
  const outside = readdirSync(root).filter((name) => !needed.includes(name)).map((name) => `/${name}`);
  const tests = readdirSync(path.join(root, 'test')).filter((name) => name !== 'data').map((name) => `/test/${name}`);
  return [...outside, ...tests];
}

function fileName({ name }) {
  return name.replaceAll('/', '-');
}

async function mutate(target) {
  const sandbox = path.join(results, `sandbox-${process.pid}`);
  try {
    return await new Stryker({
      packageManager: 'npm',
      testRunner: 'mocha',
      plugins: [path.join(root, 'test/mutation/node_modules/@stryker-mutator/mocha-runner/dist/src/index.js')],
      mutate: target.mutate,
      ignorePatterns: unneeded(),
      mochaOptions: { spec: target.spec, ...(target.grep && { grep: target.grep }) },
      coverageAnalysis: 'perTest',
      // What runs once, when a file is loaded, would need a process of its own for each change: tables and texts.
      ignoreStatic: true,
      concurrency: Number(process.env.MUTATION_PROCESSES ?? 1),
      timeoutMS: 4000,
      reporters: ['html', 'json'],
      htmlReporter: { fileName: path.join(results, `${fileName(target)}.html`) },
      jsonReporter: { fileName: path.join(results, `${fileName(target)}.json`) },
      tempDirName: sandbox,
      symlinkNodeModules: true,
      disableTypeChecks: false,
      logLevel: 'warn',
      fileLogLevel: 'off',
      allowEmpty: true,
    }).runMutationTest();
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

/** What became of the mutants, and a line for each that no test noticed. */
function summed(mutants) {
  const of = (...statuses) => mutants.filter(({ status }) => statuses.includes(status));
  const counts = { noticed: of('Killed', 'Timeout', 'RuntimeError').length, survived: of('Survived').length, 'not run': of('NoCoverage').length };
  const lines = of('Survived', 'NoCoverage').map(lineOf);
  return { counts, lines };
}

/** `server/core/layout/intervals.ts:20  range.end - 1n → range.end + 1n`. */
function lineOf({ fileName: file, location, replacement, status }) {
  const relative = path.relative(root, file);
  const before = textAt(readFileSync(relative, 'utf8'), location);
  return `${sourceLine(relative, location.start)}  ${oneLine(before)} → ${oneLine(replacement)}${status === 'NoCoverage' ? '  (no test runs it)' : ''}`;
}

/** Where a place in a compiled file is in its source. */
function sourceLine(compiled, { line, column }) {
  const source = compiled.replace(/^out\//, '').replace(/js$/, 'ts');
  if (!sourceMaps.has(source)) sourceMaps.set(source, sourceMapOf(source));
  const entry = sourceMaps.get(source).findEntry(line - 1, column - 1);
  return `${source}:${entry.originalLine + 1}`;
}

/** Compiled anew, each file by itself, for the map that the build doesn't write. */
function sourceMapOf(source) {
  const { sourceMapText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, sourceMap: true },
  });
  return new SourceMap(JSON.parse(sourceMapText));
}

/** Lines and columns count from 1. */
function textAt(text, { start, end }) {
  const lines = text.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join('\n');
}

function oneLine(text) {
  const line = stripVTControlCharacters(text).replace(/\s+/g, ' ');
  return line.length > 110 ? `${line.slice(0, 107)}…` : line;
}

function percent({ noticed, survived, 'not run': unrun }) {
  const all = noticed + survived + unrun;
  return all === 0 ? 'nothing to change' : ((100 * noticed) / all).toFixed(1);
}

function scoreOf(counts) {
  return `${percent(counts)} % of ${counts.noticed + counts.survived + counts['not run']} changes noticed (${counts.survived} survived, ${counts['not run']} not run)`;
}
