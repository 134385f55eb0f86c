import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { mapOf } from '../../server/core/map/from-plan.js';
import { atStep, type MapModel, type Sequence } from '../../server/core/map/model.js';
import { svgPicture, viewFor } from '../../server/core/map/picture.js';
import { drawHeadings, drawMap, prepare } from '../../server/core/map/scene.js';
import { widthOf, type Font, type Shape } from '../../server/core/map/shapes.js';
import { check } from '../support/check.js';
import { exampleFiles } from '../support/texts.js';
import { drawn } from './random-maps.js';

// A drawing that people look at: words never lie over words, and what a layout says is never taken for markup.

const models = (text: string): MapModel[] => {
  const { result } = check(text);
  return result.vms.map(({ vm, plan }) => mapOf(vm, plan, result.findings));
};

describe('drawing of a map', () => {
  for (const { name, text } of exampleFiles()) {
    it(`has no two words in one place: ${name}`, () => {
      for (const map of models(text)) {
        for (const scale of ['compressed', 'exact'] as const) {
          assertApart(drawMap(prepare({ models: [map] }), viewFor({ models: [map] }, { scale }), 980));
        }
      }
    });
  }

  it('has no two words in one place, whatever stands where', () => {
    fc.assert(fc.property(drawn, fc.integer({ min: 430, max: 1400 }), ({ map, view }, width) => {
      assertApart(drawMap(prepare({ models: [map] }), view, width));
      assertApart(drawHeadings([map], width));
      assertApart(drawHeadings([map, map, map], width));
    }));
  });

  it('is well-formed, whatever a finding says', () => {
    const [map] = models(readFileSync('examples/doorbell.vmlayout', 'utf8'));
    assert.ok(map);
    const hits = map.hits.map((hit) => ({ ...hit, message: 'a <script>alert("1")</script> & a \u0007 bell' }));
    const svg = svgPicture([{ models: [{ ...map, hits }] }]);
    assert.doesNotMatch(svg, /<script|\u0007/);
    assertBalanced(svg);
    assert.doesNotMatch(svg, /https?:\/\/(?!www\.w3\.org\/2000\/svg)|href|@import|\bon\w+=/);
  });

  it('breaks the lines of what a finding says within the picture, long names in it', () => {
    const name = 'low-memory-below-the-four-gigabyte-boundary';
    const svg = svgPicture(models(readFileSync('examples/doorbell.vmlayout', 'utf8').replace('ram low', `ram ${name}`)).map((map) => ({ models: [map] })));
    const lines = [...svg.matchAll(/<text class="t-message"[^>]*>(.*?)<\/text>/g)].map(([, content = '']) => [...content.matchAll(/<tspan class="(.*?)">(.*?)<\/tspan>/g)]);
    assert.ok(lines.length > 1);
    for (const line of lines) {
      const width = line.reduce((sum, [, look, words = '']) => sum + (look === 't-code' ? widthOf(words, 12, 'mono') : widthOf(words, 11.2, 'plain')), 0);
      assert.ok(width <= 952, `${line.map(([, , words]) => words).join('')} takes ${width}`);
    }
  });

  it('draws a map with nothing in it', () => {
    assertBalanced(svgPicture([]));
    assertBalanced(svgPicture(models('vm empty { }').map((map) => ({ models: [map] }))));
  });

  it('is the same for the same text', () => {
    const text = readFileSync('examples/policy.vmlayout', 'utf8');
    assert.equal(svgPicture(models(text).map((map) => ({ models: [map] }))), svgPicture(models(text).map((map) => ({ models: [map] }))));
  });

  it('has each leaf of a mapping in exactly one run', () => {
    for (const map of exampleFiles().flatMap(({ text }) => models(text))) {
      for (const item of map.items.filter(({ kind }) => kind === 'map')) {
        const runs = map.leaves.filter((run) => run.map === item.id);
        const bytes = runs.reduce((sum, { range }) => sum + range.end - range.base, 0n);
        assert.equal(bytes, item.range.end - item.range.base);
        for (const { size, range } of runs) assert.ok(range.base % size === 0n && range.end % size === 0n);
      }
    }
  });

  it('tears what is drawn short at every height, and tells no round address in a tear', () => {
    const [map] = models('vm v {\n  ram low at 1 GiB size 1 GiB\n}\n');
    assert.ok(map);
    for (const height of [240, 600, 1200]) {
      const shapes = drawMap(prepare({ models: [map] }), viewFor({ models: [map] }, { height }), 980);
      assert.deepEqual(wordsIn(shapes, 't-gap'), ['1 GiB', '15 EiB 1023 PiB 1023 TiB 1022 GiB'], `${height}`);
      assert.ok(wordsIn(shapes, 't-tick').every((words) => words.startsWith('0x4') || words.startsWith('0x5') || words.startsWith('0x6') || words.startsWith('0x7')), wordsIn(shapes, 't-tick').join());
    }
  });

  it('draws each of five regions over each other for itself, further in, however narrow', () => {
    const [map] = models('vm v {\n  ram a at 0 size 4 GiB\n  mmio b at 256 MiB size 1 GiB\n  mmio c at 512 MiB size 256 MiB\n  mmio d at 576 MiB size 64 MiB\n  mmio e at 600 MiB size 512 MiB\n}\n');
    assert.ok(map);
    for (const width of [330, 500, 980]) {
      const shapes = drawMap(prepare({ models: [map] }), viewFor({ models: [map] }, {}), width);
      const boxes = shapes.flatMap((shape) => (shape.shape === 'rect' && shape.item?.startsWith('gpa/') === true && /^v-(?:ram|mmio)/.test(shape.look) ? [shape] : []));
      assert.deepEqual(boxes.map(({ item }) => item), ['gpa/a', 'gpa/b', 'gpa/c', 'gpa/d', 'gpa/e']);
      assert.equal(new Set(boxes.map(({ x }) => x)).size, 5, `${width}`);
      assert.ok(boxes.every(({ width: own }) => own > 20));
      // No two frames of findings darken the same bytes.
      assert.equal(shapes.filter(({ look }) => look === 'hit-error').length, 1);
    }
  });

  it('fades what goes with a fix, and nothing that lies over it', () => {
    const [before, after] = [readFileSync('examples/doorbell.vmlayout', 'utf8'), readFileSync('examples/doorbell.vmlayout', 'utf8').replace('ram low at 0', 'ram low at 1 GiB')].map((text) => models(text)[0]);
    assert.ok(before && after);
    const shapes = drawMap(prepare({ models: [before], after }), viewFor({ models: [before], after }, {}), 980);
    assert.deepEqual([...new Set(shapes.flatMap((shape) => (shape.look.includes('is-gone') && 'item' in shape ? [shape.item] : [])))], ['gpa/low', 'iova/low']);
    assert.deepEqual(shapes.filter(({ look }) => look === 'ghost-fresh').map(({ item }) => item), ['gpa/low', 'iova/low']);
    assert.deepEqual(shapes.flatMap((shape) => (shape.shape === 'text' && shape.look.includes('t-name') && shape.look.includes('is-gone') ? [shape.text] : [])), ['low', 'low']);
  });

  it('tells the blocks that stances carve to apart, however narrow', () => {
    const [map] = models(readFileSync('examples/doorbell.vmlayout', 'utf8'));
    assert.ok(map);
    const titles = ['reject *', 'carve', 'carve to 2 MiB', 'carve to 1 GiB', 'tolerate', 'relocate'];
    const [first, ...others] = titles.map((stance) => ({ ...map, stance, outcome: 'starts' }));
    assert.ok(first);
    assert.deepEqual(wordsIn(drawHeadings([first, ...others], 898), 't-head').slice(1), ['reject *', 'carve', 'to 2 MiB', 'to 1 GiB', 'tolerate', 'relocate']);
    // Above all of them stands none of their names.
    assert.doesNotMatch(svgPicture([{ models: [first, ...others] }]), /on-overlap/);
  });

  it('has no marks of code in what it says of a mapping', () => {
    for (const { items, sequences } of exampleFiles().flatMap(({ text }) => models(text))) {
      for (const { details } of items) assert.doesNotMatch(details.join(), /`/);
      for (const { reason } of sequences.flatMap(({ steps }) => steps)) assert.doesNotMatch(reason, /`/);
    }
  });

  it('says what is wrong with the text that a guest and its host are written in', () => {
    const [map] = models('host h {\n  page 4 KiB\n  bits\n}\n\nhost other {\n  bits\n}\n\nvm v on h {\n  ram low at 0 size\n}\n');
    assert.deepEqual(map?.hits.map(({ rule, message }) => `${rule}: ${message}`), ['syntax: expected a number of bits after `bits`', 'syntax: expected a size after `size`']);
  });

  it('says that nothing is mapped, where nothing is', () => {
    const [map] = models(readFileSync('examples/doorbell.vmlayout', 'utf8').replace(/^ {2}ram low.*$/m, ''));
    assert.equal(map?.totals, 'nothing is mapped for DMA');
  });

  it('says of a finding what it hits', () => {
    const [map] = models(readFileSync('examples/doorbell.vmlayout', 'utf8'));
    assert.deepEqual(map?.hits.map(({ rule, space, witness, items }) => ({ rule, space, witness, items })), [
      { rule: 'doorbell-overlap', space: 'iova', witness: { base: 0x800_0000n, end: 0x810_0000n }, items: ['gpa/low', 'iova/low', 'iova/msi'] },
    ]);
  });

  it('shows what devices keep from the step on at which they come', () => {
    const [map] = models(readFileSync('examples/hotplug.vmlayout', 'utf8'));
    assert.deepEqual(map?.items.filter(({ kind }) => kind === 'kept').map(({ name, arrivals }) => [name, arrivals]), [['msi', []], ['mailbox', [0]], ['hypertransport', []]]);
    assert.deepEqual(map?.sequences.map(told), [['as declared', 'start-up: ok', 'fpga is plugged in: EADDRINUSE']]);
  });
});

