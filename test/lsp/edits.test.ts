import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Diagnostic, Position, TextDocumentContentChangeEvent } from 'vscode-languageserver';
import {
  checkFile, editDocument, openDocument, textOfDocument, type CheckResult, type Document, type World,
} from '../../server/core/index.js';
import { Documents } from '../../server/lsp/documents.js';
import { rangeOf, rangeOfPlace } from '../../server/lsp/convert.js';
import { layoutOf } from '../bench/generator.js';
import { TODAY } from '../support/check.js';
import { LanguageClient } from '../support/language-client.js';
import { nonsense, sample } from '../support/texts.js';

// The server's texts against a naive model of the protocol: a string, split into lines at each edit.

const URI = 'file:///ws/a.vmlayout';

const pieces = fc.oneof(
  nonsense,
  fc.constantFrom('', '\n', '\r\n', 'a\r\nb', '\u{1F4A1}', '}', '{', '/*', '*/', '"', 'vm x {\r\n}\r\n', '/// doc\n', '  ram r at 0 size 1 GiB\n'),
);
const edits = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 3 }), fc.nat({ max: 60 }), pieces), { maxLength: 8 });

const MAIN = 'main.vmlayout';
const OPTIONS = { today: TODAY };
const LIKE = `
const BASE = 1 GiB
vm model {
  const SIZE
  ram low at BASE size SIZE
  mmio its at 0x10_1000_0000 size 128 KiB
}
vm one like model { const SIZE = 2 GiB }
vm two like one { ram high at 8 GiB size SIZE  ram low at 0 size BASE }
policy strict { require aligned(r, BASE) for r in ram  allow region-overlap on two.low because "a test" }
`;

describe('a text that is edited by positions', () => {
  const starts = fc.constantFrom(sample(), sample().replaceAll('\n', '\r\n'), '', '\u{1F4A1}a\r\nvm \u{1F4A1} {\r\n}\n');

  it('is the text that the client has', () => {
    fc.assert(fc.property(starts, edits, (text, steps) => {
      const documents = new Documents();
      documents.open(URI, 1, text);
      let expected = text;
      for (const [index, step] of steps.entries()) {
        const change = changeOf(expected, step);
        expected = naivelyChanged(expected, change);
        documents.change(URI, index + 2, [change]);
      }
      const file = documents.get(URI);
      assert.equal(file && textOfDocument(file.document), expected);
    }), { numRuns: 500 });
  }).timeout(60_000);

  it('gives back the positions it takes', () => {
    fc.assert(fc.property(starts, fc.nat(), (text, where) => {
      const documents = new Documents();
      const { document } = documents.open(URI, 1, text);
      const offset = where % (text.length + 1);
      const before = text.slice(0, offset);
      const line = before.split('\n').length - 1;
      assert.deepEqual(rangeOf(document, { start: offset, end: offset }).start, { line, character: offset - (before.lastIndexOf('\n') + 1) });
    }), { numRuns: 500 });
  });

  it('takes a `\\r` alone for a line break, as the protocol does', () => {
    const documents = new Documents();
    documents.open(URI, 1, 'vm a { }\rvm b { }\r');
    documents.change(URI, 2, [{ range: { start: { line: 1, character: 3 }, end: { line: 1, character: 4 } }, text: 'c' }]);
    assert.equal(textOfDocument(documents.get(URI)!.document), 'vm a { }\nvm c { }\n');
  });

  it('takes several changes one after the other, and the whole text', () => {
    const documents = new Documents();
    documents.open(URI, 1, 'vm a { }\n');
    const at = (character: number) => ({ line: 0, character });
    documents.change(URI, 2, [{ range: { start: at(3), end: at(4) }, text: 'long' }, { range: { start: at(7), end: at(7) }, text: 'er' }]);
    assert.equal(textOfDocument(documents.get(URI)!.document), 'vm longer { }\n');
    documents.change(URI, 3, [{ text: 'vm b { }' }]);
    assert.equal(textOfDocument(documents.get(URI)!.document), 'vm b { }');
  });

  it('stays whole where it is too long to be read, and is read again once it isn’t', () => {
    const documents = new Documents();
    const long = `vm a { }\n${'/'.repeat(16 * 1024 * 1024)}\n`;
    assert.equal(documents.open(URI, 1, long).document.oversized, true);
    documents.change(URI, 2, [{ range: { start: { line: 0, character: 3 }, end: { line: 0, character: 4 } }, text: 'b' }]);
    const last = documents.change(URI, 3, [{ range: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } }, text: '' }]);
    assert.equal(last && textOfDocument(last.document), 'vm b { }\n');
  });
});

