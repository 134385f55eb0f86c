import type { Range } from '../layout/intervals.js';
import type { ContractName, ReservedKind } from '../layout/model.js';
import type { KernelVersion } from './kernel-version.js';

/** The errors that a DMA contract answers with. */
export type Errno =
  | 'EADDRINUSE' | 'EEXIST' | 'EFAULT' | 'EINVAL' | 'ENOENT'
  | 'ENOMEM' | 'ENOSPC' | 'EOPNOTSUPP' | 'EOVERFLOW' | 'EPERM';

/**
 * Why a request was refused, in the words of the field.
 *
 * Of a mapping: `empty` (size 0), `wrap` (past 2^64), `access` (neither read nor write), `alignment`,
 * `existing-map`, `limit` (number of mappings), `reserved`, `aperture`, `memlock`, `bar` (the contract can't
 * pin a device's memory), `unattached` (no device, so no IOMMU to ask).
 *
 * Of an attachment, where an existing mapping may be in the way: `direct` (the firmware demands a 1:1
 * mapping), `reserved`, `aperture`, `disjoint-aperture` (no IOVA that both IOMMUs translate), `nothing-left`
 * (none that isn't reserved), `mixed-msi` (a hardware and a software MSI window), `nesting` (the contract has no nested
 * tables), `page-size`, `alignment`,
 * `memlock`, `bar`.
 *
 * Of all: `no-iommufd` (the kernel is older than iommufd).
 *
 * Of an unmapping: `empty`, `wrap`, `alignment`, `bisect` (part of a mapping), `nothing-there`, `unattached`.
 */
export type Cause =
  | 'access' | 'alignment' | 'aperture' | 'bar' | 'bisect' | 'direct' | 'disjoint-aperture' | 'empty'
  | 'existing-map' | 'limit' | 'memlock' | 'mixed-msi' | 'nesting' | 'no-iommufd' | 'nothing-left' | 'nothing-there' | 'page-size'
  | 'reserved' | 'unattached' | 'wrap';

/** What the kernel answers to one request. */
export interface Verdict {
  readonly errno: 'ok' | Errno;
  readonly cause?: Cause;
  /**
   * The bytes that decided: of the request where it is a mapping, of the existing mapping where it is an
   * attachment.
   */
  readonly witness?: Range;
  /** The kept range that was met, where the cause is `reserved`, `direct` or `mixed-msi`. */
  readonly kept?: KeptRange;
  /** The mapping that was in the way. */
  readonly existing?: MapRequest;
  /** What IOVA, size and offset have to be multiples of, in bytes, where the cause is `alignment`. */
  readonly page?: bigint;
  /** Bytes unmapped, only of an unmapping. */
  readonly unmapped?: bigint;
}

export const OK: Verdict = { errno: 'ok' };

/** The verdict of a request that is refused, with the facts that decided. */
export const refuse = (errno: Errno, cause: Cause, facts: Omit<Verdict, 'errno' | 'cause'> = {}): Verdict =>
  ({ errno, cause, ...facts });

/** One check of a kernel function, on all it looks at. */
export type Check<Subject> = (subject: Subject) => Verdict | undefined;

/** The verdict of the first check that objects: the order of the checks is the kernel's. */
export function firstRefusal<Subject>(checks: readonly Check<Subject>[], subject: Subject): Verdict | undefined {
  for (const check of checks) {
    const refusal = check(subject);
    if (refusal) return refusal;
  }
  return undefined;
}

/**
 * The kinds of reserved IOVA ranges, include/linux/iommu.h `enum iommu_resv_type`. sysfs prints `msi` and
 * `sw-msi` alike.
 */
export type KeptKind = ReservedKind;

/** A range of IOVAs that a device, its group or its IOMMU keeps for itself. */
export interface KeptRange {
  readonly range: Range;
  readonly kind: KeptKind;
  readonly name: string;
}

/** A group of devices to attach. */
export interface AttachRequest {
  readonly name: string;
  /** The IOMMU's model (`vt-d`, `amd-v1` …): it decides how old kernels treat `direct` ranges. */
  readonly model: string;
  /** IOVAs that the IOMMU translates. */
  readonly aperture: Range;
  /** Leaf sizes of the IOMMU, in bytes, in any order. */
  readonly pageSizes: readonly bigint[];
  readonly kept: readonly KeptRange[];
}

/** One request to map memory for DMA. */
export interface MapRequest {
  readonly iova: bigint;
  readonly size: bigint;
  /**
   * Where the memory begins in the process (vaddr), or anything congruent to it modulo the pages: the offset
   * in its backing, which is mapped at an aligned address. Its low bits decide; only a true vaddr can wrap
   * around.
   */
  readonly offset: bigint;
  readonly access: 'r' | 'w' | 'rw' | '';
  /** `bar` is memory of another device; ordinary memory if left out. */
  readonly kind?: 'memory' | 'bar';
  /** Whether the pages count against RLIMIT_MEMLOCK; if left out, memory does and a BAR doesn't. */
  readonly memlocked?: boolean;
}

/** Whom the VMM asks to map memory for DMA: VFIO's own container, iommufd, or no kernel at all. */
export type Contract = ContractName;

/** What a container is asked under. */
export interface ContainerOptions {
  readonly contract: Contract;
  readonly kernel: KernelVersion;
  /** The host's base page in bytes. */
  readonly hostPage: bigint;
  /** Mappings a type1 container may hold, the module parameter `dma_entry_limit`; 65535 if left out. */
  readonly dmaMaps?: number | undefined;
  /** RLIMIT_MEMLOCK in bytes; no limit if left out, as with CAP_IPC_LOCK. */
  readonly memlock?: bigint | undefined;
}

/** Whether VFIO and iommufd take `kept` out of what can be mapped; `direct-relaxable` alone they leave in. */
export const isExcluded = (kept: KeptRange): boolean => kept.kind !== 'direct-relaxable';

/** The range that a request maps. */
export const mappedRange = (request: MapRequest): Range => ({
  base: request.iova,
  end: request.iova + request.size,
});

/** Bytes of a request that count against RLIMIT_MEMLOCK, in whole host pages. */
export function lockedBytes(request: MapRequest, hostPage: bigint): bigint {
  if (!(request.memlocked ?? request.kind !== 'bar')) return 0n;
  const head = request.offset % hostPage;
  return ((head + request.size + hostPage - 1n) / hostPage) * hostPage;
}
