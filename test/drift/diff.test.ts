import assert from 'node:assert/strict';
import fc from 'fast-check';
import { diffLayouts, snapshotChanges, snapshotOf } from '../../server/core/index.js';
import { check } from '../support/check.js';
import { dedent } from '../support/picture.js';
import { exampleFiles } from '../support/texts.js';

// What changed from one layout to another, by meaning.

const HOST = `
  host box {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits 48
    iommu u { model smmu-v3; granule 4 KiB; bits 48; reserved msi at 0x800_0000 size 1 MiB kind sw-msi }
    device nic "0000:01:00.0"
  }
`;

const vm = (lines: string, name = 'web'): string => `${HOST}\n  vm ${name} on box {\n${lines}\n    assign nic\n  }\n`;

/** `vm web: moved ram low: … !`, with `!` where it breaks migration. */
const changes = (before: string, after: string): string[] =>
  diffLayouts(check(dedent(before)).result, check(dedent(after)).result).flatMap(({ kind, name, changes: some }) =>
    some.map((change) => `${kind} ${name}: ${change.kind} ${change.what}: ${change.message}${change.breaksMigration ? ' !' : ''}`));

describe('a diff of layouts', () => {
  const cases: readonly (readonly [title: string, before: string, after: string, expected: readonly string[]])[] = [
    ['a region that moved', 'ram low at 1 GiB size 1 GiB', 'ram low at 2 GiB size 1 GiB', ['vm web: moved ram low: 0x40000000-0x7fffffff is 0x80000000-0xbfffffff now !']],
    ['one that grew', 'mmio uart at 0x900_0000 size 4 KiB', 'mmio uart at 0x900_0000 size 8 KiB', ['vm web: grown mmio uart: by 4 KiB, to 8 KiB !']],
    ['one that shrank', 'mmio uart at 0x900_0000 size 8 KiB', 'mmio uart at 0x900_0000 size 4 KiB', ['vm web: shrunk mmio uart: by 4 KiB, to 4 KiB !']],
    ['another name for the same place', 'mmio uart at 0x900_0000 size 4 KiB', 'mmio serial at 0x900_0000 size 4 KiB', ['vm web: renamed mmio serial: was called `uart`']],
    ['one more and one less', 'mmio uart at 0x900_0000 size 4 KiB', 'mmio rtc at 0x901_0000 size 4 KiB', ['vm web: removed mmio uart: was at 0x9000000-0x9000fff !', 'vm web: added mmio rtc: is at 0x9010000-0x9010fff !']],
    [
      'blocks of another size',
      'ram low at 1 GiB size 1 GiB\n ram more at 4 GiB size 1 GiB hotplug virtio-mem block 2 MiB',
      'ram low at 1 GiB size 1 GiB\n ram more at 4 GiB size 1 GiB hotplug virtio-mem block 4 MiB',
      ['vm web: changed ram more: hotplug virtio-mem block 2 MiB is virtio-mem block 4 MiB now !'],
    ],
    ['what a guest never sees', 'ram low at 1 GiB size 1 GiB dma on', 'ram low at 1 GiB size 1 GiB', ['vm web: changed ram low: dma on is as the VMM does now']],
    [
      'a hole in RAM',
      'backing b size 1 GiB hugetlb 1 GiB\n ram low at 1 GiB size 1 GiB from b',
      'backing b size 1 GiB hugetlb 1 GiB\n ram low at 1 GiB size 256 MiB from b\n ram more at 1281 MiB size 767 MiB from b + 257 MiB',
      [
        'vm web: shrunk ram low: by 768 MiB, to 256 MiB !',
        'vm web: added ram more: is at 0x50100000-0x7fffffff !',
        'vm web: hole-opened ram: 0x50000000-0x500fffff, 1 MiB, is no RAM any more, between RAM !',
        'vm web: block-size-lost IOMMU tables: 1 × 1 GiB become 511 × 2 MiB + 256 × 4 KiB: 0 in leaves of 1 GiB or more, not 1 GiB',
      ],
    ],
    [
      'smaller pages',
      'backing b size 1 GiB hugetlb 1 GiB\n ram low at 1 GiB size 1 GiB from b',
      'backing b size 1 GiB hugetlb 2 MiB\n ram low at 1 GiB size 1 GiB from b',
      [
        'vm web: changed backing b: 1 GiB hugetlb 1 GiB is 1 GiB hugetlb 2 MiB now',
        'vm web: block-size-lost IOMMU tables: 1 × 1 GiB become 512 × 2 MiB: 0 in leaves of 1 GiB or more, not 1 GiB',
      ],
    ],
  ];
  for (const [title, before, after, expected] of cases) {
    it(`tells ${title}`, () => assert.deepEqual(changes(vm(before), vm(after)), expected));
  }

  it('tells RAM that meets a reserved range', () => {
    const told = changes(vm('ram low at 1 GiB size 1 GiB'), vm('ram low at 0 size 1 GiB'));
    assert.equal(told.filter((line) => line.startsWith('vm web: reserved-met doorbell-overlap: `low` covers')).length, 1, told.join('\n'));
  });

  it('tells what became of a host', () => {
    const after = vm('ram low at 1 GiB size 1 GiB').replace('kernel 6.6', 'kernel 6.12').replace('device nic', 'reserved box at 2 GiB size 1 MiB kind reserved\n device nic');
    assert.deepEqual(changes(vm('ram low at 1 GiB size 1 GiB'), after), ['host box: changed host box: kernel 6.6 is 6.12 now', 'host box: added device nic: keeps 0x80000000-0x800fffff (reserved) now']);
  });

  it('compares one vm with one vm, and several by their names', () => {
    assert.deepEqual(changes(vm('ram low at 1 GiB size 1 GiB', 'old'), vm('ram low at 2 GiB size 1 GiB', 'new')), ['vm new: moved ram low: 0x40000000-0x7fffffff is 0x80000000-0xbfffffff now !']);
    assert.deepEqual(changes('vm a { }\n vm b { }', 'vm a { }\n vm c { }'), ['vm b: removed vm b: was there !', 'vm c: added vm c: is there now']);
  });

  it('finds nothing between a layout and itself', () => {
    for (const { name, text } of exampleFiles()) assert.deepEqual(changes(text, text), [], name);
  });

  it('mirrors itself the other way round, and the snapshot changes exactly where a migration breaks', () => {
    const region = fc.record({ name: fc.constantFrom('a', 'b', 'c'), base: fc.nat(8), size: fc.integer({ min: 1, max: 4 }), kind: fc.constantFrom('ram', 'mmio') });
    const layout = fc.uniqueArray(region, { selector: ({ name }) => name, maxLength: 3 });
    const text = (regions: readonly { name: string; base: number; size: number; kind: string }[]): string => `vm web {\n${regions.map(({ kind, name, base, size }) => `  ${kind} ${name} at ${base} GiB size ${size} GiB\n`).join('')}}\n`;
    fc.assert(
      fc.property(layout, layout, (one, other) => {
        const [left, right] = [check(text(one)).result, check(text(other)).result];
        const there = diffLayouts(left, right).flatMap(({ changes: some }) => some);
        const back = diffLayouts(right, left).flatMap(({ changes: some }) => some);
        const MIRROR: Readonly<Record<string, string>> = { added: 'removed', removed: 'added', grown: 'shrunk', shrunk: 'grown', 'hole-opened': 'hole-closed', 'hole-closed': 'hole-opened', 'finding-new': 'finding-gone', 'finding-gone': 'finding-new' };
        assert.deepEqual(there.map(({ kind }) => MIRROR[kind] ?? kind).sort(), back.map(({ kind }) => kind).sort());
        const isSame = snapshotChanges(snapshotOf(left), snapshotOf(right)).length === 0;
        // A region that is only called otherwise keeps a guest running, but the snapshot names things.
        const renamed = there.some(({ kind }) => kind === 'renamed');
        assert.equal(isSame, !there.some(({ breaksMigration }) => breaksMigration) && !renamed);
      }),
      { numRuns: 200 },
    );
  });
});
