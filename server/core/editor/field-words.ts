/** What the fields of elements are, in one sentence, for hover and completion. */

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['base', 'Its first address.'],
  ['size', 'How many bytes it has.'],
  ['end', 'One past its last address.'],
  ['last', 'Its last address, inclusive.'],
  ['kind', 'Its keyword; of a reserved range, why it is kept.'],
  ['name', 'Its name.'],
  ['node', 'Its NUMA node; 0 where none is written.'],
  ['read', 'Whether the guest may read it.'],
  ['write', 'Whether the guest may write it.'],
  ['execute', 'Whether the guest may execute it.'],
  ['backing', 'The backing its bytes come from.'],
  ['entries', 'Leaves of all sizes that the IOMMU’s tables hold for it.'],
  ['tables', 'Bytes of page tables that it takes, without the root.'],
  ['blocks', 'How many leaves of a size it has: `m.blocks(2 MiB)`.'],
  ['coverage', 'The share of its bytes in leaves of a size or larger: `m.coverage(2 MiB) >= 90%`.'],
  ['ram', 'Bytes of RAM.'],
  ['dma', 'Bytes that are mapped for DMA.'],
  ['maps', 'How many mapping requests the VMM makes.'],
  ['pinned', 'Bytes that the VMM pins.'],
  ['arch', 'The architecture of the host.'],
  ['kernel', 'The version of its kernel.'],
  ['page', 'The base page of its kernel.'],
  ['bits', 'The width of its addresses.'],
  ['contract', 'The kernel interface that is asked to map.'],
  ['model', 'Which IOMMU it is.'],
  ['granule', 'The smallest page of its tables.'],
]);

export const aboutField = (name: string): string | undefined => FIELDS.get(name);
