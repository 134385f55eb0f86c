// A long document opened in a server that runs: the time to its diagnostics, and the memory it takes from then on.
import path from 'node:path';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { jsonOf } from '../json-document.mjs';
import { startServer } from '../language-server.mjs';
import { inTurns, row } from '../measure.mjs';
import { startJson } from '../peers.mjs';

const here = path.join(import.meta.dirname, '..');
const OURS = path.join(here, '../../dist/server.cjs');
const TRIVIAL = path.join(here, 'references/trivial-server.mjs');

export async function measureOpening({ quick }) {
  const rows = [];
  for (const lines of quick ? [10_000] : [10_000, 100_000]) rows.push(...await openedAt(lines, quick));
  return rows;
}

async function openedAt(lines, quick) {
  const text = layoutOf(lines);
  const taken = { ours: [], trivial: [], json: [] };
  const settings = { text, languageId: 'vmlayout', weighed: true };
  const start = { ours: () => startServer([OURS, '--stdio'], settings), trivial: () => startServer([TRIVIAL, '--stdio'], settings) };
  if (!quick) start.json = () => startJson(jsonOf(lines), { weighed: true });
  // Memory is what `top` shows when the diagnostics are there; the heap is what is left of it after a collection.
  const measured = async (name) => {
    const server = await start[name]();
    taken[name].push(await server.memory());
    await server.stop();
    return server.diagnosedIn;
  };
  const times = await inTurns(quick ? 2 : 5, Object.fromEntries(Object.keys(start).map((name) => [name, () => measured(name)])));
  const size = `${lines.toLocaleString('en')} lines`;
  const large = lines > 10_000;
  const of = (name, quantity) => taken[name].map((each) => each[quantity]);
  return [
    ...(quick ? [] : [row('G17', `${size} opened to diagnosed ÷ JSON in VS Code’s server`, times.ours, times.json, { ...(large && { atMost: 3 }) })]),
    row('', `${size} opened to diagnosed ÷ in a server that does nothing`, times.ours, times.trivial),
    row('G18', `memory of the server with ${size} open ÷ of one that does nothing`, of('ours', 'resident'), of('trivial', 'resident'), { ...(large && { atMost: 2 }) }),
    row('', `heap in use of it ÷ of one that does nothing`, of('ours', 'heap'), of('trivial', 'heap')),
    ...(quick ? [] : [row('', `memory of the server with ${size} open ÷ of VS Code’s JSON server`, of('ours', 'resident'), of('json', 'resident'))]),
  ];
}
