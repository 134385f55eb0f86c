import { atLeast, formatKernel } from '../dma/kernel-version.js';
import { memorySlots } from '../dma/memory-slots.js';
import type { Plan } from '../dma/plan.js';
import { formatRange } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import type { Element } from '../layout/elements.js';
import { namePlace, type Backing, type Host } from '../layout/model.js';
import { alsoOverHosts, bad, defineRule, good, type Note } from './rule.js';

/** An address is host-physical and the host has none so high. */

const told = {
  name: 'host-width',
  level: 'error',
  group: 'overlap',
  summary: 'A host-physical address lies at or past 2^`bits` of its host.',
  since: '0.1.0',
  why: `A CPU drives as many physical address bits as it says (CPUID 0x80000008 on x86, ID_AA64MMFR0_EL1.PARange on arm64). Beyond
them there is no memory, no window of a host bridge, and nothing that firmware could want mapped 1:1: such a range was copied
from another machine, or has a digit too many. Mapping such memory into a VMM fails with EINVAL
(\`valid_mmap_phys_addr_range\`, drivers/char/mem.c \`mmap_mem\`).

A guest's own addresses meet the same width where its tables are walked by the host's: on x86 KVM refuses a memory slot that
ends past it with EINVAL since Linux 5.18 (\`kvm_arch_prepare_memory_region\`, \`kvm_mmu_max_gfn\`); on arm64 a guest can't get
a wider IPA space than the host has (\`kvm_ipa_limit\` in arch/arm64/kvm/reset.c), so that the slot ends past it and is refused
with EFAULT. IOVAs have the width of the IOMMU: \`aperture-exceeded\` is about those.`,
} as const;

const onGuests = defineRule({
  ...told,
  over: 'vm',
  examples: [
    bad(`
      host server {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 46
        memory spare at 0x4000_0000_0000 size 64 GiB for guests
               ^^^^^ \`spare\` (0x400000000000-0x400fffffffff) lies past the 46 bits of \`server\` (0x0-0x3fffffffffff): the host has no such addresses
      }

      vm web on server {
        backing pinned size 4 GiB physical at 0x4000_0000_0000
                ^^^^^^ \`pinned\` (0x400000000000-0x4000ffffffff) lies past the 46 bits of \`server\` (0x0-0x3fffffffffff): there is no such memory, and mapping it fails with EINVAL
        ram low at 0 size 4 GiB from pinned
        ram high at 0x3fff_c000_0000 size 2 GiB
            ^^^^ \`high\` (0x3fffc0000000-0x40003fffffff) reaches past the 46 bits of \`server\` (0x0-0x3fffffffffff): KVM_SET_USER_MEMORY_REGION fails with EINVAL
      }
    `),
    good(`
      host server {
        arch x86_64
        kernel 6.12
        page 4 KiB
        bits 46
        memory spare at 0x10_0000_0000 size 64 GiB for guests
      }

      vm web on server {
        backing pinned size 4 GiB physical at 0x10_0000_0000
        ram low at 0 size 4 GiB from pinned
      }
    `),
  ],
  check: ({ plan }) => (plan ? [...pinnedPast(plan), ...slotsPast(plan)] : []),
  locate: ({ element }) => element,
  message: messageOf,
  notes: notesOf,
  witness: ({ range }) => range,
  witnessIn: 'memory',
});

const onHosts = defineRule({
  ...told,
  over: 'host',
  examples: [],
  check: ({ host }) => partsPast(host),
  locate: ({ element }) => element,
  message: messageOf,
  witness: ({ range }) => range,
  witnessIn: 'memory',
});

export const hostWidth = alsoOverHosts(onGuests, onHosts);

interface Excess {
  readonly host: Host;
  readonly bits: number;
  readonly name: string;
  readonly element: Element;
  readonly range: Range;
  readonly consequence: string;
}

function messageOf({ host, bits, name, range, consequence }: Excess): string {
  const space = { base: 0n, end: 1n << BigInt(bits) };
  return `\`${name}\` (${formatRange(range)}) ${range.base >= space.end ? 'lies' : 'reaches'} past the ${bits} bits of \`${host.name}\` (${formatRange(space)}): ${consequence}`;
}

function notesOf({ host }: Excess): Note[] {
  return [{ place: namePlace(host.element), message: `\`${host.name}\` is declared here` }];
}

/** The ends past a host's width; nothing where it isn't told. */
function past(host: Host, parts: readonly Pick<Excess, 'name' | 'element' | 'range'>[], consequence: string): Excess[] {
  const { bits } = host;
  if (bits === undefined) return [];
  return parts.filter(({ range }) => range.end > 1n << BigInt(bits)).map((part) => ({ host, bits, ...part, consequence }));
}

/** What a host declares at host-physical addresses; of what is reserved only what is mapped 1:1. */
function partsPast(host: Host): Excess[] {
  const reserved = new Map(host.devices.flatMap(({ reserved: kept }) => kept).map((kept) => [kept.element, kept]));
  const direct = [...reserved.values()].filter(({ kind }) => kind === 'direct' || kind === 'direct-relaxable');
  return past(host, [...host.memories, ...host.bridges.flatMap(({ windows }) => windows), ...direct], 'the host has no such addresses');
}

/** Backings at a host-physical address. One at the top of a file is told where a region takes from it. */
function pinnedPast({ vm, host }: Plan): Excess[] {
  const backings = new Set(vm.regions.flatMap(({ backing }) => backing ?? []));
  const pinned = [...backings].flatMap((backing) => {
    const bytes = bytesOf(backing, vm.regions);
    if (backing.physical === undefined || bytes === undefined) return [];
    const taker = vm.regions.find((region) => region.backing === backing);
    const isOwn = backing.element.parent === vm.element || backing.own;
    const element = isOwn ? backing.element : taker?.element ?? backing.element;
    return [{ name: backing.name, element, range: { base: backing.physical, end: backing.physical + bytes } }];
  });
  return past(host, pinned, 'there is no such memory, and mapping it fails with EINVAL');
}

/** As large as it says; else up to the last byte that is taken. */
function bytesOf(backing: Backing, regions: Plan['vm']['regions']): bigint | undefined {
  if (backing.size !== undefined) return backing.size;
  const ends = regions.flatMap(({ backing: other, offset, range }) => (other === backing && offset !== undefined && range ? [offset + sizeOf(range)] : []));
  return ends.reduce<bigint | undefined>((most, end) => (most === undefined || end > most ? end : most), undefined);
}

/** Slots past the host's width, of which the guest's width says nothing. */
function slotsPast(plan: Plan): Excess[] {
  const { vm, host } = plan;
  const errno = { x86_64: 'EINVAL', arm64: 'EFAULT' }[host.arch ?? ''];
  if (errno === undefined) return [];
  const looks = host.arch !== 'x86_64' || atLeast(plan.kernel, 5, 18);
  const answer = looks ? `KVM_SET_USER_MEMORY_REGION fails with ${errno}` : `kernel ${formatKernel(plan.kernel)} doesn’t look (5.18 does), and the guest faults wherever it touches it`;
  const isTold = (range: Range): boolean => vm.bits !== undefined && range.end > 1n << BigInt(vm.bits);
  const regions = new Set(memorySlots(plan).flatMap(({ regions: shown }) => shown));
  const parts = [...regions].flatMap(({ name, element, range }) => (range && !isTold(range) ? [{ name, element, range }] : []));
  return past(host, parts, answer);
}
