import { formatSize, GIB, KIB, log2, MIB, smallest, TIB } from '../layout/address.js';
import { type Range, rangeOf } from '../layout/intervals.js';
import { largestFirst } from './leaves.js';
import type { TableFormat } from './tables.js';

export { publishedByDefault, type PublishedRange } from './published.js';

/** What a layout says of an IOMMU; what it leaves out is assumed. */
export interface IommuDescription {
  /** One of `IOMMU_MODELS`; may be left out where `blocks` are listed. */
  readonly model?: string | undefined;
  /** Smallest page of the tables, in bytes, where the model leaves a choice. */
  readonly granule?: bigint | undefined;
  /** Width of an IOVA, in bits, as the kernel's IOVA ranges show it. */
  readonly bits?: number | undefined;
  /** Leaf sizes in bytes, listed by hand: they replace the model's. */
  readonly blocks?: readonly bigint[] | undefined;
  /** The host's base page in bytes. */
  readonly hostPage: bigint;
  readonly arch?: string | undefined;
}

/** How an IOMMU translates, as the Linux driver sets it up. */
export interface IommuFormat extends TableFormat {
  /** Leaf sizes in bytes, largest first. */
  readonly leafSizes: readonly bigint[];
  /** IOVAs translated if the layout names no aperture. */
  readonly defaultAperture: Range;
  /** What wasn't said and had to be assumed, each a phrase in itself. */
  readonly assumed: readonly string[];
}

export interface IommuModel {
  readonly name: string;
  /** One line for completion and hover. */
  readonly summary: string;
}

/** The models that a layout can name, in the order of completion. */
export const IOMMU_MODELS: readonly IommuModel[] = [
  { name: 'smmu-v3', summary: 'Arm SMMUv3: 4, 16 or 64 KiB granule, a page and one block size (two at 4 KiB)' },
  { name: 'smmu-v2', summary: 'Arm SMMUv1/v2 with long descriptors: the leaf sizes of SMMUv3' },
  { name: 'vt-d', summary: 'Intel VT-d: 4 KiB, 2 MiB and 1 GiB' },
  { name: 'amd-v1', summary: 'AMD-Vi host tables: every power of two from 4 KiB to 2 PiB except 512 GiB' },
  { name: 'amd-v2', summary: 'AMD-Vi with guest-format tables: 4 KiB, 2 MiB and 1 GiB' },
  { name: 'riscv', summary: 'RISC-V IOMMU: 4 KiB, 64 KiB (Svnapot), 2 MiB, 1 GiB and 512 GiB' },
  { name: 'virtio', summary: 'virtio-iommu in a guest: every power of two from its granule' },
  { name: 's390', summary: 'IBM Z PCI translation: 4 KiB only' },
  { name: 'dart', summary: 'Apple DART: one page size, 16 KiB unless told' },
];

/** The format of an IOMMU; nothing for a model that is unknown and whose blocks aren't listed. */
export function iommuFormat(told: IommuDescription): IommuFormat | undefined {
  const iommu = { ...told, granule: told.granule ?? smallestOf(told.blocks) };
  const shape = SHAPES.get(iommu.model ?? '')?.(iommu) ?? listedShape(iommu);
  return shape && complete(shape, iommu);
}

/**
 * The alignment VFIO demands of IOVA, size and vaddr: drivers/vfio/vfio_iommu_type1.c
 * `vfio_update_pgsize_bitmap` hides leaves smaller than the host's page and offers that page instead.
 */
export function smallestPage(leafSizes: readonly bigint[], hostPage: bigint): bigint {
  const least = smallestOf(leafSizes) ?? hostPage;
  return least < hostPage ? hostPage : least;
}

/**
 * A format before the layout's own words about it are applied. `bits` is what is assumed if the layout says
 * none.
 */
interface Shape extends Omit<TableFormat, 'levels'> {
  readonly leafSizes: readonly bigint[];
  readonly bits: number;
  /** Width that the tables can't exceed. */
  readonly mostBits?: number;
  /** What a missing width was taken to be. */
  readonly bitsAssumed: string;
  /** What leaf sizes that aren't listed were taken to be, where the hardware has a choice. */
  readonly leavesAssumed?: string;
  readonly assumed?: readonly string[];
}

