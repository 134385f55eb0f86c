import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { run } from '../../server/hosts/commands/run.js';
import { TODAY } from './check.js';

/** The only test code that knows how commands are run: tests are arguments, files and what comes out. */

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  /** The working directory; that of the tests if left out. */
  readonly folder?: string;
  readonly input?: string | Uint8Array;
  readonly colour?: boolean;
}

/** Runs a command in this process. */
export async function vmlayout(args: readonly string[], { folder, input = '', colour = false }: Surroundings = {}): Promise<Outcome> {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({ colour, write: (text: string) => void (written[name] += text) });
  const status = await run(args, { folder: resolve(folder ?? '.'), today: TODAY, out: sink('out'), err: sink('err'), input: () => chunks(input) });
  return { status, ...written };
}

async function* chunks(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(input);
  for (let start = 0; start < bytes.length; start += 1 << 16) yield bytes.subarray(start, start + (1 << 16));
}

/** The program as it is shipped. */
export const PROGRAM = resolve('dist/vmlayout.cjs');

/** Runs the shipped program as a process of its own. */
export function program(args: readonly string[], { folder, input = '' }: Surroundings = {}, env: Readonly<Record<string, string>> = {}): Outcome {
  const options = { cwd: folder, input: Buffer.from(input), env: { ...process.env, ...env }, encoding: 'utf8' as const, maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], options);
  return { status: status ?? -1, out: stdout, err: stderr };
}

/** A folder with these files in it, for as long as a test takes. */
export async function inFolder(files: Readonly<Record<string, string | Uint8Array>>, test: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmlayout-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    await test(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares a text with the committed one; `npm run update` writes it anew. */
export function checkGolden(name: string, actual: string): void {
  const path = join('test/data/cli', name);
  if (process.env['UPDATE']) writeFileSync(path, actual);
  assert.ok(existsSync(path), `${path} is not there: run \`npm run update\``);
  assert.equal(actual, readFileSync(path, 'utf8'), `${path} is out of date: run \`npm run update\``);
}

/** Misuse: exit status 2, nothing on standard output, one line on standard error. */
export function assertMisuse(outcome: Outcome, line: string): void {
  assert.deepEqual(outcome, { status: 2, out: '', err: `vmlayout: ${line}\n` });
}
