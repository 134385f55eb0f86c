import { DEFAULT_DMA_MAPS } from '../dma/contract.js';
import { effectOf, effectText } from '../dma/arrival-words.js';
import type { PluggedMemory } from '../dma/plugged-memory.js';
import type { Plan } from '../dma/plan.js';
import { formatCount, formatSize, largest } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { writeSize } from '../layout/written.js';
import { isWrittenIn, withProperty } from './edits.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** What comes later needs more mappings than a container has left. */
export const hotplugMapLimit = defineRule({
  name: 'hotplug-map-limit',
  over: 'vm',
  level: 'error',
  group: 'hotplug',
  summary: 'With all that may be plugged, there are more DMA mappings than a container holds.',
  since: '0.1.0',
  why: `A VFIO type1 container holds 65535 mappings (\`dma_entry_limit\`), and each block of virtio-mem is one: at 2 MiB a block it is full at
128 GiB. The block that is one too many is refused with ENOSPC, a DIMM that comes then takes the whole QEMU process with it. QEMU
itself warns earlier, “possibly running out of DMA mappings”: it adds as many mappings as there could be memory slots
(\`vfio_ram_discard_register_listener\` in hw/vfio/listener.c; 32764 with KVM on x86), which leaves half of them for blocks. Larger blocks
need fewer mappings. iommufd has no such limit.`,

  examples: [
    bad(
      `
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on xeon {
        vmm qemu
        ram low at 0 size 2 GiB
        ram more at 256 GiB size 256 GiB hotplug virtio-mem block 2 MiB
            ^^^^ with all of it plugged, 131,073 mappings are asked for and a container holds 65,535: VFIO_IOMMU_MAP_DMA fails with ENOSPC; the VM keeps running without it
        assign nic
      }
    `,
      fixed('Let `more` come in blocks of 8 MiB', `
        -   ram more at 256 GiB size 256 GiB hotplug virtio-mem block 2 MiB
        +   ram more at 256 GiB size 256 GiB hotplug virtio-mem block 8 MiB
      `),
    ),
    good(`
      host xeon {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 { device nic "0000:01:00.0" }
      }

      vm web on xeon {
        vmm qemu
        ram low at 0 size 2 GiB
        ram more at 256 GiB size 256 GiB hotplug virtio-mem block 16 MiB
        assign nic
      }
    `),
  ],

  check: ({ plan }) => (plan ? crowdIn(plan) : []),
  locate: ({ blamed }) => blamed.region.element,
  levelOf: ({ plan, refused }) => (refused && effectOf(refused.kind, plan.vm.vmm) !== 'lives' ? 'error' : 'warning'),
  message: ({ plan, refused, asked, limit, slots }) => {
    const count = `with all of it plugged, ${formatCount(asked)} mappings are asked for`;
    if (refused) return `${count} and a container holds ${formatCount(limit)}: VFIO_IOMMU_MAP_DMA fails with ENOSPC; ${effectText(refused.kind, plan.vm.vmm)}`;
    return `${count} of the ${formatCount(limit)} that a container holds, and QEMU keeps ${formatCount(slots)} for memory slots: it warns of “possibly running out of DMA mappings”`;
  },
  fixes: (crowd, subject) => largerBlocks(crowd, subject),
});

interface Crowd {
  readonly plan: Plan;
  /** The RAM that asks for most. */
  readonly blamed: PluggedMemory;
  /** RAM that is refused, one that takes the VM with it if there is one; nothing where QEMU only warns. */
  readonly refused: PluggedMemory | undefined;
  readonly asked: bigint;
  readonly limit: bigint;
  /** Mappings that QEMU keeps for memory slots. */
  readonly slots: bigint;
}

function crowdIn(plan: Plan): Crowd[] {
  if (plan.contract !== 'type1' || plan.memoryHotplug.length === 0) return [];
  const limit = BigInt(plan.host.limits.dmaMaps ?? DEFAULT_DMA_MAPS);
  const asked = plan.memoryHotplug.reduce((sum, memory) => sum + mapsOf(memory), BigInt(plan.maps.length));
  const full = plan.memoryHotplug.filter(({ failures }) => failures.some(({ verdict }) => verdict.cause === 'limit'));
  const refused = full.find(({ kind }) => kind === 'dimm') ?? full[0];
  const slots = slotsKept(plan);
  const blocks = plan.memoryHotplug.reduce((sum, memory) => sum + (memory.blocks ? mapsOf(memory) : 0n), 0n);
  const warns = plan.vm.vmm === 'qemu' && blocks > 0n && blocks + slots > limit;
  const [first, ...rest] = plan.memoryHotplug;
  const blamed = rest.reduce((most, memory) => (most && mapsOf(memory) > mapsOf(most) ? memory : most), first);
  return blamed && (refused || warns) ? [{ plan, blamed, refused, asked, limit, slots }] : [];
}

const mapsOf = ({ maps, blocks }: PluggedMemory): bigint => blocks?.count ?? BigInt(maps.length);

/** Slots that KVM has for the VMM, one for each virtio-mem device apart: KVM_USER_MEM_SLOTS is 32764 on x86, 32767 elsewhere. */
function slotsKept({ vm, host, memoryHotplug }: Plan): bigint {
  const slots = vm.slots ?? host.limits.slots ?? (host.arch === 'x86_64' ? 32764 : 32767);
  return BigInt(slots) - BigInt(memoryHotplug.filter(({ blocks }) => blocks).length);
}

/** The smallest block with which everything fits, and QEMU has nothing to warn of if that can be. */
function largerBlocks({ plan, blamed, refused, asked, limit, slots }: Crowd, { vm }: VmSubject): Fix[] {
  const { region, blocks } = blamed;
  if (!blocks || !region.range || !isWrittenIn(region.element, vm.element)) return [];
  const size = sizeOf(region.range);
  const others = asked - blocks.count;
  const unwarned = limit - largest(others, slots);
  const room = plan.vm.vmm !== 'qemu' || (refused && unwarned <= 0n) ? limit - others : unwarned;
  let block = blocks.size;
  while (block < size && (size + block - 1n) / block > room) block *= 2n;
  if (block === blocks.size || block > size || room <= 0n) return [];
  return [{ title: `Let \`${region.name}\` come in blocks of ${formatSize(block)}`, safe: false, edits: [withProperty(region.element, 'block', writeSize(block))] }];
}
