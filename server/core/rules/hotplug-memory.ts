import { effectOf, effectText, runText, stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, MemoryVerdict } from '../dma/arrivals.js';
import type { Plan } from '../dma/plan.js';
import { deviceRefusal, type DeviceRefusal } from '../dma/memory-device.js';
import { nearestFreePlace } from '../dma/free-places.js';
import { isAligned } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { namePlace, type Region } from '../layout/model.js';
import { writeAddress } from '../layout/written.js';
import { contactNote, mapCall } from './contact-words.js';
import { isWrittenIn } from './edits.js';
import { movedTo, moveRegion } from './placement.js';
import { rounding, roundedRegion, type Way } from './rounding.js';
import { bad, defineRule, fixed, good, type Fix, type Note, type VmSubject } from './rule.js';

/** RAM that is to come later can't, because of what devices keep. */
export const hotplugMemory = defineRule({
  name: 'hotplug-memory',
  over: 'vm',
  level: 'error',
  group: 'hotplug',
  summary: 'RAM that comes later is refused, for DMA or by QEMU.',
  since: '0.1.0',
  why: `RAM that is plugged while a device is attached is mapped at once: a DIMM as a whole, virtio-mem block by block. Where that meets
what a group keeps, leaves an aperture or is finer than the page of the tables, the kernel refuses it (\`vfio_dma_do_map\` in
drivers/vfio/vfio_iommu_type1.c, \`iopt_check_iova\` in drivers/iommu/iommufd/io_pagetable.c). QEMU has no way back from a
DIMM that can't be mapped: “vfio: DMA mapping failed, unable to continue”, and the whole VM is gone (\`hw_error\` in
hw/vfio/listener.c). A block of virtio-mem is only refused (\`vfio_ram_discard_notify_populate\` there; Cloud Hypervisor:
\`state_change_request\` in virtio-devices/src/mem.rs), which is a warning. Every order is looked at: with the RAM there first, it is
the device that is refused.

QEMU itself takes a memory device only at a multiple of what its backend is aligned to, a huge page or 2 MiB of ordinary memory, and
only of such a size; of virtio-mem both are multiples of the block, too (\`memory_device_get_free_addr\` in hw/mem/memory-device.c). Then
\`device_add\` fails before anybody is asked, which is a warning.`,

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
        ram more at 0xfc_c000_0000 size 2 GiB hotplug dimm
            ^^^^ plugging \`more\` fails: VFIO_IOMMU_MAP_DMA gives EINVAL, as it meets \`hypertransport\` (0xfd00000000-0xffffffffff, reserved); QEMU aborts the whole VM
        assign nic
      }
    `,
      fixed('Move `more` to 0xfc_8000_0000: still 524,288 × 4 KiB (then hotplug-window)', `
        -   ram more at 0xfc_c000_0000 size 2 GiB hotplug dimm
        +   ram more at 0xfc_8000_0000 size 2 GiB hotplug dimm
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
        ram more at 4 GiB size 2 GiB hotplug dimm
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? [...plan.vm.regions.flatMap((region) => misfitOf(region, plan)), ...plan.memoryHotplug.flatMap((memory) => refusalOf(memory, plan))] : []),
  locate: (trouble) => ('misfit' in trouble ? trouble.region : trouble.memory.region).element,
  levelOf: (trouble) => ('misfit' in trouble || effectOf(trouble.memory.kind, trouble.plan.vm.vmm) === 'lives' ? 'warning' : 'error'),
  message: (trouble) => {
    if ('misfit' in trouble) return `plugging \`${trouble.region.name}\` fails: QEMU refuses it, ${trouble.misfit.words}; the VM keeps running without it`;
    const { plan, memory, failure, others } = trouble;
    const { name } = memory.region;
    const before = failure.sequence.slice(0, -1).map((step) => stepText(step, '`'));
    const once = before.length === 0 ? '' : `once ${before.join(' and ')} ${before.length === 1 ? 'is' : 'are'} there, `;
    const what = failure.affected ? `${runText(failure.affected)} of \`${name}\`` : `\`${name}\``;
    const more = others === 0 ? '' : ` (and in ${others} more ${others === 1 ? 'company' : 'companies'})`;
    const reverse = isReversible(failure) ? `; with \`${name}\` there first, ${before.join(' and ')} can’t come` : '';
    return `${once}plugging ${what} fails: ${mapCall(plan.contract)} gives ${failure.verdict.errno}, as ${whyRefused(failure, plan)}; ${effectText(memory.kind, plan.vm.vmm)}${reverse}${more}`;
  },
  notes: (trouble) => ('misfit' in trouble ? [] : notesOn(trouble.failure)),
  witness: (trouble) => ('misfit' in trouble ? trouble.region.range : trouble.failure.verdict.witness),
  fixes: (trouble, subject) => {
    if ('misfit' in trouble) return trouble.misfit.property === 'block' ? [] : alignTo(trouble.region, trouble.misfit.unit, subject);
    const { memory, failure } = trouble;
    const { cause, page } = failure.verdict;
    if (cause === 'alignment' && page !== undefined && !memory.requests.some(({ written }) => written)) return alignTo(memory.region, page, subject);
    const isWritten = memory.requests.some(({ written }) => written?.element.properties.has('at'));
    return !isWritten && (cause === 'reserved' || cause === 'aperture') ? moveRegion(memory.region, subject) : [];
  },
});

