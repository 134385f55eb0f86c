import assert from 'node:assert/strict';
import { HINT_KINDS, inlayHintsIn, type HintKind } from '../../server/core/index.js';
import { fileOf } from '../support/cursor.js';
import { dedent } from '../support/picture.js';

// What stands between the words, drawn into the text: `‹…›`.

function drawn(text: string, kinds: readonly HintKind[] = HINT_KINDS, within = { start: 0, end: text.length }): string {
  const hints = inlayHintsIn(fileOf(text).file, within, new Set(kinds));
  return [...hints].reverse().reduce((now, { offset, text: label }) => `${now.slice(0, offset)}‹${label}›${now.slice(offset)}`, text);
}

const check = (source: string, expected: string, kinds?: readonly HintKind[]): void => assert.equal(drawn(dedent(source), kinds), dedent(expected));

const HOST = `
  host altra {
    iommu smmu0 { model smmu-v3
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "01" }
    hugepages 1 GiB count 8
  }
`;

describe('inlay hints', () => {
  it('tell where a region ends, and how large a written range is', () => check(
    `
      vm web {
        ram low at 0x4000_0000 size 2 GiB
        mmio its at 0x0808_0000 .. 0x080a_0000
        rom flash {
          size 64 MiB
          at 0
        }
      }
    `,
    `
      vm web {
        ram low at 0x4000_0000 size 2 GiB‹..= 0xbfff_ffff›
        mmio its at 0x0808_0000 .. 0x080a_0000‹128 KiB›
        rom flash {
          size 64 MiB
          at 0‹..= 0x3ff_ffff›
        }
      }
    `,
  ));

  it('tell what is kept, where a map goes and which byte is taken', () => check(
    `
      host h {
        iommu i { model smmu-v3
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        memory m at 1 GiB size 1 GiB for guests
      }
      vm web {
        backing b size 6 GiB
        ram low at 0 size 2 GiB from b
        ram high at 4 GiB size 4 GiB from b
        map all to high
      }
    `,
    `
      host h {
        iommu i { model smmu-v3
          reserved msi at 0x0800_0000 ..= 0x080f_ffff‹1 MiB› kind sw-msi
        }
        memory m at 1 GiB size 1 GiB‹..= 0x7fff_ffff› for guests
      }
      vm web {
        backing b size 6 GiB
        ram low at 0 size 2 GiB‹..= 0x7fff_ffff› from b
        ram high at 4 GiB size 4 GiB‹..= 0x1_ffff_ffff› from b‹+ 2 GiB›
        map all to high‹..= 0x1_ffff_ffff›
      }
    `,
  ));

  it('tell the leaves of a map, or what the kernel answers', () => {
    const vm = (at: string): string => `${dedent(HOST)}vm web on altra {\n  ram low at ${at} size 2 GiB backing hugetlb 1 GiB\n  assign nic\n}\n`;
    assert.match(drawn(vm('4 GiB'), ['blocks']), /^ {2}ram low at 4 GiB size 2 GiB backing hugetlb 1 GiB‹2 × 1 GiB›$/m);
    assert.match(drawn(vm('0'), ['blocks']), /hugetlb 1 GiB‹EINVAL›$/m);
    assert.match(drawn(vm('0').replace('{\n  ram', '{\n  on-overlap carve\n  ram'), ['blocks']), /‹1 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB in 2 mappings›$/m);
  });

  it('tell all that differs where a guest runs on several hosts', () => {
    const other = dedent(HOST).replaceAll('altra', 'small').replace('model smmu-v3', 'blocks 4 KiB, 2 MiB');
    const text = `${dedent(HOST)}${other}vm web on altra, small {\n  ram low at 4 GiB size 2 GiB backing hugetlb 1 GiB\n  assign nic\n}\n`;
    assert.match(drawn(text, ['blocks']), /‹2 × 1 GiB \| 1,024 × 2 MiB›$/m);
    const [hint] = inlayHintsIn(fileOf(text).file, { start: 0, end: text.length }, new Set(['blocks']));
    assert.deepEqual(hint?.tooltip().map((paragraph) => /^\*\*(.*?),/.exec(paragraph)?.[1]), ['web on altra', 'web on small']);
  });

  it('come only of the kinds and for the part that are asked for', () => {
    const text = 'vm a {\n  ram x at 0 size 1 GiB\n  mmio y at 2 GiB .. 3 GiB\n}\nvm b { ram x at 0 size 1 GiB }\n';
    assert.equal(drawn(text, ['size']), text.replace('3 GiB', '3 GiB‹1 GiB›'));
    assert.equal(drawn(text, HINT_KINDS, { start: text.indexOf('vm b'), end: text.length }), text.replace(/(vm b.*GiB)/, '$1‹..= 0x3fff_ffff›'));
    assert.equal(drawn(text, []), text);
  });

  it('say nothing of what can’t be known, and of what stands in another declaration', () => {
    const text = 'vm base {\n  const RAM\n  ram x at 0 size RAM\n}\nvm a like base { const RAM = 1 GiB }\nvm b { ram y at Q size 1 GiB }\n';
    assert.equal(drawn(text), text);
  });

  it('write the offset that is taken, where they are accepted', () => {
    const text = 'vm web {\n  backing b size 2 GiB\n  ram low at 0 size 1 GiB from b\n  ram high at 4 GiB size 1 GiB from b\n}\n';
    const [hint] = inlayHintsIn(fileOf(text).file, { start: 0, end: text.length }, new Set(['offset']));
    assert.equal(hint?.insert, ' + 1 GiB');
  });
});
