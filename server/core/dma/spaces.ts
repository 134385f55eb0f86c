import { ADDRESS_SPACE } from '../layout/address.js';
import { intersect, overlaps, subtract, unite, type Range } from '../layout/intervals.js';
import type { Assignment, Reserved, Viommu, Vm } from '../layout/model.js';
import { publishedByDefault } from './published.js';
import { isExcluded } from './verdict.js';

/**
 * An I/O address space of a guest: what one domain of the IOMMU, and one container or IOAS, is made for. Devices without a
 * vIOMMU share one; those behind a nested one share the parent of its tables; behind an emulated one each group has its own
 * (QEMU: an AddressSpace, and with it a container, for each device; those of a group can't be told apart).
 */
export interface AddressSpace {
  readonly key: string;
  readonly viommu: Viommu | undefined;
  readonly assignments: readonly Assignment[];
  /** Whether RAM is mapped in it before the guest does anything, each byte at its guest-physical address. */
  readonly identity: boolean;
}

/** The spaces of these devices, in the order in which the devices name them. */
export function spacesOf(assignments: readonly Assignment[], vm: Vm): AddressSpace[] {
  const spaces = new Map<string, AddressSpace>();
  for (const assignment of assignments) {
    const space = spaceOf(assignment, vm);
    const earlier = spaces.get(space.key);
    spaces.set(space.key, earlier ? { ...earlier, assignments: [...earlier.assignments, assignment] } : space);
  }
  return [...spaces.values()];
}

/** The space that a device comes into, with nothing else in it. */
export function spaceOf(assignment: Assignment, vm: Vm): AddressSpace {
  const viommu = viommuOf(assignment, vm);
  const group = assignment.device?.group ?? assignment.name;
  const key = !viommu ? '' : viommu.mode === 'nested' ? viommu.name : `${viommu.name} ${group}`;
  return { key, viommu, assignments: [assignment], identity: mapsIdentity(viommu) };
}

export const viommuOf = ({ behind }: Assignment, { viommus }: Vm): Viommu | undefined => viommus.find(({ name }) => name === behind);

/**
 * Nested tables translate what the guest's own ones give, so their parent maps all of RAM. An emulated vIOMMU lets devices
 * through until the guest has set it up: virtio-iommu's `boot-bypass` (hw/virtio/virtio-iommu.c, on if not told), VT-d
 * while translation is off (hw/i386/intel_iommu.c `vtd_switch_address_space`).
 */
const mapsIdentity = (viommu: Viommu | undefined): boolean => !viommu || viommu.mode === 'nested' || viommu.bypass !== false;

/** What the guest has to know of the IOVAs behind one vIOMMU. */
export interface GuestIova {
  readonly space: AddressSpace;
  /** Where the guest can map: in the vIOMMU's width, and for an emulated one in what the host maps as well. */
  readonly usable: readonly Range[];
  /** What the host keeps and nothing tells the guest: a mapping there is refused after the guest believes it was made. */
  readonly untold: readonly Reserved[];
}

/** What a guest can map behind a vIOMMU, given what the host lets it. */
export function guestIova(space: AddressSpace, viommu: Viommu, host: { readonly usable: readonly Range[]; readonly arch: string | undefined }): GuestIova {
  const width = { base: 0n, end: viommu.bits === undefined ? ADDRESS_SPACE : 1n << BigInt(viommu.bits) };
  const within = viommu.mode === 'nested' ? [width] : host.usable.flatMap((range) => intersect(range, width) ?? []);
  const said = unite([...viommu.reserved.map(({ range }) => range), ...publishedByDefault(viommu.model ?? '', host.arch ?? '').map(({ range }) => range)]);
  const usable = within.flatMap((range) => subtract(range, viommu.reserved.map((reserved) => reserved.range)));
  return { space, usable, untold: viommu.mode === 'nested' || viommu.model === 'virtio' ? [] : keptIn(space).filter((kept) => overlaps(kept.range, width) && subtract(kept.range, said).length > 0) };
}

const keptIn = ({ assignments }: AddressSpace): Reserved[] => [...new Set(assignments.flatMap(({ device }) => device?.reserved ?? []).filter(isExcluded))];
