import { apertureOf, type Plan } from '../dma/plan.js';
import { formatRange, log2 } from '../layout/address.js';
import { namePlace, type Iommu, type Viommu } from '../layout/model.js';
import { isWrittenIn, withProperty } from './edits.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** A vIOMMU offers the guest IOVAs that the host's IOMMU doesn't translate. */
export const viommuWidth = defineRule({
  name: 'viommu-width',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'A vIOMMU is wider than the IOMMU behind which its devices stand on the host.',
  since: '0.1.0',
  why: `What the guest maps in its vIOMMU the VMM has to map in the host's IOMMU, at the same IOVA. QEMU's \`intel-iommu\` compares
the two when a device is realized and refuses a device behind a narrower host with “aw-bits N > host aw-bits M”
(hw/i386/intel_iommu.c \`vtd_check_hiod\`); the host's width is that of the last IOVA that VFIO or iommufd lists. Its default is 48
bits since machine 9.2 and was 39 before, and many client parts have 39. Another vIOMMU lets the guest go on until its
driver hands out an IOVA from the top of its range, as Linux does: then the mapping fails on the host with EINVAL
(\`vfio_iommu_iova_dma_valid\` in drivers/vfio/vfio_iommu_type1.c), and the device's DMA faults. Nested tables are walked by the
hardware and not mapped again, so that only QEMU's comparison holds for them. QEMU's \`virtio-iommu\` tells the guest of all that
the host can't map (since 8.2), so that its driver hands out none of it.`,

  examples: [
    bad(
      `
      host client {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 39
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 12 { device gpu "0000:01:00.0" }
      }

      vm desktop on client {
        vmm qemu
        viommu dmar { model vt-d  mode emulated  bits 48 }
               ^^^^ \`dmar\` has 48 bits, and \`dmar0\`, behind which \`gpu\` stands, has 39: QEMU refuses \`gpu\` with “aw-bits 48 > host aw-bits 39”
        ram low at 0 size 2 GiB
        assign gpu behind dmar
      }
    `,
      fixed('Lower `dmar` to 39 bits', `
        -   viommu dmar { model vt-d  mode emulated  bits 48 }
        +   viommu dmar { model vt-d  mode emulated  bits 39 }
      `),
    ),
    good(`
      host client {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 39
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 12 { device gpu "0000:01:00.0" }
      }

      vm desktop on client {
        vmm qemu
        viommu dmar { model vt-d  mode emulated  bits 39 }
        ram low at 0 size 2 GiB
        assign gpu behind dmar
      }
    `),
  ],

  check: ({ plan }) => (plan ? excessesIn(plan) : []),
  locate: ({ viommu }) => viommu.element,
  message: (excess) => {
    const { viommu, iommu, device, bits, hostBits } = excess;
    return `\`${viommu.name}\` has ${bits} bits, and \`${iommu.name}\`, behind which \`${device}\` stands, has ${hostBits}: ${consequence(excess)}`;
  },
  notes: ({ iommu, plan }) => [{ place: namePlace(iommu.element), message: `\`${iommu.name}\` translates ${formatRange(apertureOf(iommu, plan))}` }],
  fixes: ({ viommu, hostBits }, subject) => lower(viommu, hostBits, subject),
});

interface Excess {
  readonly plan: Plan;
  readonly viommu: Viommu;
  readonly bits: number;
  readonly iommu: Iommu;
  readonly hostBits: number;
  /** The first device behind both. */
  readonly device: string;
}

/** Once for each vIOMMU: the narrowest IOMMU of the devices behind it. Widths that aren't told are no matter of this rule. */
function excessesIn(plan: Plan): Excess[] {
  return plan.vm.viommus.flatMap((viommu) => {
    const { bits } = viommu;
    if (bits === undefined || !isBound(viommu, plan)) return [];
    const behind = plan.vm.assignments.flatMap(({ behind: name, device, name: told }) => {
      const iommu = device?.iommu;
      if (name !== viommu.name || !iommu || (iommu.bits === undefined && !iommu.aperture)) return [];
      return [{ plan, viommu, bits, iommu, hostBits: widthOf(apertureOf(iommu, plan).end), device: told }];
    });
    const [narrowest] = behind.sort((left, right) => left.hostBits - right.hostBits);
    return narrowest && narrowest.hostBits < bits ? [narrowest] : [];
  });
}

/**
 * With nested tables the hardware translates what the guest maps, in a width of its own; QEMU compares VT-d's all the same. Its
 * virtio-iommu tells the guest that everything past the host's ranges is reserved (hw/virtio/virtio-iommu.c `rebuild_resv_regions`).
 */
const isBound = ({ mode, model }: Viommu, { vm }: Plan): boolean =>
  vm.vmm === 'qemu' && model === 'vt-d' ? true : mode !== 'nested' && !(vm.vmm === 'qemu' && model === 'virtio');

/** Bits that the last address has, as QEMU counts them. */
const widthOf = (end: bigint): number => (end > 1n ? log2(end - 1n) + 1 : 1);

function consequence({ plan, viommu, bits, hostBits, device }: Excess): string {
  if (plan.vm.vmm === 'qemu' && viommu.model === 'vt-d') return `QEMU refuses \`${device}\` with “aw-bits ${bits} > host aw-bits ${hostBits}”`;
  return 'what the guest maps above that is refused with EINVAL on the host, and its DMA faults';
}

/** VT-d has no width between 39 and 48 bits: the next that there is. */
function lower(viommu: Viommu, hostBits: number, subject: VmSubject): Fix[] {
  if (!isWrittenIn(viommu.element, subject.vm.element)) return [];
  const width = viommu.model === 'vt-d' ? [57, 48, 39].find((bits) => bits <= hostBits) : hostBits;
  if (width === undefined) return [];
  return [{ title: `Lower \`${viommu.name}\` to ${width} bits`, safe: false, edits: [withProperty(viommu.element, 'bits', `${width}`)] }];
}
