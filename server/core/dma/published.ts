import { MIB } from '../layout/address.js';
import { type Range, rangeOf } from '../layout/intervals.js';
import type { KeptKind, KeptRange } from './verdict.js';

/** A range that a model is known to keep for itself whatever the layout says. */
export interface PublishedRange extends KeptRange {
  /** Where the rule comes from: kernel file and function. */
  readonly source: string;
  /** One sentence: what it is for, and when it isn't there. */
  readonly why: string;
}

/**
 * The ranges that the Linux driver of an IOMMU model reports in `reserved_regions` of every group. What
 * depends on firmware (RMRR, IVMD, RMR, `iommu-addresses`, the DMA window of s390) or on a device isn't here:
 * only the host knows it. RISC-V's driver reports nothing at all.
 */
export function publishedByDefault(model: string, arch: string): readonly PublishedRange[] {
  return PUBLISHED.get(model)?.(arch) ?? [];
}

const published = (name: string, kind: KeptKind, range: Range, source: string, why: string): PublishedRange =>
  ({ name, kind, range, source, why });

const softwareMsi = (source: string): PublishedRange =>
  published('msi', 'sw-msi', rangeOf(0x0800_0000n, MIB), source,
    'The kernel maps the doorbells of the interrupt controller into this window; it can\'t be moved.');

const localApic = (source: string): PublishedRange =>
  published('msi', 'msi', rangeOf(0xfee0_0000n, MIB), source,
    'Writes to these addresses are interrupts before any translation.');

const hyperTransport = (source: string): PublishedRange =>
  published('hypertransport', 'reserved', rangeOf(0xfd_0000_0000n, 0x3_0000_0000n), source,
    'HyperTransport uses the last 12 GiB below 1 TiB; free only where every IOMMU advertises HTRangeIgnore.');

const dartDoorbell = (source: string): PublishedRange =>
  published('msi', 'msi', rangeOf(0xffff_c000n, 0x4000n), source,
    'The PCIe block takes MSI writes out of this page before the DART; PCI devices only, for a 16 KiB page.');

const SMMU_V3 = 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c arm_smmu_get_resv_regions';
const SMMU_V2 = 'drivers/iommu/arm/arm-smmu/arm-smmu.c arm_smmu_get_resv_regions';
const VIRTIO = 'drivers/iommu/virtio-iommu.c viommu_get_resv_regions';
const INTEL = 'drivers/iommu/intel/iommu.c intel_iommu_get_resv_regions';
const AMD = 'drivers/iommu/amd/iommu.c amd_iommu_get_resv_regions';
const DART = 'drivers/iommu/apple-dart.c apple_dart_get_resv_regions';

const amd = (): PublishedRange[] => [localApic(AMD), hyperTransport(AMD)];

const PUBLISHED: ReadonlyMap<string, (arch: string) => readonly PublishedRange[]> = new Map([
  ['smmu-v3', () => [softwareMsi(SMMU_V3)]],
  ['smmu-v2', () => [softwareMsi(SMMU_V2)]],
  ['virtio', (arch: string) => (arch === 'arm64' ? [softwareMsi(VIRTIO)] : [])],
  ['vt-d', () => [localApic(INTEL)]],
  ['amd-v1', amd],
  ['amd-v2', amd],
  ['dart', () => [dartDoorbell(DART)]],
]);