describe('steps of a map', () => {
  const LATER = `host h {
  kernel 6.12
  page 4 KiB
  contract type1
  iommu mmu { model vt-d  bits 48  reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi }
  group 1 { device nic "0000:01:00.0" }
  group 2 { device gpu "0000:02:00.0"  reserved quirk at 0x1_8000_0000 size 1 MiB kind reserved }
}
vm v on h {
  vmm qemu
  ram low at 0 size 1 GiB
  ram spare at 4 GiB size 4 GiB hotplug dimm
  ram more at 16 GiB size 1 GiB hotplug virtio-mem block 2 MiB
  assign nic
  assign gpu hotplug
}
`;

  it('has RAM that comes later from its step on, and says whom it can’t come after', () => {
    const [map] = models(LATER);
    assert.deepEqual(map?.sequences.map(told), [
      // QEMU doesn't survive a DIMM that it can't map: nothing comes after it.
      ['as declared', 'start-up: ok', 'gpu is plugged in: ok', 'spare arrives: EINVAL'],
      ['only gpu', 'start-up: ok', 'gpu is plugged in: ok'],
      ['spare, then gpu', 'start-up: ok', 'spare arrives: ok', 'gpu is plugged in: EINVAL'],
      ['only spare', 'start-up: ok', 'spare arrives: ok'],
      ['only more', 'start-up: ok', 'more arrives: ok'],
    ]);
    assert.match(map?.sequences[0]?.steps[2]?.reason ?? '', /^after gpu: .*quirk.*; QEMU aborts the whole VM$/);
    assert.deepEqual(map?.items.filter(({ arrivals }) => arrivals.length > 0).map(({ id, arrivals, range }) => [id, arrivals, range.end - range.base]), [
      ['gpa/spare', [1], 4n << 30n], ['gpa/more', [2], 1n << 30n], ['iova/spare', [1], 4n << 30n], ['iova/quirk', [0], 1n << 20n], ['iova/more', [2], 1n << 30n],
    ]);
  });

  it('refuses RAM that QEMU doesn’t take, and goes on without it', () => {
    const [map] = models(LATER.replace('  ram more', '  ram odd at 12 GiB + 1 MiB size 1 GiB backing hugetlb 1 GiB hotplug dimm\n  ram more').replace('  assign gpu hotplug\n', ''));
    assert.deepEqual(map?.sequences.map(told), [
      ['as declared', 'start-up: ok', 'spare arrives: ok', 'odd arrives: refused', 'more arrives: ok'],
      ['spare, then more', 'start-up: ok', 'spare arrives: ok', 'more arrives: ok'],
      ['only spare', 'start-up: ok', 'spare arrives: ok'],
      ['only more', 'start-up: ok', 'more arrives: ok'],
    ]);
  });

  it('is drawn without what isn’t there yet', () => {
    const [map] = models(LATER);
    assert.ok(map);
    const at = (sequence: number, step: number) => atStep(map, map.sequences[sequence]?.steps[step]);
    assert.deepEqual(at(0, 0).items.map(({ id }) => id), ['gpa/low', 'iova/low', 'iova/msi', 'iova/not translated']);
    assert.deepEqual(at(3, 1).items.map(({ id, verdict }) => [id, verdict]).slice(0, 4), [['gpa/low', undefined], ['gpa/spare', undefined], ['iova/low', 'ok'], ['iova/msi', undefined]]);
    // By itself it could come: after the device its mapping is drawn as refused, with its leaves.
    const refused = at(0, 2);
    assert.equal(refused.items.find(({ id }) => id === 'iova/spare')?.verdict, 'EINVAL');
    assert.deepEqual([...new Set(refused.leaves.map(({ map: id, refused: is }) => `${id} ${is}`))], ['iova/low false', 'iova/spare true']);
  });
});

