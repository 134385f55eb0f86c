import { contactsOf, isAvoided, refusesContacts, type Contact } from '../dma/contacts.js';
import type { Plan } from '../dma/plan.js';
import { formatRange } from '../layout/address.js';
import { contains, intersect, type Range } from '../layout/intervals.js';
import type { Reserved, ReservedKind } from '../layout/model.js';
import { openWindows, type BarWindow } from './bar-windows.js';
import { declareBelow, waysOut } from './carving.js';
import { contactMessage, contactNote, contactNotes, goesOnWithoutBars, levelForMap, levelOfLostBar, lostBarWords, mapName, onceWords } from './contact-words.js';
import { withConstant } from './edits.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good, type Fix, type Level, type VmSubject } from './rule.js';

const KINDS: ReadonlySet<ReservedKind> = new Set(['reserved', 'direct', 'direct-relaxable']);

/** RAM that devices reach by DMA lies where the platform keeps IOVAs for other ends than interrupts. */
export const reservedOverlap = defineRule({
  name: 'reserved-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'A DMA mapping meets a range that an assigned device keeps, other than a doorbell window.',
  since: '0.1.0',
  why: `Besides doorbells, platforms keep IOVAs that never reach memory: HyperTransport takes the last 12 GiB below 1 TiB on
AMD (\`amd_iommu_get_resv_regions\` in drivers/iommu/amd/iommu.c), firmware keeps others (\`/sys/kernel/iommu_groups/N/reserved_regions\`
lists them). Since Linux 5.4 VFIO refuses a mapping that touches one with EINVAL, to the byte
(\`vfio_iommu_iova_dma_valid\` in drivers/vfio/vfio_iommu_type1.c; iommufd: \`iopt_check_iova\`). QEMU warns and goes on
where it is a BAR: other devices can't reach it by DMA then, and without any it is a note. A window for BARs over a \`reserved\`
range is told, too, where a device has a BAR that firmware may put there; Cloud Hypervisor gives such a device up.

A \`direct-relaxable\` range is different: the firmware wanted it mapped 1:1, and Linux leaves it in what can be mapped.
The guest gets its RAM there, and if the firmware still uses the range it reads and writes that RAM. That is a note, and
gone once an \`avoid\` keeps the guest off. A \`direct\` range mostly keeps its whole group from being assigned, which is
\`direct-mapped-device\`; here it counts where the kernel attaches the group all the same.`,

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
          reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 20 { device nic "0000:81:00.0" }
      }

      vm training on epyc {
        ram low at 0 size 2 GiB
        ram high at 4 GiB size 1100 GiB
            ^^^^ \`high\` covers the reserved range \`ht\` (0xfd00000000-0xffffffffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up; around it, 288,358,400 × 4 KiB become 285,212,672 × 4 KiB
        assign nic
      }
    `,
      fixed('Move `high` to 0x100_0000_0000: still 288,358,400 × 4 KiB', `
        -   ram high at 4 GiB size 1100 GiB
        +   ram high at 0x100_0000_0000 size 1100 GiB
      `),
    ),
    bad(
      `
      host laptop {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 39
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 2 {
          device gpu "0000:00:02.0"
          reserved stolen at 0x7c00_0000 size 64 MiB kind direct-relaxable
        }
      }

      vm desktop on laptop {
        ram low at 0 size 2 GiB
            ^^^ \`low\` covers \`stolen\` (0x7c000000-0x7fffffff), which the firmware wanted mapped 1:1: the kernel maps the guest over it, and what still uses it writes to the guest’s RAM
        assign gpu
      }
    `,
      fixed('Tell the guest to keep off `stolen`', `
            ram low at 0 size 2 GiB
        +   avoid low-hole at 0x7c00_0000 size 64 MiB via e820
      `),
    ),
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
          reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 20 {
          device gpu "0000:81:00.0" { bar 0 size 128 GiB }
        }
      }

      vm training on epyc {
        vmm cloud-hypervisor
        ram low at 0 size 2 GiB
        window pci64 at 0xe0_0000_0000 size 256 GiB for bars
               ^^^^^ \`pci64\` covers the reserved range \`ht\` (0xfd00000000-0xffffffffff): a BAR that the guest puts there can’t be mapped, and the device fails
        assign gpu
      }
    `,
      fixed('Move `pci64` to 0x100_0000_0000', `
        -   window pci64 at 0xe0_0000_0000 size 256 GiB for bars
        +   window pci64 at 0x100_0000_0000 size 256 GiB for bars
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
          reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved
        }
        group 20 { device nic "0000:81:00.0" }
      }

      vm training on epyc {
        ram low at 0 size 2 GiB
        ram high at 0x100_0000_0000 size 1100 GiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? [...contactsOf(plan, KINDS).filter(isTold), ...windowsOver(plan)] : []),
  locate: (fact) => ('window' in fact ? fact.window.element : fact.map.written?.element ?? fact.map.region?.element ?? fact.kept.element),
  levelOf: (fact) => ('window' in fact ? levelOfWindow(fact) : isRelaxable(fact) ? 'note' : levelForMap(fact.plan, fact.map)),
  message: (fact) => ('window' in fact ? windowMessage(fact) : isRelaxable(fact) ? relaxableMessage(fact) : contactMessage(fact, nounOf(fact))),
  notes: (fact) => ('window' in fact || isRelaxable(fact) ? [contactNote(fact.kept)] : contactNotes(fact)),
  witness: ({ shared }) => shared,
  fixes: (fact, subject) => {
    if ('window' in fact) return moveRegion(fact.window, subject);
    return isRelaxable(fact) ? keepOff(fact, subject) : [...tellVendor(subject), ...waysOut(fact, subject)];
  },
});

/** A window for BARs over a kept range: a BAR that the guest puts there can't be mapped. */
interface WindowOver extends BarWindow {
  readonly plan: Plan;
  readonly kept: Reserved;
  readonly shared: Range;
}

/** Only where there is a BAR to put: firmware chooses the place, and the larger it is the likelier it meets the range. */
function windowsOver(plan: Plan): WindowOver[] {
  const hasBars = plan.vm.assignments.some(({ device }) => device && device.bars.length > 0);
  if (!hasBars || !refusesContacts(plan)) return [];
  return openWindows(plan).flatMap(({ window, range }) =>
    plan.kept.filter((kept) => kept.kind === 'reserved').flatMap((kept) => {
      const shared = intersect(range, kept.range);
      return shared ? [{ plan, window, range, kept, shared }] : [];
    }),
  );
}

const levelOfWindow = ({ plan }: WindowOver): Level => (goesOnWithoutBars(plan) ? levelOfLostBar(plan) : 'warning');

const windowMessage = ({ plan, window, range, kept }: WindowOver): string =>
  `\`${window.name || 'window'}\` ${contains(range, kept.range) ? 'covers' : 'meets'} the reserved range \`${kept.name}\` (${formatRange(kept.range)}): a BAR that the guest puts there can’t be mapped, and ${goesOnWithoutBars(plan) ? lostBarWords(plan) : 'the device fails'}`;

const isRelaxable = ({ kept }: Contact): boolean => kept.kind === 'direct-relaxable';

/** A `direct` range whose group isn't attached at all is told there; over a relaxable one the guest may have promised. */
function isTold({ plan, kept, shared }: Contact): boolean {
  if (kept.kind === 'direct-relaxable') return !isAvoided(plan.vm.regions, shared);
  if (kept.kind !== 'direct') return true;
  return !plan.attach.some(({ assignment, verdict }) => verdict.cause === 'direct' && assignment.device?.reserved.includes(kept));
}

const nounOf = ({ kept }: Contact): string => (kept.kind === 'direct' ? 'the 1:1 range' : 'the reserved range');

function relaxableMessage(contact: Contact): string {
  const { map, kept, shared } = contact;
  const verb = shared.base === kept.range.base && shared.end === kept.range.end ? 'covers' : 'meets';
  const range = `\`${kept.name}\` (${formatRange(kept.range)})`;
  return `${onceWords(contact)}${mapName(map)} ${verb} ${range}, which the firmware wanted mapped 1:1: the kernel maps the guest over it, and what still uses it writes to the guest’s RAM`;
}

/** Nothing is refused, so no mapping has to be cut: it is enough that the guest doesn't use these bytes. */
const keepOff = ({ map, kept, shared }: Contact, subject: VmSubject): Fix[] =>
  map.region ? [{ title: `Tell the guest to keep off \`${kept.name}\``, safe: false, edits: declareBelow(subject, map.region, [shared], kept) }] : [];

/**
 * Under KVM the vendor of a guest's CPU is the host's, and of an AMD guest QEMU moves RAM clear of the HyperTransport range
 * (hw/i386/pc.c `pc_memory_init`): the shipped PCs have a constant for it.
 */
function tellVendor({ vm, host }: VmSubject): Fix[] {
  const hasConstant = vm.element.children.some(({ keyword, name }) => keyword === 'const' && name === 'CPU_VENDOR');
  if (!hasConstant || !host?.iommus.some(({ model }) => model === 'amd-v1' || model === 'amd-v2')) return [];
  return [{ title: 'Say that the guest’s CPU is AMD’s, as the host’s is', safe: false, edits: [withConstant(vm.element, 'CPU_VENDOR', '"amd"')] }];
}
