// Whole processes: the command line against a script that says hello, and the server from its start to its first answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { inTurns, row } from '../measure.mjs';
import { startServer } from '../language-server.mjs';

const here = path.join(import.meta.dirname, '..');
const dist = path.join(here, '../../dist');
const HELLO = [path.join(here, 'references/hello.cjs')];
const PEAK = ['--require', path.join(here, 'references/report-peak.cjs')];
const SMALL = 'const SIZE = 1 GiB\nvm a { ram low at 0 size SIZE }\n';

export async function measureStarting({ quick }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmlayout-bench-'));
  try {
    const check = (lines) => {
      const file = path.join(folder, `${lines}.vmlayout`);
      writeFileSync(file, layoutOf(lines));
      return [path.join(dist, 'vmlayout.cjs'), 'check', file];
    };
    return [...await commands(check, quick), ...await memory(check, quick), ...await servers(quick)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function commands(check, quick) {
  const sizes = quick ? [1_000] : [1_000, 10_000, 100_000];
  const subjects = Object.fromEntries(sizes.map((lines) => [lines, check(lines)]).map(([lines, command]) => [lines, () => wallOf(command)]));
  const taken = await inTurns(quick ? 5 : 15, { hello: () => wallOf(HELLO), ...subjects });
  return sizes.map((lines) =>
    row(lines === 1_000 ? 'G12' : '', `\`vmlayout check\` of ${lines.toLocaleString('en')} lines ÷ \`node hello.js\``, taken[lines], taken.hello, {
      ...(lines === 1_000 && { atMost: 2 }),
    }),
  );
}

async function memory(check, quick) {
  const lines = quick ? 10_000 : 100_000;
  const command = check(lines);
  const taken = await inTurns(quick ? 2 : 5, { hello: () => peakOf(HELLO), check: () => peakOf(command) });
  const what = `memory of \`vmlayout check\` of ${lines.toLocaleString('en')} lines, at most ÷ of \`node hello.js\``;
  return [row('G13', what, taken.check, taken.hello, { ...(!quick && { atMost: 2 }) })];
}

async function servers(quick) {
  const startOf = (command) => async () => {
    const server = await startServer([...command, '--stdio'], { text: SMALL, languageId: 'vmlayout' });
    await server.stop();
    return server.openedIn;
  };
  const taken = await inTurns(quick ? 5 : 15, {
    ours: startOf([path.join(dist, 'server.cjs')]),
    trivial: startOf([path.join(here, 'references/trivial-server.mjs')]),
  });
  return [row('G16', 'the server from its start to its first diagnostics ÷ one that does nothing', taken.ours, taken.trivial, { atMost: 1 })];
}

function wallOf(command) {
  const start = performance.now();
  run(command, ['ignore', 'ignore', 'inherit']);
  return performance.now() - start;
}

/** MiB. */
function peakOf(command) {
  const { output } = run([...PEAK, ...command], ['ignore', 'ignore', 'inherit', 'pipe']);
  return Number(output[3]) / 1024;
}

function run(command, stdio) {
  const result = spawnSync(process.execPath, command, { stdio, encoding: 'utf8' });
  if (result.status !== 0 && result.status !== 1) throw new Error(`${command.join(' ')} ended with status ${result.status}`);
  return result;
}
