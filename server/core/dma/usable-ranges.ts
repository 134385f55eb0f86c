import { ADDRESS_SPACE } from '../layout/address.js';
import { intersect, overlaps, type Range, subtract } from '../layout/intervals.js';
import { atLeast, type KernelVersion } from './kernel-version.js';
import { type AttachRequest, type Errno, isExcluded, type KeptRange, refuse, type Verdict } from './verdict.js';

/** Every IOVA there is. */
export const ALL_ADDRESSES: Range = { base: 0n, end: ADDRESS_SPACE };

/** The IOVAs that all attached groups translate; possibly empty, and all there are if nothing is attached. */
export function apertureOf(attached: readonly AttachRequest[]): Range | undefined {
  let common: Range | undefined = ALL_ADDRESSES;
  for (const { aperture } of attached) common = common && intersect(common, aperture);
  return common;
}

/** What attached groups keep for themselves. */
export const excludedBy = (attached: readonly AttachRequest[]): KeptRange[] =>
  attached.flatMap((group) => group.kept).filter(isExcluded);

/**
 * The IOVA ranges that can be mapped: what all attached groups translate, without what any of them keeps. A
 * mapping must lie inside one of them. drivers/vfio/vfio_iommu_type1.c `vfio_iommu_aper_resize`,
 * `vfio_iommu_resv_exclude`; drivers/iommu/iommufd/io_pagetable.c `iopt_reserve_iova`.
 */
export function usableRanges(attached: readonly AttachRequest[]): Range[] {
  const aperture = apertureOf(attached);
  return aperture ? subtract(aperture, excludedBy(attached).map((kept) => kept.range)) : [];
}

/**
 * The verdict on a range that lies in no usable one: which kept range it meets, or where it leaves the
 * aperture.
 */
export function refuseRange(errno: Errno, range: Range, attached: readonly AttachRequest[]): Verdict {
  const kept = excludedBy(attached).find((candidate) => overlaps(candidate.range, range));
  if (kept) return refuse(errno, 'reserved', { kept, ...witnessOf(range, kept.range) });
  const aperture = apertureOf(attached);
  const beyond = aperture ? subtract(range, [aperture])[0] : range;
  return refuse(errno, 'aperture', beyond ? { witness: beyond } : {});
}

/** The bytes that two ranges share, as the witness of a verdict. */
export function witnessOf(left: Range, right: Range): { readonly witness?: Range } {
  const witness = intersect(left, right);
  return witness ? { witness } : {};
}

/**
 * The verdict on a group for which the firmware demands a 1:1 mapping. Measured: 6.1 refuses with EPERM on
 * VT-d (drivers/iommu/intel/iommu.c `intel_iommu_attach_device`, "ineligible for IOMMU domain attach due to
 * platform RMRR requirement") and lets AMD-Vi pass; 6.12 and 7.2 refuse with EINVAL everywhere
 * (drivers/iommu/iommu.c `__iommu_device_set_domain`, `require_direct`). That 6.6 is where it changed is
 * assumed.
 */
export function refuseDirect(group: AttachRequest, kernel: KernelVersion): Verdict | undefined {
  const kept = group.kept.find(({ kind }) => kind === 'direct');
  if (!kept) return undefined;
  if (atLeast(kernel, 6, 6)) return refuse('EINVAL', 'direct', { kept });
  return group.model === 'vt-d' ? refuse('EPERM', 'direct', { kept }) : undefined;
}