function complete(shape: Shape, iommu: IommuDescription): IommuFormat {
  const bits = Math.min(iommu.bits ?? shape.bits, shape.mostBits ?? 64);
  const { granule, bitsPerLevel, lastLevelBits, startingLevels } = shape;
  return {
    granule, bitsPerLevel, lastLevelBits, startingLevels,
    levels: levelsFor(bits, shape),
    leafSizes: largestFirst(iommu.blocks ?? shape.leafSizes),
    defaultAperture: rangeOf(0n, 1n << BigInt(bits)),
    assumed: [...(shape.assumed ?? []), ...leavesNote(shape, iommu), ...bitsNote(bits, shape, iommu)],
  };
}

const leavesNote = ({ leavesAssumed }: Shape, { blocks }: IommuDescription): string[] =>
  leavesAssumed !== undefined && !blocks ? [leavesAssumed] : [];

/** Levels that resolve `bits` of an IOVA, at least one. */
function levelsFor(bits: number, shape: Shape): number {
  const above = bits - log2(shape.granule) - (shape.lastLevelBits ?? shape.bitsPerLevel);
  return 1 + Math.max(0, Math.ceil(above / shape.bitsPerLevel));
}

function bitsNote(bits: number, shape: Shape, iommu: IommuDescription): string[] {
  if (iommu.bits === undefined) return [shape.bitsAssumed];
  return bits < iommu.bits ? [`${bits} bits instead of ${iommu.bits}: tables of this granule go no further`] : [];
}

type ShapeOf = (iommu: IommuDescription) => Shape;

const SHAPES: ReadonlyMap<string, ShapeOf> = new Map<string, ShapeOf>([
  ['smmu-v3', (iommu) => smmuShape(iommu, 'stage 1, 48 bits')],
  ['smmu-v2', (iommu) => smmuShape(iommu, 'long descriptors, 48 bits')],
  ['vt-d', vtdShape],
  ['amd-v1', amdV1Shape],
  ['amd-v2', amdV2Shape],
  ['riscv', riscvShape],
  ['virtio', virtioShape],
  ['s390', s390Shape],
  ['dart', dartShape],
]);

const SMMU_GRANULES: readonly bigint[] = [4n * KIB, 16n * KIB, 64n * KIB];

/**
 * drivers/iommu/io-pgtable-arm.c `arm_lpae_restrict_pgsizes`: one granule, the host's page if the hardware
 * has it; no contiguous bit, no 512 GiB, no 64 GiB; more than 48 bits, and 4 TiB leaves, with 64 KiB only.
 * The aperture of stage 1 is arm-smmu-v3.c `arm_smmu_domain_finalise`.
 */
function smmuShape(iommu: IommuDescription, width: string): Shape {
  const granule = SMMU_GRANULES.find((size) => size === (iommu.granule ?? iommu.hostPage)) ?? 4n * KIB;
  const bitsPerLevel = log2(granule) - 3;
  const large = granule === 64n * KIB;
  return {
    granule, bitsPerLevel, bits: 48, mostBits: large ? 52 : 48,
    leafSizes: smmuLeafSizes(granule, large && (iommu.bits ?? 48) > 48),
    bitsAssumed: width,
    assumed: granuleNote(granule, iommu, "the host's page"),
  };
}

function smmuLeafSizes(granule: bigint, wide: boolean): bigint[] {
  if (granule === 4n * KIB) return [GIB, 2n * MIB, granule];
  if (granule === 16n * KIB) return [32n * MIB, granule];
  return [...(wide ? [4n * TIB] : []), 512n * MIB, granule];
}

/**
 * drivers/iommu/intel/iommu.c `compute_vasz_lg2_ss`, `compute_vasz_lg2_fs`. Second-stage tables reach 39, 48
 * or 57 bits; first-stage ones, sign-extended, one bit less.
 */
function vtdShape(): Shape {
  return {
    granule: 4n * KIB, bitsPerLevel: 9, bits: 48, leafSizes: [GIB, 2n * MIB, 4n * KIB],
    bitsAssumed: 'second stage, 48 bits (many client parts have 39; first-stage tables, which 7.x prefers, 47)',
    leavesAssumed: '2 MiB and 1 GiB pages',
  };
}

