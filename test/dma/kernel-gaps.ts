/**
 * The recorded answers that the model doesn't give, each with its reason. The replay fails if one of them
 * agrees after all, if another one doesn't, or if the length of the list changes.
 */
export interface Gap {
  readonly run: string;
  /** `section/name` of a request, or the name of an experiment. */
  readonly record: string;
  readonly reason: string;
}

const TYPE1 = ['amd-612', 'smmuv3-61', 'vtd-72', 'vtd-misc-72'];
const ALL = [...TYPE1, 'vtd-iommufd-72'];

const gaps = (reason: string, runs: readonly string[], records: readonly string[]): Gap[] =>
  runs.flatMap((run) => records.map((record) => ({ run, record, reason })));

const MEMORY = 'memory that is missing, foreign or read-only: a layout has none of it (EFAULT)';
const FLAGS = 'a malformed call: flags and argument sizes are not part of a layout';
const TYPE1_V1 = 'the first type1, which unmaps parts by dropping the whole or nothing: no VMM opens it';
const LAST_PAGE = 'kernel bug before 6.18: a mapping of the last page of 2^64 is lost, and unmaps nothing from then on';

/** Requests to map and unmap. */
export const REQUEST_GAPS: readonly Gap[] = [
  ...gaps(MEMORY, ALL, [
    'basic/vaddr_null', 'basic/vaddr_noncanonical', 'basic/rdonly_vaddr_RW', 'basic/protnone_vaddr_R',
    'basic/vaddr_unmapped', 'basic/vaddr_hole_in_middle_4p',
  ]),
  ...gaps(MEMORY, TYPE1, ['basic/vaddr_kernel_last_page']),
  ...gaps(MEMORY, ALL.filter((run) => run !== 'amd-612'), ['basic/size_1T_backing_64M']),
  ...gaps(MEMORY, ['vtd-misc-72'], ['precedence/reserved_and_bad_vaddr']),
  ...gaps(FLAGS, ALL, ['basic/flags_unknown_bit8']),
  ...gaps(FLAGS, TYPE1, [
    'basic/argsz_short', 'basic/flags_vaddr_only_no_existing', 'unmap/flag_all_with_size', 'unmap/unknown_flag',
  ]),
  ...gaps(TYPE1_V1, TYPE1, [
    'type1v1/bisect_middle_1p', 'type1v1/bisect_head_1p', 'type1v1/whole', 'type1v1/bisect_1G_leaf_4K',
  ]),
  ...gaps(LAST_PAGE, ['amd-612'], [
    'lastpage/last_64bit_page_again', 'lastpage/unmap_last', 'lastpage/unmap_other', 'lastpage/other_after',
  ]),
];

/** Steps of attaching that failed or went well for another reason than the layout. */
export const ATTACH_GAPS: readonly Gap[] = [
  ...gaps('interrupts are not isolated, and allow_unsafe_interrupts is off', ['amd-612'], ['no_interrupt_remapping/set_iommu']),
  ...gaps('another device of the group is bound to a host driver', ['vtd-misc-72'], ['nonviable_group/set_container']),
];

const LUCK = 'luck: pages of the backing lie side by side in physical memory, which nothing promises';

/** Experiments whose leaves are fewer than what the backing guarantees. */
export const LEAF_GAPS: readonly Gap[] = [
  ...gaps(LUCK, ['amd-612', 'smmuv3-61', 'vtd-72', 'vtd-iommufd-72'], [
    'thp_16M_aligned', 'thp_16M-4K_same_phase+4K', 'thp_16M_cpu_split_mprotect',
  ]),
  ...gaps(LUCK, ['vtd-72', 'vtd-iommufd-72', 'amd-612'], ['h2m_contig_phys_same_phase_mod_1G']),
  ...gaps(LUCK, ['amd-612'], [
    'anon4k_seq_4M', 'thp_16M_one_4K_replaced_per_2M', 'h2m_64M_aligned', 'h2m_64M-4K_same_phase', 'h2m_64M_hole4K',
    'vm_pc_h2m_32M_vga_hole', 'h2m_contig_phys_iova_aligned',
  ]),
];

/** Experiments whose tables outlived the mappings that needed them, or went with them. */
export const TABLE_GAPS: readonly Gap[] = [
  ...gaps('empty tables stay after an unmapping until a larger leaf replaces them', ALL, [
    'residue_after_unmap_64M_4K_leaves',
  ]),
  ...gaps('empty tables stay after an unmapping until a larger leaf replaces them', ALL.slice(2), [
    'residue_after_all_unmapped',
  ]),
  ...gaps('a leaf of 1 GiB at IOVA 0 replaced the tables that attaching had left there', ['amd-612'], [
    'vm_pc_4G_low2G_nohole',
  ]),
];
