import type { Plan } from '../dma/plan.js';
import { formatKernel } from '../dma/kernel-version.js';
import { habitsOf } from '../dma/vmm-habits.js';
import { formatRange, formatSize, isAligned } from '../layout/address.js';
import { isEmpty, sizeOf } from '../layout/intervals.js';
import type { Region, WrittenMap } from '../layout/model.js';
import { kernelPlace } from './contact-words.js';
import { isWrittenIn, without, withoutSpan } from './edits.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good, type Fix, type Level, type Note, type VmSubject } from './rule.js';

/** A BAR that no device can reach by DMA. */
export const barUnmappable = defineRule({
  name: 'bar-unmappable',
  over: 'vm',
  level: 'warning',
  group: 'contract',
  summary: 'A BAR can’t be mapped for DMA: the kernel refuses it, or QEMU leaves it out.',
  since: '0.1.0',
  why: `Devices reach each other's BARs (peer-to-peer DMA) only where the VMM maps those, too. VFIO type1 takes them. iommufd takes
memory that it can pin, and a BAR is none: IOMMU_IOAS_MAP fails with EFAULT (measured on Linux 7.2); from 6.19 on a BAR can
come in as a dma-buf, for which the VMM must ask with IOMMU_IOAS_MAP_FILE. QEMU warns, “IOMMU_IOAS_MAP failed: Bad
address, PCI BAR?”, and goes on without. A \`map\` that is written, or \`dma on\`, is an error; that a VMM goes without is a
note. Where no other device is there to reach the BAR nothing is told.

Under type1 QEMU maps a BAR only if its address and size are multiples of the smallest page of the IOMMU
(hw/vfio/listener.c \`vfio_listener_region_add\`); it leaves the others out with no more than a trace event. Small BARs on a
host with 16 or 64 KiB pages are the usual case.`,

  examples: [
    bad(
      `
      host xeon {
        page 4 KiB
        contract iommufd
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" { bar 1 size 256 MiB } }
        group 2 { device nic "0000:18:00.0" }
      }

      vm pc on xeon {
        ram low at 0 size 1 GiB
        window mmio32 at 0x8000_0000 size 1 GiB for bars
        bar gpu.1 at 0x9000_0000 dma on
            ^^^^^ \`gpu.1\` is the memory of a device, which iommufd can’t pin: IOMMU_IOAS_MAP fails with EFAULT at start-up
        assign gpu, nic
      }
    `,
      fixed('Leave `gpu.1` to the VMM: nothing instead of 128 × 2 MiB', `
        -   bar gpu.1 at 0x9000_0000 dma on
        +   bar gpu.1 at 0x9000_0000
      `),
    ),
    bad(`
      host altra {
        arch arm64
        page 64 KiB
        iommu smmu0 {
          model smmu-v3
          granule 64 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 1 { device nic "0000:01:00.0" { bar 0 size 16 KiB } }
        group 2 { device disk "0000:02:00.0" }
      }

      vm web on altra {
        vmm qemu
        ram low at 0x4000_0000 size 1 GiB
        window mmio32 at 0x1000_0000 size 512 MiB for bars
        bar nic.0 at 0x1000_4000
            ^^^^^ \`nic.0\` (0x10004000-0x10007fff) is not mapped for DMA, and QEMU doesn’t say so: its address and size are no multiples of 64 KiB, so other devices can’t reach it
        assign nic, disk
      }
    `),
    good(`
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device gpu "0000:17:00.0" { bar 1 size 256 MiB } }
      }

      vm pc on xeon {
        vmm qemu
        ram low at 0 size 1 GiB
        window mmio32 at 0x8000_0000 size 1 GiB for bars
        bar gpu.1 at 0x9000_0000
        assign gpu
      }
    `),
  ],

  check: ({ plan }) => (plan ? unreachableBars(plan) : []),
  locate: ({ written, region, plan }) => written?.element ?? region?.element ?? plan.vm.element,
  levelOf: ({ why }) => LEVELS[why],
  message: wordsOf,
  notes: ({ plan }) => (plan.contract === 'iommufd' ? [dmaBufNote(plan)] : []),
  witness: ({ region }) => region?.range,
  witnessIn: 'gpa',
  fixes: waysOut,
});

