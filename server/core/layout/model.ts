import type { Element } from './elements.js';
import type { Range } from './intervals.js';
import type { Place } from './place.js';

/**
 * Hosts and guests as facts. Sizes and addresses are in bytes; what the file doesn't say, or says wrongly, is
 * `undefined` and silences the checks that need it. Every part knows the element it came from.
 */
export interface Host {
  readonly name: string;
  readonly element: Element;
  readonly arch: string | undefined;
  /** Version of its kernel, if the file says. */
  readonly kernel: KernelRelease | undefined;
  /** Base page of its kernel. */
  readonly page: bigint | undefined;
  /** Width of a host-physical address. */
  readonly bits: number | undefined;
  readonly contract: ContractName | undefined;
  readonly iommus: readonly Iommu[];
  readonly devices: readonly Device[];
  readonly bridges: readonly Bridge[];
  readonly memories: readonly HostMemory[];
  readonly hugepages: readonly HugepagePool[];
  readonly limits: Limits;
}

export interface KernelRelease {
  readonly major: number;
  readonly minor: number;
}

export type ContractName = 'type1' | 'iommufd' | 'none';

export interface Iommu {
  readonly name: string;
  readonly element: Element;
  readonly model: string | undefined;
  readonly granule: bigint | undefined;
  /** Leaf sizes listed by hand. */
  readonly blocks: readonly bigint[] | undefined;
  /** Width of an IOVA. */
  readonly bits: number | undefined;
  readonly aperture: Range | undefined;
  readonly reserved: readonly Reserved[];
}

export interface Device {
  readonly name: string;
  readonly element: Element;
  /** Where the host finds it, such as `0000:01:00.0`; nothing where the file doesn't say. */
  readonly address: string | undefined;
  /** Its group: devices of one group are attached together. */
  readonly group: string;
  readonly iommu: Iommu | undefined;
  /** Width of the addresses it can put on the bus. */
  readonly bits: number | undefined;
  readonly bars: readonly DeviceBar[];
  /** What its IOMMU, its group, its host and it itself keep. */
  readonly reserved: readonly Reserved[];
}

/** A base address register of a device. */
export interface DeviceBar {
  readonly number: string;
  readonly size: bigint | undefined;
}

/** A host bridge: bus addresses in its windows are routed to devices below it. */
export interface Bridge {
  readonly name: string;
  readonly element: Element;
  /** Whether ACS sends peer-to-peer traffic up to the IOMMU. */
  readonly acs: boolean | undefined;
  readonly windows: readonly BridgeWindow[];
}

export interface BridgeWindow {
  readonly name: string;
  readonly element: Element;
  /** Bus addresses. */
  readonly range: Range;
  /** As its bridge, if it doesn't say. */
  readonly acs: boolean | undefined;
}

/** A range of host-physical memory. */
export interface HostMemory {
  readonly name: string;
  readonly element: Element;
  readonly range: Range;
  readonly purpose: MemoryPurpose | undefined;
  readonly node: number | undefined;
}

export type MemoryPurpose = 'host' | 'hypervisor' | 'guests';

/** Huge pages that the host has set aside. */
export interface HugepagePool {
  readonly element: Element;
  /** Bytes of a page. */
  readonly size: bigint;
  readonly count: bigint | undefined;
  /** The NUMA node; nothing where they are of any. */
  readonly node: number | undefined;
}

export type ReservedKind = 'msi' | 'sw-msi' | 'direct' | 'direct-relaxable' | 'reserved';

export interface Reserved {
  readonly name: string;
  readonly element: Element;
  readonly range: Range;
  readonly kind: ReservedKind;
}

export interface Limits {
  readonly memlock: bigint | undefined;
  readonly dmaMaps: number | undefined;
  readonly slots: number | undefined;
}

export type Stance = 'reject' | 'carve' | 'tolerate';