/**
 * drivers/iommu/amd/amd_iommu_types.h `AMD_IOMMU_PGSIZES`, drivers/iommu/generic_pt/fmt/amdv1.h: 512 GiB is
 * left out for a fault of the hardware. The root starts with three levels and grows.
 */
function amdV1Shape(): Shape {
  return {
    granule: 4n * KIB, bitsPerLevel: 9, startingLevels: 3, bits: 64, bitsAssumed: 'six table levels, 64 bits',
    leafSizes: powersOfTwo(51, 12).filter((size) => size !== 512n * GIB),
  };
}

/** drivers/iommu/amd/iommu.c: the tables of the CPU, sign-extended, of which the lower half is used. */
function amdV2Shape(): Shape {
  return {
    granule: 4n * KIB, bitsPerLevel: 9, bits: 47, leafSizes: [GIB, 2n * MIB, 4n * KIB],
    bitsAssumed: 'four table levels, 47 bits',
  };
}

/**
 * drivers/iommu/generic_pt/fmt/riscv.h and drivers/iommu/riscv/iommu.c: a leaf at any level, and Svnapot's 64
 * KiB.
 */
function riscvShape(iommu: IommuDescription): Shape {
  const small = [512n * GIB, GIB, 2n * MIB, 64n * KIB, 4n * KIB];
  return {
    granule: 4n * KIB, bitsPerLevel: 9, bits: 47, bitsAssumed: 'Sv48, 47 bits',
    leafSizes: (iommu.bits ?? 47) > 47 ? [256n * TIB, ...small] : small,
  };
}

/**
 * QEMU hw/virtio/virtio-iommu.c: the page size mask has every bit from the granule up. No table: the host's
 * map counts.
 */
function virtioShape(iommu: IommuDescription): Shape {
  const granule = iommu.granule ?? iommu.hostPage;
  return {
    granule, bitsPerLevel: 64 - log2(granule), bits: 64, bitsAssumed: 'an input range of 64 bits',
    leafSizes: powersOfTwo(63, log2(granule)), assumed: granuleNote(granule, iommu, "the host's page"),
  };
}

/**
 * drivers/iommu/s390-iommu.c, arch/s390/include/asm/pci_dma.h: page tables of 256 entries below tables of
 * 2048.
 */
function s390Shape(): Shape {
  return {
    granule: 4n * KIB, bitsPerLevel: 11, lastLevelBits: 8, bits: 42, leafSizes: [4n * KIB],
    bitsAssumed: 'region-third tables, 42 bits (the firmware may leave less)',
  };
}

/**
 * drivers/iommu/io-pgtable-dart.c: one page size; drivers/iommu/apple-dart.c: the width is the hardware's.
 */
function dartShape(iommu: IommuDescription): Shape {
  const granule = iommu.granule ?? 16n * KIB;
  return {
    granule, bitsPerLevel: log2(granule) - 3, bits: 32, leafSizes: [granule], bitsAssumed: '32 bits',
    assumed: granuleNote(granule, iommu, 'that of every Mac'),
  };
}

/** An IOMMU that is told by its blocks alone: tables of one granule, as all the others have them. */
function listedShape(iommu: IommuDescription): Shape | undefined {
  const granule = smallestOf(iommu.blocks);
  if (granule === undefined) return undefined;
  return {
    granule, bitsPerLevel: Math.max(1, log2(granule) - 3), bits: 48, leafSizes: [], bitsAssumed: '48 bits',
    assumed: [`page tables of ${formatSize(granule)}`],
  };
}

function granuleNote(granule: bigint, iommu: IommuDescription, why: string): string[] {
  if (iommu.granule === granule) return [];
  if (iommu.granule === undefined) return [`a granule of ${formatSize(granule)}, ${why}`];
  const told = formatSize(iommu.granule);
  return [`a granule of ${formatSize(granule)} instead of ${told}, which this model doesn't have`];
}

function smallestOf(sizes: readonly bigint[] | undefined): bigint | undefined {
  const [first, ...rest] = sizes ?? [];
  return first === undefined ? undefined : smallest(first, ...rest);
}

/** 2^highest … 2^lowest, largest first. */
const powersOfTwo = (highest: number, lowest: number): bigint[] =>
  Array.from({ length: highest - lowest + 1 }, (_, index) => 1n << BigInt(highest - index));
