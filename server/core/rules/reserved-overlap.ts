import { contactsOf, isAvoided, type Contact } from '../dma/contacts.js';
import { formatRange } from '../layout/address.js';
import type { ReservedKind } from '../layout/model.js';
import { declareBelow, waysOut } from './carving.js';
import { contactMessage, contactNote, contactNotes, levelForMap, mapName, onceWords } from './contact-words.js';
import { withConstant } from './edits.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

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
where it is a BAR: other devices can't reach it by DMA then, and without any it is a note.

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

  check: ({ plan }) => (plan ? contactsOf(plan, KINDS).filter(isTold) : []),
  locate: ({ map, kept }) => map.written?.element ?? map.region?.element ?? kept.element,
  levelOf: (contact) => (isRelaxable(contact) ? 'note' : levelForMap(contact.plan, contact.map)),
  message: (contact) => (isRelaxable(contact) ? relaxableMessage(contact) : contactMessage(contact, nounOf(contact))),
  notes: (contact) => (isRelaxable(contact) ? [contactNote(contact.kept)] : contactNotes(contact)),
  witness: ({ shared }) => shared,
  fixes: (contact, subject) => (isRelaxable(contact) ? keepOff(contact, subject) : [...tellVendor(subject), ...waysOut(contact, subject)]),
});

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
