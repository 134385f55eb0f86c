import type { PlannedMap } from '../../dma/plan.js';
import { formatRange } from '../../layout/address.js';
import { lastOf, sizeOf, type Range } from '../../layout/intervals.js';
import type { Backing, Region } from '../../layout/model.js';
import { newNames, type Names } from '../layout-text.js';
import type { ExportSubject } from './export-result.js';

/** A group of constants about one thing: a line that says what it is, and values below 2^64. */
export interface ConstantGroup {
  readonly about: string;
  readonly constants: readonly Constant[];
}

export interface Constant {
  /** In capitals, digits and `_`; unique among all. */
  readonly name: string;
  readonly value: bigint;
}

/**
 * The addresses of a guest as named numbers: base, size and last byte of each region, what each takes from its backing,
 * the mapping requests of its plan, and the size of its backings. A size of 2^64 bytes has no constant, since no 64-bit
 * word holds it.
 */
export function constantsOf({ vm, plan }: ExportSubject): ConstantGroup[] {
  const names = newNames();
  return [
    ...vm.backings.flatMap((backing) => backingGroup(backing, names)),
    ...vm.regions.flatMap((region) => regionGroup(region, names)),
    ...(plan?.maps ?? []).map((map) => mapGroup(map, names)),
  ];
}

function backingGroup({ name, kind, size }: Backing, names: Names): ConstantGroup[] {
  return size === undefined || size > MOST ? [] : [{ about: `backing ${name}, ${kind}`, constants: [constant(names, ['backing', name, 'size'], size)] }];
}

function regionGroup({ kind, name, range, backing, offset }: Region, names: Names): ConstantGroup[] {
  if (!range) return [];
  const from = backing && !backing.own && offset !== undefined ? { text: `, from ${backing.name}`, constants: [constant(names, [name, 'offset'], offset)] } : { text: '', constants: [] };
  return [{ about: `${kind} ${name}: ${formatRange(range)}${from.text}`, constants: [...extent(names, [name], range, 'base'), ...from.constants] }];
}

function mapGroup({ name, range, offset, access }: PlannedMap, names: Names): ConstantGroup {
  const offsets = offset === undefined ? [] : [constant(names, ['map', name, 'offset'], offset)];
  return { about: `DMA mapping ${name}: ${formatRange(range)}, ${access}`, constants: [...extent(names, ['map', name], range, 'iova'), ...offsets] };
}

const MOST = (1n << 64n) - 1n;

function extent(names: Names, words: readonly string[], range: Range, base: string): Constant[] {
  const size = sizeOf(range);
  return [
    constant(names, [...words, base], range.base),
    ...(size > MOST ? [] : [constant(names, [...words, 'size'], size)]),
    constant(names, [...words, 'last'], lastOf(range)),
  ];
}

const constant = (names: Names, words: readonly string[], value: bigint): Constant => ({ name: names.take(capitals(words.join('_'))), value });

/** `pcie-ecam` as `PCIE_ECAM`. */
export const capitals = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '_').toUpperCase();
