// The grammar against parsers of the same language: by hand, and with Chevrotain.
import assert from 'node:assert/strict';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { parseByHand } from '../../../out/test/bench/references/hand-parser.js';
import { openDocument, treeOf } from '../../../out/server/core/syntax/document.js';
import { inTurns, row } from '../measure.mjs';
import { startWorker } from '../worker.mjs';

export async function measureParsing({ quick }) {
  await checkTrees(quick);
  const rows = [];
  for (const lines of quick ? [10_000] : [10_000, 100_000]) rows.push(...await measureAt(lines, quick));
  return rows;
}

/** All parsers give the same trees, or nothing of what follows means anything. */
async function checkTrees(quick) {
  const text = layoutOf(10_000);
  for (const item of openDocument(text).items) assert.deepEqual(parseByHand(item.text), treeOf(item));
  if (quick) return;
  const { parseWithChevrotain } = await import('../references/chevrotain-parser.mjs');
  assert.deepEqual(parseWithChevrotain(text), parseByHand(text));
}

async function measureAt(lines, quick) {
  const large = lines > 10_000;
  const names = ['grammar', 'hand', 'grammarItem', 'grammarDamaged', ...(quick ? [] : ['chevrotain'])];
  const workers = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await startWorker(name, { lines, share: 0.1 })])));
  const runs = large ? 2 : 5;
  const taken = await inTurns(quick ? 8 : large ? 9 : 25, Object.fromEntries(names.map((name) => [name, () => workers[name].run(runs)])));
  for (const worker of Object.values(workers)) worker.stop();
  const size = `${lines.toLocaleString('en')} lines`;
  const item = taken.grammarItem.map((hundred) => hundred / 100);
  return [
    row('G7', `${size} parsed with the grammar ÷ by hand`, taken.grammar, taken.hand, { atMost: 4 }),
    ...(quick ? [] : [row('G8', `${size}: Chevrotain ÷ grammar`, taken.chevrotain, taken.grammar, { atLeast: 2 })]),
    row('G9', `${size} ÷ one item of them`, taken.grammar, item, { ...(large && { atLeast: 1000 }) }),
    row('G10', `${size}, a tenth of the statements broken ÷ none`, taken.grammarDamaged, taken.grammar, { atMost: 1.1 }),
  ];
}
