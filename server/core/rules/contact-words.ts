import { leavesOfParts, partsAround, refusesContacts, type Contact } from '../dma/contacts.js';
import { formatKernel } from '../dma/kernel-version.js';
import { formatLeaves, totalLeaves } from '../dma/leaves.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import { habitsOf } from '../dma/vmm-habits.js';
import { formatRange } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { contains } from '../layout/intervals.js';
import { namePlace, type ContractName, type Reserved } from '../layout/model.js';
import { placeOf } from '../layout/place.js';
import type { Level, Note } from './rule.js';

/** How a contact between a DMA mapping and a kept range is told, for the rules that find one. */

/** What is wrong, what the kernel answers, and what a hole would cost in leaves. */
export function contactMessage(contact: Contact, what: string): string {
  const { plan, map, kept } = contact;
  const verb = contains(map.range, kept.range) ? 'covers' : 'meets';
  const answer = refusal(plan, map, consequenceOf(contact));
  return `${onceWords(contact)}${mapName(map)} ${verb} ${what} \`${kept.name}\` (${formatRange(kept.range)}): ${answer}${price(contact)}`;
}

/** What has to come before there is a contact; nothing where there is one at start-up. */
export function onceWords({ isPlugged, keeper }: Contact): string {
  if (!keeper) return isPlugged ? 'once it is plugged, ' : '';
  return isPlugged ? `once it and \`${keeper.name}\` are plugged, ` : `once \`${keeper.name}\` is plugged, `;
}

/** What comes of a mapping over a kept range that nobody refuses. */
function consequenceOf({ plan, kept, isPlugged }: Contact): string {
  // drivers/iommu/dma-iommu.c `iommu_dma_get_msi_page` maps a doorbell into the window when a device asks for its interrupts;
  // drivers/iommu/io-pgtable-arm.c `arm_lpae_init_pte` maps nothing twice.
  if (kept.kind === 'sw-msi' && plan.contract === 'type1') return isPlugged ? 'finds the doorbells of running devices in its way (EEXIST)' : 'finds no room there for doorbells: devices raise no MSI';
  if (kept.kind === 'direct') return 'what the firmware does there writes to the guest’s RAM';
  return 'DMA to these addresses never reaches the RAM';
}

/** A mapping in a sentence: by its own name where it is written, else by that of its region. */
export const mapName = (map: Pick<PlannedMap, 'written' | 'region' | 'name'>): string =>
  map.written ? `map \`${map.written.name}\`` : `\`${map.region?.name ?? map.name}\``;

/** The call that asks the kernel for a DMA mapping. */
export const mapCall = (contract: ContractName): string => (contract === 'iommufd' ? 'IOMMU_IOAS_MAP' : 'VFIO_IOMMU_MAP_DMA');

/** A BAR that can't be mapped costs peer-to-peer DMA alone where nobody refuses it or the VMM goes on; else it is a mapping like any other. */
export const levelForMap = (plan: Plan, { kind }: PlannedMap): Level =>
  kind === 'bar' && (goesOnWithoutBars(plan) || !refusesContacts(plan)) ? levelOfLostBar(plan) : 'error';

/** Whether the VMM warns of a BAR that is refused, and goes on (QEMU hw/vfio/listener.c `vfio_listener_region_add`). */
export const goesOnWithoutBars = ({ vm }: Plan): boolean => habitsOf(vm.vmm).barsMayFail;

/** Nobody misses a BAR by DMA but another device. */
export const levelOfLostBar = (plan: Plan): Level => (hasPeers(plan) ? 'warning' : 'note');

/** What becomes of a VM that goes on without the mapping of a BAR. */
export const lostBarWords = (plan: Plan): string =>
  hasPeers(plan) ? 'the VMM goes on without peer-to-peer DMA to it' : 'the VMM goes on: no other device is there to reach it';

const hasPeers = ({ vm }: Plan): boolean => vm.assignments.length > 1;

/** What the kernel answers to a mapping that it refuses; where nobody looks, `unchecked` is what comes of it. */
export function refusal(plan: Plan, map: PlannedMap, unchecked: string): string {
  if (plan.contract === 'none') return `no kernel checks it, and ${unchecked}`;
  if (!refusesContacts(plan)) return `kernel ${formatKernel(plan.kernel)} does not check it, and ${unchecked}`;
  const { errno: answered, cause } = map.verdict;
  // Where there is no iommufd to ask, another rule says so; this is what one answers.
  const errno = answered === 'ok' || cause === 'no-iommufd' ? 'EINVAL' : answered;
  const after = map.kind === 'bar' && goesOnWithoutBars(plan) ? `, and ${lostBarWords(plan)}` : ' at start-up';
  return `${mapCall(plan.contract)} fails with ${errno}${after}`;
}

/** `; around it, 3 × 1 GiB become 2 × 1 GiB + …`: the exact hole, as the kernel would be asked. Nothing where no leaf holds the mapping as it is. */
function price(contact: Contact): string {
  const { plan, map, kept } = contact;
  if (totalLeaves(map.leaves) === 0n) return '';
  const parts = partsAround(map, [kept.range], plan.alignment);
  if (parts.length === 0) return '; nothing is left around it';
  return `; around it, ${formatLeaves(map.leaves)} become ${formatLeaves(leavesOfParts(plan, map, parts))}`;
}

/** The other party of a contact. */
export const contactNote = ({ name, element, range, kind }: Reserved): Note =>
  ({ place: namePlace(element), message: `\`${name}\` keeps ${formatRange(range)} (${kind})` });

/** The other party, and since when the kernel that is asked looks. */
export const contactNotes = ({ kept, plan }: Contact): Note[] => [contactNote(kept), ...kernelNotes(plan)];

/**
 * Which kernels refuse what meets a kept range or leaves the aperture: type1 since 5.4 (`vfio_iommu_iova_dma_valid` in
 * drivers/vfio/vfio_iommu_type1.c), iommufd ever since it came with 6.2 (drivers/iommu/iommufd/io_pagetable.c).
 */
export function kernelNotes(plan: Plan): Note[] {
  if (plan.contract === 'none') return [];
  const place = kernelPlace(plan.host.element);
  const since = plan.contract === 'iommufd' ? 'iommufd refuses it in every kernel, from 6.2 on' : 'type1 refuses it from Linux 5.4 on';
  return [{ place, message: `${since}; here ${formatKernel(plan.kernel)} is asked${refusesContacts(plan) ? '' : ', which doesn’t look'}` }];
}

/** Which kernel is asked, whatever it answers. */
export const askedNote = ({ host, kernel }: Plan): Note => ({ place: kernelPlace(host.element), message: `kernel ${formatKernel(kernel)} is asked` });

/** Where a host says which kernel it has, or else its name. */
export function kernelPlace(host: Element): Note['place'] {
  const located = host.properties.get('kernel')?.[0];
  return located ? placeOf(located, located.property) : namePlace(host);
}
