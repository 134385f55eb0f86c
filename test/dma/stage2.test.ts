import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { GIB, KIB, MIB } from '../../server/core/layout/address.js';
import { sizeOf } from '../../server/core/layout/intervals.js';
import { formatLeaves } from '../../server/core/dma/leaves.js';
import { memorySlots } from '../../server/core/dma/memory-slots.js';
import { bytesInStage2Of, cpuLeafSizes, stage2Of, stage2OfMap, whyNoStage2, type SlotLeaves } from '../../server/core/dma/stage2.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { importQemuMtree } from '../../server/core/formats/index.js';
import { filesIn, MTREE_DATA } from '../formats/imported.js';
import { systemSections } from '../formats/readers.js';
import { armLeaf, naiveSlotLeaves, x86Leaf } from '../support/cpu-oracle.js';
import { checkOn } from '../support/on-host.js';

const ARM = (page = '4 KiB'): string => `
  arch arm64
  kernel 7.0
  page ${page}
  iommu smmu0 { model smmu-v3  bits 48 }
  group 1 { device nic "0000:01:00.0"  { bar 0 size 64 MiB } }
`;
const X86 = ARM().replace('arm64', 'x86_64').replace('smmu-v3', 'vt-d');

/** The plan of a vm with these lines, on a host with those. */
function planOf(lines: string, host = ARM()): Plan {
  const { result } = checkOn(`host box {${host}}\n`, `import "host.vmlayout"\nvm a on box {\n${lines}\n}\n`);
  const plan = result.vms[0]?.plan;
  assert.ok(plan);
  return plan;
}

/** `low 0x0+2 MiB: 1 × 2 MiB`, one for each slot. */
const slotsOf = (lines: string, host?: string): string[] => (stage2Of(planOf(lines, host))?.slots ?? []).map(told);

const told = ({ regions, leaves }: SlotLeaves): string => `${regions.map(({ name }) => name).join('+')}: ${formatLeaves(leaves)}`;

describe('memory slots', () => {
  it('show what the guest reaches without the VMM', () => {
    assert.deepEqual(slotsOf(`
      ram low at 0x4000_0000 size 4 MiB backing hugetlb 2 MiB
      rom bios at 0 size 64 KiB
      mmio uart at 0x900_0000 size 4 KiB
      backing shared size 2 MiB hugetlb 2 MiB
      mmio ivshmem at 0x1000_0000 size 2 MiB from shared
      window pci at 0x2000_0000 size 64 MiB for bars
      bar nic.0 at 0x2000_0000
      hole lost at 0x5000_0000 size 2 MiB
      avoid tail at 0x4000_0000 size 4 KiB
    `), ['low: 2 × 2 MiB', 'bios: 16 × 4 KiB', 'ivshmem: 1 × 2 MiB', 'nic.0: 16,384 × 4 KiB']);
  });

  it('are cut where another region hides a part, which keeps its bytes', () => {
    const plan = planOf('ram low at 0 size 4 MiB backing hugetlb 2 MiB\nrom vga at 0xc_0000 size 256 KiB over low');
    assert.deepEqual(memorySlots(plan).map(({ range, offset, readOnly }) => [range.base, sizeOf(range), offset, readOnly]), [
      [0n, 0xc0000n, 0n, false],
      [0x100000n, 3n * MIB, 0x100000n, false],
      [0xc0000n, 256n * KIB, 0n, true],
    ]);
  });

  it('are one in QEMU where neighbours go on in one backing, and whole pages', () => {
    const lines = (vmm: string): string => `vmm ${vmm}
      backing pages size 1 GiB hugetlb 2 MiB
      ram a at 0x4000_0000 size 1 MiB from pages
      ram b at 0x4010_0000 size 3 MiB from pages
      rom c at 0x4040_0000 size 1 MiB from pages
      rom odd at 0x900 size 0x1900`;
    assert.deepEqual(slotsOf(lines('qemu')), ['odd: 1 × 4 KiB', 'a+b: 2 × 2 MiB', 'c: 256 × 4 KiB']);
    assert.deepEqual(slotsOf(lines('crosvm')), ['a: 256 × 4 KiB', 'b: 1 × 2 MiB + 256 × 4 KiB', 'c: 256 × 4 KiB', 'odd: 1 × 4 KiB']);
  });

  it('come later with what is plugged', () => {
    const plan = planOf('ram low at 0 size 2 MiB\nram more at 4 GiB size 2 MiB hotplug dimm');
    assert.deepEqual(memorySlots(plan).map(({ later }) => later), [false, true]);
    assert.equal(stage2Of(plan)?.slots.length, 1);
  });

  it('show the bytes of another region again', () => {
    assert.deepEqual(slotsOf('ram low at 0x4000_0000 size 4 MiB backing hugetlb 2 MiB\nram twice at 0x8000_0000 size 2 MiB alias low + 1 MiB'), [
      'low: 2 × 2 MiB', 'twice: 512 × 4 KiB',
    ]);
  });

  it('are KVM’s', () => {
    const ram = 'ram low at 0 size 2 MiB';
    for (const vmm of ['xen', 'bhyve', 'jailhouse', 'microkit']) assert.equal(memorySlots(planOf(`vmm ${vmm}\n${ram}`)).length, 0, vmm);
    const none = `${ARM()}\ncontract none`;
    assert.equal(memorySlots(planOf(ram, none)).length, 0);
    assert.equal(memorySlots(planOf(`vmm qemu\n${ram}`, none)).length, 1);
    assert.match(whyNoStage2(planOf(ram, none)) ?? '', /KVM doesn’t run/);
    assert.match(whyNoStage2(planOf(ram, ARM().replace('arm64', 's390x'))) ?? '', /s390x/);
  });
});

