import { ADDRESS_SPACE, isAligned, largest, smallest } from '../layout/address.js';
import { contains, isEmpty, type Range, subtract } from '../layout/intervals.js';
import type { Container, Step } from './contract.js';
import { type HeldMaps, releasing, taking } from './held-maps.js';
import { findOverlap, sizeOfTree, valuesOf } from './range-tree.js';
import { ALL_ADDRESSES, refuseDirect, refuseRange, usableRanges, witnessOf } from './usable-ranges.js';
import {
  type AttachRequest, type Check, type ContainerOptions, firstRefusal, isExcluded, lockedBytes, mappedRange,
  type MapRequest, OK, refuse, type Verdict,
} from './verdict.js';

/**
 * An I/O address space of iommufd: drivers/iommu/iommufd. Mappings are asked for at fixed IOVAs, as a VMM
 * does. Before the first device is attached it has no reserved range, an alignment of one byte and pins
 * nothing.
 */
export class IommufdContainer implements Container {
  readonly #options: ContainerOptions;
  readonly #state: IommufdState;

  constructor(options: ContainerOptions, state: IommufdState = UNATTACHED) {
    this.#options = options;
    this.#state = state;
  }

  get mapCount(): number {
    return sizeOfTree(this.#state.maps);
  }

  get lockedBytes(): bigint {
    return this.#state.attached.length > 0 ? this.#state.locked : 0n;
  }

  usable(): readonly Range[] {
    return this.#state.usable;
  }

  alignment(): bigint {
    return this.#state.alignment;
  }

  maps(): Iterable<MapRequest> {
    return valuesOf(this.#state.maps);
  }

  attach(group: AttachRequest): Step {
    const attachment = { group, state: this.#state, options: this.#options };
    const refusal = firstRefusal(ATTACH_CHECKS, attachment);
    if (refusal) return [this, refusal];
    const attached = [...this.#state.attached, group];
    const alignment = alignmentAfter(this.#state, group);
    return [this.#with({ ...this.#state, attached, alignment, usable: usableRanges(attached) }), OK];
  }

  map(request: MapRequest): Step {
    const refusal = firstRefusal(MAP_CHECKS, { request, state: this.#state, options: this.#options });
    if (refusal) return [this, refusal];
    return [this.#with({ ...this.#state, ...taking(this.#state, request, this.#options.hostPage) }), OK];
  }

  /**
   * io_pagetable.c `iopt_unmap_iova_range`: from the lowest mapping upwards until one sticks out of the
   * range. What was unmapped before it stays unmapped although the answer is ENOENT.
   */
  unmap(range: Range): Step {
    if (isEmpty(range)) return [this, refuse('EINVAL', 'empty')];
    if (range.end > ADDRESS_SPACE) return [this, refuse('EOVERFLOW', 'wrap')];
    return this.#without(range);
  }

  /** `iopt_unmap_all`, which finds nothing to unmap no error. */
  unmapAll(): Step {
    const [container, verdict] = this.#without(ALL_ADDRESSES);
    return [container, { errno: 'ok', unmapped: verdict.unmapped ?? 0n }];
  }

  #without(range: Range): Step {
    const { held, unmapped, cut } = releasing(this.#state, range, this.#options.hostPage);
    return [this.#with({ ...this.#state, ...held }), unmapVerdict(range, unmapped, cut)];
  }

  #with(state: IommufdState): IommufdContainer {
    return new IommufdContainer(this.#options, state);
  }
}

function unmapVerdict(range: Range, unmapped: bigint, cut: MapRequest | undefined): Verdict {
  if (cut) return refuse('ENOENT', 'bisect', { existing: cut, unmapped, ...witnessOf(range, mappedRange(cut)) });
  return unmapped === 0n ? refuse('ENOENT', 'nothing-there', { unmapped }) : { errno: 'ok', unmapped };
}

interface IommufdState extends HeldMaps {
  readonly attached: readonly AttachRequest[];
  readonly usable: readonly Range[];
  /** `iova_alignment`: the largest of the smallest pages of all domains. */
  readonly alignment: bigint;
}

const UNATTACHED: IommufdState =
  { attached: [], usable: [ALL_ADDRESSES], alignment: 1n, maps: undefined, locked: 0n };

interface Mapping {
  readonly request: MapRequest;
  readonly state: IommufdState;
  readonly options: ContainerOptions;
}

/**
 * The checks in the kernel's order: ioas.c `iommufd_ioas_map`, then io_pagetable.c `iopt_alloc_area_pages`,
 * `iopt_check_iova`, `iopt_insert_area`, and pages.c where the memory is pinned. There is no limit on
 * mappings.
 */
const MAP_CHECKS: readonly Check<Mapping>[] = [
  ({ request: { iova, size } }) =>
    iova >= ULONG_MAX || size >= ULONG_MAX ? refuse('EOVERFLOW', 'wrap') : undefined,
  ({ request }) => (request.access === '' ? refuse('EINVAL', 'access') : undefined),
  refuseMemoryWrap,
  ({ request }) => (request.size === 0n ? refuse('EINVAL', 'empty') : undefined),
  ({ request: { iova, size }, state: { alignment } }) =>
    isAligned(iova, alignment) && isAligned(size, alignment) ? undefined : refuse('EINVAL', 'alignment', { page: alignment }),
  ({ request }) => (request.iova + request.size > ADDRESS_SPACE ? refuse('EOVERFLOW', 'wrap') : undefined),
  refuseUnusable,
  refuseExisting,
  ({ request, state }) => (isAligned(request.offset, state.alignment) ? undefined : refuse('EINVAL', 'alignment', { page: state.alignment })),
  ({ request, state, options }) =>
    state.attached.length > 0 ? refusePin([request], state.locked, options) : undefined,
];

const ULONG_MAX = ADDRESS_SPACE - 1n;

/**
 * pages.c `iopt_alloc_user_pages`: the end of the memory is counted exclusive here, so its last page can't be
 * had.
 */
function refuseMemoryWrap({ request: { offset, size } }: Mapping): Verdict | undefined {
  return offset + size > ULONG_MAX ? refuse('EOVERFLOW', 'wrap') : undefined;
}

/**
 * `iopt_check_iova`, first half: the tree of reserved ranges, which holds what lies beyond the apertures too.
 */
function refuseUnusable({ request, state }: Mapping): Verdict | undefined {
  const range = mappedRange(request);
  const inside = state.usable.some((usable) => contains(usable, range));
  return inside ? undefined : refuseRange('EINVAL', range, state.attached);
}

/** `iopt_check_iova`, second half. */
function refuseExisting({ request, state }: Mapping): Verdict | undefined {
  const range = mappedRange(request);
  const existing = findOverlap(state.maps, range);
  return existing && refuse('EEXIST', 'existing-map', { existing, ...witnessOf(range, mappedRange(existing)) });
}

/**
 * pages.c `pfn_reader_user_pin`, `incr_user_locked_vm`. The memory of a device (VM_PFNMAP) can't be pinned;
 * from 6.19 on it can be mapped as a dma-buf, which is another request than this one.
 */
function refusePin(requests: Iterable<MapRequest>, locked: bigint, options: ContainerOptions): Verdict | undefined {
  let total = locked;
  for (const request of requests) {
    if (request.kind === 'bar') return refuse('EFAULT', 'bar', { witness: mappedRange(request) });
    const bytes = lockedBytes(request, options.hostPage);
    total += bytes;
    if (bytes > 0n && options.memlock !== undefined && total > options.memlock) return refuse('ENOMEM', 'memlock');
  }
  return undefined;
}

interface Attachment {
  readonly group: AttachRequest;
  readonly state: IommufdState;
  readonly options: ContainerOptions;
}

/**
 * The order of device.c `iommufd_hw_pagetable_attach` (io_pagetable.c `iopt_table_enforce_dev_resv_regions`),
 * then `iopt_table_add_domain`, and at last pinning what was mapped before there was a device.
 */
const ATTACH_CHECKS: readonly Check<Attachment>[] = [
  ({ group, options }) => refuseDirect(group, options.kernel),
  refuseReserved,
  refuseMixedMsi,
  refusePageSize,
  refuseAlignment,
  refuseAperture,
  ({ state, options }) =>
    state.attached.length === 0 ? refusePin(valuesOf(state.maps), 0n, options) : undefined,
];

/** `iopt_reserve_iova` of everything the device keeps, `direct-relaxable` apart. */
function refuseReserved({ group, state }: Attachment): Verdict | undefined {
  for (const kept of group.kept.filter(isExcluded)) {
    const existing = findOverlap(state.maps, kept.range);
    if (existing) {
      return refuse('EADDRINUSE', 'reserved', { kept, existing, ...witnessOf(kept.range, mappedRange(existing)) });
    }
  }
  return undefined;
}

/** "Drivers must offer sane combinations of regions": one software window, or hardware ones. */
function refuseMixedMsi({ group }: Attachment): Verdict | undefined {
  const software = group.kept.filter(({ kind }) => kind === 'sw-msi');
  const hardware = group.kept.filter(({ kind }) => kind === 'msi');
  const kept = software[1] ?? (software.length > 0 ? hardware[0] : undefined);
  return kept && refuse('EINVAL', 'mixed-msi', { kept });
}

/** A domain must take a page of the host: `iopt_table_add_domain`. */
function refusePageSize({ group, state, options }: Attachment): Verdict | undefined {
  return alignmentAfter(state, group) > options.hostPage ? refuse('EINVAL', 'page-size') : undefined;
}

/** `iopt_check_iova_alignment`: mappings made under a finer alignment block a coarser one. */
function refuseAlignment({ group, state }: Attachment): Verdict | undefined {
  const alignment = alignmentAfter(state, group);
  if (alignment === state.alignment) return undefined;
  for (const existing of valuesOf(state.maps)) {
    if (![existing.iova, existing.size, existing.offset].every((value) => isAligned(value, alignment))) {
      return refuse('EADDRINUSE', 'alignment', { existing, page: alignment });
    }
  }
  return undefined;
}

/** No mapping may lie outside of the new domain's aperture, nor may nothing be left of all of them. */
function refuseAperture({ group, state }: Attachment): Verdict | undefined {
  for (const outside of subtract(ALL_ADDRESSES, [group.aperture])) {
    const existing = findOverlap(state.maps, outside);
    if (existing) {
      return refuse('EADDRINUSE', 'aperture', { existing, ...witnessOf(outside, mappedRange(existing)) });
    }
  }
  return undefined;
}

const alignmentAfter = (state: IommufdState, group: AttachRequest): bigint =>
  largest(state.alignment, smallest(group.pageSizes[0] ?? 1n, ...group.pageSizes));