export interface Vm {
  readonly name: string;
  readonly element: Element;
  /** Width of a guest-physical address. */
  readonly bits: number | undefined;
  readonly vmm: string | undefined;
  /** Memory slots that its VMM has for it. */
  readonly slots: number | undefined;
  readonly stance: Stance;
  readonly viommus: readonly Viommu[];
  readonly backings: readonly Backing[];
  readonly regions: readonly Region[];
  readonly maps: readonly WrittenMap[];
  readonly assignments: readonly Assignment[];
  /** What the file declares and this release doesn't judge, in words. */
  readonly unjudged: readonly string[];
}

/** An IOMMU that the guest sees. */
export interface Viommu {
  readonly name: string;
  readonly element: Element;
  readonly model: string | undefined;
  readonly mode: 'nested' | 'emulated' | undefined;
  /** Whether devices reach all of RAM until the guest has set it up; they do, where the file doesn't say. */
  readonly bypass: boolean | undefined;
  /** Width of the guest's IOVAs. */
  readonly bits: number | undefined;
  /** What it tells the guest to keep off. */
  readonly reserved: readonly Reserved[];
}

/** What the host promises of a backing's pages. */
export type BackingKind = 'anonymous' | 'thp' | 'hugetlb' | 'dax' | 'physical';

export interface Backing {
  readonly name: string;
  /** The declaration; the region itself where the backing is its own. */
  readonly element: Element;
  readonly own: boolean;
  readonly kind: BackingKind;
  readonly size: bigint | undefined;
  /** Page of `hugetlb` and `dax`. */
  readonly page: bigint | undefined;
  /** First host-physical address of `physical`. */
  readonly physical: bigint | undefined;
  /** The host's NUMA node that it is bound to. */
  readonly node: number | undefined;
  readonly share: boolean;
}

export type RegionKind = 'ram' | 'rom' | 'mmio' | 'window' | 'bar' | 'doorbell' | 'hole' | 'avoid';

export interface Region {
  readonly kind: RegionKind;
  readonly name: string;
  readonly element: Element;
  /** Guest-physical addresses; nothing where they can't be known. */
  readonly range: Range | undefined;
  readonly backing: Backing | undefined;
  /** First byte in its backing. */
  readonly offset: bigint | undefined;
  /** Some of `r`, `w`, `x`. */
  readonly access: string;
  /** As written; the VMM decides where it isn't. */
  readonly dma: boolean | undefined;
  readonly share: boolean;
  /** The guest's NUMA node, 0 if not told. */
  readonly node: number | undefined;
  readonly hotplug: boolean;
  /** How RAM arrives; nothing where it is there from the start. */
  readonly arrival: Arrival | undefined;
  /** What a window is kept free for; nothing where it is for everything. */
  readonly purpose: 'bars' | 'memory' | undefined;
  /** How the guest is told to keep off, for an `avoid`. */
  readonly via: string | undefined;
  /** Regions of which it hides its part. */
  readonly over: readonly Region[];
  readonly alias: Region | undefined;
}

/** How hot-plugged RAM arrives: a DIMM as a whole, virtio-mem in blocks, each of them one mapping request. */
export type Arrival = { readonly kind: 'dimm' } | { readonly kind: 'virtio-mem'; readonly block: bigint | undefined };

/** One DMA mapping request, as written. */
export interface WrittenMap {
  readonly name: string;
  readonly element: Element;
  readonly iova: bigint | undefined;
  readonly size: bigint | undefined;
  readonly region: Region | undefined;
  /** First byte in the region. */
  readonly offset: bigint | undefined;
  readonly access: string;
}

export interface Assignment {
  readonly name: string;
  readonly element: Element;
  readonly device: Device | undefined;
  readonly hotplug: boolean;
  /** The vIOMMU it stands behind. */
  readonly behind: string | undefined;
}

/** Where to underline an element. */
export const namePlace = (element: Element): Place => ({
  path: element.origin.path,
  item: element.origin.item,
  start: element.nameSpan.start,
  end: element.nameSpan.end,
});