describe('memory slots of QEMU', () => {
  it('are the sections of its flat view that are memory, in each dump', () => {
    let count = 0;
    for (const name of filesIn(MTREE_DATA, '.mtree-f.txt')) {
      const dump = readFileSync(join(MTREE_DATA, name), 'utf8');
      const imported = importQemuMtree(dump, { path: name });
      assert.ok('text' in imported);
      const { result } = checkOn('host box {\n  page 4 KiB\n}\n', `import "host.vmlayout"\n${imported.text.replace(/^(vm \S+)/m, '$1 on box')}`);
      const plan = result.vms[0]?.plan;
      assert.ok(plan, name);
      const sections = systemSections(dump).filter(({ type }) => /^(nv-)?(ram|rom|romd|ramd)$/.test(type));
      const whole = sections.flatMap(({ base, size }) => {
        const [first, end] = [((base + 4095n) / 4096n) * 4096n, ((base + size) / 4096n) * 4096n];
        return first < end ? [[first, end]] : [];
      });
      assert.deepEqual(memorySlots(plan).map(({ range }) => [range.base, range.end]), whole, name);
      count += whole.length;
    }
    assert.ok(count > 500, `${count} slots`);
  });
});

describe('stage 2: which leaves a slot has', () => {
  it('needs the block whole inside the slot, and in phase', () => {
    assert.deepEqual(slotsOf('backing p size 8 GiB hugetlb 1 GiB\nram low at 0x4000_0000 size 3 GiB from p'), ['low: 3 × 1 GiB']);
    assert.deepEqual(slotsOf('backing p size 8 GiB hugetlb 1 GiB\nram low at 0x4000_0000 size 3 GiB from p + 2 MiB'), ['low: 1,536 × 2 MiB']);
    assert.deepEqual(slotsOf('backing p size 8 GiB hugetlb 1 GiB\nram low at 0x4000_0000 size 3 GiB from p + 4 KiB'), ['low: 786,432 × 4 KiB']);
    assert.deepEqual(slotsOf('backing p size 8 GiB hugetlb 1 GiB\nram low at 0x3ff0_0000 size 0x8020_0000 from p + 0x3ff0_0000'), ['low: 2 × 1 GiB + 512 × 4 KiB']);
  });

  it('follows the page of the host, and demotes sizes between its blocks', () => {
    const of = (page: string, backing: string, size: string): string[] => slotsOf(`ram low at 32 GiB size ${size} backing ${backing}`, ARM(page));
    assert.deepEqual(of('4 KiB', 'hugetlb 32 MiB', '64 MiB'), ['low: 32 × 2 MiB']);
    assert.deepEqual(of('4 KiB', 'hugetlb 64 KiB', '2 MiB'), ['low: 512 × 4 KiB']);
    assert.deepEqual(of('16 KiB', 'hugetlb 2 MiB', '32 MiB'), ['low: 2,048 × 16 KiB']);
    assert.deepEqual(of('16 KiB', 'hugetlb 1 GiB', '1 GiB'), ['low: 32 × 32 MiB']);
    assert.deepEqual(of('64 KiB', 'hugetlb 512 MiB', '1 GiB'), ['low: 2 × 512 MiB']);
    assert.deepEqual(of('64 KiB', 'hugetlb 16 GiB', '16 GiB'), ['low: 32 × 512 MiB']);
  });

  it('takes more than a PMD of DAX on x86 alone', () => {
    const lines = 'ram low at 1 GiB size 1 GiB backing dax 1 GiB';
    assert.deepEqual(slotsOf(lines, X86), ['low: 1 × 1 GiB']);
    assert.deepEqual(slotsOf(lines), ['low: 512 × 2 MiB']);
  });

  it('knows since when RISC-V takes blocks of memory that isn’t hugetlbfs’s', () => {
    const of = (kernel: string, backing: string): string[] => slotsOf(`ram low at 1 GiB size 4 MiB backing ${backing}`, ARM().replace('arm64', 'riscv64').replace('kernel 7.0', `kernel ${kernel}`));
    assert.deepEqual(of('6.12', 'dax 2 MiB'), ['low: 1,024 × 4 KiB']);
    assert.deepEqual(of('7.0', 'dax 2 MiB'), ['low: 2 × 2 MiB']);
    assert.deepEqual(of('6.12', 'hugetlb 2 MiB'), ['low: 2 × 2 MiB']);
  });

  it('promises pages of memory that is aligned to no more, and tells what THP may give', () => {
    for (const backing of ['anonymous', 'physical at 0x8_0000_0000']) assert.deepEqual(slotsOf(`ram low at 1 GiB size 1 GiB backing ${backing}`), ['low: 262,144 × 4 KiB'], backing);
    const [slot] = stage2Of(planOf('ram low at 0x4010_0000 size 5 MiB backing thp'))?.slots ?? [];
    assert.deepEqual([formatLeaves(slot?.leaves ?? new Map()), slot?.hoped && formatLeaves(slot.hoped)], ['1,280 × 4 KiB', '1,280 × 4 KiB']);
    const [aligned] = stage2Of(planOf('ram low at 0x4000_0000 size 5 MiB backing thp'))?.slots ?? [];
    assert.equal(aligned?.hoped && formatLeaves(aligned.hoped), '2 × 2 MiB + 256 × 4 KiB');
  });

  it('says what it takes for granted', () => {
    const assumed = (lines: string, host?: string): readonly string[] => stage2Of(planOf(lines, host))?.assumed ?? [];
    const thp = 'ram low at 0x4000_0000 size 1 GiB backing thp';
    assert.equal(assumed(thp).length, 1);
    assert.deepEqual(assumed(`vmm qemu\n${thp}`), []);
    assert.equal(assumed(`vmm qemu\n${thp}`, ARM('64 KiB')).length, 1);
    assert.equal(assumed('bar nic.0 at 0x4000_0000').length, 1);
    assert.deepEqual(assumed('ram low at 0 size 1 GiB', ARM().replace('arch arm64', '')), ['the CPU’s tables have leaves of 1 GiB, 2 MiB, 4 KiB']);
  });

  it('tells of a mapping the leaves that show its bytes, also where they show more', () => {
    const plan = planOf(`
      backing p size 4 GiB hugetlb 1 GiB
      ram low at 0x4000_0000 size 2 GiB from p
      map part at 0x10_0000_0000 size 1 GiB to low + 512 MiB
      map late to low + 2040 MiB
      assign nic
    `);
    const [part, late] = plan.maps;
    assert.ok(part && late);
    assert.equal(formatLeaves(stage2OfMap(part, plan) ?? new Map()), '2 × 1 GiB');
    assert.equal(formatLeaves(stage2OfMap(late, plan) ?? new Map()), '1 × 1 GiB');
    assert.equal(bytesInStage2Of(part, plan, 2n * MIB), GIB);
    assert.equal(formatLeaves(part.leaves), '512 × 2 MiB');
  });
});

