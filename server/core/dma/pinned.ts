import { sizeOf } from '../layout/intervals.js';
import type { Assignment, Vm } from '../layout/model.js';
import type { Plan, PlannedMap } from './plan.js';

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
 * `iopt_pages_update_pinned`). The memory of devices counts for nothing under type1. What the kernel refuses for another
 * reason isn't pinned.
 */
export function pinnedBy(plan: Plan): Pinned {
  const { vm, maps } = plan;
  const mapped = maps.filter(({ kind, verdict }) => kind === 'memory' && (verdict.errno === 'ok' || verdict.cause === 'memlock'));
  const once = mapped.reduce((sum, { range }) => sum + sizeOf(range), 0n);
  const arriving = vm.maps.length > 0 ? 0n : vm.regions.reduce((sum, { hotplug, range, dma }) => (hotplug && range && dma !== false ? sum + sizeOf(range) : sum), 0n);
  const spaces = spacesOf(vm.assignments.filter(({ hotplug }) => !hotplug), vm);
  return {
    atBoot: once * BigInt(spaces),
    atMost: (once + arriving) * BigInt(spacesOf(vm.assignments, vm)),
    spaces,
    refused: maps.find(({ verdict }) => verdict.cause === 'memlock'),
  };
}

/**
 * One for all devices without a vIOMMU; behind one that the VMM emulates one for each group, which holds all of the guest's
 * memory as long as the guest lets the device pass untranslated. Nested tables share that of their parent.
 */
function spacesOf(assignments: readonly Assignment[], vm: Vm): number {
  const emulated = (behind: string | undefined): boolean => vm.viommus.some(({ name, mode }) => name === behind && mode !== 'nested');
  const known = assignments.filter(({ device }) => device);
  return new Set(known.map(({ device, behind }) => (emulated(behind) ? `group ${device?.group}` : 'shared'))).size;
}
