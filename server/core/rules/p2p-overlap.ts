import { isAvoided } from '../dma/contacts.js';
import type { Plan, PlannedMap } from '../dma/plan.js';
import { mapsInAll } from '../dma/plugged-memory.js';
import { alignDown, alignUp, formatRange } from '../layout/address.js';
import { contains, intersect, type Range } from '../layout/intervals.js';
import { namePlace, type Bridge, type BridgeWindow } from '../layout/model.js';
import { declareBelow } from './carving.js';
import { mapName } from './contact-words.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** An IOVA is a bus address that a host bridge routes to a device below it. */
export const p2pOverlap = defineRule({
  name: 'p2p-overlap',
  over: 'vm',
  level: 'warning',
  group: 'overlap',
  summary: 'A DMA mapping meets the window of a host bridge that sends peer-to-peer traffic past the IOMMU.',
  since: '0.1.0',
  why: `A request of a device first meets the switch or bridge above it. Without ACS redirection (PCI Express 6.12) that routes an
address inside one of its windows straight to the device that is there, and the IOMMU never sees it: DMA to the guest's
RAM lands in the registers of another card, and nothing is logged.

The kernel keeps these windows only from its own drivers (drivers/iommu/dma-iommu.c \`iova_reserve_pci_windows\`); VFIO and
iommufd don't, and \`reserved_regions\` doesn't list them. \`/proc/iomem\` tells where they are. Which bridge a device is
below isn't in the layout: each one with \`acs off\` is taken to be on the way of every device. Of one that doesn't say,
nothing is told, nor where an \`avoid\` keeps the guest's DMA out.`,

  examples: [
    bad(
      `
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
        bridge pcie0 {
          window low at 0x9000_0000 ..= 0x91ff_ffff
          acs off
        }
      }

      vm web on xeon {
        backing ram0 size 2 GiB hugetlb 1 GiB
        ram main at 0x4000_0000 size 2 GiB from ram0
            ^^^^ \`main\` covers window \`low\` of \`pcie0\` (0x90000000-0x91ffffff), which has no ACS: DMA to these addresses goes to a device below the bridge, not to the RAM, and nothing reports it
        assign nic
      }
    `,
      fixed('Move `main` to 0: still 2 × 1 GiB', `
        -   ram main at 0x4000_0000 size 2 GiB from ram0
        +   ram main at 0 size 2 GiB from ram0
      `),
      fixed('Tell the guest to keep its DMA out of 0x90000000-0x91ffffff', `
            ram main at 0x4000_0000 size 2 GiB from ram0
        +   avoid main-hole at 0x9000_0000 size 32 MiB via e820
      `),
    ),
    good(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
        bridge pcie0 {
          window low at 0x9000_0000 ..= 0x91ff_ffff
          acs on
        }
      }

      vm web on xeon {
        backing ram0 size 2 GiB hugetlb 1 GiB
        ram main at 0x4000_0000 size 2 GiB from ram0
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? crossingsIn(plan) : []),
  locate: ({ map, plan }) => map.written?.element ?? map.region?.element ?? plan.vm.element,
  message: ({ map, bridge, window }) =>
    `${mapName(map)} ${contains(map.range, window.range) ? 'covers' : 'meets'} window \`${window.name}\` of \`${bridge.name}\` (${formatRange(window.range)}), which has no ACS: DMA to these addresses goes to a device below the bridge, not to the ${map.kind === 'bar' ? 'BAR' : 'RAM'}, and nothing reports it`,
  notes: ({ window, bridge }) => [{ place: namePlace(window.element.origin.declaration.name ? window.element : bridge.element), message: `\`${bridge.name}\` routes ${formatRange(window.range)}` }],
  witness: ({ shared }) => shared,
  fixes: (crossing, subject) => {
    const { map } = crossing;
    return [...(map.region && !map.written?.element.properties.has('at') ? moveRegion(map.region, subject) : []), ...keepOff(crossing, subject)];
  },
});

interface Crossing {
  readonly plan: Plan;
  readonly map: PlannedMap;
  readonly bridge: Bridge;
  readonly window: BridgeWindow;
  readonly shared: Range;
}

/** Of each mapping and window, once: a carved region is asked for piece by piece. What the guest has promised to keep its DMA out of is fine. */
function crossingsIn(plan: Plan): Crossing[] {
  const windows = plan.host.bridges.flatMap((bridge) => bridge.windows.filter(({ acs }) => acs === false).map((window) => ({ bridge, window })));
  if (windows.length === 0) return [];
  const told = new Map<BridgeWindow, Set<unknown>>();
  return mapsInAll(plan).flatMap((map) =>
    windows.flatMap(({ bridge, window }): Crossing[] => {
      const shared = intersect(map.range, window.range);
      const owner = map.written ?? map.region;
      const owners = told.get(window) ?? new Set();
      told.set(window, owners);
      if (!shared || owners.has(owner) || isAvoided(plan.vm.regions, shared)) return [];
      owners.add(owner);
      return [{ plan, map, bridge, window, shared }];
    }),
  );
}

const keepOff = ({ plan, map, shared }: Crossing, subject: VmSubject): Fix[] =>
  map.region && !map.written
    ? [{ title: `Tell the guest to keep its DMA out of ${formatRange(shared)}`, safe: false, edits: declareBelow(subject, map.region, [pagesAround(shared, plan.alignment)], undefined) }]
    : [];

const pagesAround = ({ base, end }: Range, page: bigint): Range => ({ base: alignDown(base, page), end: alignUp(end, page) });
