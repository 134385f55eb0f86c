import { alignUp, formatRange, GIB, smallest } from '../layout/address.js';
import { contains, intersect, overlappingPairs, overlaps, rangeOf, sizeOf, subtract, type Range } from '../layout/intervals.js';
import { namePlace, type Host, type HostMemory } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress } from '../layout/written.js';
import { withProperty } from './edits.js';
import { claimant, claimsOf, isOwnText, type Claim } from './host-load.js';
import { bad, defineRule, fixed, good, type Blamed, type Fix, type HostLoad, type Note, type VmSubject } from './rule.js';

/** Host memory that a guest claims belongs to somebody else. */
export const hostMemoryOverlap = defineRule({
  name: 'host-memory-overlap',
  over: 'vm',
  level: 'error',
  group: 'overlap',
  summary: 'A `physical` backing meets that of another guest, or memory of the host or the hypervisor.',
  since: '0.1.0',
  why: `Memory that a layout names by its physical address isn't allocated by anybody: a partitioning hypervisor maps what its
configuration says, into the guest and for its devices. Where two claim one piece, both write it. Jailhouse compares no region
of a cell with another when it creates one (hypervisor/control.c \`cell_create\`; tools/jailhouse-config-check does);
Microkit refuses it when the system is built. Memory of the host that a guest's devices write ends the host. What a \`hole\` uses up
of a backing nobody gets, and nobody is told of.

\`share\` on the backing of either says that it is meant, as for shared-memory devices.`,

  examples: [
    bad(
      `
      host board {
        contract none
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        memory root at 0x8000_0000 size 1 GiB for host
        memory cells at 0xc000_0000 size 1 GiB for guests
      }

      vm one on board {
        backing mine physical at 0xbff0_0000 size 256 MiB
                ^^^^ \`mine\` (0xbff00000-0xcfefffff) meets memory \`root\` of the host (0x80000000-0xbfffffff): nobody checks it, and both write it
        ram low at 0x4000_0000 size 256 MiB from mine
      }
    `,
      fixed('Move `mine` to 0xc000_0000', `
        -   backing mine physical at 0xbff0_0000 size 256 MiB
        +   backing mine physical at 0xc000_0000 size 256 MiB
      `),
    ),
    bad(
      `
      host board {
        contract none
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        memory cells at 0xc000_0000 size 1 GiB for guests
      }

      vm one on board {
        ram low at 0x4000_0000 size 256 MiB backing physical at 0xc000_0000
      }

      vm two on board {
        ram low at 0x4000_0000 size 256 MiB backing physical at 0xc800_0000
            ^^^ \`low\` (0xc8000000-0xd7ffffff) meets \`low\` of \`one\` (0xc0000000-0xcfffffff): nobody checks it, and both write it
      }
    `,
      fixed('Move `low` to 0xd000_0000', `
        -   ram low at 0x4000_0000 size 256 MiB backing physical at 0xc800_0000
        +   ram low at 0x4000_0000 size 256 MiB backing physical at 0xd000_0000
      `),
    ),
    good(`
      host board {
        contract none
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        memory root at 0x8000_0000 size 1 GiB for host
        memory cells at 0xc000_0000 size 1 GiB for guests
      }

      backing link physical at 0xff00_0000 size 1 MiB

      vm one on board {
        ram low at 0x4000_0000 size 256 MiB backing physical at 0xc000_0000
        ram out at 0x5000_0000 size 512 KiB from link
      }

      vm two on board {
        ram low at 0x4000_0000 size 256 MiB backing physical at 0xd000_0000
        ram out at 0x5000_0000 size 512 KiB from link + 512 KiB
      }
    `),
  ],

  check: ({ vm, host }) => (host ? physicalOf(claimsOf(vm)).flatMap((claim) => meetingsWithHost(claim, host)) : []),
  checkTogether: meetingsOfGuests,
  locate: ({ claim }) => claimant(claim.claim),
  message: ({ claim, words, other }) =>
    `\`${claim.claim.backing.name}\` (${formatRange(claim.range)}) ${contains(other, claim.range) ? 'lies in' : 'meets'} ${words} (${formatRange(other)}): ${consequence(claim.claim)}`,
  notes: ({ note }) => [note],
  fixes: ({ claim, host, taken }, subject) => move(claim, host, taken, subject),
});

/** What comes of it: Microkit's tool looks at all that it builds, Jailhouse's only if it is asked to. */
function consequence({ vm, region }: Claim): string {
  if (vm.vmm === 'microkit') return 'Microkit refuses to build it';
  return `nobody checks it, and ${region.access.includes('w') ? 'both write it' : 'what is written there changes under the guest'}`;
}

/** A claim with the host-physical addresses it is to: one piece, unless holes use up bytes between. */
interface Physical {
  readonly claim: Claim;
  readonly range: Range;
}

