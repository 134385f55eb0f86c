import { leavesOfParts, partsAround, type Contact } from '../dma/contacts.js';
import { formatLeaves } from '../dma/leaves.js';
import { formatRange } from '../layout/address.js';
import { contains } from '../layout/intervals.js';
import { namePlace } from '../layout/model.js';
import type { Note } from './rule.js';

/** How a contact between a DMA mapping and a kept range is told, for the rules that find one. */

/** What is wrong, what the kernel answers, and what a hole would cost in leaves. */
export function contactMessage(contact: Contact, what: string): string {
  const { map, kept } = contact;
  const verb = contains(map.range, kept.range) ? 'covers' : 'meets';
  const name = map.written ? `map \`${map.written.name}\`` : `\`${map.region?.name ?? map.name}\``;
  return `${name} ${verb} ${what} \`${kept.name}\` (${formatRange(kept.range)}): ${consequence(contact)}; ${price(contact)}`;
}

function consequence({ plan, map, checked }: Contact): string {
  if (!checked) {
    const who = plan.contract === 'none' ? 'no kernel checks it' : `kernel ${plan.kernel.major}.${plan.kernel.minor} does not check it`;
    return `${who}, and DMA to these addresses never reaches the RAM`;
  }
  const call = plan.contract === 'iommufd' ? 'IOMMU_IOAS_MAP' : 'VFIO_IOMMU_MAP_DMA';
  const errno = map.verdict.errno === 'ok' ? 'EINVAL' : map.verdict.errno;
  return `${call} fails with ${errno} at start-up`;
}

/** `around it, 3 × 1 GiB become 2 × 1 GiB + …`: the exact hole, as the kernel would be asked. */
function price(contact: Contact): string {
  const { plan, map, kept } = contact;
  const parts = partsAround(map, [kept.range], plan.alignment);
  if (parts.length === 0) return 'nothing is left around it';
  return `around it, ${formatLeaves(map.leaves)} become ${formatLeaves(leavesOfParts(plan, map, parts))}`;
}

export const contactNotes = ({ kept }: Contact): Note[] => [
  { place: namePlace(kept.element), message: `\`${kept.name}\` keeps ${formatRange(kept.range)} (${kept.kind})` },
];
