import { isAligned } from '../layout/address.js';
import { rangeOf, sizeOf, type Range } from '../layout/intervals.js';
import type { Backing, Region, Vm } from '../layout/model.js';
import { isCommon } from './host-load.js';

/** Parts of huge pages that a VMM would have to map, for the rule that tells them and for those that leave it to that one. */

export interface Broken {
  readonly kind: 'broken';
  readonly vm: Vm;
  readonly backing: Backing;
  readonly page: bigint;
  /** The bytes that are no whole pages, in the backing. */
  readonly bytes: Range;
  /** The region, where it is mapped by itself. */
  readonly region: Region | undefined;
}

/** VMMs that map each region by itself; QEMU allocates a backend as a whole. */
const MAPS_EACH: ReadonlySet<string> = new Set(['cloud-hypervisor', 'firecracker']);

/** What the VMM of a guest refuses, since it maps no whole pages. */
export function brokenIn(vm: Vm): Broken[] {
  if (vm.vmm === 'qemu') return [...vm.backings, ...ownBackings(vm)].flatMap((backing) => brokenAsWhole(vm, backing));
  return MAPS_EACH.has(vm.vmm ?? '') ? vm.regions.flatMap((region) => brokenByItself(vm, region)) : [];
}

const ownBackings = ({ regions }: Vm): Backing[] => regions.flatMap(({ backing, alias }) => (backing?.own && !alias ? [backing] : []));

function brokenAsWhole(vm: Vm, backing: Backing): Broken[] {
  const { page, size } = backing;
  if (page === undefined || size === undefined || isAligned(size, page)) return [];
  const region = isCommon(vm, backing) ? vm.regions.find((taker) => taker.backing === backing) : undefined;
  return [{ kind: 'broken', vm, backing, page, bytes: rangeOf(0n, size), region }];
}

function brokenByItself(vm: Vm, region: Region): Broken[] {
  const { backing, range, offset, alias, kind } = region;
  if (!backing?.page || !range || offset === undefined || alias || kind === 'hole') return [];
  const bytes = rangeOf(offset, sizeOf(range));
  return isAligned(bytes.base, backing.page) && isAligned(bytes.end, backing.page) ? [] : [{ kind: 'broken', vm, backing, page: backing.page, bytes, region }];
}
