import { memorySlots, MOST_PAGES, type MemorySlot } from '../dma/memory-slots.js';
import type { Plan } from '../dma/plan.js';
import { formatCount, formatSize, smallest } from '../layout/address.js';
import { sizeOf } from '../layout/intervals.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, isWrittenIn, otherProperties, replacedBy } from './edits.js';
import { letter } from './map-lines.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** A memory slot has more pages than KVM counts. */
export const slotTooLarge = defineRule({
  name: 'slot-too-large',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'A region is one memory slot of more pages than KVM takes.',
  since: '0.1.0',
  why: `A memory slot has at most 2^31 - 1 pages of the host (\`KVM_MEM_MAX_NR_PAGES\` in include/linux/kvm_host.h): with pages of 4
KiB that is one page less than 8 TiB. A larger one is EINVAL (\`kvm_set_memory_region\` in virt/kvm/kvm_main.c). QEMU cuts its
sections only where the architecture demands it (\`kvm_max_slot_size\` in accel/kvm/kvm-all.c, on s390x), and makes one section
of neighbours in one RAM block, so larger memory has to come from several memory backends.`,

  examples: [
    bad(
      `
      host huge {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 52
      }

      vm database on huge {
        backing pages size 10 TiB hugetlb 1 GiB
        ram low at 0 size 2 GiB from pages
        ram high at 4 GiB size 8 TiB from pages
            ^^^^ \`high\` is one memory slot of 2,147,483,648 pages, and KVM takes 2,147,483,647: KVM_SET_USER_MEMORY_REGION fails with EINVAL
      }
    `,
      fixed('Split `high` into 2 slots of 4 TiB', `
        -   ram high at 4 GiB size 8 TiB from pages
        +   ram high at 0x1_0000_0000 size 4 TiB from pages
        +   ram high-b at 0x401_0000_0000 size 4 TiB from pages
      `),
    ),
    good(`
      host huge {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 52
      }

      vm database on huge {
        backing pages size 10 TiB hugetlb 1 GiB
        ram low at 0 size 2 GiB from pages
        ram high at 4 GiB size 8 TiB - 1 GiB from pages
      }
    `),
  ],

  check: ({ plan }) => (plan ? giantsIn(plan) : []),
  locate: ({ slot }) => slot.regions[0].element,
  message: ({ plan, slot }) => {
    const names = slot.regions.map(({ name }) => `\`${name}\``).join(', ');
    const pages = formatCount(sizeOf(slot.range) / plan.page);
    return `${names} ${slot.regions.length > 1 ? 'are' : 'is'} one memory slot of ${pages} pages, and KVM takes ${formatCount(MOST_PAGES)}: KVM_SET_USER_MEMORY_REGION fails with EINVAL`;
  },
  witness: ({ slot }) => slot.range,
  witnessIn: 'gpa',
  fixes: split,
});

interface Giant {
  readonly plan: Plan;
  readonly slot: MemorySlot;
}

const giantsIn = (plan: Plan): Giant[] =>
  memorySlots(plan).filter(({ range }) => sizeOf(range) / plan.page > MOST_PAGES).map((slot) => ({ plan, slot }));

/** Several regions instead of one, each half as large as would do: QEMU would join them again. */
function split({ plan, slot }: Giant, { vm }: VmSubject): Fix[] {
  const [region] = slot.regions;
  const { range, element } = region;
  const part = plan.page << 30n;
  if (!range || vm.vmm === 'qemu' || region.kind !== 'ram' || region.hotplug || sizeOf(range) !== sizeOf(slot.range)) return [];
  if (!isWrittenIn(element, vm.element) || region.over.length > 0 || region.alias || element.origin.declaration.block) return [];
  const count = Number((sizeOf(range) + part - 1n) / part);
  if (count > MOST_PARTS) return [];
  const lines = Array.from({ length: count }, (_, index) => {
    const name = index === 0 ? region.name : freshName(vm.element, `${region.name}-${letter(index)}`);
    const base = range.base + BigInt(index) * part;
    const size = smallest(part, range.end - base);
    return `ram ${name} at ${writeAddress(base)} size ${writeSize(size)}${fromText(slot, BigInt(index) * part)}${otherProperties(element, ['at', 'size', 'from'])}`;
  });
  return [{ title: `Split \`${region.name}\` into ${count} slots of ${formatSize(part)}`, safe: false, edits: [replacedBy(element, lines)] }];
}

/** More than these nobody wants to read. */
const MOST_PARTS = 16;

/** ` from pages` goes on after what is taken above it; a written offset is written for each part. */
function fromText({ regions: [{ element, backing }], offset }: MemorySlot, skipped: bigint): string {
  const value = element.properties.get('from')?.[0]?.property.value;
  if (!backing || backing.own || !value) return '';
  return value.kind === 'binary' && offset !== undefined ? ` from ${backing.name} + ${writeSize(offset + skipped)}` : ` from ${backing.name}`;
}
