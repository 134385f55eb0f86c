import { alignUp, formatAddress, formatPlural, formatRange, formatSize, GIB, isPowerOfTwo, largest, log2 } from '../layout/address.js';
import { contains, overlaps, rangeOf, sizeOf, subtract, unite, type Range } from '../layout/intervals.js';
import { namePlace, type Assignment, type Host, type Region, type Vm } from '../layout/model.js';
import { writeSizeWithUnit } from '../layout/written.js';
import { constantIn, isWrittenIn, withConstant } from './edits.js';
import { withRange } from './placement.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** BARs don't fit into the windows that are kept free for them. */
export const windowTooSmall = defineRule({
  name: 'window-too-small',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'The BARs of assigned devices, or RAM that comes later, find no room in the windows kept for them.',
  since: '0.1.0',
  why: `The guest's firmware and kernel place BARs in the windows of its host bridge, each at a multiple of its size. What finds no
room stays without an address: Linux logs “can't assign; no space” (drivers/pci/setup-res.c), and the driver of the
device fails. Looked at are the BARs that devices of the vm have and the file doesn't place; the largest are placed first,
which is the densest way. Bridges inside the guest, which round their windows up to 1 MiB, only need more.

On QEMU's PCs a window above 4 GiB ends where firmware wants it to: SeaBIOS and OVMF put BARs that need more above it, and QEMU tells
the guest of a window that holds them (hw/pci-host/q35.c \`q35_host_get_pci_hole64_end\`, hw/pci-host/i440fx.c). There BARs find
room up to the guest's \`bits\`. Other VMMs, and QEMU's machines for other architectures, tell the guest of the window as it is.

RAM that is plugged must lie in a window for memory. QEMU refuses any other place, “can't add memory device …, usable range
for memory devices …” (hw/mem/memory-device.c \`memory_device_get_free_addr\`).`,

  examples: [
    bad(
      `
      host xeon {
        page 4 KiB
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
        }
        group 1 {
          device gpu "0000:17:00.0" {
            bar 0 size 16 MiB
            bar 1 size 256 MiB
          }
        }
      }

      vm pc on xeon {
        window mmio32 at 0x8000_0000 size 256 MiB for bars
               ^^^^^^ 1 BAR of 16 MiB finds no room in \`mmio32\` (0x80000000-0x8fffffff): the guest can’t assign it an address, and the driver of \`gpu\` fails
        assign gpu
      }
    `,
      fixed('Grow `mmio32` to 272 MiB', `
        -   window mmio32 at 0x8000_0000 size 256 MiB for bars
        +   window mmio32 at 0x8000_0000 size 272 MiB for bars
      `),
    ),
    bad(`
      vm pc {
        vmm qemu
        ram low at 0 size 1 GiB
        window dimms at 0x1_4000_0000 size 4 GiB for memory
        ram more at 0x4000_0000 size 1 GiB hotplug dimm
            ^^^^ \`more\` (0x40000000-0x7fffffff) lies in no window for memory: QEMU refuses it, “can’t add memory device”
      }
    `),
    bad(`
      vm pc {
        vmm qemu
        ram low at 0 size 1 GiB
        window dimms at 0x1_4000_0000 size 4 GiB for memory
        ram dimm at 0x1_0000_0000 size 1 GiB over dimms because "plugged from the start"
            ^^^^ \`dimm\` (0x100000000-0x13fffffff) lies in no window for memory: QEMU refuses it, “can’t add memory device”
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
        group 1 {
          device gpu "0000:17:00.0" {
            bar 0 size 16 MiB
            bar 1 size 256 MiB
          }
        }
      }

      vm pc on xeon {
        window mmio32 at 0x8000_0000 size 1 GiB for bars
        bar gpu.1 at 0x9000_0000
        assign gpu
      }
    `),
  ],

  check: ({ vm, host }) => [...crowdedWindows(vm, host), ...strayMemory(vm)],
  locate: ({ region }) => region.element,
  message: (fact) => {
    const { region, range } = fact;
    if (fact.kind === 'stray') return `\`${region.name}\` (${formatRange(range)}) lies in no window for memory: QEMU refuses it, “can’t add memory device”`;
    const { homeless, windows, reach } = fact;
    const one = homeless.length === 1;
    const others = windows.length === 1 ? '' : ` and ${formatPlural(windows.length - 1, 'other window', 'other windows')}`;
    const where = `\`${region.name}\` (${formatRange(range)}${reach > range.end ? `, which firmware may end at ${formatAddress(reach - 1n)}` : ''})${others}`;
    const [largestBar] = homeless;
    const size = formatSize(largestBar?.size ?? 0n);
    const bars = one ? `1 BAR of ${size} finds` : `${formatPlural(homeless.length, 'BAR', 'BARs')}, the largest of ${size}, find`;
    return `${bars} no room in ${where}: the guest can’t assign ${one ? 'it an address' : 'them addresses'}, and the driver of \`${largestBar?.assignment.name ?? ''}\` fails`;
  },
  notes: (fact) =>
    fact.kind === 'stray'
      ? fact.windows.map(({ element, name }) => ({ place: namePlace(element), message: `\`${name}\` is kept for memory` }))
      : [...new Set(fact.homeless.map(({ assignment }) => assignment))].map(({ element, name }) => ({ place: namePlace(element), message: `\`${name}\` brings them` })),
  witness: ({ range }) => range,
  witnessIn: 'gpa',
  fixes: (fact, subject) => (fact.kind === 'crowded' ? growWindow(fact, subject) : []),
});

/** A BAR of an assigned device that the file doesn't place. */
interface LooseBar {
  readonly assignment: Assignment;
  readonly size: bigint;
}

