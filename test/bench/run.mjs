// Compares vmlayout with what is fast at the same work: `node test/bench/run.mjs [--quick] [part …]`, after bundling.
// The parts are those below, and sizes. Nothing fails for being slow: figures are printed, with the goals beside them.
// `--quick` measures less, installs nothing, and starts no VS Code.
import process from 'node:process';
import { installPeers } from './install.mjs';
import { sizeTableOf, tableOf } from './measure.mjs';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const parts = {
  parsing: async () => (await import('./suites/parsing.mjs')).measureParsing({ quick }),
  checking: async () => (await import('./suites/checking.mjs')).measureChecking({ quick }),
  typing: async () => (await import('./suites/typing.mjs')).measureTyping({ quick }),
  asking: async () => (await import('./suites/asking.mjs')).measureAsking({ quick }),
  starting: async () => (await import('./suites/starting.mjs')).measureStarting({ quick }),
  opening: async () => (await import('./suites/opening.mjs')).measureOpening({ quick }),
  counting: async () => (await import('./suites/counting.mjs')).measureCounting({ quick }),
  batch: async () => (await import('./suites/batch.mjs')).measureBatch({ quick }),
  activating: async () => (quick ? [] : (await import('./suites/activating.mjs')).measureActivating()),
};
const chosen = args.filter((arg) => arg !== '--quick');
const unknown = chosen.filter((arg) => arg !== 'sizes' && !Object.hasOwn(parts, arg));
if (unknown.length > 0) throw new Error(`There is no part \`${unknown[0]}\`; the parts are ${Object.keys(parts).join(', ')}, sizes.`);

if (!quick) installPeers();
const rows = [];
for (const [name, measure] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`Measuring ${name} …`);
  rows.push(...await measure());
}
if (rows.length > 0) console.log(tableOf(rows));
if (chosen.length === 0 || chosen.includes('sizes')) console.log(`\n${sizeTableOf(await (await import('./suites/sizes.mjs')).measureSizes())}`);
