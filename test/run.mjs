// Runs the tests: `node test/run.mjs [--unit] [part of a file name …]`. The suites under test/editor drive
// a real VS Code; `--unit` leaves them out. The last line sums all suites, and the exit status is 1 unless
// something was run and nothing failed.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import Mocha from 'mocha';
import { packageExtension } from '../client/package.mjs';

const root = path.join(import.meta.dirname, '..');
const compiled = path.join(root, 'out/test');

// Whatever ends this process early has not passed.
process.exitCode = 1;

const args = process.argv.slice(2);
const files = chosenFiles({ unit: args.includes('--unit'), parts: args.filter((arg) => arg !== '--unit') });
if (files.some(isEditorSuite)) {
  rmSync(path.join(root, 'test-results'), { recursive: true, force: true });
  packageExtension();
}

const mocha = new Mocha({
  ...JSON.parse(readFileSync(path.join(root, '.mocharc.json'), 'utf8')),
  forbidOnly: process.env.CI !== undefined,
});
for (const file of files) mocha.addFile(path.join(compiled, file));
await mocha.loadFilesAsync();

const runner = mocha.run((failures) => {
  const { passes, pending } = runner.stats;
  if (passes + failures === 0) console.log('No test was run.');
  if (pending > 0) console.log(`${pending} skipped`);
  console.log(`${passes} passed, ${failures} failed`);
  // A test that leaves something open behind it doesn't hold up the end.
  process.exit(passes > 0 && failures === 0 ? 0 : 1);
});
// What only passes when tried again says why it failed at first.
runner.on('retry', (test, error) => console.log(`    tried again: ${test.fullTitle()}\n      ${error.message.replaceAll('\n', '\n      ')}`));

/** The compiled tests, but for those whose source is gone; the editor suites, which are slow, last. */
function chosenFiles({ unit, parts }) {
  const tests = readdirSync(compiled, { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => existsSync(path.join(root, 'test', file.replace(/js$/, 'ts'))))
    .sort();
  return [...tests.filter((file) => !isEditorSuite(file)), ...(unit ? [] : tests.filter(isEditorSuite))]
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
}

function isEditorSuite(file) {
  return file.startsWith(`editor${path.sep}`);
}
