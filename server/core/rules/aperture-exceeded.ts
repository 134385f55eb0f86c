import { apertureOf, type Plan, type PlannedMap } from '../dma/plan.js';
import { formatRange, isPowerOfTwo, log2 } from '../layout/address.js';
import { contains, isEmpty, overlaps, subtract, type Range } from '../layout/intervals.js';
import { namePlace, type Iommu, type Region } from '../layout/model.js';
import { openWindows } from './bar-windows.js';
import { goesOnWithoutBars, kernelNotes, levelForMap, levelOfLostBar, lostBarWords, mapName, refusal } from './contact-words.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good } from './rule.js';

/** A DMA mapping lies where an assigned device's IOMMU translates nothing. */
export const apertureExceeded = defineRule({
  name: 'aperture-exceeded',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'A DMA mapping leaves the addresses that the IOMMU translates.',
  since: '0.1.0',
  why: `Page tables of an IOMMU resolve as many bits as they have levels: 39 or 48 behind VT-d, where the CPU has 46
physical bits or more; firmware and VMMs that place memory by the CPU's width put it where no DMA gets through. The
aperture of all assigned devices together is what each of them translates. VFIO refuses a mapping that isn't whole
inside with EINVAL since Linux 5.4 (\`vfio_iommu_iova_dma_valid\` in drivers/vfio/vfio_iommu_type1.c, with no code of its
own for this); so does iommufd (\`iopt_check_iova\` in drivers/iommu/iommufd/io_pagetable.c). Before 5.4 the IOMMU's driver
has the word: VT-d's refuses with EFAULT (\`intel_iommu_map\`), those for Arm with ERANGE (\`arm_lpae_map\`), others may not. For a BAR QEMU and OpenVMM only warn: other
devices can't reach it by DMA then, which is a note where there are none; Cloud Hypervisor gives the device up. A window for BARs
that lies past the aperture whole is told, too.`,

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
        ram low at 0 size 2 GiB
        ram high at 0xff_8000_0000 size 8 GiB
            ^^^^ \`high\` lies past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign gpu
      }
    `,
      fixed('Move `high` to 0x7e_0000_0000: still 2,097,152 × 4 KiB', `
        -   ram high at 0xff_8000_0000 size 8 GiB
        +   ram high at 0x7e_0000_0000 size 8 GiB
      `),
    ),
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
        ram low at 0 size 2 GiB
        window pci64 at 0x3800_0000_0000 size 32 GiB for bars
               ^^^^^ \`pci64\` lies past the aperture of \`dmar0\` (0x0-0x7fffffffff, 39 bits): a BAR that the guest puts there can’t be mapped, and the VMM goes on: no other device is there to reach it
        assign gpu
      }
    `,
      fixed('Move `pci64` to 0x78_0000_0000', `
        -   window pci64 at 0x3800_0000_0000 size 32 GiB for bars
        +   window pci64 at 0x78_0000_0000 size 32 GiB for bars
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
        ram low at 0 size 2 GiB
        ram high at 4 GiB size 8 GiB
        assign gpu
      }
    `),
  ],

  check: ({ plan }) => (plan ? [...excessesIn(plan), ...lostWindows(plan)] : []),
  locate: ({ plan, map, window }) => map?.written?.element ?? map?.region?.element ?? window?.element ?? plan.vm.element,
  levelOf: ({ map, plan }) => (map ? levelForMap(plan, map) : goesOnWithoutBars(plan) ? levelOfLostBar(plan) : 'warning'),
  message: ({ plan, map, window, outside, iommu }) =>
    map
      ? `${mapName(map)} ${verbOf(map.range, plan.aperture)} the aperture ${apertureWords(plan, iommu)}: ${refusal(plan, map, plan.contract === 'none' ? 'the tables have no entry for such an address' : 'the IOMMU’s driver refuses the address or has no entry for it')}`
      : `\`${window?.name ?? ''}\` ${verbOf(outside, plan.aperture)} the aperture ${apertureWords(plan, iommu)}: a BAR that the guest puts there can’t be mapped, and ${goesOnWithoutBars(plan) ? lostBarWords(plan) : 'the device fails'}`,
  notes: ({ plan, map, iommu }) => [...(iommu ? [{ place: namePlace(iommu.element), message: `\`${iommu.name}\` translates no more` }] : []), ...(map ? kernelNotes(plan) : [])],
  witness: ({ outside }) => outside,
  fixes: ({ map, window }, subject) => (window ? moveRegion(window, subject) : map?.region && !map.written?.element.properties.has('at') ? moveRegion(map.region, subject) : []),
});

interface Excess {
  readonly plan: Plan;
  readonly map: PlannedMap | undefined;
  /** A window for BARs, where it is that and no mapping. */
  readonly window?: Region;
  /** The first bytes that lie outside. */
  readonly outside: Range;
  /** Whose aperture it leaves; nothing where only all of them together are that narrow. */
  readonly iommu: Iommu | undefined;
}

/** Apertures without a common address are told where the devices are assigned. */
function excessesIn(plan: Plan): Excess[] {
  const { aperture } = plan;
  if (!plan.attachedAtBoot || isEmpty(aperture)) return [];
  return plan.maps.flatMap((map) => {
    const outside = subtract(map.range, [aperture])[0];
    return outside ? [{ plan, map, outside, iommu: iommuOf(plan, outside) }] : [];
  });
}

/** Windows for BARs that lie whole where nothing can be mapped: firmware that goes by the CPU's width puts 64-bit BARs there. */
const lostWindows = (plan: Plan): Excess[] =>
  isEmpty(plan.aperture) ? [] : openWindows(plan).flatMap(({ window, range }) => (overlaps(range, plan.aperture) ? [] : [{ plan, map: undefined, window, outside: range, iommu: iommuOf(plan, range) }]));

const iommuOf = (plan: Plan, outside: Range): Iommu | undefined =>
  plan.attach.map(({ assignment }) => assignment.device?.iommu).find((iommu) => iommu && !contains(apertureOf(iommu, plan), outside));

function verbOf(range: Range, aperture: Range): string {
  if (!overlaps(range, aperture)) return range.base >= aperture.end ? 'lies past' : 'lies below';
  return range.end > aperture.end ? 'reaches past' : 'begins below';
}

/** `of \`dmar0\` (0x0-0x7fffffffff, 39 bits)`. */
function apertureWords({ aperture }: Plan, iommu: Iommu | undefined): string {
  const width = aperture.base === 0n && isPowerOfTwo(aperture.end) ? `, ${log2(aperture.end)} bits` : '';
  return `of ${iommu ? `\`${iommu.name}\`` : 'the IOMMU'} (${formatRange(aperture)}${width})`;
}
