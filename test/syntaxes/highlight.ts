// What the TextMate grammar makes of a text, with the very engine that VS Code runs. No other test knows that engine.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar, type StateStack } from 'vscode-textmate';

export const GRAMMAR_FILE = path.join(process.cwd(), 'syntaxes/vmlayout.tmLanguage.json');
const WASM_FILE = path.join(process.cwd(), 'node_modules/vscode-oniguruma/release/onig.wasm');
const ROOT = 'source.vmlayout';

/** A piece of one line; `scopes` from the outside in, without the root and without the language's suffix. */
export interface Token {
  readonly start: number;
  readonly end: number;
  readonly scopes: readonly string[];
}

export interface Line {
  readonly text: string;
  readonly tokens: readonly Token[];
}

export interface Highlighter {
  /** The tokens of every line of the text. */
  tokenize(text: string): Line[];
  /** The tokens of what has been typed, for each moment of typing the text: only its last line, as that alone is new. */
  typing(text: string): Iterable<Line>;
}

export async function loadHighlighter(): Promise<Highlighter> {
  const grammar = await (loaded ??= loadGrammar());
  return {
    tokenize: (text) => tokenizeLines(grammar, text),
    typing: (text) => typeLines(grammar, text),
  };
}

/**
 * Compares scopes with what is drawn under the text. Each row of carets says that exactly these stretches, and not a
 * character more on either side, have a scope that starts with the one named; `none` is no scope at all.
 */
export async function checkHighlight(drawn: string): Promise<void> {
  const { text, expectations } = readDrawing(drawn);
  const lines = (await loadHighlighter()).tokenize(text);
  for (const { line, row, scope } of expectations) {
    const drawnLine = lines[line];
    assert.ok(drawnLine, 'carets stand under a line');
    const actual = columnsWith(drawnLine, scope);
    for (const { start, end } of stretches(row)) {
      const exact = every(start, end, (column) => actual.has(column)) && !actual.has(start - 1) && !actual.has(end);
      if (!exact) assert.fail(`Expected\n${drawnLine.text}\n${row} ${scope}\n\nThe scopes are\n${drawLine(drawnLine)}`);
    }
  }
}

/** The text with its scopes under each line: one row of carets for each stack of scopes that the line has. */
export async function drawScopes(text: string): Promise<string> {
  return (await loadHighlighter()).tokenize(text).map(drawLine).join('');
}

// ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Expectation {
  readonly line: number;
  readonly row: string;
  readonly scope: string;
}

function readDrawing(drawn: string): { text: string; expectations: Expectation[] } {
  const source: string[] = [];
  const expectations: Expectation[] = [];
  for (const line of drawn.replace(/^\n/, '').split('\n')) {
    const expectation = /^([ ^]*\^) +([a-z][a-z.-]*)$/.exec(line);
    if (!expectation) source.push(line);
    else expectations.push({ line: source.length - 1, row: expectation[1] ?? '', scope: expectation[2] ?? '' });
  }
  assert.ok(expectations.length > 0, 'something is expected');
  return { text: source.join('\n'), expectations };
}

function drawLine(line: Line): string {
  const rows = new Map<string, string>();
  for (const token of line.tokens) {
    if (token.scopes.length === 0) continue;
    const scopes = token.scopes.join(' ');
    const row = rows.get(scopes) ?? '';
    rows.set(scopes, row.padEnd(token.start) + '^'.repeat(token.end - token.start));
  }
  return [line.text, ...[...rows].map(([scopes, row]) => `${row} ${scopes}`)].join('\n') + '\n';
}

function columnsWith(line: Line, scope: string): Set<number> {
  const columns = new Set<number>();
  for (const token of line.tokens) {
    const named = token.scopes.some((each) => `${each}.`.startsWith(`${scope}.`));
    if (!named && !(scope === 'none' && token.scopes.length === 0)) continue;
    for (let column = token.start; column < token.end; column++) columns.add(column);
  }
  return columns;
}

function* stretches(row: string): Iterable<{ start: number; end: number }> {
  for (const carets of row.matchAll(/\^+/g)) yield { start: carets.index, end: carets.index + carets[0].length };
}

function every(start: number, end: number, holds: (column: number) => boolean): boolean {
  return Array.from({ length: end - start }, (_, index) => start + index).every(holds);
}

// ── The engine ───────────────────────────────────────────────────────────────────────────────────────────────────

let loaded: Promise<IGrammar> | undefined;

async function loadGrammar(): Promise<IGrammar> {
  await oniguruma.loadWASM(readFileSync(WASM_FILE));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: (scope) => Promise.resolve(scope === ROOT ? readGrammar() : null),
  });
  const grammar = await registry.loadGrammar(ROOT);
  assert.ok(grammar, `${GRAMMAR_FILE} is the grammar of ${ROOT}`);
  return grammar;
}

function readGrammar() {
  return textmate.parseRawGrammar(readFileSync(GRAMMAR_FILE, 'utf8'), GRAMMAR_FILE);
}

function tokenizeLines(grammar: IGrammar, text: string): Line[] {
  let state = textmate.INITIAL;
  return text.split('\n').map((line) => {
    const result = tokenizeLine(grammar, line, state);
    state = result.state;
    return result.line;
  });
}

function* typeLines(grammar: IGrammar, text: string): Iterable<Line> {
  let state = textmate.INITIAL;
  for (const line of text.split('\n')) {
    for (let typed = 0; typed < line.length; typed++) yield tokenizeLine(grammar, line.slice(0, typed), state).line;
    const whole = tokenizeLine(grammar, line, state);
    yield whole.line;
    state = whole.state;
  }
}

function tokenizeLine(grammar: IGrammar, text: string, before: StateStack): { line: Line; state: StateStack } {
  const { tokens, ruleStack, stoppedEarly } = grammar.tokenizeLine(text, before);
  assert.ok(!stoppedEarly);
  return {
    line: {
      text,
      // The engine counts the line break that it adds.
      tokens: tokens
        .map(({ startIndex, endIndex, scopes }) => ({
          start: startIndex,
          end: Math.min(endIndex, text.length),
          scopes: scopes.slice(1).map((scope) => scope.replace(/\.vmlayout$/, '')),
        }))
        .filter(({ start, end }) => start < end),
    },
    state: ruleStack,
  };
}
