import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One run of the prober in a virtual machine, as test/data/kernel holds it. Numbers are hexadecimal strings.
 */
export interface KernelRun {
  readonly run: string;
  /** `uname -a` of the guest whose kernel answered. */
  readonly kernel: string;
  readonly arch: string;
  readonly iommu: string;
  readonly api: string;
  readonly reserved_regions: readonly ReservedRecord[];
  readonly containers: readonly ContainerRecord[];
  readonly attach: readonly AttachRecord[];
  readonly requests: readonly RequestRecord[];
  readonly pagetables: readonly TableRecord[];
}

export interface ReservedRecord {
  readonly group: string;
  readonly start: string;
  /** Last byte, inclusive. */
  readonly end: string;
  readonly type: 'msi' | 'direct' | 'direct-relaxable' | 'reserved';
}

export interface ContainerRecord {
  readonly section: string;
  /** Bitmap of leaf sizes. */
  readonly pgsizes: string;
  /** First and last byte of each range, both inclusive. */
  readonly iova_ranges: readonly (readonly [string, string])[];
  readonly iova_alignment: string | null;
}

export interface AttachRecord {
  readonly section: string;
  readonly step: string;
  readonly err: string;
}

export interface RequestRecord {
  readonly section: string;
  readonly op: 'map' | 'unmap';
  readonly name: string;
  readonly iova: string;
  readonly size: string;
  readonly backing?: string;
  readonly vaddr_offset?: string;
  readonly flags?: number;
  readonly result: string;
  /** `kept`: the prober left the mapping where it was; it unmaps everything else at once. */
  readonly note?: string;
  /** Bytes unmapped, if the result is OK. */
  readonly unmapped?: string;
}

/** One experiment: some mappings, and what was then found in the IOMMU's tables. */
export interface TableRecord {
  readonly name: string;
  readonly maps: readonly TableMap[];
  /** The request was made in pieces of this size. */
  readonly split?: { readonly piece: string };
  readonly leaves: Readonly<Record<string, number>>;
  /** 1 is a table of 4 KiB leaves, the highest the root. */
  readonly tables_by_height: Readonly<Record<string, number>>;
  readonly disable_hugepages: boolean;
}

export interface TableMap {
  readonly iova: string;
  readonly size: string;
  readonly backing: string;
  readonly vaddr_offset: string;
  readonly result: string;
  /** Offset in the request, physical address and size of every contiguous run, possibly cut short. */
  readonly phys_extents?: readonly (readonly [string, string, string])[];
  readonly n_phys_extents?: number;
}

/** The committed copies; under npm test the working directory is the repository's root. */
export const KERNEL_DATA = join(process.cwd(), 'test', 'data', 'kernel');

/** All runs of a folder, in the order of their names. */
export function readKernelRuns(folder: string): KernelRun[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as KernelRun);
}

/** `4K`, `2M`, `1G` … in bytes. */
export function bytesOf(size: string): bigint {
  const units: Readonly<Record<string, bigint>> = { K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n, P: 1n << 50n };
  return BigInt(size.slice(0, -1)) * (units[size.slice(-1)] ?? 0n);
}

/** The sizes whose bits are set in a `pgsize_bitmap`. */
export function sizesOfBitmap(bitmap: string): bigint[] {
  const bits = BigInt(bitmap);
  return Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit)).filter((size) => (bits & size) !== 0n);
}
