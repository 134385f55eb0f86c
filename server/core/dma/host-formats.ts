import { GIB, KIB, log2, MIB } from '../layout/address.js';
import { lastOf, type Range } from '../layout/intervals.js';
import type { Host, Iommu } from '../layout/model.js';
import { iommuFormat, type IommuFormat } from './formats.js';

/** Base page of a host, in bytes: 4 KiB where the file doesn't say. */
export const hostPage = ({ page }: Host): bigint => page ?? 4n * KIB;

const formats = new WeakMap<Iommu, IommuFormat>();

/**
 * The tables of an IOMMU of a host; where the file doesn't say, those that most have. Worked out once: an IOMMU is read with its
 * host, and no other has it.
 */
export function formatOf(iommu: Iommu | undefined, host: Host): IommuFormat {
  const known = iommu && formats.get(iommu);
  if (known) return known;
  const format = newFormatOf(iommu, host);
  if (iommu) formats.set(iommu, format);
  return format;
}

function newFormatOf(iommu: Iommu | undefined, host: Host): IommuFormat {
  const bits = iommu?.bits ?? widthOf(iommu?.aperture);
  const told = { granule: iommu?.granule, bits, blocks: iommu?.blocks, hostPage: hostPage(host), arch: host.arch };
  const known = iommuFormat({ ...told, model: iommu?.model });
  if (known) return known;
  const usual = iommuFormat({ ...told, blocks: [4n * KIB, 2n * MIB, GIB] });
  if (!usual) throw new RangeError('listed blocks always make a format');
  return { ...usual, assumed: [...usual.assumed, 'the IOMMU has leaves of 4 KiB, 2 MiB and 1 GiB'] };
}

/** Bits that the last address of an aperture has: the tables are as deep as it takes to translate it. */
const widthOf = (aperture: Range | undefined): number | undefined =>
  aperture && (aperture.end > 1n ? log2(lastOf(aperture)) + 1 : 1);

/** The IOVAs that an IOMMU translates, as far as the file says. */
export const apertureOf = (iommu: Iommu | undefined, { host }: { readonly host: Host }): Range =>
  iommu?.aperture ?? formatOf(iommu, host).defaultAperture;
