// The language configuration, read as VS Code reads it: JSON whose patterns are regular expressions of JavaScript.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Configuration {
  readonly comments: { readonly lineComment: string; readonly blockComment: readonly [string, string] };
  readonly wordPattern: string;
  readonly indentationRules: { readonly increaseIndentPattern: string; readonly decreaseIndentPattern: string };
  readonly onEnterRules: readonly { readonly beforeText: string; readonly action: { readonly appendText: string } }[];
  readonly folding: { readonly markers: { readonly start: string; readonly end: string } };
}

interface Contribution {
  readonly language: string;
  readonly path: string;
}

interface Contributions {
  readonly languages: readonly { id: string; extensions: readonly string[]; configuration: string }[];
  readonly grammars: readonly (Contribution & { readonly scopeName: string })[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(path.join(process.cwd(), file), 'utf8'));

describe('language configuration', () => {
  const configuration = read('syntaxes/language-configuration.json') as Configuration;

  it('knows what a word is', () => {
    const text = 'ram pcie-ecam at low.size-0x1000 + 4GiB - _a1-b2 // 90% x-1 "0000:01:00.0"';
    const words = [...text.matchAll(new RegExp(configuration.wordPattern, 'g'))].map(([word]) => word);
    assert.deepEqual(words, [
      ...['ram', 'pcie-ecam', 'at', 'low', 'size', '0x1000', '4GiB', '_a1-b2', '90', 'x', '1'],
      ...['0000', '01', '00', '0'],
    ]);
    assert.doesNotMatch('', new RegExp(configuration.wordPattern));
  });

  it('indents after an open brace, and only then', () => {
    const increase = new RegExp(configuration.indentationRules.increaseIndentPattern);
    const opening = ['host altra {', '  group 14 { // the "nic"', 'limits { memlock 64 GiB'];
    for (const line of opening) assert.match(line, increase);
    const other = ['limits { memlock 64 GiB }', '// host {', 'label "{"', 'ram low at 0 // {', '}'];
    for (const line of other) assert.doesNotMatch(line, increase);

    const decrease = new RegExp(configuration.indentationRules.decreaseIndentPattern);
    assert.match('  }', decrease);
    assert.doesNotMatch('limits { }', decrease);
  });

  it('goes on with documentation on the next line', () => {
    const appended = (line: string) =>
      configuration.onEnterRules.find(({ beforeText }) => new RegExp(beforeText).test(line))?.action.appendText;
    assert.equal(appended('  /// An Arm server:'), '/// ');
    assert.equal(appended('///'), '/// ');
    assert.equal(appended('// no documentation'), undefined);
    assert.equal(appended('ram low at 0 /// none either'), undefined);
  });

  it('folds between markers', () => {
    const { start, end } = configuration.folding.markers;
    for (const line of ['// #region memory', '  //region']) assert.match(line, new RegExp(start));
    for (const line of ['// #endregion', '  //endregion']) assert.match(line, new RegExp(end));
    assert.doesNotMatch('// #endregion', new RegExp(start));
    assert.doesNotMatch('ram region at 0', new RegExp(start));
  });

  it('is what the package contributes', () => {
    const { contributes } = read('package.json') as { contributes: Contributions };
    const [language] = contributes.languages;
    assert.ok(language);
    assert.deepEqual(language.extensions, ['.vmlayout']);
    const { scopeName } = read('syntaxes/vmlayout.tmLanguage.json') as { scopeName: string };
    assert.deepEqual(contributes.grammars.map((grammar) => grammar.scopeName), [scopeName]);
    assert.ok(existsSync(path.join(process.cwd(), language.configuration)));
    for (const contribution of contributes.grammars) {
      assert.equal(contribution.language, language.id);
      assert.ok(existsSync(path.join(process.cwd(), contribution.path)), contribution.path);
    }
  });
});