describe('diagnostics of an edited text', () => {
  it('are those of the same text opened anew', async () => {
    const [edited, fresh] = [await LanguageClient.start(), await LanguageClient.start()];
    await fc.assert(fc.asyncProperty(edits, async (steps) => {
      let text = sample();
      let told: Diagnostic[] = await edited.open(URI, text);
      for (const step of steps) {
        const change = changeOf(text, step);
        text = naivelyChanged(text, change);
        told = await edited.change(URI, change);
      }
      assert.deepEqual(told, await fresh.open(URI, text), text);
      await edited.close(URI);
      await fresh.close(URI);
    }), { numRuns: 60 });
    await Promise.all([edited.stop(), fresh.stop()]);
    assert.deepEqual([...edited.log, ...fresh.log], []);
  }).timeout(120_000);
});

describe('what is taken over from the check before', () => {
  const layout = `${layoutOf(150)}${LIKE}`;
  const words = [...layout.matchAll(/[\w-]+/g)].map((match) => match[0]);
  const swaps = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 12 });

  it('changes nothing, whatever word becomes another', () => {
    fc.assert(fc.property(swaps, (steps) => {
      let document = openDocument(layout);
      let result = checkFile(MAIN, worldOf(document), OPTIONS);
      for (const [where, other, back] of steps) {
        const before = document;
        document = withWordChanged(document, where, words[other % words.length] ?? '');
        result = checkFile(MAIN, worldOf(document), OPTIONS, result);
        sameAsFresh(document, result);
        if (!back) continue;
        document = before;
        result = checkFile(MAIN, worldOf(document), OPTIONS, result);
        sameAsFresh(document, result);
      }
    }), { numRuns: 150 });
  }).timeout(120_000);
});

const worldOf = (document: Document): World => ({ read: (path) => (path === MAIN ? document : { error: 'there is no such file' }) });

/** Replaces one word of the text by another; the text is edited, and not opened anew. */
function withWordChanged(document: Document, where: number, word: string): Document {
  const found = [...textOfDocument(document).matchAll(/[\w-]+/g)];
  const match = found[where % Math.max(1, found.length)];
  return match ? editDocument(document, match.index, match.index + match[0].length, word) : document;
}

function sameAsFresh(document: Document, result: CheckResult): void {
  const text = textOfDocument(document);
  const fresh = openDocument(text);
  assert.deepEqual(told(document, result), told(fresh, checkFile(MAIN, worldOf(fresh), OPTIONS)), text);
}

const told = (document: Document, { findings, vms, hosts, waived }: CheckResult): unknown => ({
  findings: findings.map(({ rule, level, message, place, notes }) => [rule, level, message, rangeOfPlace(document, place), notes.map((note) => note.message)]),
  plans: vms.map(({ vm, plan }) => [vm.name, plan?.totals]),
  hosts: hosts.map(({ name }) => name),
  waived: waived.map(({ message }) => message),
});

type Step = readonly [line: number, character: number, lines: number, characters: number, newText: string];

/** An edit by positions, some of which lie past the end of their line or of the text. */
function changeOf(text: string, [line, character, lines, characters, newText]: Step): TextDocumentContentChangeEvent & { range: { start: Position; end: Position } } {
  const all = text.split(/\r\n|\n/);
  const from = line % (all.length + 1);
  const start = { line: from, character: character % ((all[from]?.length ?? 0) + 3) };
  const end = lines === 0 ? { line: from, character: start.character + characters } : { line: from + lines, character: characters };
  // A `\r` right before what stays a `\n` would join with it, on the client's side, too.
  return { range: { start, end }, text: newText };
}

function naivelyChanged(text: string, { range, text: newText }: ReturnType<typeof changeOf>): string {
  const start = naiveOffset(text, range.start);
  return text.slice(0, start) + newText + text.slice(Math.max(start, naiveOffset(text, range.end)));
}

function naiveOffset(text: string, { line, character }: Position): number {
  const lines = text.split('\n');
  if (line >= lines.length) return text.length;
  const before = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  const own = lines[line] ?? '';
  const length = line < lines.length - 1 && own.endsWith('\r') ? own.length - 1 : own.length;
  return before + Math.min(character, length);
}
