import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sizeOf, subtract } from '../../server/core/layout/intervals.js';
import { applyOffer, check, offersOf, type Checked } from '../support/check.js';

// Backings, BARs, windows, bridges and what QEMU skips, in random guests.

interface Shape {
  readonly page: string;
  readonly contract: string;
  readonly vmm: string;
  readonly backing: string;
  readonly regions: readonly string[];
  readonly tail: readonly string[];
}

const KIB = 1024;
const address = (bytes: number): string => `0x${bytes.toString(16)}`;

/** RAM in disjoint places, mostly of whole 64 KiB, with offsets that were counted well or badly. */
const rams = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 0, 4 * KIB, 64 * KIB, 2048 * KIB),
      size: fc.constantFrom(4 * KIB, 20 * KIB, 64 * KIB, 2048 * KIB, 3 * 1024 * KIB, 512 * 1024 * KIB),
      offset: fc.constantFrom(0, 0, 4 * KIB, 64 * KIB, 2048 * KIB, 300 * 1024 * KIB),
      own: fc.boolean(),
      high: fc.constantFrom(false, false, false, false, true),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((pieces) => {
    let next = 0x4000_0000;
    return pieces.map(({ gap, size, offset, own, high }, index) => {
      const base = next + gap;
      next = base + size;
      const at = high ? `0x8000_0000_0000_0000 + ${address(base)}` : address(base);
      return `ram r${index} at ${at} size ${address(size)}${own ? '' : ` from pages + ${address(offset)}`}`;
    });
  });

const shapes: fc.Arbitrary<Shape> = fc.record({
  page: fc.constantFrom('4 KiB', '64 KiB'),
  contract: fc.constantFrom('type1', 'iommufd'),
  vmm: fc.constantFrom('generic', 'qemu', 'qemu', 'cloud-hypervisor'),
  backing: fc.constantFrom('hugetlb 2 MiB', 'hugetlb 1 GiB', 'anonymous', 'thp', 'hugetlb 16 MiB', 'physical at 0x10_0000_0000'),
  regions: fc
    .tuple(
      rams,
      fc.subarray([
        'window bars at 0x1000_0000 size 32 MiB for bars',
        'bar gpu.0 at 0x1010_0000',
        'bar gpu.2 at 0x1000_4000',
        'window dimms at 0x20_0000_0000 size 4 GiB for memory',
        'ram later at 0x30_0000_0000 size 1 GiB hotplug dimm',
        'rom flash at 0 size 0x1_8000',
      ]),
    )
    .map(([ram, others]) => [...ram, ...others]),
  tail: fc.constantFrom<string[][]>(['assign nic'], ['assign nic, gpu'], ['assign gpu hotplug'], ['map first size 4 KiB to r0', 'map second to r0 + 4 KiB', 'assign nic']),
});

const textOf = ({ page, contract, vmm, backing, regions, tail }: Shape): string => `host box {
  arch arm64
  kernel 7.2
  page ${page}
  contract ${contract}
  iommu smmu0 {
    model smmu-v3
    granule ${page}
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 1 { device nic "0000:01:00.0" }
  group 2 {
    device gpu "0000:02:00.0" {
      bar 0 size 16 MiB
      bar 2 size 16 KiB
      bar 4 size 32 MiB
    }
  }
  bridge pcie0 {
    window low at 0x5000_0000 size 16 MiB
    acs off
  }
  hugepages 2 MiB count 256
  hugepages 1 GiB count 1
}

vm a on box {
  vmm ${vmm}
  backing pages size 1 GiB ${backing}
  ${[...regions, ...tail].join('\n  ')}
}
`;

describe('memory, in random guests', () => {
  it('is mapped, or told to be skipped, to the last byte', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { result } = check(textOf({ ...shape, vmm: 'qemu', tail: ['assign nic'] }));
        const plan = result.vms[0]?.plan;
        const told = new Set(result.findings.filter(({ rule, level }) => rule === 'section-skipped' || (rule === 'slot-unaligned' && level === 'error')).map(({ element }) => element));
        for (const region of plan?.vm.regions ?? []) {
          if (!region.range || region.hotplug || (region.kind !== 'ram' && region.kind !== 'rom')) continue;
          const mapped = plan?.maps.filter((map) => map.region === region).map(({ range }) => range) ?? [];
          const lost = subtract(region.range, mapped).reduce((sum, range) => sum + sizeOf(range), 0n);
          assert.equal(told.has(region.element), lost > 0n, `${region.name}: ${lost} bytes`);
        }
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);

  it('is judged alike in whatever order regions are declared', () => {
    const shuffled = shapes.chain((shape) => fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.regions], { minLength: shape.regions.length })));
    fc.assert(
      fc.property(shuffled, ([shape, regions]) => {
        assert.deepEqual(verdicts(check(textOf({ ...shape, regions }))), verdicts(check(textOf(shape))));
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);

  it('is mended by every fix that is offered', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const before = check(textOf(shape));
        for (const finding of before.result.findings) {
          for (const offer of offersOf(before, finding)) {
            const after = check(applyOffer(before, offer));
            assert.ok(errors(after) <= errors(before), `${offer.title}\n${after.text}`);
            const same = (checked: Checked): number => checked.result.findings.filter(({ rule, message }) => rule === finding.rule && message === finding.message).length;
            assert.ok(same(after) < same(before), offer.title);
          }
        }
      }),
      { numRuns: 80 },
    );
  }).timeout(120_000);
});

const errors = ({ result }: Checked): number => result.findings.filter(({ level }) => level === 'error').length;

/** What is wrong and where; of two regions with the same bytes it is the later that is blamed. */
const verdicts = ({ result }: Checked): string[] =>
  result.findings.filter(({ rule }) => NEW.has(rule)).map(({ rule, level, message }) => (rule === 'backing-overlap' ? `${rule} ${level}` : `${rule} ${level} ${message}`)).sort();

const NEW: ReadonlySet<string> = new Set([
  'backing-overlap', 'backing-size', 'bar-misaligned', 'bar-unmappable', 'block-unsupported', 'hugepage-pool', 'hugepage-waste', 'p2p-overlap', 'section-skipped', 'window-too-small',
]);
