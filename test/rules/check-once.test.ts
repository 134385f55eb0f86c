import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RULES } from '../../server/core/rules/catalogue.js';
import { checkOnce } from '../../server/core/rules/check-once.js';
import type { Offer } from '../../server/core/rules/offers.js';
import type { Finding } from '../../server/core/rules/rule.js';
import { layoutOf } from '../bench/generator.js';
import { check, offersOf, spanOf, type Checked } from '../support/check.js';
import { dedent, readPicture } from '../support/picture.js';

// Of a long file the guests of a host are forgotten once they are judged, and fixes are tried on a part of it. What is told is the same.

describe('a file that is checked once', () => {
  for (const { name, examples } of RULES) {
    it(`tells the same of the examples of ${name}`, () => {
      for (const { text } of examples) {
        const { text: source, files } = readPicture(text);
        assertSame(() => check(source, files));
      }
    });
  }

  it('tells the same of guests whose hosts take turns', () => {
    const guest = (name: string, host: string): string => `vm ${name} on ${host} { ram low at 0 size 6 GiB backing hugetlb 1 GiB  assign nic }`;
    const host = (name: string): string => `host ${name} { page 4 KiB  iommu d { model vt-d  bits 48 }  device nic "0000:00:01.0"  hugepages 1 GiB count 8 }`;
    assertSame(() => check([host('a'), host('b'), guest('one', 'a'), guest('two', 'b'), guest('three', 'a'), guest('four', 'b'), guest('five', 'a')].join('\n')));
  });

  it('tells the same of guests that come to their host, or take their regions, by way of another', () => {
    assertSame(() => check(dedent(`
      host a {
        page 4 KiB
        iommu d { model vt-d  bits 48 }
        hugepages 1 GiB count 8
      }
      vm base on a { ram low at 0 size 6 GiB backing hugetlb 1 GiB  mmio vga at 0xa_0000 size 128 KiB }
      vm other on a { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm late like base {}
      vm elsewhere like late { ram high at 1 GiB size 2 GiB }
      vm unknown like bas {}
    `)));
  });

  it('tells the same of a guest on several hosts', () => {
    assertSame(() => check(dedent(`
      host a { page 4 KiB  iommu d { model vt-d  bits 48 }  hugepages 1 GiB count 8 }
      host b { page 4 KiB  iommu d { model vt-d  bits 48 }  hugepages 1 GiB count 8 }
      vm one on a, b { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm two on b { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm three on a { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
    `)));
  });

  it('tells the same of a data centre in any order', function () {
    this.timeout(60_000);
    const lines = layoutOf(300);
    const items = lines.split(/\n(?=\/\/\/|const|vm|host|import)/);
    fc.assert(
      fc.property(fc.shuffledSubarray(items, { minLength: 5 }), (some) => assertSame(() => check(some.join('\n')), 3)),
      { numRuns: 15 },
    );
  });
});

/** Each check has a document of its own: one of them forgets trees. */
function assertSame(again: () => Checked, most = Infinity): void {
  const [whole, other] = [again(), again()];
  const once = checkOnce('main.vmlayout', other.world, other.options, 1);
  const told = (findings: readonly Finding[], { document }: Checked): unknown[] =>
    findings.map(({ rule, level, message, vm, host, hosts, witness, unused, waiver, ...finding }) =>
      ({ rule, level, message, vm, host, hosts, witness, unused, waiver, place: spanOf(finding as Finding, document), notes: finding.notes.map((note) => note.message) }));
  assert.deepEqual(told(once.findings, other), told(whole.result.findings, whole));
  assert.deepEqual(told(once.waived, other), told(whole.result.waived, whole));
  const offered = (offers: readonly Offer[], { document }: Checked): unknown[] =>
    offers.map(({ title, safe, placed }) => ({ title, safe, edits: placed.map(({ item, start, end, newText }) => ({ index: document.items.indexOf(item), start, end, newText })) }));
  for (const [index, finding] of once.findings.slice(0, most).entries()) {
    const same = whole.result.findings[index];
    assert.deepEqual(offered(once.offersFor(finding), other), same && offered(offersOf(whole, same), whole), finding.message);
  }
}
