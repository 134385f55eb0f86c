import { refusesContacts } from '../dma/contacts.js';
import { isExcluded } from '../dma/verdict.js';
import { effectOf, effectText } from '../dma/arrival-words.js';
import type { Plan } from '../dma/plan.js';
import { formatRange } from '../layout/address.js';
import { intersect, overlaps, type Range } from '../layout/intervals.js';
import type { Region, Reserved } from '../layout/model.js';
import { contactNote, mapCall } from './contact-words.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good } from './rule.js';

/** A window kept free for memory that may come later lies over what a device keeps. */
export const hotplugWindow = defineRule({
  name: 'hotplug-window',
  over: 'vm',
  level: 'warning',
  group: 'hotplug',
  summary: 'A window for memory meets a range that a device keeps.',
  since: '0.1.0',
  why: `The window is where the VMM puts DIMMs, each at the first place that fits (\`memory_device_get_free_addr\` in QEMU’s
hw/mem/memory-device.c). Nothing is wrong while it is empty. A DIMM that lands on what an assigned device keeps can’t be mapped
for DMA: VFIO answers EINVAL (\`vfio_dma_do_map\` in drivers/vfio/vfio_iommu_type1.c, since Linux 5.4; \`iopt_check_iova\` in
drivers/iommu/iommufd/io_pagetable.c), and QEMU, which has no way back, aborts the whole VM. RAM that the file declares in the
window is told by \`hotplug-memory\`.`,

  examples: [
    bad(
      `
      host epyc {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu amdvi {
          model amd-v1
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
          reserved hypertransport at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on epyc {
        vmm qemu
        ram low at 0 size 2 GiB
        window dimms at 0xfc_0000_0000 size 16 GiB for memory
               ^^^^^ \`dimms\` lies over \`hypertransport\` (0xfd00000000-0xffffffffff, reserved): a DIMM plugged there can’t be mapped, as VFIO_IOMMU_MAP_DMA gives EINVAL; QEMU aborts the whole VM
        assign nic
      }
    `,
      fixed('Move `dimms` to 0xf9_0000_0000', `
        -   window dimms at 0xfc_0000_0000 size 16 GiB for memory
        +   window dimms at 0xf9_0000_0000 size 16 GiB for memory
      `),
    ),
    good(`
      host epyc {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu amdvi {
          model amd-v1
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
          reserved hypertransport at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on epyc {
        vmm qemu
        ram low at 0 size 2 GiB
        window dimms at 0x100_0000_0000 size 16 GiB for memory
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan && plan.vm.stance !== 'carve' && refusesContacts(plan) ? contactsIn(plan) : []),
  locate: ({ window }) => window.element,
  message: ({ plan, window, kept }) =>
    `\`${window.name}\` lies over \`${kept.name}\` (${formatRange(kept.range)}, ${kept.kind}): a DIMM plugged there can’t be mapped, as ${mapCall(plan.contract)} gives EINVAL; ${effectText('dimm', plan.vm.vmm)}`,
  levelOf: ({ plan }) => (effectOf('dimm', plan.vm.vmm) === 'lives' ? 'note' : 'warning'),
  notes: ({ kept }) => [contactNote(kept)],
  witness: ({ met }) => met,
  fixes: ({ window }, subject) => moveRegion(window, subject),
});

interface Contact {
  readonly plan: Plan;
  readonly window: Region;
  readonly kept: Reserved;
  readonly met: Range;
}

/** Each window with the first range that it meets, but for those that declared RAM meets, which is told itself. */
function contactsIn(plan: Plan): Contact[] {
  const { regions, assignments } = plan.vm;
  const declared = regions.flatMap(({ kind, range, hotplug }) => (kind === 'ram' && range && hotplug ? [range] : []));
  const kept = assignments
    .filter(({ behind }) => behind === undefined)
    .flatMap(({ device }) => device?.reserved ?? [])
    .filter((one) => isExcluded(one) && !declared.some((range) => overlaps(range, one.range)));
  return regions.filter(({ kind, purpose }) => kind === 'window' && purpose === 'memory').flatMap((window) => {
    const [first] = kept.flatMap((one) => contactWith(plan, window, one));
    return first ? [first] : [];
  });
}

function contactWith(plan: Plan, window: Region, kept: Reserved): Contact[] {
  const met = window.range && intersect(window.range, kept.range);
  return met ? [{ plan, window, kept, met }] : [];
}