interface Meeting {
  readonly host: Host;
  readonly claim: Physical;
  /** The other party, in words and as a range. */
  readonly words: string;
  readonly other: Range;
  readonly note: Note;
  /** Host memory that others have claimed. */
  readonly taken: readonly Range[];
}

function physicalOf(claims: readonly Claim[]): Physical[] {
  return claims.flatMap((claim): Physical[] => {
    const { physical, size, share } = claim.backing;
    return physical === undefined || size === undefined || share || claim.region.share ? [] : claimedOf(claim, rangeOf(physical, size)).map((range) => ({ claim, range }));
  });
}

/** All of the backing, but what its holes leave to nobody. */
function claimedOf({ vm, backing }: Claim, whole: Range): Range[] {
  const holes = vm.regions.flatMap(({ kind, backing: other, offset, range }) =>
    kind === 'hole' && other === backing && offset !== undefined && range ? [rangeOf(whole.base + offset, sizeOf(range))] : []);
  return subtract(whole, holes);
}

const isTaken = ({ purpose }: HostMemory): boolean => purpose === 'host' || purpose === 'hypervisor';

function meetingsWithHost(claim: Physical, host: Host): Meeting[] {
  const taken = physicalOf(claimsOf(claim.claim.vm)).filter((other) => other.claim.backing !== claim.claim.backing).map(({ range }) => range);
  return host.memories.filter((memory) => isTaken(memory) && overlaps(memory.range, claim.range)).map((memory) => ({
    host,
    claim,
    words: `memory \`${memory.name}\` of the ${memory.purpose}`,
    other: memory.range,
    note: { place: namePlace(memory.element), message: `\`${memory.name}\` is ${formatRange(memory.range)}` },
    taken,
  }));
}

/** Pairs that are told, at most. */
const MOST_PAIRS = 1024;

/** Claims of different guests through different declarations: who takes from one backing shares it on purpose. */
function meetingsOfGuests({ host, physical }: HostLoad): Blamed<Meeting>[] {
  const claims = physicalOf(physical.flatMap(({ vm }) => claimsOf(vm)));
  const order = new Map(claims.map((claim, index) => [claim, index]));
  const meetings: Blamed<Meeting>[] = [];
  for (const [left, right] of overlappingPairs(claims, ({ range }) => range)) {
    if (left.claim.vm === right.claim.vm || left.claim.backing.element.origin.declaration === right.claim.backing.element.origin.declaration) continue;
    if (meetings.length >= MOST_PAIRS) break;
    const [earlier, claim] = (order.get(left) ?? 0) < (order.get(right) ?? 0) ? [left, right] : [right, left];
    const subject = physical.find(({ vm }) => vm === claim.claim.vm);
    const { backing, vm } = earlier.claim;
    const note = { place: namePlace(claimant(earlier.claim)), message: `\`${backing.name}\` is ${formatRange(earlier.range)}` };
    const taken = claims.filter((other) => other.claim !== claim.claim).map(({ range }) => range);
    if (subject) meetings.push({ subject, fact: { host, claim, words: `\`${backing.name}\` of \`${vm.name}\``, other: earlier.range, note, taken } });
  }
  return meetings;
}

/** Into memory that the host has for guests, where it is free; without such memory nobody knows what is free. */
function move({ claim, range }: Physical, { memories }: Host, taken: readonly Range[], { vm }: VmSubject): Fix[] {
  const inTheWay = [...taken, ...memories.filter(isTaken).map((memory) => memory.range)];
  const free = memories.filter(({ purpose }) => purpose === 'guests').flatMap((memory) => subtract(memory.range, inTheWay));
  const block = alignmentOf(range.base);
  const places = free.map((gap) => rangeOf(alignUp(gap.base, block), sizeOf(range))).filter((place) => free.some((gap) => contains(gap, place)));
  const [place] = places.sort((left, right) => (left.base < right.base ? -1 : 1));
  const edit = place && claim.vm === vm ? addressEdit(claim, place.base) : undefined;
  return place && edit && intersect(place, range) !== range ? [{ title: `Move \`${claim.backing.name}\` to ${writeAddress(place.base)}`, safe: false, edits: [edit] }] : [];
}

/** As aligned as it was, up to 1 GiB. */
const alignmentOf = (address: bigint): bigint => (address === 0n ? GIB : smallest(GIB, address & (~address + 1n)));

function addressEdit(claim: Claim, base: bigint): PlacedEdit | undefined {
  const { backing, region } = claim;
  if (!backing.own) return isOwnText(claim) ? withProperty(backing.element, 'at', writeAddress(base)) : undefined;
  const located = region.element.properties.get('backing')?.[0];
  const inner = located?.property.value;
  if (!located || inner?.kind !== 'property' || !inner.value) return undefined;
  return { path: located.path, item: located.item, start: inner.value.start, end: inner.value.end, newText: writeAddress(base) };
}
