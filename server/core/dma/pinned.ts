import { sizeOf } from '../layout/intervals.js';
import type { Assignment, Vm } from '../layout/model.js';
import type { Plan, PlannedMap } from './plan.js';
import { mapsInAll } from './plugged-memory.js';
import { isPinned } from './requests.js';
import { spacesOf } from './spaces.js';

/** Memory that a VMM pins for DMA, as it counts against RLIMIT_MEMLOCK. Bytes. */
export interface Pinned {
  /** At start-up. */
  readonly atBoot: bigint;
  /** Once all memory and all devices have arrived that may be plugged. */
  readonly atMost: bigint;
  /** I/O address spaces that hold all of the guest's memory at start-up, each of which pins it again. */
  readonly spaces: number;
  /** The request at which the limit is passed at start-up, if it is passed within one address space. */
  readonly refused: PlannedMap | undefined;
}

/**
 * Every mapping counts in full, huge pages included, and memory that is mapped twice counts twice
 * (drivers/vfio/vfio_iommu_type1.c `vfio_pin_pages_remote`, `vfio_lock_acct`; drivers/iommu/iommufd/pages.c
 * `iopt_pages_update_pinned`). The memory of devices counts for nothing under type1, nor does what is
 * mapped by its physical address. What the kernel refuses for another
 * reason isn't pinned.
 */
export function pinnedBy(plan: Plan): Pinned {
  const { vm, maps } = plan;
  const spaces = mappedSpaces(vm.assignments.filter(({ hotplug }) => !hotplug), vm);
  return {
    atBoot: bytesPinned(maps) * BigInt(spaces),
    atMost: bytesPinned(mapsInAll(plan)) * BigInt(mappedSpaces(vm.assignments, vm)),
    spaces,
    refused: maps.find(({ verdict }) => verdict.cause === 'memlock'),
  };
}

const bytesPinned = (maps: readonly PlannedMap[]): bigint =>
  maps.filter((map) => isPinned(map) && (map.verdict.errno === 'ok' || map.verdict.cause === 'memlock')).reduce((sum, { range }) => sum + sizeOf(range), 0n);

/** The spaces in which the VMM maps by itself, or is told to by a `map`: behind an emulated vIOMMU that lets nothing pass it maps nothing. */
const mappedSpaces = (assignments: readonly Assignment[], vm: Vm): number =>
  spacesOf(assignments.filter(({ device }) => device), vm).filter(({ identity }) => identity || vm.maps.length > 0).length;
