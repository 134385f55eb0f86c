import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkFile } from '../../server/core/rules/check.js';
import { editDocument, openDocument, type Document } from '../../server/core/syntax/document.js';
import { drawFindings, TODAY } from '../support/check.js';
import { planOf } from '../support/evaluate.js';
import { allTexts, nonsense } from '../support/texts.js';

// What holds for every layout: order has no meaning, names have none, and a check remembers nothing that is not so.

interface Shape {
  readonly rams: readonly { base: number; size: number; offset: number }[];
  readonly kept: readonly { base: number; size: number }[];
  readonly stance: string;
  readonly page: string;
  readonly kernel: string;
}

const place = fc.record({ base: fc.nat(40), size: fc.integer({ min: 1, max: 12 }) });
const shapes: fc.Arbitrary<Shape> = fc.record({
  rams: fc.array(fc.record({ base: fc.nat(40), size: fc.integer({ min: 1, max: 12 }), offset: fc.nat(30) }), { minLength: 1, maxLength: 5 }),
  kept: fc.array(place, { maxLength: 3 }),
  stance: fc.constantFrom('reject', 'carve', 'tolerate'),
  page: fc.constantFrom('4 KiB', '2 MiB', '1 GiB'),
  kernel: fc.constantFrom('4.19', '6.6', '6.12'),
});

/** The declarations of a layout, in units of 256 MiB; `order` shuffles each block, `name` renames what is declared. */
function layout(shape: Shape, order: <T>(items: readonly T[]) => T[], name: (name: string) => string): string {
  const size = (units: number): string => `${units * 256} MiB`;
  const kept = shape.kept.map((range, index) => `reserved ${name(`kept${index}`)} at ${size(range.base)} size ${size(range.size)} kind reserved`);
  const rams = shape.rams.flatMap(({ base, size: units, offset }, index) => [
    `const ${name(`SIZE${index}`)} = ${size(units)}`,
    `ram ${name(`ram${index}`)} at ${index === 0 ? size(base) : `${name('ram0')}.base + ${size(base)}`} size ${name(`SIZE${index}`)} from ${name('pages')} + ${size(offset)}`,
  ]);
  const block = (head: string, members: readonly string[]): string => `${head} {\n${order(members).map((member) => `  ${member}\n`).join('')}}\n`;
  const iommu = `iommu ${name('unit')} { model vt-d  bits 48 ${order(kept).map((text) => `; ${text}`).join('')} }`;
  return order([
    block(`host ${name('machine')}`, ['page 4 KiB', `kernel ${shape.kernel}`, iommu, `group 1 { device ${name('nic')} "0000:01:00.0" }`]),
    block(`vm web on ${name('machine')}`, [`on-overlap ${shape.stance}`, `backing ${name('pages')} size 64 GiB hugetlb ${shape.page}`, `assign ${name('nic')}`, ...rams]),
    `const ${name('UNUSED')} = 1\n`,
  ]).join('\n');
}

const asItIs = <T>(items: readonly T[]): T[] => [...items];

describe('a plan', () => {
  it('does not depend on the order of declarations', () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, numbers) => {
        const shuffled = <T>(items: readonly T[]): T[] =>
          items.map((item) => ({ item, at: numbers.next().value as number })).sort((left, right) => left.at - right.at).map(({ item }) => item);
        const plain = layout(shape, asItIs, (name) => name);
        assert.deepEqual(accepted(planOf(layout(shape, shuffled, (name) => name), 'web'), shape), accepted(planOf(plain, 'web'), shape));
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it('does not depend on names', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('', 'a-', 'zz', '_'), (shape, prefix) => {
        const renamed = layout(shape, asItIs, (name) => `${prefix}${name}${prefix === '' ? 'x' : ''}`);
        assert.deepEqual(planOf(renamed, 'web', false), planOf(layout(shape, asItIs, (name) => name), 'web', false));
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);
});

/** Of two requests that meet, the kernel refuses the one that comes later: where RAM meets RAM, only verdicts are left out. */
function accepted(plan: readonly string[], { rams }: Shape): string[] {
  const first = rams[0]?.base ?? 0;
  const ranges = rams.map(({ base, size }, index) => ({ base: index === 0 ? base : first + base, size }));
  const meet = ranges.some((left, index) => ranges.slice(index + 1).some((right) => left.base < right.base + right.size && right.base < left.base + left.size));
  return meet ? plan.map((line) => line.replace(/ (?:ok|E[A-Z]+) /, ' ')) : [...plan];
}

describe('a check after edits', () => {
  it('says what a fresh one says', () => {
    const texts = allTexts().filter(({ text }) => text.length < 4000);
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 30 }), fc.oneof(nonsense, fc.constantFrom('', '', 'low', '1 GiB', 'x', '\n', '}', 'vm q { ram low at 0 size 1 GiB }\n'))), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...texts), edits, ({ text: start }, steps) => {
        let text = start;
        let document = openDocument(text);
        told(text, document);
        for (const [where, length, newText] of steps) {
          const from = where % (text.length + 1);
          const to = Math.min(text.length, from + length);
          text = text.slice(0, from) + newText + text.slice(to);
          document = editDocument(document, from, to, newText);
          assert.equal(told(text, document), told(text, openDocument(text)));
        }
      }),
      { numRuns: 600 },
    );
  }).timeout(120_000);
});

function told(text: string, document: Document): string {
  const options = { today: TODAY };
  const world = { read: (path: string) => (path === 'main.vmlayout' ? document : { error: 'there is no such file' }) };
  return drawFindings({ path: 'main.vmlayout', text, document, world, options, result: checkFile('main.vmlayout', world, options) });
}