/** RAM that QEMU doesn't take as a device. */
interface Misfit {
  readonly plan: Plan;
  readonly region: Region;
  readonly misfit: DeviceRefusal;
}

function misfitOf(region: Region, plan: Plan): Misfit[] {
  const misfit = deviceRefusal(region, plan.vm, plan.host, plan.page);
  return misfit ? [{ plan, region, misfit }] : [];
}

/** To the nearest free place that is a multiple, if that is all that is wrong; else both ends are rounded. */
function alignTo(region: Region, unit: bigint, subject: VmSubject): Fix[] {
  const { range, element, name } = region;
  if (!range || !isWrittenIn(element, subject.vm.element)) return [];
  const base = isAligned(sizeOf(range), unit) ? nearestFreePlace(subject, region, unit) : undefined;
  const moved = base === undefined ? undefined : movedTo(region, base);
  const ways: readonly Way[] = ['outwards', 'inwards'];
  return [
    ...(moved && base !== undefined ? [{ title: `Move \`${name}\` to ${writeAddress(base)}`, safe: false, edits: [moved] }] : []),
    ...ways.flatMap((way) => rounding(name, range, way, unit, (wanted) => roundedRegion(region, wanted, unit, subject.vm))),
  ];
}

interface Refusal {
  readonly plan: Plan;
  readonly memory: MemoryVerdict;
  readonly failure: ArrivalFailure;
  /** Other sequences that end in a refusal of this RAM. */
  readonly others: number;
}

/** The shortest sequence. What is too much in sum and what lies over other regions is told by rules of its own. */
function refusalOf(memory: MemoryVerdict, plan: Plan): Refusal[] {
  const isOverlap = ({ verdict }: ArrivalFailure): boolean => verdict.cause === 'existing-map' && !memory.requests.some(({ written }) => written);
  const told = memory.failures.filter((failure) => failure.verdict.cause !== 'limit' && failure.verdict.cause !== 'memlock' && !isOverlap(failure));
  const [failure] = [...told].sort((left, right) => left.sequence.length - right.sequence.length);
  return failure ? [{ plan, memory, failure, others: told.length - 1 + memory.untold }] : [];
}

/** A single device and this RAM, whichever comes last. */
const isReversible = ({ sequence, verdict }: ArrivalFailure): boolean =>
  sequence.length === 2 && sequence[0]?.kind === 'device' && (verdict.cause === 'reserved' || verdict.cause === 'aperture' || verdict.cause === 'alignment');

function notesOn({ verdict, sequence }: ArrivalFailure): Note[] {
  const { kept } = verdict;
  const element = kept && 'element' in kept ? [contactNote(kept as Parameters<typeof contactNote>[0])] : [];
  const devices = sequence.slice(0, -1).filter(({ kind }) => kind === 'device').map((step) => ({ place: namePlace(step.element), message: `\`${step.name}\` comes before it` }));
  return [...element, ...devices];
}
