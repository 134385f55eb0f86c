/**
 * A naive model of how KVM fills the CPU's tables: every page of a memory slot is touched, and for each the kernel's own
 * questions are asked, with the masks that the kernel uses. Slow and obvious; it shares no code with the closed forms that
 * it is there to check. Everything is counted in host pages, as plain numbers.
 */
export interface NaiveSlot {
  /** First guest page. */
  readonly gfn: number;
  readonly pages: number;
  /** First page of the VMM's address space. */
  readonly hva: number;
  /** The page with which the host maps the memory, in host pages. */
  readonly hostPage: number;
}

type Leaf = (slot: NaiveSlot, page: number, sizes: readonly number[]) => number;

/** arch/arm64/kvm/mmu.c `user_mem_abort`: the largest block no larger than the host's that `fault_supports_stage2_huge_mapping` takes. */
export const armLeaf: Leaf = (slot, page, sizes) => largest(sizes, (size) => size <= slot.hostPage && supports(slot, slot.hva + page, size));

function supports({ gfn, hva, pages }: NaiveSlot, at: number, size: number): boolean {
  if (gfn % size !== hva % size) return false;
  const start = at - (at % size);
  return start >= hva && start + size <= hva + pages;
}

/** arch/x86/kvm/x86.c `kvm_alloc_memslot_metadata`: a flag for each large page of a slot, then `kvm_mmu_max_mapping_level`. */
export const x86Leaf: Leaf = (slot, page, sizes) => largest(sizes, (size) => size <= slot.hostPage && !disallowed(slot, page, size));

function disallowed({ gfn, hva, pages }: NaiveSlot, page: number, size: number): boolean {
  if (size === 1) return false;
  const index = Math.floor((gfn + page) / size) - Math.floor(gfn / size);
  const last = Math.floor((gfn + pages - 1) / size) - Math.floor(gfn / size);
  const flags = Array.from({ length: last + 1 }, () => gfn % size !== hva % size);
  if (gfn % size !== 0) flags[0] = true;
  if ((gfn + pages) % size !== 0) flags[last] = true;
  return flags[index] ?? true;
}

const largest = (sizes: readonly number[], fits: (size: number) => boolean): number => Math.max(...sizes.filter(fits));

/** Number of leaves of every size once each page has been touched. */
export function naiveSlotLeaves(slot: NaiveSlot, sizes: readonly number[], leafOf: Leaf): Map<number, number> {
  const leaves = new Map<number, Set<number>>(sizes.map((size) => [size, new Set()]));
  for (let page = 0; page < slot.pages; page++) {
    const size = leafOf(slot, page, sizes);
    leaves.get(size)?.add(Math.floor((slot.gfn + page) / size));
  }
  return new Map([...leaves].map(([size, at]) => [size, at.size]));
}
