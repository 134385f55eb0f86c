import { ADDRESS_SPACE, isAligned, largest } from '../layout/address.js';
import { contains, type Range } from '../layout/intervals.js';
import type { Container, Step } from './contract.js';
import { smallestPage } from './formats.js';
import { type HeldMaps, releasing, taking } from './held-maps.js';
import { atLeast } from './kernel-version.js';
import { findOverlap, sizeOfTree, valuesOf } from './range-tree.js';
import { apertureOf, refuseDirect, refuseRange, usableRanges, witnessOf } from './usable-ranges.js';
import {
  type AttachRequest, type Check, type ContainerOptions, firstRefusal, isExcluded, lockedBytes, mappedRange,
  type MapRequest, OK, refuse, type Verdict,
} from './verdict.js';

/** `dma_entry_limit` of drivers/vfio/vfio_iommu_type1.c, if the module isn't told another. */
export const DEFAULT_DMA_MAPS = 65535;

/**
 * VFIO's own container, VFIO_TYPE1v2_IOMMU: drivers/vfio/vfio_iommu_type1.c. The older type1, which takes any
 * part of a mapping out and drops it whole, isn't modelled: no current VMM opens it.
 */
export class Type1Container implements Container {
  readonly #options: ContainerOptions;
  readonly #state: Type1State;

  constructor(options: ContainerOptions, state: Type1State = UNATTACHED) {
    this.#options = options;
    this.#state = state;
  }

