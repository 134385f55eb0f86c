import type { Plan, PlannedMap } from '../dma/plan.js';
import { mapsInAll } from '../dma/plugged-memory.js';
import { formatRange, formatSize } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import { intersect, sizeOf, type Range } from '../layout/intervals.js';
import { namePlace, type Assignment, type Device } from '../layout/model.js';
import { bad, defineRule, good } from './rule.js';

/** Memory lies higher than an assigned device can address. */
export const deviceReach = defineRule({
  name: 'device-reach',
  over: 'vm',
  level: 'note',
  group: 'overlap',
  summary: 'An assigned device can’t address all that is mapped for it.',
  since: '0.1.0',
  why: `A device puts as many address bits on the bus as it has: 32 on older cards, 40 or 47 on many accelerators. Without a
vIOMMU the IOVA is the guest-physical address, so it can't reach RAM above that. The guest's driver knows by its DMA mask, and the
kernel of the guest then copies through a bounce buffer below it (kernel/dma/direct.c \`dma_direct_map_page\`,
kernel/dma/swiotlb.c): it works, and each byte is copied once more. A doorbell out of reach doesn't: Linux refuses to give
a device whose MSI capability has 32 bits an address beyond them (drivers/pci/msi/msi.c \`msi_verify_entries\`), and the
driver gets no interrupts. Nor does a \`map\` that no assigned device reaches. Only a device that says its \`bits\` is
judged.`,

  examples: [
    bad(`
      host server {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 12 { device sound "0000:01:00.0" bits 32 }
      }

      vm web on server {
        ram low at 0 size 2 GiB
        ram high at 4 GiB size 6 GiB
        assign sound
               ^^^^^ \`sound\` reaches 32 bits (0x0-0xffffffff), and 6 GiB that are mapped lie above: the guest copies its DMA to and from there through a bounce buffer
      }
    `),
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
        group 12 { device sound "0000:01:00.0" bits 32 }
      }

      vm web on server {
        ram low at 0x4000_0000 size 2 GiB
        mmio its at 0x10_0000_0000 size 128 KiB
        doorbell msi at its.base + 0x1_0040 size 4
                 ^^^ \`msi\` (0x1000010040-0x1000010043) lies past what \`sound\` reaches, 32 bits: the guest can’t give it an MSI, and its driver gets no interrupts
        assign sound
      }
    `),
    good(`
      host server {
        arch x86_64
        kernel 6.12
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 12 { device sound "0000:01:00.0" bits 40 }
      }

      vm web on server {
        ram low at 0 size 2 GiB
        ram high at 4 GiB size 6 GiB
        assign sound
      }
    `),
  ],

  check: ({ plan }) => (plan ? [...unreachedIn(plan)] : []),
  locate: ({ element }) => element,
  levelOf: ({ level }) => level,
  message: ({ message }) => message,
  notes: ({ device }) => [{ place: namePlace(device.element), message: `\`${device.name}\` has ${device.bits} bits` }],
  witness: ({ outside }) => outside,
});

interface Unreached {
  readonly device: Device;
  readonly element: Element;
  readonly level: 'error' | 'note';
  readonly outside: Range;
  readonly message: string;
}

/** A device that says how far it reaches. */
interface Reach {
  readonly assignment: Assignment;
  readonly device: Device;
  readonly bits: number;
  readonly space: Range;
}

function* unreachedIn(plan: Plan): Iterable<Unreached> {
  const reaches = plan.vm.assignments.flatMap(reachOf);
  if (reaches.length === 0) return;
  yield* doorbellsPast(plan, reaches);
  const lost = new Set(mapsOutOfReach(plan, reaches));
  const [widest] = [...reaches].sort((left, right) => right.bits - left.bits);
  for (const map of lost) {
    if (!widest || !map.written) continue;
    const message = `map \`${map.written.name}\` lies past what ${reaches.length === 1 ? `\`${widest.device.name}\` reaches` : 'any assigned device reaches'}, ${widest.bits} bits: no device can use it`;
    yield { device: widest.device, element: map.written.element, level: 'error', outside: map.range, message };
  }
  const later = new Set(plan.memoryHotplug.flatMap(({ maps }) => maps));
  for (const reach of reaches) yield* memoryPast(mapsInAll(plan).filter((map) => !lost.has(map)), later, reach);
}

/** Behind a vIOMMU the guest chooses the IOVAs, and chooses those that the device reaches. */
function reachOf(assignment: Assignment): Reach[] {
  const { device, behind } = assignment;
  if (!device || device.bits === undefined || device.bits >= 64 || behind !== undefined) return [];
  return [{ assignment, device, bits: device.bits, space: { base: 0n, end: 1n << BigInt(device.bits) } }];
}

/** Written maps that lie whole past what every assigned device reaches. */
function mapsOutOfReach(plan: Plan, reaches: readonly Reach[]): Plan['maps'] {
  if (reaches.length < plan.vm.assignments.length) return [];
  return mapsInAll(plan).filter((map) => map.written && reaches.every(({ space }) => map.range.base >= space.end));
}

/** What is mapped above, for all mappings together, those of RAM that comes later among them: one note a device. */
function* memoryPast(maps: Plan['maps'], later: ReadonlySet<PlannedMap>, { assignment, device, bits, space }: Reach): Iterable<Unreached> {
  const past = maps.filter((map) => map.kind === 'memory' && map.range.end > space.end);
  const above = past.flatMap((map) => intersect(map.range, { base: space.end, end: 1n << 64n }) ?? []);
  const [outside] = above;
  if (!outside) return;
  const when = past.some((map) => later.has(map)) ? ' once all has come that may be plugged' : '';
  const bytes = formatSize(above.reduce((sum, range) => sum + sizeOf(range), 0n));
  const message = `\`${device.name}\` reaches ${bits} bits (${formatRange(space)}), and ${bytes} that are mapped${when} lie above: the guest copies its DMA to and from there through a bounce buffer`;
  yield { device, element: assignment.element, level: 'note', outside, message };
}

/** Each doorbell once, for the first device that can’t write to it. */
function* doorbellsPast({ vm }: Plan, reaches: readonly Reach[]): Iterable<Unreached> {
  for (const { kind, name, element, range } of vm.regions) {
    const short = kind === 'doorbell' && range ? reaches.find(({ space }) => range.end > space.end) : undefined;
    if (!short || !range) continue;
    const message = `\`${name}\` (${formatRange(range)}) lies past what \`${short.device.name}\` reaches, ${short.bits} bits: the guest can’t give it an MSI, and its driver gets no interrupts`;
    yield { device: short.device, element, level: 'error', outside: range, message };
  }
}
