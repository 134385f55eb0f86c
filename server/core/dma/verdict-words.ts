import type { Plan, PlannedMap } from './plan.js';
import type { Cause, KeptRange, Verdict } from './verdict.js';
import { formatAddress, formatRange, formatSize } from '../layout/address.js';

/** Why a kernel refuses a mapping, or an attachment (then `inTheWay` is the mapping that it meets), in one phrase. */
export function reasonOf(verdict: Verdict, plan: Plan, inTheWay?: PlannedMap): string {
  const mapping = inTheWay ? `\`${inTheWay.name}\`` : verdict.existing ? 'a mapping' : 'it';
  return verdict.cause ? REASONS[verdict.cause](verdict, plan, mapping) : 'refused';
}

type Reason = (verdict: Verdict, plan: Plan, mapping: string) => string;

const REASONS: Readonly<Record<Cause, Reason>> = {
  access: () => 'it asks for neither read nor write',
  alignment: ({ page }, { alignment }) => `IOVA, size and offset have to be multiples of ${formatSize(page ?? alignment)}`,
  aperture: ({ witness, existing }, _, mapping) =>
    `the IOMMU doesn’t translate ${witness ? formatRange(witness) : 'all of it'}${existing ? `, where ${mapping} lies` : ''}`,
  bar: () => 'this contract can’t map the memory of a device',
  bisect: () => 'it would cut a mapping in two',
  direct: ({ kept }) => `the firmware wants ${keptText(kept)} mapped 1:1`,
  'disjoint-aperture': () => 'there is no IOVA that all these IOMMUs translate',
  empty: () => 'its size is 0',
  'existing-map': ({ existing }) => `there is a mapping already${existing ? ` from ${formatAddress(existing.iova)} on` : ''}`,
  limit: () => 'there are as many mappings as the kernel takes',
  memlock: () => 'it would pin more than RLIMIT_MEMLOCK',
  'mixed-msi': ({ kept }) => `a hardware and a software MSI window together${kept ? `: ${keptText(kept)}` : ''}`,
  nesting: () => 'this contract can’t nest the guest’s tables in the host’s: it takes iommufd',
  'no-iommufd': () => 'there is no /dev/iommu: iommufd came with Linux 6.2',
  'nothing-left': () => 'no IOVA is left that isn’t reserved',
  'nothing-there': () => 'nothing is mapped there',
  'page-size': (_, { page }) => `the smallest page of its IOMMU is larger than the host’s, ${formatSize(page)}`,
  reserved: ({ kept, existing }, _, mapping) => `${mapping} ${existing ? 'lies over' : 'meets'} ${keptText(kept)}`,
  unattached: () => 'no device is attached',
  wrap: () => 'it goes past 2^64',
};

const keptText = (kept: KeptRange | undefined): string =>
  kept ? `\`${kept.name}\` (${formatRange(kept.range)}, ${kept.kind})` : 'a reserved range';
