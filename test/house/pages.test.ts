import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { FUNCTIONS } from '../../server/core/layout/functions.js';
import { display } from '../../server/core/layout/values.js';
import { openDocument, treeOf } from '../../server/core/syntax/document.js';
import { problemsIn } from '../../server/core/syntax/problems.js';
import { DECLARATIONS, PROPERTIES, SELECTORS } from '../../server/core/syntax/vocabulary.js';
import { check, drawFindings, offersOf, spanOf, type Checked } from '../support/check.js';
import { draw, readPicture } from '../support/picture.js';

// What the pages show is real. A layout in them parses; a whole one has no error, unless its findings are drawn under
// its lines or told in a `text` block that follows. A part of one is fenced with what it is a part of:
// `vmlayout fragment=vm`.

for (const path of ['README.md', ...readdirSync('docs').filter((name) => name.endsWith('.md')).sort().map((name) => `docs/${name}`)]) {
  const blocks = blocksOf(readFileSync(path, 'utf8'));
  const layouts = blocks.filter(({ language }) => language === 'vmlayout');
  if (layouts.length === 0) continue;
  describe(`layouts in ${path}`, () => {
    for (const block of layouts) {
      it(`line ${block.line} parses`, () => checkSyntax(block));
      if (!block.fragment) it(`line ${block.line} has the findings that are shown`, () => checkWhole(block, told(block, blocks)));
    }
  });
}

describe('the language reference', () => {
  const page = readFileSync('docs/language.md', 'utf8').replace(/^```[^]*?^```$/gm, '');
  const code = new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span));
  const first = new Set([...code].map((span) => /^[\w-]+/.exec(span)?.[0]));
  const anywhere = new Set([...code].flatMap((span) => span.match(/[\w-]+/g) ?? []));

  it('explains every word of the language', () => {
    const words = [...Object.keys(DECLARATIONS), ...Object.keys(PROPERTIES), ...SELECTORS];
    assert.deepEqual(words.filter((word) => !first.has(word)), []);
    const fixed = Object.values(PROPERTIES).flatMap((property) => property.words ?? []);
    assert.deepEqual(fixed.filter((word) => !anywhere.has(word)), []);
  });

  it('has every function with its arguments', () => {
    assert.deepEqual([...FUNCTIONS.values()].map(({ signature }) => signature).filter((signature) => !code.has(signature)), []);
  });

  it('says what expressions come to', () => {
    const examples = valuesIn(page);
    assert.ok(examples.length > 0);
    for (const example of examples) assert.equal(evaluated(example), example.value, example.expression);
  });
});

/** A fenced block of a page. */
interface FencedBlock {
  readonly language: string;
  /** What it is a part of, if it isn't a whole file: `vm`. */
  readonly fragment: string | undefined;
  /** Line of its first line, from 1. */
  readonly line: number;
  readonly text: string;
  /** Whether nothing but blank lines stands between it and the block above. */
  readonly follows: boolean;
}

function blocksOf(page: string): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let end = 0;
  for (const match of page.matchAll(/^```([\w-]*)([^\n]*)\n([^]*?)^```$/gm)) {
    const [whole, language = '', info = '', text = ''] = match;
    const line = page.slice(0, match.index).split('\n').length + 1;
    const follows = blocks.length > 0 && page.slice(end, match.index).trim() === '';
    blocks.push({ language, fragment: /fragment=(\w+)/.exec(info)?.[1], line, text, follows });
    end = match.index + whole.length;
  }
  return blocks;
}

/** The `text` block right after a layout. */
function told(block: FencedBlock, blocks: readonly FencedBlock[]): string | undefined {
  const next = blocks[blocks.indexOf(block) + 1];
  return next?.language === 'text' && next.follows ? next.text : undefined;
}

function checkSyntax({ text, fragment }: FencedBlock): void {
  const source = readPicture(text).text;
  const document = openDocument(fragment ? `${fragment} fragment {\n${source}}\n` : source);
  const problems = document.items.flatMap((item, index) =>
    problemsIn(treeOf(item), item.text).map(({ start, end, message }) => {
      const base = document.starts[index] ?? 0;
      return { start: base + start, end: base + end, label: message };
    }),
  );
  const whole = document.items.map((item) => item.text).join('');
  assert.equal(draw(whole, problems), whole);
}

function checkWhole({ text }: FencedBlock, shown: string | undefined): void {
  const picture = readPicture(text);
  const checked = check(picture.text, picture.files);
  if (picture.drawn !== picture.text) assert.equal(drawFindings(checked), picture.drawn);
  else if (shown !== undefined) checkTold(checked, shown);
  else assert.equal(drawErrors(checked), picture.text);
}

/** `error: …` with the titles of its fixes below it: all findings of the levels that are told. */
function checkTold(checked: Checked, shown: string): void {
  const entries = shown.replace(/\n(?!(?:error|warning|note):|\s)/g, ' ').trim().split('\n');
  const levels = new Set(entries.map((entry) => /^\w+/.exec(entry)?.[0]));
  const findings = checked.result.findings.filter(({ level }) => levels.has(level));
  assert.deepEqual(entries.filter((entry) => !entry.startsWith(' ')), findings.map(({ level, message }) => `${level}: ${message}`));
  const titles = findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
  for (const entry of entries.filter((line) => line.startsWith(' '))) assert.ok(titles.includes(entry.replace(/^ +fix: /, '')), `no fix “${entry.trim()}” among:\n${titles.join('\n')}`);
}

const drawErrors = ({ text, document, result }: Checked): string =>
  draw(text, result.findings.filter(({ level }) => level === 'error').map((finding) => ({ ...spanOf(finding, document), label: `${finding.rule}: ${finding.message}` })));

/** An expression as a page shows it, and what it comes to beside some regions. */
interface ShownValue {
  readonly regions: string;
  readonly expression: string;
  readonly value: string;
}

/** The rows of tables headed `expression` and `comes to`; the line above such a table says beside which regions. */
function valuesIn(page: string): ShownValue[] {
  const tables = page.matchAll(/^With ([^\n]+):\n\n\| expression \| comes to \|\n\|[-|]+\n((?:\|.*\n)*)/gm);
  return [...tables].flatMap(([, beside = '', rows = '']) => {
    const regions = [...beside.matchAll(/`([^`]+)`/g)].map(([, region = '']) => region).join('\n');
    return rows.trim().split('\n').map((row) => {
      const [, expression = '', value = ''] = row.split(/ ?(?<!\\)\| ?/);
      return { regions, expression: plain(expression), value: value.startsWith('`') ? plain(value) : value };
    });
  });
}

/** What stands in a cell as code. */
const plain = (cell: string): string => cell.replace(/^`|`$/g, '').replaceAll('\\|', '|');

/** What an expression comes to; the problem, where it comes to nothing. */
function evaluated({ regions, expression }: ShownValue): string {
  const checked = check(`vm example {\n${regions}\nconst X = ${expression}\n}\n`);
  const { vm, evaluator } = checked.result.vms[0] ?? assert.fail('there is no vm');
  const constant = vm.element.children.find(({ name }) => name === 'X') ?? assert.fail('there is no constant');
  const value = evaluator.constant(constant);
  return evaluator.problems[0]?.message ?? display(value);
}
