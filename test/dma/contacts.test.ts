import assert from 'node:assert/strict';
import { contactsOf, isAvoided, isTolerated, leavesOfParts, partsAround } from '../../server/core/dma/contacts.js';
import { formatLeaves } from '../../server/core/dma/leaves.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { formatRange, GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { rangeOf } from '../../server/core/layout/intervals.js';
import type { ReservedKind } from '../../server/core/layout/model.js';
import { planOn } from './plan-of.js';

// Where mappings meet what devices keep, and when that is right.

const planOf = (guest: string, contract = 'type1', kernel = '5.3'): Plan => planOn(`
  arch arm64
  kernel ${kernel}
  page 4 KiB
  contract ${contract}
  iommu smmu0 {
    model smmu-v3
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    reserved quirk at 0x6000_0000 size 1 MiB kind reserved
  }
  group 14 { device nic "0000:01:00.0" }
`, guest);

const KINDS = new Set<ReservedKind>(['sw-msi', 'reserved']);
const LOW = 'backing p size 4 GiB hugetlb 1 GiB\nram low at 0 size 2 GiB from p + 1 GiB';
const AVOIDED = 'avoid door at 0x0800_0000 size 1 MiB\navoid quiet at 0x6000_0000 size 1 MiB';

const contacts = (plan: Plan): string[] => contactsOf(plan, KINDS).map(({ map, kept, shared, checked }) => `${map.name} ${kept.name} ${formatRange(shared)} ${checked ? 'refused' : 'unseen'}`);

describe('contacts', () => {
  for (const [what, guest, host, expected] of [
    ['are unseen by a kernel that doesn’t look', `${LOW}\nassign nic`, ['type1', '5.3'], ['low msi 0x8000000-0x80fffff unseen', 'low quirk 0x60000000-0x600fffff unseen']],
    ['are refused since Linux 5.4', `${LOW}\nassign nic`, ['type1', '5.4'], ['low msi 0x8000000-0x80fffff refused', 'low quirk 0x60000000-0x600fffff refused']],
    ['are refused by any iommufd', `${LOW}\nassign nic`, ['iommufd', '6.2'], ['low msi 0x8000000-0x80fffff refused', 'low quirk 0x60000000-0x600fffff refused']],
    ['are unseen where nobody is asked', `${LOW}\nassign nic`, ['none', '7.2'], ['low msi 0x8000000-0x80fffff unseen', 'low quirk 0x60000000-0x600fffff unseen']],
    ['are none with a device that comes later', `${LOW}\nassign nic hotplug`, ['type1', '7.2'], []],
    ['are tolerated where the guest keeps out and no kernel looks, but never over a software window',
      `on-overlap tolerate\n${LOW}\n${AVOIDED}\nassign nic`, ['type1', '5.3'], ['low msi 0x8000000-0x80fffff unseen']],
    ['are not tolerated where the kernel looks', `on-overlap tolerate\n${LOW}\n${AVOIDED}\nassign nic`, ['type1', '5.4'],
      ['low msi 0x8000000-0x80fffff refused', 'low quirk 0x60000000-0x600fffff refused']],
    ['are not tolerated where nobody says so', `${LOW}\n${AVOIDED}\nassign nic`, ['type1', '5.3'],
      ['low msi 0x8000000-0x80fffff unseen', 'low quirk 0x60000000-0x600fffff unseen']],
    ['are not tolerated where the guest has promised too little', `on-overlap tolerate\n${LOW}\navoid half at 0x6000_0000 size 512 KiB\nassign nic`, ['type1', '5.3'],
      ['low msi 0x8000000-0x80fffff unseen', 'low quirk 0x60000000-0x600fffff unseen']],
  ] as const) {
    it(what, () => assert.deepEqual(contacts(planOf(guest, ...host)), expected));
  }

  it('are tolerated of every kind but one', () => {
    const plan = planOf(`on-overlap tolerate\n${LOW}\n${AVOIDED}\nassign nic`);
    assert.deepEqual(plan.kept.map((kept) => isTolerated(plan, kept, kept.range)), [false, true]);
  });

  it('are of the kinds that are asked for', () => {
    assert.equal(contactsOf(planOf(`${LOW}\nassign nic`), new Set<ReservedKind>(['reserved'])).length, 1);
  });

  it('are avoided by what several promises cover together, and by no RAM', () => {
    const { vm } = planOf(`${LOW}\navoid one at 0x6000_0000 size 512 KiB\navoid two at 0x6008_0000 size 512 KiB\nassign nic`);
    assert.equal(isAvoided(vm.regions, rangeOf(0x6000_0000n, MIB)), true);
    assert.equal(isAvoided(vm.regions, rangeOf(0x6000_0000n, MIB + 1n)), false);
    assert.equal(isAvoided(vm.regions, rangeOf(0n, 4n * KIB)), false);
  });
});

describe('what is left around holes', () => {
  const plan = planOf(`${LOW}\nassign nic`);
  const [map] = plan.maps;
  assert.ok(map);

  for (const [block, expected] of [[4n * KIB, ['0x0-0x7ffffff', '0x8100000-0x7fffffff']], [2n * MIB, ['0x0-0x7ffffff', '0x8200000-0x7fffffff']], [GIB, ['0x40000000-0x7fffffff']]] as const) {
    it(`is ${expected.join(', ')}, in blocks of ${block}`, () => assert.deepEqual(partsAround(map, [rangeOf(0x800_0000n, MIB)], block).map(formatRange), expected));
  }

  it('keeps its place in the backing', () => {
    const odd = planOf('backing p size 4 GiB hugetlb 1 GiB\nram low at 1 GiB size 2 GiB from p + 512 MiB\nassign nic');
    const [shifted] = odd.maps;
    assert.ok(shifted);
    const leaves = (of: Plan, whole: typeof map, ...parts: Parameters<typeof leavesOfParts>[2]): string => formatLeaves(leavesOfParts(of, whole, parts));
    assert.equal(leaves(plan, map, rangeOf(0n, GIB), rangeOf(GIB + MIB, GIB - MIB)), '1 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB');
    assert.equal(leaves(odd, shifted, rangeOf(2n * GIB, GIB)), '512 × 2 MiB');
    const tight = planOf('backing p size 4 GiB hugetlb 1 GiB\nram low at 0x4010_0000 size 1 GiB from p\nassign nic');
    const [late] = tight.maps;
    assert.ok(late);
    assert.equal(leaves(tight, late, rangeOf(0x4020_0000n, MIB)), '256 × 4 KiB');
  });
});
