/** What a line of a listing looks like that is read into a layout and is none: told where it stands in one, and told apart by it. */

export interface Listing {
  /** The name of the format, as `vmlayout import` has it. */
  readonly format: string;
  /** Who prints it. */
  readonly from: string;
  /** Holds for a line, with what monitors and mail programs put before it. */
  readonly line: RegExp;
}

export const MTREE: Listing = {
  format: 'qemu-mtree',
  from: 'QEMU’s `info mtree`',
  line: /^[ \t>|]*(?:\(qemu\) )?(?:FlatView #\d|AS ".*", root: |address-space: |memory-region: |[0-9a-f]{16}-[0-9a-f]{16} \(prio )/m,
};

export const RESERVED_REGIONS: Listing = {
  format: 'reserved-regions',
  from: 'Linux’ reserved_regions',
  line: /^(?:\S{0,200}reserved_regions:)?[ \t>|]*0x[0-9a-f]{16} +0x[0-9a-f]{16} +[a-z-]+\s*$/m,
};

export const IOMEM: Listing = {
  format: 'iomem',
  from: '/proc/iomem',
  line: /^[ \t>|]*[0-9a-f]{8,16}-[0-9a-f]{8,16} : \S/m,
};

/** Those of which a line says what it is. */
export const LISTINGS: readonly Listing[] = [MTREE, RESERVED_REGIONS, IOMEM];
