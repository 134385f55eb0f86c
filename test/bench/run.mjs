// Compares vmlayout with what is fast at the same work: `node test/bench/run.mjs [--quick] [part …]`, after bundling.
// The parts are parsing, checking, typing, asking and starting. Nothing fails for being slow: figures are printed, with the
// goals beside them. `--quick` takes less than a minute, measures less, and installs nothing.
import process from 'node:process';
import { installPeers } from './install.mjs';
import { tableOf } from './measure.mjs';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const parts = {
  parsing: async () => (await import('./suites/parsing.mjs')).measureParsing({ quick }),
  checking: async () => (await import('./suites/checking.mjs')).measureChecking({ quick }),
  typing: async () => (await import('./suites/typing.mjs')).measureTyping({ quick }),
  asking: async () => (await import('./suites/asking.mjs')).measureAsking({ quick }),
  starting: async () => (await import('./suites/starting.mjs')).measureStarting({ quick }),
};
const unknown = args.filter((arg) => arg !== '--quick' && !Object.hasOwn(parts, arg));
if (unknown.length > 0) throw new Error(`There is no part \`${unknown[0]}\`; the parts are ${Object.keys(parts).join(', ')}.`);

if (!quick) installPeers();
const rows = [];
for (const [name, measure] of Object.entries(parts)) {
  if (args.some((arg) => arg in parts) && !args.includes(name)) continue;
  console.error(`Measuring ${name} …`);
  rows.push(...await measure());
}
console.log(tableOf(rows));