  get mapCount(): number {
    return sizeOfTree(this.#state.maps);
  }

  get lockedBytes(): bigint {
    return this.#state.locked;
  }

  usable(): readonly Range[] {
    return this.#state.usable;
  }

  alignment(): bigint {
    return this.#state.page;
  }

  maps(): Iterable<MapRequest> {
    return valuesOf(this.#state.maps);
  }

  attach(group: AttachRequest): Step {
    const attempt = attempted(this.#state, group, this.#options);
    const refusal = firstRefusal(ATTACH_CHECKS, attempt);
    return refusal ? [this, refusal] : [this.#with(attempt.after), OK];
  }

  map(request: MapRequest): Step {
    const refusal = firstRefusal(MAP_CHECKS, { request, state: this.#state, options: this.#options });
    if (refusal) return [this, refusal];
    return [this.#with({ ...this.#state, ...taking(this.#state, request, this.#options.hostPage) }), OK];
  }

  /** `vfio_dma_do_unmap`: whole mappings only, and nothing to unmap is fine. */
  unmap(range: Range): Step {
    const refusal = refuseUnmap(range, this.#state, this.#options);
    return refusal ? [this, refusal] : this.#without(range);
  }

  unmapAll(): Step {
    return this.#state.attached.length === 0 ? [this, NO_IOMMU] : this.#without({ base: 0n, end: ADDRESS_SPACE });
  }

  #without(range: Range): Step {
    const { held, unmapped } = releasing(this.#state, range, this.#options.hostPage);
    return [this.#with({ ...this.#state, ...held }), { errno: 'ok', unmapped }];
  }

  #with(state: Type1State): Type1Container {
    return new Type1Container(this.#options, state);
  }
}

interface Type1State extends HeldMaps {
  readonly attached: readonly AttachRequest[];
  /** What every attached group translates and none keeps, in order. */
  readonly usable: readonly Range[];
  /** Leaf sizes that every attached group has; undefined before the first. */
  readonly pageSizes: readonly bigint[] | undefined;
  /** The alignment of every request: the lowest bit of `pgsize_bitmap`. */
  readonly page: bigint;
}

const UNATTACHED: Type1State =
  { attached: [], usable: [], pageSizes: undefined, page: 1n, maps: undefined, locked: 0n };

/** drivers/vfio/container.c `vfio_fops_unl_ioctl`: without VFIO_SET_IOMMU there is no driver to ask. */
const NO_IOMMU = refuse('EINVAL', 'unattached');

/** Since 5.4 the container keeps a list of valid IOVAs and checks mappings and attachments against it. */
const checksRanges = ({ kernel }: ContainerOptions): boolean => atLeast(kernel, 5, 4);

/**
 * Measured: 6.1 and 6.12 say EINVAL, 7.2 EOVERFLOW. That 6.18 ("sanitize for overflow") is between them is
 * assumed.
 */
const wrapErrno = ({ kernel }: ContainerOptions): 'EINVAL' | 'EOVERFLOW' =>
  atLeast(kernel, 6, 18) ? 'EOVERFLOW' : 'EINVAL';

interface Mapping {
  readonly request: MapRequest;
  readonly state: Type1State;
  readonly options: ContainerOptions;
}

/** The checks of `vfio_dma_do_map` in its order; each is one `if` there. */
const MAP_CHECKS: readonly Check<Mapping>[] = [
  ({ state }) => (state.attached.length === 0 ? NO_IOMMU : undefined),
  ({ request }) => (request.size === 0n ? refuse('EINVAL', 'empty') : undefined),
  ({ request: { iova, offset, size }, options }) =>
    iova + size > ADDRESS_SPACE || offset + size > ADDRESS_SPACE ? refuse(wrapErrno(options), 'wrap') : undefined,
  ({ request }) => (request.access === '' ? refuse('EINVAL', 'access') : undefined),
  ({ request, state }) => (isRequestAligned(request, state.page) ? undefined : refuse('EINVAL', 'alignment', { page: state.page })),
  refuseExisting,
  refuseLimit,
  refuseUnusable,
  refuseMemlock,
];

const isRequestAligned = ({ iova, size, offset }: MapRequest, page: bigint): boolean =>
  isAligned(iova, page) && isAligned(size, page) && isAligned(offset, page);

/**
 * `vfio_find_dma`: any byte in common with an existing mapping, before everything else that needs the IOMMU.
 */
function refuseExisting({ request, state }: Mapping): Verdict | undefined {
  const range = mappedRange(request);
  const existing = findOverlap(state.maps, range);
  return existing && refuse('EEXIST', 'existing-map', { existing, ...witnessOf(range, mappedRange(existing)) });
}

/** `dma_avail`, which 5.1 introduced. A full container says so even of a range that is reserved. */
function refuseLimit({ state, options }: Mapping): Verdict | undefined {
  if (!atLeast(options.kernel, 5, 1)) return undefined;
  return sizeOfTree(state.maps) >= (options.dmaMaps ?? DEFAULT_DMA_MAPS) ? refuse('ENOSPC', 'limit') : undefined;
}

/**
 * `vfio_iommu_iova_dma_valid`: inside one usable range, to the byte. Before 5.4 nothing was checked here;
 * what the IOMMU's driver then says of an IOVA beyond its aperture isn't modelled.
 */
function refuseUnusable({ request, state, options }: Mapping): Verdict | undefined {
  if (!checksRanges(options)) return undefined;
  const range = mappedRange(request);
  const inside = state.usable.some((usable) => contains(usable, range));
  return inside ? undefined : refuseRange('EINVAL', range, state.attached);
}

/** `vfio_pin_pages_remote`: exactly the limit is fine; memory mapped twice counts twice. */
function refuseMemlock({ request, state, options }: Mapping): Verdict | undefined {
  if (options.memlock === undefined) return undefined;
  const locked = lockedBytes(request, options.hostPage);
  return locked > 0n && state.locked + locked > options.memlock ? refuse('ENOMEM', 'memlock') : undefined;
}

/** The order of `vfio_dma_do_unmap`; a range that cuts a mapping at either end is refused whole. */
function refuseUnmap(range: Range, state: Type1State, options: ContainerOptions): Verdict | undefined {
  if (state.attached.length === 0) return NO_IOMMU;
  if (range.base >= range.end) return refuse('EINVAL', 'empty');
  if (!isAligned(range.base, state.page) || !isAligned(range.end, state.page)) return refuse('EINVAL', 'alignment');
  if (range.end > ADDRESS_SPACE) return refuse(wrapErrno(options), 'wrap');
  const cut = cutAt(range.base, state) ?? cutAt(range.end, state);
  return cut && refuse('EINVAL', 'bisect', { existing: cut, ...witnessOf(range, mappedRange(cut)) });
}

/** The mapping that begins before `address` and goes on past it. */
function cutAt(address: bigint, state: Type1State): MapRequest | undefined {
  const map = findOverlap(state.maps, { base: address, end: address + 1n });
  return map && map.iova < address ? map : undefined;
}

/** An attachment: the container before it, and what it would be after. */
interface Attachment {
  readonly group: AttachRequest;
  readonly before: Type1State;
  readonly after: Type1State;
  readonly options: ContainerOptions;
}

function attempted(before: Type1State, group: AttachRequest, options: ContainerOptions): Attachment {
  const attached = [...before.attached, group];
  const pageSizes = commonPageSizes(before.pageSizes, group.pageSizes);
  const page = smallestPage(pageSizes, options.hostPage);
  const after = { ...before, attached, usable: usableRanges(attached), pageSizes, page };
  return { group, before, after, options };
}

/**
 * `vfio_update_pgsize_bitmap`: the leaf sizes that all domains have. Where there is none the kernel's answer
 * is undefined; the coarser of the smallest ones is taken.
 */
function commonPageSizes(before: readonly bigint[] | undefined, added: readonly bigint[]): readonly bigint[] {
  if (!before) return added;
  const common = before.filter((size) => added.includes(size));
  return common.length > 0 ? common : [largest(smallestPage(before, 1n), smallestPage(added, 1n))];
}

/** The checks of `vfio_iommu_type1_attach_group` in its order, after the group itself could be claimed. */
const ATTACH_CHECKS: readonly Check<Attachment>[] = [
  ({ group, options }) => refuseDirect(group, options.kernel),
  refuseAperture,
  refuseReserved,
  ({ after, options }) =>
    checksRanges(options) && after.usable.length === 0 ? refuse('EINVAL', 'nothing-left') : undefined,
  refuseReplay,
];

/** `vfio_iommu_aper_conflict`: no common IOVA, or a mapping that the new aperture leaves out. */
function refuseAperture({ group, before, after, options }: Attachment): Verdict | undefined {
  if (!checksRanges(options)) return undefined;
  if (!apertureOf(after.attached)) return refuse('EINVAL', 'disjoint-aperture');
  const outside = [
    { base: 0n, end: group.aperture.base },
    { base: group.aperture.end, end: ADDRESS_SPACE },
  ];
  return refuseMapsIn(outside, before, 'aperture');
}

/** `vfio_iommu_resv_conflict`: a mapping in anything the group keeps, `direct-relaxable` apart. */
function refuseReserved({ group, before, options }: Attachment): Verdict | undefined {
  if (!checksRanges(options)) return undefined;
  for (const kept of group.kept.filter(isExcluded)) {
    const refusal = refuseMapsIn([kept.range], before, 'reserved');
    if (refusal) return { ...refusal, kept };
  }
  return undefined;
}

function refuseMapsIn(
  ranges: readonly Range[], state: Type1State, cause: 'aperture' | 'reserved',
): Verdict | undefined {
  for (const range of ranges.filter(({ base, end }) => base < end)) {
    const existing = findOverlap(state.maps, range);
    if (existing) return refuse('EINVAL', cause, { existing, ...witnessOf(range, mappedRange(existing)) });
  }
  return undefined;
}

/** `vfio_iommu_replay`: the new domain takes every mapping, which its own smallest page must divide. */
function refuseReplay({ before, after }: Attachment): Verdict | undefined {
  if (after.page <= before.page) return undefined;
  for (const existing of valuesOf(before.maps)) {
    if (!isRequestAligned(existing, after.page)) return refuse('EINVAL', 'alignment', { existing, page: after.page });
  }
  return undefined;
}