type Why = 'refused' | 'left-out' | 'skipped';

const LEVELS: Readonly<Record<Why, Level>> = { refused: 'error', 'left-out': 'note', skipped: 'warning' };

interface Unreachable {
  readonly plan: Plan;
  readonly why: Why;
  readonly region: Region | undefined;
  readonly written: WrittenMap | undefined;
}

function unreachableBars(plan: Plan): Unreachable[] {
  if (plan.vm.assignments.length === 0) return [];
  const refused = plan.maps.filter(({ kind }) => kind === 'bar' && plan.contract === 'iommufd');
  const asked = refused.map(({ region, written }): Unreachable => ({ plan, why: 'refused', region, written }));
  const derived = plan.vm.maps.length === 0 && plan.maps.length > 0 && habitsOf(plan.vm.vmm).bars;
  const bars = derived ? plan.vm.regions.filter(({ kind, dma, range }) => kind === 'bar' && dma === undefined && range) : [];
  return [...asked, ...bars.flatMap((region) => withoutAsking(plan, region))];
}

/** What a VMM that maps BARs doesn't ask for by itself. */
function withoutAsking(plan: Plan, region: Region): Unreachable[] {
  if (plan.vm.assignments.length < 2) return [];
  if (plan.contract === 'iommufd') return [{ plan, why: 'left-out', region, written: undefined }];
  const isMapped = plan.maps.some((map) => map.region === region);
  return habitsOf(plan.vm.vmm).roundsInwards && !isMapped && isOdd(region, plan) ? [{ plan, why: 'skipped', region, written: undefined }] : [];
}

const isOdd = ({ range }: Region, { alignment }: Plan): boolean =>
  range !== undefined && !isEmpty(range) && !(isAligned(range.base, alignment) && isAligned(range.end, alignment));

function wordsOf({ plan, why, region, written }: Unreachable): string {
  const name = written ? `map \`${written.name}\`` : `\`${region?.name ?? ''}\``;
  if (why === 'refused') return `${name} is the memory of a device, which iommufd can’t pin: IOMMU_IOAS_MAP fails with EFAULT ${plan.attachedAtBoot ? 'at start-up' : 'when a device is plugged'}`;
  if (why === 'left-out') return `${name} is not mapped for DMA: iommufd refuses the memory of a device by its address with EFAULT, so ${plan.vm.vmm ?? 'the VMM'} goes without, and the other devices can’t reach it`;
  const range = region?.range;
  const odd = range ? [...(isAligned(range.base, plan.alignment) ? [] : ['address']), ...(isAligned(sizeOf(range), plan.alignment) ? [] : ['size'])] : [];
  const what = `its ${odd.join(' and ')} ${odd.length > 1 ? 'are no multiples' : 'is no multiple'} of ${formatSize(plan.alignment)}`;
  return `${name} (${range ? formatRange(range) : ''}) is not mapped for DMA, and QEMU doesn’t say so: ${what}, so other devices can’t reach it`;
}

const dmaBufNote = ({ host, kernel }: Plan): Note => ({
  place: kernelPlace(host.element),
  message: `from Linux 6.19 on iommufd maps it as a dma-buf, for which a VMM must ask; by its address it is refused in every kernel; here ${formatKernel(kernel)} is asked`,
});

function waysOut({ why, region, written, plan }: Unreachable, subject: VmSubject): Fix[] {
  if (written) return isWrittenIn(written.element, subject.vm.element) ? [{ title: `Remove \`${written.name}\``, safe: false, edits: [without(written.element)] }] : [];
  if (!region || !isWrittenIn(region.element, subject.vm.element)) return [];
  if (why === 'skipped') return region.range && isAligned(sizeOf(region.range), plan.alignment) ? moveRegion(region, subject) : [];
  const located = region.element.properties.get('dma')?.[0];
  if (why !== 'refused' || !located) return [];
  return [{ title: `Leave \`${region.name}\` to the VMM`, safe: false, edits: [withoutSpan(located, located.property.start, located.property.end)] }];
}
