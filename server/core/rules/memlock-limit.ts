import { effectOf, effectText } from '../dma/arrival-words.js';
import type { MemoryVerdict } from '../dma/arrivals.js';
import { pinnedBy, type Pinned } from '../dma/pinned.js';
import type { Plan } from '../dma/plan.js';
import { alignUp, formatSize, GIB, MIB } from '../layout/address.js';
import { namePlace } from '../layout/model.js';
import { writeSize } from '../layout/written.js';
import { mapCall, mapName } from './contact-words.js';
import { withProperty } from './edits.js';
import { bad, defineRule, fixed, good, type Fix } from './rule.js';

/** Share of the limit, in percent, from which a warning is due, unless enough is left. */
const NEARLY_FULL = 80n;

/** What libvirt adds for ROMs, the memory of devices and what the VMM locks itself. */
const LIBVIRT_ADDS = GIB;

/** Enough for what the VMM locks itself: half of that, as the ROMs of a layout are counted already. */
const HEADROOM = 512n * MIB;

/** DMA pins memory, and a process may pin only so much. */
export const memlockLimit = defineRule({
  name: 'memlock-limit',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'The VMM would pin more memory than RLIMIT_MEMLOCK lets it.',
  since: '0.1.0',
  why: `Whatever is mapped for DMA is pinned, and without CAP_IPC_LOCK the sum may not pass RLIMIT_MEMLOCK: one byte more is ENOMEM
(\`vfio_pin_pages_remote\` in drivers/vfio/vfio_iommu_type1.c, “RLIMIT_MEMLOCK (N) exceeded” in the kernel's log). Exactly the
limit is fine. Huge pages count in full, and what is mapped twice counts twice. Each device behind an emulated vIOMMU has an
address space of its own, and as long as the guest lets it pass untranslated that holds, and pins, all of the guest's memory.
iommufd counts alike, but for all processes of the user together (\`iopt_pages_update_pinned\` in
drivers/iommu/iommufd/pages.c, unless its RLIMIT_MODE says otherwise). Memory that is plugged later is pinned when it comes:
a block of virtio-mem is only refused, and a DIMM takes the whole QEMU process with it, which makes it an error. \`physical\` memory isn't
pinned and counts for nothing.

libvirt sets the limit to the guest's largest memory and 1 GiB, for the memory of devices and of QEMU itself; with a vIOMMU, since 8.7.0,
to that memory once for each assigned device. From ${NEARLY_FULL} % on it is a warning, unless
512 MiB are left.`,

  examples: [
    bad(
      `
      host server {
        arch arm64
        kernel 6.12
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 12 { device nic "0000:01:00.0" }
        limits { memlock 4 GiB }
      }

      vm web on server {
        ram low at 0x4000_0000 size 3 GiB
        ram high at 0x1_0000_0000 size 3 GiB
            ^^^^ 6 GiB are pinned, and \`memlock\` is 4 GiB: VFIO_IOMMU_MAP_DMA fails with ENOMEM at \`high\`, and the VM doesn’t start
        assign nic
      }
    `,
      fixed('Raise `memlock` of `server` to 7 GiB', `
        -   limits { memlock 4 GiB }
        +   limits { memlock 7 GiB }
      `),
    ),
    bad(`
      host server {
        arch arm64
        kernel 6.12
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 12 { device nic "0000:01:00.0" }
        limits { memlock 8 GiB }
      }

      vm web on server {
         ^^^ 4 GiB are pinned at start-up, 20 GiB once all has come that may be plugged, and \`memlock\` is 8 GiB: what passes the limit is refused with ENOMEM; the VM keeps running without it
        ram low at 0x4000_0000 size 4 GiB
        ram more at 0x10_0000_0000 size 16 GiB hotplug virtio-mem block 2 MiB
        assign nic
      }
    `),
    good(`
      host server {
        arch arm64
        kernel 6.12
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 12 { device nic "0000:01:00.0" }
        limits { memlock 8 GiB }
      }

      vm web on server {
        ram low at 0x4000_0000 size 3 GiB
        ram high at 0x1_0000_0000 size 3 GiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? pressureIn(plan) : []),
  locate: ({ plan, pinned }) => pinned.refused?.written?.element ?? pinned.refused?.region?.element ?? plan.vm.element,
  levelOf: ({ plan, pinned, limit, later }) => (pinned.atBoot > limit || (later && effectOf(later, plan.vm.vmm) !== 'lives') ? 'error' : 'warning'),
  message: messageOf,
  notes: ({ plan }) => limitsOf(plan).map((element) => ({ place: namePlace(element), message: `\`${plan.host.name}\` limits it here` })),
  fixes: raise,
});

