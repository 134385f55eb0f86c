import { memorySlots } from '../dma/memory-slots.js';
import type { Plan } from '../dma/plan.js';
import { alignUp, formatAddress, formatRange, GIB, log2 } from '../layout/address.js';
import type { Range } from '../layout/intervals.js';
import type { Host, Region, Vm } from '../layout/model.js';
import { withProperty } from './edits.js';
import { holds } from '../layout/held-regions.js';
import { moveRegion } from './placement.js';
import { bad, defineRule, fixed, good, type Fix } from './rule.js';

/** A region lies where the guest has no address. */
export const guestWidth = defineRule({
  name: 'guest-width',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'A region lies at or past 2^`bits` of its guest.',
  since: '0.1.0',
  why: `A guest has as many physical address bits as its CPU model says, or, on Arm, as the VMM asks of KVM. Nothing past them
can be reached. On arm64 KVM refuses a memory slot that ends past the guest's IPA width with EFAULT
(\`kvm_arch_prepare_memory_region\` in arch/arm64/kvm/mmu.c); on x86 the bits above the guest's width are reserved in its page
tables, and setting one is a page fault. QEMU looks before it starts: on Arm it stops with “Addressing limited to N bits, but
memory exceeds it by M bytes” (hw/arm/virt.c \`virt_set_memmap\`), q35 and pc with “Address space limit …
phys-bits too low” (hw/i386/pc.c), for which RAM, memory devices and the window of 64-bit BARs count; microvm doesn’t look. Only a width that is told is judged: KVM's
default on arm64 is 40 bits, QEMU's on x86 40 as well, unless the host's is asked for.`,

  examples: [
    bad(
      `
      vm small {
        bits 36
        ram low at 0x4000_0000 size 1 GiB
        ram high at 0xf_8000_0000 size 4 GiB
            ^^^^ \`high\` reaches past the 36 bits of the guest (0x0-0xfffffffff): the guest has no address for 0x1000000000-0x107fffffff
      }
    `,
      fixed('Raise `bits` of `small` to 37', `
        -   bits 36
        +   bits 37
      `),
      fixed('Move `high` to 0xf_0000_0000', `
        -   ram high at 0xf_8000_0000 size 4 GiB
        +   ram high at 0xf_0000_0000 size 4 GiB
      `),
    ),
    bad(`
      host ampere {
        arch arm64
        kernel 6.12
        page 4 KiB
        bits 48
      }

      vm web on ampere {
        bits 40
        ram low at 0x4000_0000 size 2 TiB backing hugetlb 1 GiB
            ^^^ \`low\` reaches past the 40 bits of the guest (0x0-0xffffffffff): KVM_SET_USER_MEMORY_REGION fails with EFAULT
      }
    `),
    good(`
      vm small {
        bits 36
        ram low at 0x4000_0000 size 1 GiB
        ram high at 0xf_0000_0000 size 4 GiB
        avoid nothing at 0xff_0000_0000 size 4 GiB
      }
    `),
  ],

  check: ({ vm, host, plan }) => excessesIn(vm, host, plan),
  locate: ({ region }) => region.element,
  message: (excess) => {
    const { region, range, space } = excess;
    return `\`${region.name}\` ${range.base >= space.end ? 'lies' : 'reaches'} past the ${log2(space.end)} bits of the guest (${formatRange(space)}): ${consequence(excess)}`;
  },
  witness: ({ range, space }) => ({ base: range.base > space.end ? range.base : space.end, end: range.end }),
  witnessIn: 'gpa',
  fixes: (excess, subject) => [...raise(excess), ...moveRegion(excess.region, subject)],
});

interface Excess {
  readonly vm: Vm;
  readonly host: Host | undefined;
  readonly region: Region;
  readonly range: Range;
  /** All addresses that the guest has. */
  readonly space: Range;
  /** Whether KVM is told of the region. */
  readonly isSlot: boolean;
}

/** What lies in a window or in the registers of a device that is told isn't told again. */
function excessesIn(vm: Vm, host: Host | undefined, plan: Plan | undefined): Excess[] {
  if (vm.bits === undefined) return [];
  const space = { base: 0n, end: 1n << BigInt(vm.bits) };
  const slots = plan ? memorySlots(plan) : [];
  const outside = vm.regions.flatMap((region) => (region.range && region.range.end > space.end && hasAddress(region) ? [{ region, range: region.range }] : []));
  return outside
    .filter(({ region }) => !outside.some(({ region: outer }) => holds(outer, region)))
    .map((found) => ({ vm, host, ...found, space, isSlot: slots.some(({ regions }) => regions.includes(found.region)) }));
}

/** Nobody goes to what is a hole, or promised never to be used. */
const hasAddress = ({ kind }: Region): boolean => kind !== 'avoid' && kind !== 'hole';

/** What becomes of it on the real machine. */
function consequence({ vm, host, region, range, space, isSlot }: Excess): string {
  if (vm.vmm === 'qemu' && host?.arch === 'arm64' && isForMemory(region)) {
    const excess = alignUp(highestEnd(vm, isForMemory), GIB) - space.end;
    return `QEMU stops with “Addressing limited to ${vm.bits} bits, but memory exceeds it by ${excess} bytes”`;
  }
  if (vm.vmm === 'qemu' && host?.arch === 'x86_64' && (region.kind === 'window' || isForMemory(region))) {
    const highest = highestEnd(vm, (other) => other.kind === 'window' || isForMemory(other)) - 1n;
    return `QEMU’s q35 and pc stop with “Address space limit ${formatAddress(space.end - 1n)} < ${formatAddress(highest)} phys-bits too low (${vm.bits})”`;
  }
  if (host?.arch === 'arm64' && isSlot) return 'KVM_SET_USER_MEMORY_REGION fails with EFAULT';
  return `the guest has no address for ${formatRange({ base: range.base > space.end ? range.base : space.end, end: range.end })}`;
}

/** RAM, and where more of it may come. */
const isForMemory = ({ kind, purpose }: Region): boolean => kind === 'ram' || (kind === 'window' && purpose !== 'bars');

/** One past the highest address of such regions. */
const highestEnd = ({ regions }: Vm, isMeant: (region: Region) => boolean): bigint =>
  regions.filter(isMeant).reduce((most, { range }) => (range && range.end > most ? range.end : most), 0n);

/** As many bits as all regions need, where the host has them. */
function raise({ vm, host }: Excess): Fix[] {
  const [located] = vm.element.properties.get('bits') ?? [];
  const { path, item } = vm.element.origin;
  const ends = vm.regions.filter(hasAddress).flatMap(({ range }) => range?.end ?? []);
  const highest = ends.reduce((most, end) => (end > most ? end : most), 1n);
  const bits = log2(highest - 1n) + 1;
  if (!located || located.path !== path || located.item !== item || (host?.bits !== undefined && bits > host.bits)) return [];
  return [{ title: `Raise \`bits\` of \`${vm.name}\` to ${bits}`, safe: false, edits: [withProperty(vm.element, 'bits', `${bits}`)] }];
}