describe('stage 2: the closed form is KVM’s questions asked of each page', function () {
  this.timeout(60_000);

  const PAGES = [4n * KIB, 16n * KIB];

  for (const [arch, leafOf] of [['arm64', armLeaf], ['x86_64', x86Leaf]] as const) {
    it(`on ${arch}`, () => fc.assert(fc.property(layouts(arch === 'arm64' ? PAGES : [4n * KIB]), ({ page, gpa, size, offset, hugetlb }) => {
      const plan = planOf(`backing p size ${offset + size} hugetlb ${hugetlb}\nram low at ${gpa} size ${size} from p + ${offset}`, ARM(`${page}`).replace('arm64', arch));
      const sizes = cpuLeafSizes(page).filter((leaf) => leaf <= 32n * MIB).map((leaf) => Number(leaf / page));
      // hugetlbfs maps the backing at a multiple of its page; which one does not matter.
      const hva = Number((7n * hugetlb + offset) / page);
      const naive = naiveSlotLeaves({ gfn: Number(gpa / page), pages: Number(size / page), hva, hostPage: Number(hugetlb / page) }, sizes, leafOf);
      const leaves = stage2Of(plan)?.slots[0]?.leaves;
      for (const [pages, count] of naive) assert.equal(leaves?.get(BigInt(pages) * page), BigInt(count), `leaves of ${pages} pages`);
    }), { numRuns: 60 }));
  }

  /** A slot around a few blocks, in whole pages, and its bytes in huge pages of the next blocks. */
  const layouts = (pages: readonly bigint[]) =>
    fc.constantFrom(...pages).chain((page) => {
      const block = cpuLeafSizes(page).at(-2) ?? page;
      const near = fc.tuple(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: -2n, max: 2n })).map(([blocks, odd]) => blocks * block + odd * page);
      const whole = (least: bigint) => near.map((bytes) => (bytes < least ? least : bytes));
      return fc.record({ page: fc.constant(page), gpa: whole(0n), size: whole(page), offset: fc.oneof(fc.constant(0n), whole(0n)), hugetlb: fc.constantFrom(block, 2n * block) });
    });
});
