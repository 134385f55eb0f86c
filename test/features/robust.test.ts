import fc from 'fast-check';
import { foldsIn, symbolsIn } from '../../server/core/index.js';
import { askEverything, fileOf } from '../support/cursor.js';
import { brokenFiles, nonsense, sample } from '../support/texts.js';

// No feature fails, wherever it is asked, in whatever text.

describe('every feature answers', () => {
  it('at every offset of the sample', () => everywhere(sample())).timeout(120_000);

  it('at the end of every prefix of the sample', () => {
    const text = sample();
    for (let end = 0; end <= text.length; end++) askAll(text.slice(0, end), [end]);
  }).timeout(300_000);

  for (const { name, text } of brokenFiles()) it(`at every offset of ${name}`, () => everywhere(text)).timeout(60_000);

  it('in nonsense', () => fc.assert(
    fc.property(nonsense, fc.array(fc.nat(), { maxLength: 5 }), (text, places) => askAll(text, places.map((place) => place % (text.length + 1)))),
    { numRuns: 1000 },
  )).timeout(60_000);

  it('in any string', () => fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(), (text, place) => askAll(text, [place % (text.length + 1)])),
    { numRuns: 500 },
  )).timeout(60_000);
});

function everywhere(text: string): void {
  askAll(text, Array.from({ length: text.length + 1 }, (_, offset) => offset));
}

function askAll(text: string, offsets: readonly number[]): void {
  const { file } = fileOf(text);
  for (const offset of offsets) askEverything(file, offset);
  symbolsIn(file.document);
  foldsIn(file.document);
}
