import assert from 'node:assert/strict';
import { GIB, KIB, MIB, TIB } from '../../server/core/layout/address.js';
import { IOMMU_MODELS as WORDS } from '../../server/core/syntax/vocabulary.js';
import { IOMMU_MODELS, iommuFormat, publishedByDefault, smallestPage } from '../../server/core/dma/formats.js';
import { type IommuDescription } from '../../server/core/dma/formats.js';
import { planOn } from './plan-of.js';
import { KERNEL_DATA, readKernelRuns, sizesOfBitmap } from './kernel-records.js';

const format = (iommu: Omit<IommuDescription, 'hostPage'> & { hostPage?: bigint }) => {
  const found = iommuFormat({ hostPage: 4n * KIB, ...iommu });
  assert.ok(found, `${iommu.model}`);
  return found;
};

interface Expected {
  readonly iommu: Omit<IommuDescription, 'hostPage'> & { hostPage?: bigint };
  readonly leaves: readonly bigint[];
  /** Width of the aperture, in bits. */
  readonly bits: number;
  readonly levels: number;
}

const TABLE: readonly Expected[] = [
  { iommu: { model: 'smmu-v3' }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'smmu-v2' }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'smmu-v3', bits: 44 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 44, levels: 4 },
  { iommu: { model: 'smmu-v3', bits: 39 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 39, levels: 3 },
  { iommu: { model: 'smmu-v3', bits: 52 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'smmu-v3', hostPage: 16n * KIB }, leaves: [32n * MIB, 16n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'smmu-v3', granule: 64n * KIB }, leaves: [512n * MIB, 64n * KIB], bits: 48, levels: 3 },
  { iommu: { model: 'smmu-v3', granule: 64n * KIB, bits: 52 }, leaves: [4n * TIB, 512n * MIB, 64n * KIB], bits: 52, levels: 3 },
  { iommu: { model: 'vt-d' }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'vt-d', bits: 39 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 39, levels: 3 },
  { iommu: { model: 'vt-d', bits: 57 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 57, levels: 5 },
  { iommu: { model: 'vt-d', blocks: [4n * KIB, 2n * MIB] }, leaves: [2n * MIB, 4n * KIB], bits: 48, levels: 4 },
  { iommu: { model: 'amd-v2' }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 47, levels: 4 },
  { iommu: { model: 'amd-v2', bits: 56 }, leaves: [GIB, 2n * MIB, 4n * KIB], bits: 56, levels: 5 },
  { iommu: { model: 'riscv' }, leaves: [512n * GIB, GIB, 2n * MIB, 64n * KIB, 4n * KIB], bits: 47, levels: 4 },
  { iommu: { model: 'riscv', bits: 38 }, leaves: [512n * GIB, GIB, 2n * MIB, 64n * KIB, 4n * KIB], bits: 38, levels: 3 },
  { iommu: { model: 'riscv', bits: 56 }, leaves: [256n * TIB, 512n * GIB, GIB, 2n * MIB, 64n * KIB, 4n * KIB], bits: 56, levels: 5 },
  { iommu: { model: 's390' }, leaves: [4n * KIB], bits: 42, levels: 3 },
  { iommu: { model: 'dart' }, leaves: [16n * KIB], bits: 32, levels: 2 },
  { iommu: { blocks: [4n * KIB, 64n * KIB, MIB, 16n * MIB], bits: 32 }, leaves: [16n * MIB, MIB, 64n * KIB, 4n * KIB], bits: 32, levels: 3 },
];

describe('formats of a host’s IOMMUs', () => {
  const planWith = (words: string) => planOn(`
    kernel 7.2
    page 4 KiB
    iommu dmar0 { model vt-d  ${words} }
    group 1 { device gpu "0000:01:00.0" }
  `, 'backing pages size 1 GiB hugetlb 1 GiB\nram high at 1 << 38 size 1 GiB from pages\nassign gpu');

  it('are as deep as the aperture takes, where no bits are told', () => {
    for (const [words, tables] of [['aperture 0 .. 1 << 57', [0n, 0n, 1n, 1n]], ['bits 57', [0n, 0n, 1n, 1n]], ['aperture 0 .. 1 << 48', [0n, 0n, 1n]], ['aperture 0x1000 ..= 0x7f_ffff_ffff', [0n, 0n]], ['bits 48  aperture 0 .. 1 << 57', [0n, 0n, 1n]]] as const) {
      assert.deepEqual(planWith(words).totals.tables, tables, words);
    }
  });

  it('assume no width where an aperture is told', () => {
    assert.ok(planWith('').assumed.some((each) => each.includes('48 bits')));
    assert.deepEqual(planWith('aperture 0 .. 1 << 57').assumed.filter((each) => each.includes('bits')), []);
  });
});

describe('formats: leaf sizes, apertures and levels', () => {
  for (const { iommu, leaves, bits, levels } of TABLE) {
    const { model = 'no model', ...more } = iommu;
    it(`${model} ${Object.entries(more).map(([name, value]) => `${name} ${String(value)}`).join(', ')}`, () => {
      const found = format(iommu);
      assert.deepEqual(found.leafSizes, leaves);
      assert.deepEqual(found.defaultAperture, { base: 0n, end: 1n << BigInt(bits) });
      assert.equal(found.levels, levels);
    });
  }

  it('amd-v1 has every power of two from 4 KiB to 2 PiB but 512 GiB, and all of 64 bits', () => {
    const amd = format({ model: 'amd-v1' });
    assert.equal(amd.leafSizes.length, 39);
    assert.equal(amd.leafSizes[0], 1n << 51n);
    assert.equal(amd.leafSizes.includes(512n * GIB), false);
    assert.deepEqual(amd.defaultAperture, { base: 0n, end: 1n << 64n });
    assert.equal(amd.levels, 6);
  });

  it('virtio has every power of two from its granule, and no tables of its own', () => {
    const virtio = format({ model: 'virtio', granule: 64n * KIB });
    assert.deepEqual(virtio.leafSizes.slice(-2), [128n * KIB, 64n * KIB]);
    assert.equal(virtio.leafSizes[0], 1n << 63n);
    assert.equal(virtio.levels, 1);
  });

  it('are those that recorded kernels report', () => {
    const models = { vtd: 'vt-d', amd: 'amd-v1', smmuv3: 'smmu-v3' };
    for (const { run, iommu, containers } of readKernelRuns(KERNEL_DATA)) {
      const sizes = format({ model: models[iommu as keyof typeof models] }).leafSizes;
      for (const { pgsizes } of containers) assert.deepEqual(sizesOfBitmap(pgsizes).reverse(), sizes, run);
    }
  });
});

describe('formats: what is assumed', () => {
  it('is nothing where everything is said', () => {
    assert.deepEqual(format({ model: 'smmu-v3', granule: 4n * KIB, bits: 48 }).assumed, []);
    assert.deepEqual(format({ model: 'vt-d', blocks: [4n * KIB], bits: 39 }).assumed, []);
  });

  it('is told where it isn\'t', () => {
    assert.deepEqual(format({ model: 'smmu-v3' }).assumed, ['a granule of 4 KiB, the host\'s page', 'stage 1, 48 bits']);
    assert.match(format({ model: 'vt-d' }).assumed.join(), /2 MiB and 1 GiB pages,second stage, 48 bits/);
    assert.deepEqual(format({ model: 'amd-v1' }).assumed, ['six table levels, 64 bits']);
  });

  it('and what the tables can\'t do is corrected', () => {
    assert.deepEqual(format({ model: 'smmu-v3', granule: 4n * KIB, bits: 52 }).assumed,
      ['48 bits instead of 52: tables of this granule go no further']);
    assert.match(format({ model: 'smmu-v3', granule: 8n * KIB }).assumed[0] ?? '', /a granule of 4 KiB instead of 8 KiB/);
  });
});

describe('formats: models', () => {
  it('each has a format', () => {
    for (const { name, summary } of IOMMU_MODELS) {
      assert.ok(format({ model: name }).leafSizes.length > 0);
      assert.ok(summary.length > 10);
    }
  });

  it('are those that the language knows', () => {
    assert.deepEqual(IOMMU_MODELS.map(({ name }) => name), WORDS);
  });

  it('an unknown one has none, unless its blocks are listed', () => {
    assert.equal(iommuFormat({ model: 'mmu-401', hostPage: 4n * KIB }), undefined);
    assert.equal(iommuFormat({ hostPage: 4n * KIB }), undefined);
    assert.deepEqual(format({ model: 'mmu-401', blocks: [64n * KIB, 4n * KIB] }).leafSizes, [64n * KIB, 4n * KIB]);
  });
});

describe('formats: the smallest page that VFIO takes', () => {
  it('is the leaf, or the page of the host if that is larger', () => {
    assert.equal(smallestPage([GIB, 2n * MIB, 4n * KIB], 4n * KIB), 4n * KIB);
    assert.equal(smallestPage([GIB, 2n * MIB, 4n * KIB], 64n * KIB), 64n * KIB);
    assert.equal(smallestPage([512n * MIB, 64n * KIB], 4n * KIB), 64n * KIB);
    assert.equal(smallestPage([], 16n * KIB), 16n * KIB);
  });
});

describe('formats: ranges that a model always keeps', () => {
  const told = (model: string, arch: string): string[] =>
    publishedByDefault(model, arch).map(({ range, kind }) => `0x${range.base.toString(16)}-0x${(range.end - 1n).toString(16)} ${kind}`);

  it('are known for each', () => {
    assert.deepEqual(told('smmu-v3', 'arm64'), ['0x8000000-0x80fffff sw-msi']);
    assert.deepEqual(told('smmu-v2', 'arm64'), ['0x8000000-0x80fffff sw-msi']);
    assert.deepEqual(told('virtio', 'arm64'), ['0x8000000-0x80fffff sw-msi']);
    assert.deepEqual(told('virtio', 'x86'), []);
    assert.deepEqual(told('vt-d', 'x86'), ['0xfee00000-0xfeefffff msi']);
    assert.deepEqual(told('amd-v1', 'x86'), ['0xfee00000-0xfeefffff msi', '0xfd00000000-0xffffffffff reserved']);
    assert.deepEqual(told('amd-v2', 'x86'), told('amd-v1', 'x86'));
    assert.deepEqual(told('riscv', 'riscv'), []);
    assert.deepEqual(told('nothing', 'x86'), []);
  });

  it('are in the reserved regions of every recorded group', () => {
    const models = { vtd: 'vt-d', amd: 'amd-v1', smmuv3: 'smmu-v3' };
    for (const { iommu, arch, reserved_regions } of readKernelRuns(KERNEL_DATA)) {
      for (const group of new Set(reserved_regions.map((region) => region.group))) {
        const listed = reserved_regions.filter((region) => region.group === group).map(({ start }) => BigInt(start));
        for (const { range } of publishedByDefault(models[iommu as keyof typeof models], arch)) {
          assert.ok(listed.includes(range.base), `${iommu} group ${group}`);
        }
      }
    }
  });

  it('say where the rule comes from and why it is there', () => {
    for (const { name } of IOMMU_MODELS) {
      for (const { source, why } of publishedByDefault(name, 'arm64')) {
        assert.match(source, /^drivers\/iommu\/\S+\.c \w+$/);
        assert.match(why, /\.$/);
      }
    }
  });
});
