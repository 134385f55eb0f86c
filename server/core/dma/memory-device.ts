import { formatAddress, formatSize, isAligned, isPowerOfTwo, largest, MIB } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import type { Backing, Host, Region, Vm } from '../layout/model.js';

/** What QEMU says to a memory device some of whose addresses another has (hw/mem/memory-device.c `memory_device_get_free_addr`). */
export const DEVICE_CONFLICT = '“address range conflicts with memory device”';

/** What QEMU objects to in a memory device before it asks anybody to map it: then it doesn't come, and the VM keeps running. */
export interface DeviceRefusal {
  /** What is wrong with it. */
  readonly property: 'base' | 'size' | 'block';
  /** What it has to be a multiple of, in bytes; of a block what it has to be at least. */
  readonly unit: bigint;
  /** QEMU's words, or those for them. */
  readonly words: string;
}

/**
 * A memory device lies at a multiple of what its backend is aligned to, of `virtio-mem` of its block as well, and is as large as
 * a multiple of it (hw/mem/memory-device.c `memory_device_get_free_addr`, `memory_device_pre_plug`; hw/virtio/virtio-mem.c
 * `virtio_mem_device_realize`). Other VMMs have rules of their own, which aren't judged.
 */
export function deviceRefusal({ arrival, range, backing }: Region, { vmm }: Vm, { arch }: Pick<Host, 'arch'>, page: bigint): DeviceRefusal | undefined {
  if (vmm !== 'qemu' || !arrival || !range) return undefined;
  const own = backendAlignment(backing, arch, page);
  const block = arrival.kind === 'virtio-mem' ? arrival.block : undefined;
  const least = backing?.page ?? page;
  if (block !== undefined && (block < least || !isPowerOfTwo(block))) {
    return { property: 'block', unit: least, words: `as its block has to be a power of two, and no less than the page of its backing, ${formatSize(least)}` };
  }
  const unit = largest(own, block ?? own);
  if (!isAligned(range.base, unit)) return { property: 'base', unit, words: `with “address must be aligned to ${formatAddress(unit)} bytes”` };
  if (isAligned(sizeOf(range), unit)) return undefined;
  const words = unit === own ? `with “backend memory size must be multiple of ${formatAddress(unit)}”` : `as its size has to be a multiple of its block, ${formatSize(unit)}`;
  return { property: 'size', unit, words };
}

/** What QEMU aligns a backend to: its huge page, or 2 MiB for ordinary memory where that is a huge page of the CPU (include/qemu/osdep.h `QEMU_VMALLOC_ALIGN`). Bytes. */
function backendAlignment(backing: Backing | undefined, arch: string | undefined, page: bigint): bigint {
  if (backing?.kind === 'hugetlb' || backing?.kind === 'dax') return backing.page ?? page;
  return backing?.kind !== 'physical' && (arch === 'x86_64' || arch === 'arm64') ? largest(page, 2n * MIB) : page;
}