const wordsIn = (shapes: readonly Shape[], look: string): string[] => shapes.flatMap((shape) => (shape.shape === 'text' && shape.look === look ? [shape.text] : []));

const told = ({ label, steps }: Sequence): string[] => [label, ...steps.map((step) => `${step.label}: ${step.verdict}`)];

interface Box {
  readonly words: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Sizes that the style gives to looks of words. */
const fontOf = (look: string): [size: number, font: Font] =>
  /t-(?:size|range|end|tick)/.test(look) ? [10.5, 'mono'] : /t-name/.test(look) ? [12, 'plain'] : /t-head/.test(look) ? [12.5, 'bold'] : [10.5, 'plain'];

function boxOf(shape: Shape): Box[] {
  if (shape.shape !== 'text' || shape.look === 't-badge' || shape.text === '') return [];
  const [size, font] = fontOf(shape.look);
  const width = widthOf(shape.text, size, font) + (shape.parts ?? []).reduce((sum, part) => sum + (part.gap ?? 0) + widthOf(part.text, 10.5, 'plain'), 0);
  const left = shape.anchor === 'end' ? shape.x - width : shape.anchor === 'middle' ? shape.x - width / 2 : shape.x;
  return [{ words: shape.text, left, right: left + width, top: shape.y - size * 0.75, bottom: shape.y }];
}

function assertApart(shapes: readonly Shape[]): void {
  const boxes = shapes.flatMap(boxOf).sort((left, right) => left.top - right.top);
  for (const [index, box] of boxes.entries()) {
    for (let next = index + 1; next < boxes.length && (boxes[next]?.top ?? 0) < box.bottom; next++) {
      const other = boxes[next];
      assert.ok(!other || other.left >= box.right || other.right <= box.left, `“${box.words}” and “${other?.words}” lie over each other`);
    }
  }
}

function assertBalanced(svg: string): void {
  const open: string[] = [];
  for (const [, close, name = '', rest = ''] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/gi)) {
    if (close) assert.equal(open.pop(), name);
    else if (!rest.endsWith('/')) open.push(name);
  }
  assert.deepEqual(open, []);
}