interface Pressure {
  readonly plan: Plan;
  readonly pinned: Pinned;
  readonly limit: bigint;
  /** RAM that is refused when it is plugged: a DIMM, which may take the VM with it, if there is one. */
  readonly later: MemoryVerdict['kind'] | undefined;
}

/** Without a device at start-up, what fails is told of the device that comes. */
function pressureIn(plan: Plan): Pressure[] {
  const limit = plan.host.limits.memlock;
  if (limit === undefined || plan.contract === 'none' || !plan.attachedAtBoot) return [];
  const pinned = pinnedBy(plan);
  const isNear = pinned.atMost * 100n >= limit * NEARLY_FULL && limit - pinned.atMost < HEADROOM;
  if (!isNear) return [];
  const refused = plan.memoryHotplug.filter(({ failures }) => failures.some(({ verdict }) => verdict.cause === 'memlock')).map(({ kind }) => kind);
  return [{ plan, pinned, limit, later: refused.includes('dimm') ? 'dimm' : refused[0] }];
}

function messageOf({ plan, pinned, limit, later }: Pressure): string {
  const { atBoot, atMost, refused } = pinned;
  const whose = plan.contract === 'iommufd' ? ' for all VMs of the user together' : '';
  const most = `\`memlock\` is ${formatSize(limit)}${whose}`;
  if (atBoot > limit) {
    const where = refused ? `fails with ENOMEM at ${mapName(refused)}` : 'fails with ENOMEM before all devices have their mappings';
    return `${formatSize(atBoot)} are pinned${spacesText(pinned)}, and ${most}: ${mapCall(plan.contract)} ${where}, and the VM doesn’t start`;
  }
  if (atMost > limit) {
    return `${formatSize(atBoot)} are pinned at start-up, ${formatSize(atMost)} once all has come that may be plugged, and ${most}: what passes the limit is refused with ENOMEM${later ? `; ${effectText(later, plan.vm.vmm)}` : ''}`;
  }
  if (atBoot < atMost) return `${formatSize(atBoot)} are pinned at start-up, ${formatSize(atMost)} once all has come that may be plugged, and ${most}: what the VMM locks besides may find no room then (ENOMEM)`;
  return `${formatSize(atMost)} are pinned${spacesText(pinned)}, and ${most}: what the VMM locks besides may find no room (ENOMEM)`;
}

const spacesText = ({ spaces, atBoot }: Pinned): string =>
  spaces > 1 ? `, ${formatSize(atBoot / BigInt(spaces))} in each of ${spaces} address spaces` : '';

const limitsOf = ({ host }: Plan) => host.element.children.filter(({ keyword }) => keyword === 'limits').slice(0, 1);

/** As libvirt has it: all that can be pinned, in whole GiB, and one more. */
function raise({ plan, pinned }: Pressure): Fix[] {
  const wanted = alignUp(pinned.atMost, GIB) + LIBVIRT_ADDS;
  const [limits] = limitsOf(plan);
  const here = plan.vm.element.origin.path;
  const [located] = limits?.properties.get('memlock') ?? [];
  if (!limits || located?.path !== here || plan.host.element.origin.path !== here) return [];
  return [{ title: `Raise \`memlock\` of \`${plan.host.name}\` to ${formatSize(wanted)}`, safe: false, edits: [withProperty(limits, 'memlock', writeSize(wanted))] }];
}
