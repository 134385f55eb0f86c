import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// What the client says stands in its code in English, and in l10n/ in other languages; what package.json says is named there
// and stands in package.nls*.json. Nothing is missing in either, nothing is left over, and the numbers stay in.

type Texts = Readonly<Record<string, string>>;

const textsIn = (path: string): Texts => JSON.parse(readFileSync(path, 'utf8')) as Texts;

const LITERAL = /l10n\.t\('((?:[^'\\]|\\.)*)'/g;
const CALL = /l10n\.t\(/g;

describe('translations', () => {
  const sources = readdirSync('client', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).map((path) => readFileSync(join('client', path), 'utf8'));

  it('have every message of the client, and no other', () => {
    const said = new Set(sources.flatMap((text) => [...text.matchAll(LITERAL)].map(([, message = '']) => message)));
    const calls = sources.reduce((sum, text) => sum + [...text.matchAll(CALL)].length, 0);
    assert.equal(sources.reduce((sum, text) => sum + [...text.matchAll(LITERAL)].length, 0), calls, 'a message is no literal');
    for (const bundle of readdirSync('l10n')) assert.deepEqual(Object.keys(textsIn(join('l10n', bundle))).sort(), [...said].sort(), bundle);
  });

  it('have every text of package.json, and no other', () => {
    const keys = new Set([...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key = '']) => key));
    assert.ok(keys.size > 20);
    for (const path of ['package.nls.json', 'package.nls.de.json']) assert.deepEqual(Object.keys(textsIn(path)).sort(), [...keys].sort(), path);
  });

  it('keep placeholders, and the commands behind links', () => {
    const parts = (text: string): string[] => (text.match(/\{\d\}|\(command:[^)]+\)|`[^`]+`/g) ?? []).sort();
    const english = textsIn('package.nls.json');
    for (const [key, text] of Object.entries(textsIn('package.nls.de.json'))) assert.deepEqual(parts(text), parts(english[key] ?? ''), key);
    for (const [message, text] of Object.entries(textsIn('l10n/bundle.l10n.de.json'))) assert.deepEqual(parts(text), parts(message), message);
  });
});
