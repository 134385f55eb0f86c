import type { Range } from '../layout/intervals.js';
import { IommufdContainer } from './iommufd.js';
import { atLeast } from './kernel-version.js';
import { Type1Container } from './type1.js';
import { usableRanges } from './usable-ranges.js';
import { type AttachRequest, type ContainerOptions, type MapRequest, OK, refuse, type Verdict } from './verdict.js';

export { atLeast, formatKernel, type KernelVersion, parseKernel } from './kernel-version.js';
export { DEFAULT_DMA_MAPS } from './type1.js';
export type {
  AttachRequest, Cause, ContainerOptions, Contract, Errno, KeptKind, KeptRange, MapRequest, Verdict,
} from './verdict.js';

/**
 * What a kernel holds for one I/O address space: attached groups and mappings. A value: every request answers
 * with the container after it, and the one before it is still there to try something else on.
 *
 * Modelled is what depends on the layout. Absent: isolation of interrupts and viability of groups (EPERM),
 * memory that isn't there or can't be written (EFAULT), flags, and mediated devices.
 */
export interface Container {
  /** Attaches one group of devices. */
  attach(group: AttachRequest): Step;
  map(request: MapRequest): Step;
  /** Unmaps every mapping inside `range`; a `base` equal to `end` is a request of size 0. */
  unmap(range: Range): Step;
  /** Unmaps everything. */
  unmapAll(): Step;
  /** The IOVA ranges that the kernel would list: a mapping must lie inside one of them. In order. */
  usable(): readonly Range[];
  /** What every IOVA, size and offset must be a multiple of, in bytes. */
  alignment(): bigint;
  /** The mappings there are, in the order of their IOVAs. */
  maps(): Iterable<MapRequest>;
  readonly mapCount: number;
  /** Bytes counted against RLIMIT_MEMLOCK. */
  readonly lockedBytes: bigint;
}

/**
 * The container after a request (the same one if it was refused and nothing changed), and what the kernel
 * answered.
 */
export type Step = readonly [container: Container, verdict: Verdict];

/** An empty container of the contract that a VMM opens, or of none. */
export function openContainer(options: ContainerOptions): Container {
  if (options.contract === 'type1') return new Type1Container(options);
  if (options.contract === 'iommufd') return hasIommufd(options) ? new IommufdContainer(options) : NO_IOMMUFD;
  return new UncheckedContainer([]);
}

/** drivers/iommu/iommufd is there since Linux 6.2. */
const hasIommufd = ({ kernel }: ContainerOptions): boolean => atLeast(kernel, 6, 2);

/** Maps in one of several containers of a process: RLIMIT_MEMLOCK is the process's, so what the others pin counts as well. */
export function mapBeside(container: Container, request: MapRequest, others: readonly Container[], { memlock }: ContainerOptions): Step {
  const [after, verdict] = container.map(request);
  const locked = others.reduce((sum, { lockedBytes }) => sum + lockedBytes, after.lockedBytes);
  const isOver = memlock !== undefined && after.lockedBytes > container.lockedBytes && locked > memlock;
  return isOver ? [container, refuse('ENOMEM', 'memlock')] : [after, verdict];
}

/**
 * No kernel is asked: a partitioning hypervisor maps what its configuration says, whatever that is. Keeps no
 * mapping.
 */
class UncheckedContainer implements Container {
  readonly #attached: readonly AttachRequest[];
  readonly mapCount = 0;
  readonly lockedBytes = 0n;

  constructor(attached: readonly AttachRequest[]) {
    this.#attached = attached;
  }

  attach(group: AttachRequest): Step {
    return [new UncheckedContainer([...this.#attached, group]), OK];
  }

  map(): Step {
    return [this, OK];
  }

  unmap(): Step {
    return [this, OK];
  }

  unmapAll(): Step {
    return [this, OK];
  }

  usable(): readonly Range[] {
    return usableRanges(this.#attached);
  }

  alignment(): bigint {
    return 1n;
  }

  maps(): Iterable<MapRequest> {
    return [];
  }
}

/** A contract that the kernel doesn't have: the VMM finds no file to open, and asks nobody. */
const NO_IOMMUFD: Container = {
  attach: noIommufd,
  map: noIommufd,
  unmap: noIommufd,
  unmapAll: noIommufd,
  usable: () => [],
  alignment: () => 1n,
  maps: () => [],
  mapCount: 0,
  lockedBytes: 0n,
};

function noIommufd(): Step {
  return [NO_IOMMUFD, refuse('ENOENT', 'no-iommufd')];
}
