// From a key and a question sent with it to the answer: what completion and hover take while somebody types.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { layoutOf } from '../../../out/test/bench/generator.js';
import { jsonOf, SCHEMA, yamlOf } from '../json-document.mjs';
import { editsOf, startServer } from '../language-server.mjs';
import { inTurns, row } from '../measure.mjs';
import { startJson, startYaml } from '../peers.mjs';

const here = path.join(import.meta.dirname, '..');
const LINES = 10_000;
const WARM_UP_ROUNDS = 10;

const QUESTIONS = [
  { name: 'completion', method: 'textDocument/completion' },
  { name: 'hover', method: 'textDocument/hover' },
];

export async function measureAsking({ quick }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmlayout-bench-'));
  try {
    return await measured(await startServers(quick, folder), quick);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measured(servers, quick) {
  const subjects = {};
  for (const [name, { server, edits, column }] of Object.entries(servers)) {
    for (const question of QUESTIONS) subjects[`${name} ${question.name}`] = askOf(server, edits, question, column[question.name]);
  }
  await inTurns(quick ? 5 : WARM_UP_ROUNDS, subjects);
  const taken = await inTurns(quick ? 20 : 30, subjects);
  await Promise.all(Object.values(servers).map(({ server }) => server.stop()));
  return QUESTIONS.flatMap(({ name }) => {
    const what = `a key and ${name} in ${LINES.toLocaleString('en')} lines`;
    const ours = taken[`ours ${name}`];
    return [
      row('', `${what} ÷ in a server that does nothing`, ours, taken[`trivial ${name}`]),
      ...(quick ? [] : [
        row('', `${what} of JSON, VS Code’s server ÷ ours`, taken[`json ${name}`], ours),
        row('', `${what} of YAML, yaml-language-server ÷ ours`, taken[`yaml ${name}`], ours),
      ]),
    ];
  });
}

/** A key, and the key that takes it back, each with the question on its line. */
function askOf(server, edits, { method }, character) {
  const ask = () => {
    const change = edits('1');
    return server.ask(change, method, { line: change.range.start.line, character });
  };
  return async () => (await ask() + await ask()) / 2;
}

async function startServers(quick, folder) {
  const text = layoutOf(LINES);
  const inLayout = { edits: editsOf(text, (line) => line.search(/(?<=^ {2}(?:ram|mmio|window|backing) .* size )/)), column: { completion: 3, hover: 3 } };
  const ours = { ...inLayout, server: await startServer([path.join(here, '../../dist/server.cjs'), '--stdio'], { text, languageId: 'vmlayout' }) };
  const trivial = { ...inLayout, server: await startServer([path.join(here, 'references/trivial-server.mjs'), '--stdio'], { text, languageId: 'vmlayout' }) };
  if (quick) return { ours, trivial };
  const json = jsonOf(LINES);
  const line = json.split('\n').find((each) => each.includes('"kind"'));
  const inJson = { edits: editsOf(json, (each) => each.search(/(?<="size": )/)), column: { completion: line.indexOf('"kind": "') + 9, hover: line.indexOf('kind') + 1 } };
  // This server reads its schemas from files, which the text names.
  const schema = path.join(folder, 'layout.schema.json');
  writeFileSync(schema, JSON.stringify(SCHEMA.schema));
  const yaml = `# yaml-language-server: $schema=${pathToFileURL(schema).href}\n${yamlOf(LINES - 1)}`;
  const inYaml = { edits: editsOf(yaml, (each) => each.search(/(?<=- kind: )/)), column: { completion: '      - kind: '.length, hover: '      - k'.length } };
  return { ours, trivial, json: { ...inJson, server: await startJson(json) }, yaml: { ...inYaml, server: await startYaml(yaml) } };
}
