import type { Backing, Region, Vm } from '../layout/model.js';
import { formatAddress, formatRange } from '../layout/address.js';

/**
 * What of a layout a running guest, or the stream of a migration, depends on, as one line for each thing: where regions
 * lie, what the guest may do there, and which RAM blocks they are part of. What the host makes of it (pages behind a
 * block, mappings for DMA) may differ from host to host.
 *
 * QEMU refuses an incoming stream whose RAM blocks have other names or sizes than its own (migration/ram.c `parse_ramblocks`).
 */
export function guestAbi(vm: Vm): ReadonlyMap<string, string> {
  return new Map([
    ...(vm.bits === undefined ? [] : [['bits', `${vm.bits}`] as const]),
    ...vm.regions.map((region) => [`${region.kind} ${region.name}`, regionLine(region)] as const),
    ...vm.backings.map((backing) => [`backing ${backing.name}`, backingLine(backing)] as const),
    ...vm.viommus.map(({ name, model, bits }) => [`viommu ${name}`, [model ?? 'unknown', ...(bits === undefined ? [] : [`bits ${bits}`])].join(' ')] as const),
  ]);
}

function regionLine({ range, access, node, backing, offset, alias, via, arrival }: Region): string {
  const where = range ? formatRange(range) : 'unknown';
  const bytes = backing && !backing.own ? `from ${backing.name} + ${offset === undefined ? 'unknown' : formatAddress(offset)}` : '';
  const words = [where, access, node === undefined ? '' : `node ${node}`, bytes, alias ? `alias ${alias.name}` : '', via ? `via ${via}` : '', arrival?.kind === 'virtio-mem' ? blocksLine(arrival.block) : ''];
  return words.filter((word) => word !== '').join(' ');
}

/** virtio-mem refuses a stream with blocks of another size (hw/virtio/virtio-mem.c `virtio_mem_mig_sanity_checks_post_load`). */
const blocksLine = (block: bigint | undefined): string => `virtio-mem${block === undefined ? '' : ` block ${formatAddress(block)}`}`;

const backingLine = ({ size }: Backing): string => (size === undefined ? 'unknown' : `size ${formatAddress(size)}`);

/** The first thing that two layouts of a guest don't have alike, in words; nothing where a guest sees no difference. */
export function firstDifference(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string | undefined {
  for (const [thing, line] of one) {
    const counterpart = other.get(thing);
    if (counterpart === undefined) return `it has no \`${thing}\``;
    if (counterpart !== line) return `\`${thing}\` is another one there`;
  }
  const added = [...other.keys()].find((thing) => !one.has(thing));
  return added === undefined ? undefined : `it has a \`${added}\``;
}
