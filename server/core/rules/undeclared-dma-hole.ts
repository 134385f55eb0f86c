import { unavoided } from '../dma/contacts.js';
import type { Plan } from '../dma/plan.js';
import { carvedHoles, type CarvedHole } from '../dma/unreached.js';
import { formatRange } from '../layout/address.js';
import { declareBelow } from './carving.js';
import { contactNote } from './contact-words.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** The VMM maps around what devices keep, and the guest doesn't know. */
export const undeclaredDmaHole = defineRule({
  name: 'undeclared-dma-hole',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'The VMM carves a hole into RAM that no `avoid` declares to the guest.',
  since: '0.1.0',
  why: `With \`on-overlap carve\` the VMM leaves out what devices keep, and the kernel refuses nothing. The guest still has RAM
there and hands it to its devices. Their DMA finds no entry in the IOMMU's tables, or the doorbell window itself: the
write is lost, the read fails, and the guest sees corrupted buffers and a device that resets. Only the guest can keep its
DMA out, so the hole must be told to it: a \`/reserved-memory\` node with \`no-map\`, an e820 or an EFI memory map entry.
RAM that is plugged later is carved as it comes, and without a device at start-up all RAM is when the first one comes: the guest has
to know before.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        on-overlap carve
        ram low at 0 size 1 GiB
            ^^^ the VMM carves 0x8000000-0x80fffff out of \`low\` around \`msi\`, and no \`avoid\` tells the guest: devices lose what they write there
        assign nic
      }
    `,
      fixed('Tell the guest to keep its DMA out of 0x8000000-0x80fffff', `
            ram low at 0 size 1 GiB
        +   avoid doorbell-hole at 0x800_0000 size 1 MiB via reserved-memory
      `),
    ),
    good(`
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
      }

      vm web on altra {
        on-overlap carve
        ram low at 0 size 1 GiB
        avoid doorbell at 0x0800_0000 size 1 MiB via reserved-memory
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? undeclaredIn(plan) : []),
  locate: ({ region }) => region.element,
  message: (hole) =>
    `the VMM carves ${formatRange(hole.range)} out of \`${hole.region.name}\` around ${hole.kept.map(({ name }) => `\`${name}\``).join(', ')}${whenWords(hole)}, and no \`avoid\` tells the guest: devices lose what they write there`,
  notes: ({ kept }) => kept.map(contactNote),
  witness: ({ range }) => range,
  fixes: declare,
});

/** The parts of what is carved out of RAM that no `avoid` covers. */
const undeclaredIn = (plan: Plan): CarvedHole[] =>
  carvedHoles(plan).flatMap((hole) => (hole.region.kind === 'ram' ? unavoided(plan.vm.regions, hole.range).map((range) => ({ ...hole, range })) : []));

/** When there is a hole that isn't there from the start. */
function whenWords({ isPlugged, keeper }: CarvedHole): string {
  if (!keeper) return isPlugged ? ' when it is plugged' : '';
  return isPlugged ? ` when it is plugged after \`${keeper.name}\`` : ` when \`${keeper.name}\` is plugged`;
}

function declare({ region, range, kept }: CarvedHole, subject: VmSubject): Fix[] {
  const edits = declareBelow(subject, region, [range], kept[0]);
  return [{ title: `Tell the guest to keep its DMA out of ${formatRange(range)}`, safe: false, edits }];
}