interface Crowded {
  readonly kind: 'crowded';
  /** The largest window. */
  readonly region: Region;
  readonly range: Range;
  /** Where firmware has to end it at the latest. */
  readonly reach: bigint;
  readonly windows: readonly Region[];
  /** Those that find no room, the largest first. */
  readonly homeless: readonly LooseBar[];
}

interface Stray {
  readonly kind: 'stray';
  readonly region: Region;
  readonly range: Range;
  readonly windows: readonly Region[];
}

/** A window that may be anywhere, or may not be there, has room for everything. */
function crowdedWindows(vm: Vm, host: Host | undefined): Crowded[] {
  const windows = vm.regions.filter(({ kind, purpose }) => kind === 'window' && purpose !== 'memory');
  if (windows.length === 0 || windows.some(({ range }) => !range)) return [];
  const homeless = withoutRoom(looseBars(vm), unite(windows.flatMap((window) => roomIn(window, vm, host))));
  const [region] = [...windows].sort((left, right) => (widthOf(left) > widthOf(right) ? -1 : 1));
  return region?.range && homeless.length > 0 ? [{ kind: 'crowded', region, range: region.range, reach: reachOf(region.range, vm, host), windows, homeless }] : [];
}

const widthOf = ({ range }: Region): bigint => (range ? sizeOf(range) : 0n);

/** The largest first; of sizes that are unknown, or none of a BAR, nothing is said. */
function looseBars({ assignments, regions }: Vm): LooseBar[] {
  const placed = new Set(regions.filter(({ kind }) => kind === 'bar').map(({ name }) => name));
  const bars = assignments.flatMap((assignment) =>
    (assignment.device?.bars ?? []).flatMap(({ number, size }) => (size === undefined || !isPowerOfTwo(size) || placed.has(`${assignment.device?.name}.${number}`) ? [] : [{ assignment, size }])),
  );
  return bars.sort((left, right) => (left.size === right.size ? 0 : left.size > right.size ? -1 : 1));
}

/** What nothing else has taken of a window, and of what firmware may add to it. */
function roomIn(window: Region, vm: Vm, host: Host | undefined): Range[] {
  const inside = vm.regions.filter((region) => region !== window && region.kind !== 'avoid' && (region.kind !== 'window' || region.purpose === 'memory'));
  return window.range ? subtract({ base: window.range.base, end: reachOf(window.range, vm, host) }, inside.flatMap(({ range }) => range ?? [])) : [];
}

/** Where firmware has to end a window at the latest: the end of the guest's addresses for one above 4 GiB of a PC of QEMU, else its own. */
function reachOf({ base, end }: Range, { vmm, bits }: Vm, host: Host | undefined): bigint {
  const isMovable = vmm === 'qemu' && host?.arch === 'x86_64' && base >= 4n * GIB;
  return isMovable ? largest(end, 1n << BigInt(bits ?? 64)) : end;
}

/** First fit, each at a multiple of its size: of powers of two, the largest first, no other order fits more. */
function withoutRoom(bars: readonly LooseBar[], room: readonly Range[]): LooseBar[] {
  let free = [...room].sort((left, right) => (left.base < right.base ? -1 : 1));
  return bars.filter(({ size }) => {
    const gap = free.find((one) => contains(one, placeIn(one, size)));
    if (!gap) return true;
    free = free.flatMap((one) => (one === gap ? subtract(gap, [placeIn(gap, size)]) : [one]));
    return false;
  });
}

/** The first multiple of its size. */
const placeIn = ({ base }: Range, size: bigint): Range => rangeOf(alignUp(base, size), size);

/** RAM that comes later, away from every window for memory; where it meets one in part, `region-overlap` tells it. */
function strayMemory({ vmm, regions }: Vm): Stray[] {
  const windows = regions.filter(({ kind, purpose, range }) => kind === 'window' && purpose !== 'bars' && range);
  if (vmm !== 'qemu' || windows.length === 0) return [];
  return regions.flatMap((region): Stray[] => {
    const { range, hotplug, kind, over } = region;
    const isPlugged = kind === 'ram' && (hotplug || over.some((other) => windows.includes(other)));
    if (!range || !isPlugged || windows.some((window) => window.range && overlaps(window.range, range))) return [];
    return [{ kind: 'stray', region, range, windows }];
  });
}

/** Up, as far as the BARs need, where the addresses are free; or what the machine that brings the window calls its size. */
function growWindow({ region, range, homeless }: Crowded, { vm }: VmSubject): Fix[] {
  const end = homeless.reduce((next, { size }) => alignUp(next, size) + size, range.end);
  const grown = { base: range.base, end: largest(end, range.end) };
  const above = { base: range.end, end: grown.end };
  const isFree = !vm.regions.some((other) => other !== region && other.kind !== 'avoid' && other.range && overlaps(other.range, above));
  if (!isWrittenIn(region.element, vm.element)) return raiseConstant(region, sizeOf(grown), vm);
  return isFree ? [{ title: `Grow \`${region.name}\` to ${formatSize(sizeOf(grown))}`, safe: false, edits: withRange(region, grown) }] : [];
}

/** VMMs take such sizes as powers of two (QEMU's `highmem-mmio-size`). */
function raiseConstant({ element }: Region, size: bigint, vm: Vm): Fix[] {
  const name = constantIn(element, 'size', vm.element);
  if (name === undefined) return [];
  const value = writeSizeWithUnit(isPowerOfTwo(size) ? size : 1n << BigInt(log2(size) + 1));
  return [{ title: `Write \`const ${name} = ${value}\``, safe: false, edits: [withConstant(vm.element, name, value)] }];
}
