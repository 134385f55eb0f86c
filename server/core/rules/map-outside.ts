import { formatRange, formatSize } from '../layout/address.js';
import { sizeOf, type Range } from '../layout/intervals.js';
import { namePlace, type Region, type Vm, type WrittenMap } from '../layout/model.js';
import { isWrittenIn, replacedBy } from './edits.js';
import { mapLine } from './map-lines.js';
import { bad, defineRule, fixed, good, type Fix, type VmSubject } from './rule.js';

/** A written map asks for bytes that its region doesn't have. */
export const mapOutside = defineRule({
  name: 'map-outside',
  over: 'vm',
  level: 'error',
  group: 'contract',
  summary: 'A written map reaches outside of its region.',
  since: '0.1.0',
  why: `The kernel pins what lies behind the address that the VMM gives it (\`vfio_pin_pages_remote\` in
drivers/vfio/vfio_iommu_type1.c, \`pfn_reader_user_pin\` in drivers/iommu/iommufd/pages.c); it knows nothing of regions.
Past the end of a region there is either no memory, and the call fails with EFAULT, or other memory of the VMM: then it
succeeds, and the device can read and write what was never meant for the guest.`,

  examples: [
    bad(
      `
      vm router {
        ram low at 0x4000_0000 size 1 GiB
        map first size 512 MiB to low
        map second size 513 MiB to low + 512 MiB
            ^^^^^^ map \`second\` reaches 1 MiB past the end of \`low\` (0x40000000-0x7fffffff): the call fails with EFAULT, or gives the device other memory of the VMM
      }
    `,
      fixed('Shrink `second` to the end of `low`', `
        -   map second size 513 MiB to low + 512 MiB
        +   map second size 512 MiB to low + 512 MiB
      `),
    ),
    good(`
      vm router {
        ram low at 0x4000_0000 size 1 GiB
        map first size 512 MiB to low
        map second to low + 512 MiB
      }
    `),
  ],

  check: ({ vm }) => excessesIn(vm),
  locate: ({ map }) => map.element,
  message: ({ map, region, range, past }) => {
    const verb = past === undefined ? 'begins past the end' : `reaches ${formatSize(past)} past the end`;
    return `map \`${map.name}\` ${verb} of \`${region.name}\` (${formatRange(range)}): the call fails with EFAULT, or gives the device other memory of the VMM`;
  },
  notes: ({ region, range }) => [{ place: namePlace(region.element), message: `\`${region.name}\` has ${formatSize(sizeOf(range))}` }],
  fixes: shrink,
});

interface Excess {
  readonly map: WrittenMap;
  readonly region: Region;
  readonly range: Range;
  /** Bytes too many; nothing where it begins past the end already. */
  readonly past: bigint | undefined;
}

function excessesIn({ maps }: Vm): Excess[] {
  return maps.flatMap((map): Excess[] => {
    const { region, size, offset } = map;
    if (!region?.range || offset === undefined) return [];
    const whole = sizeOf(region.range);
    if (offset >= whole) return [{ map, region, range: region.range, past: undefined }];
    const past = size === undefined ? 0n : offset + size - whole;
    return past > 0n ? [{ map, region, range: region.range, past }] : [];
  });
}

function shrink({ map, region, range, past }: Excess, { vm }: VmSubject): Fix[] {
  const { iova, offset, element, name } = map;
  if (past === undefined || iova === undefined || offset === undefined || !isWrittenIn(element, vm.element)) return [];
  const rest = { base: iova, end: iova + (sizeOf(range) - offset) };
  const line = mapLine({ region, written: map, range: rest, access: map.access }, rest, offset, name);
  return [{ title: `Shrink \`${name}\` to the end of \`${region.name}\``, safe: false, edits: [replacedBy(element, [line])] }];
}
