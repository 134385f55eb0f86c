// From a key to the diagnostics of the text with it, over stdio, as an editor would see it.
import path from 'node:path';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { inTurns, row } from '../measure.mjs';
import { editsOf, startServer } from '../language-server.mjs';
import { jsonOf } from '../json-document.mjs';
import { startJson } from '../peers.mjs';

const here = path.join(import.meta.dirname, '..');
const OURS = [path.join(here, '../../dist/server.cjs'), '--stdio'];
const TRIVIAL = [path.join(here, 'references/trivial-server.mjs'), '--stdio'];

const WARM_UP_EDITS = 60;

export async function measureTyping({ quick }) {
  const rows = [];
  const keys = [];
  for (const lines of quick ? [10_000] : [10_000, 100_000]) {
    const large = lines > 10_000;
    const taken = await keysAt(lines, quick);
    const size = `a key in ${lines.toLocaleString('en')} lines`;
    keys.push(taken.ours);
    rows.push(row(large ? 'G2' : 'G1', `${size} ÷ in a server that does nothing`, taken.ours, taken.trivial, { atMost: large ? 0.8 : 1.25 }));
    rows.push(row('', `${size}, with diagnostics asked for, ÷ the same in a server that does nothing`, taken.oursAsked, taken.trivialAsked));
    if (!quick) rows.push(row('G5', `${size} of JSON, VS Code’s server ÷ ours`, taken.json, taken.ours, { atLeast: large ? 70 : 15 }));
    rows.push(row('G4', `the worst of the keys \`{\`, \`/*\`, \`"\` ÷ ${size}`, taken.worst, taken.ours, { ...(large && { atMost: 5 }) }));
  }
  const [few, many] = keys;
  if (many) rows.push(row('G3', 'a key in 100,000 lines ÷ a key in 10,000', many, few, { atMost: 2 }));
  return rows;
}

async function keysAt(lines, quick) {
  const text = layoutOf(lines);
  const worst = editsOf(text, (line) => (/^ {2}(?:ram|mmio|window|backing) /.test(line) ? 2 : -1));
  const ours = await startServer(OURS, { text, languageId: 'vmlayout' });
  const trivial = await startServer(TRIVIAL, { text, languageId: 'vmlayout' });
  // VS Code asks.
  const oursAsked = await startServer(OURS, { text, languageId: 'vmlayout', answers: 'pull' });
  const trivialAsked = await startServer(TRIVIAL, { text, languageId: 'vmlayout', answers: 'pull' });
  const inSizes = () => editsOf(text, (line) => (/^ {2}(?:ram|mmio|window|backing) /.test(line) ? line.search(/(?<= size )/) : -1));
  const subjects = {
    ours: twoKeys(ours, inSizes(), () => '1'),
    trivial: twoKeys(trivial, inSizes(), () => '1'),
    oursAsked: twoKeys(oursAsked, inSizes(), () => '1'),
    trivialAsked: twoKeys(trivialAsked, inSizes(), () => '1'),
    worst: worstKey(ours, worst),
  };
  const servers = [ours, trivial, oursAsked, trivialAsked];
  if (!quick) {
    const json = jsonOf(lines);
    const server = await startJson(json);
    servers.push(server);
    subjects.json = twoKeys(server, editsOf(json, (line) => line.search(/(?<="size": )/)), () => '1');
  }
  await inTurns(WARM_UP_EDITS / 2, subjects);
  const taken = await inTurns(quick ? 25 : lines > 10_000 ? 60 : 120, subjects);
  await Promise.all(servers.map((server) => server.stop()));
  return taken;
}

/** A key and the key that takes it back: what one of them took. */
function twoKeys(server, edits, typed) {
  return async () => {
    const first = await server.edit(edits(typed()));
    const second = await server.edit(edits(typed()));
    return (first.milliseconds + second.milliseconds) / 2;
  };
}

/** What opens something that nothing closes. */
const OPENERS = ['{', '/*', '"'];

function worstKey(server, edits) {
  return async () => {
    let worst = 0;
    for (const opener of OPENERS) worst = Math.max(worst, await twoKeys(server, edits, () => opener)());
    return worst;
  };
}
