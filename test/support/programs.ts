import { spawnSync } from 'node:child_process';

/** Programs beside Node that a test asks: compilers, dtc, QEMU. `.ci/run` installs them. */

/**
 * Whether a program is there. Where it isn't, the test that asks is skipped and says so; in CI it fails.
 */
export function needs(test: Mocha.Context, program: string, packageName = program): void {
  if (spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined) return;
  const missing = `${program} is not installed (Debian: apt-get install --no-install-recommends ${packageName})`;
  if (process.env['CI'] !== undefined) throw new Error(missing);
  console.log(`      ${missing}`);
  test.skip();
}

export interface Ran {
  readonly status: number | null;
  readonly out: Buffer;
  readonly err: string;
}

/** Runs a program to its end, with this on its standard input. */
export function ran(program: string, args: readonly string[], input: string | Uint8Array = ''): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 1 << 28, timeout: 120_000 });
  return { status, out: stdout, err: stderr.toString() };
}
