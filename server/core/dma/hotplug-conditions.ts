import { ADDRESS_SPACE } from '../layout/address.js';
import { intersect, overlappingPairs, type Range, unite } from '../layout/intervals.js';
import {
  alignmentOf, blocksMeeting, checksRanges, type Family, familiesOf, hullOf, keptRanges, leastAligned, untranslated, without,
} from './hotplug-blocks.js';
import { leastOf, Pages } from './hotplug-pages.js';
import { type Arrival, type ArrivalStep, type BlockRun, holesOf, type HotplugSystem, type Running } from './hotplug-replay.js';
import type { Candidate } from './hotplug-verify.js';
import { findOverlap, insertRange, type RangeTree } from './range-tree.js';
import { usableRanges } from './usable-ranges.js';
import { type AttachRequest, mappedRange, type MapRequest } from './verdict.js';

/** A group that may come. */
export interface Group {
  /** Its place among the arrivals. */
  readonly index: number;
  readonly group: AttachRequest;
}

/** Memory that may come. */
export interface Memory {
  readonly index: number;
  readonly families: readonly Family[];
  readonly inBlocks: boolean;
  /** Addresses whose blocks are refused whoever else is there. */
  readonly dead: readonly Range[];
}

/** Pairs of memories with common addresses that are looked at: they are an error of their own. */
const PAIRS = 4096;

/** The conditions of hotplug.ts as interval questions: which sequences they point at. */
export class Conditions {
  readonly #system: HotplugSystem;
  readonly #attached: readonly AttachRequest[];
  /** What is mapped, or will be with the first group. */
  readonly #ram: readonly MapRequest[];
  readonly #ramAlignment: bigint;
  /** The addresses of RAM, in one piece where they touch. */
  readonly #ramRanges: RangeTree<Range>;
  readonly #pages: Pages;
  readonly #coarser: readonly (readonly [Group, Group])[];
  readonly #pairs: readonly Pair[];
  readonly groups: readonly Group[];
  readonly memories: readonly Memory[];
  readonly isUnattached: boolean;

  constructor(system: HotplugSystem, running: Running, groups: readonly Group[] = [], memories: readonly Memory[] = []) {
    this.#system = system;
    this.#attached = running.attached;
    this.isUnattached = running.attached.length === 0;
    this.#ram = this.isUnattached ? system.ram : [...running.container.maps()];
    this.#ramAlignment = leastOf(this.#ram.map(alignmentOf));
    this.#ramRanges = unite(this.#ram.map(mappedRange)).reduce<RangeTree<Range>>((tree, range) => insertRange(tree, range, range), undefined);
    this.#pages = new Pages(system, running.attached);
    this.groups = groups;
    this.memories = memories;
    this.#coarser = [...this.#pages.coarserPairs(groups, ({ group }) => group)];
    this.#pairs = overlapping(memories);
  }

  /** Sequences of one: of memory in blocks, those blocks that a condition points at. */
  alone(arrival: Arrival, index: number): Candidate[] {
    if (arrival.kind === 'group' || !arrival.blocks) return [{ before: [], last: { arrival: index } }];
    const [family] = familiesOf(arrival);
    if (!family || this.isUnattached) return [];
    const ranges = without(this.#attached.flatMap((group) => this.#rangesOf(group, true)), holesOf(this.#system, this.#attached));
    const met = [...ranges, ...this.#ramOver(family)].flatMap((range) => blocksMeeting(family, range) ?? []);
    const { block, alignment } = leastAligned(family, this.#system, this.#attached) ?? { block: 0n, alignment: 0n };
    const page = this.#pages.with([]);
    const unaligned = page <= alignment ? [] : [family.stride % page === 0n && this.#system.carve === undefined ? { first: 0n, count: family.count } : { first: block, count: 1n }];
    return [...met, ...unaligned, ...ends(family)].map((run) => ({ before: [], last: { arrival: index, blocks: { first: run.first, count: 1n } }, affected: run }));
  }

  inCompany(index: number): Candidate[] {
    const group = this.groups.find((one) => one.index === index);
    if (group) return this.#companyOfGroup(group);
    const memory = this.memories.find((one) => one.index === index);
    return memory ? this.#companyOfMemory(memory) : [];
  }

  /** The blocks that can't be there together with a group. With `memoryLast` the group is there when they come. */
  clash({ group }: Group, memory: Memory, memoryLast: boolean): BlockRun | undefined {
    const carvedFor = memoryLast || this.isUnattached ? [...this.#attached, group] : this.#attached;
    const holes = this.#system.carve === undefined ? memory.dead : [...holesOf(this.#system, carvedFor), ...memory.dead];
    const met = firstRun(memory, without(this.#rangesOf(group, memoryLast), holes)) ?? this.#unaligned(memory, [group], carvedFor);
    return met ?? (this.isUnattached ? this.#trouble(memory)[0] : undefined);
  }

  /** Blocks of a memory that are refused whatever else comes, with the groups that are attached or with the first. */
  refused({ families }: Memory, opener: Group | undefined): BlockRun[] {
    const groups = opener ? [opener.group] : this.#attached;
    return families.flatMap((family) => {
      const least = leastAligned(family, this.#system, groups);
      if (least && this.#pages.with(opener ? [opener.group] : []) > least.alignment) return [{ first: 0n, count: family.count }];
      const ranges = [...groups.flatMap((group) => this.#rangesOf(group, true)), ...this.#ramOver(family).flatMap(() => this.#ram.map(mappedRange))];
      return [...ranges.flatMap((range) => blocksMeeting(family, range) ?? []), ...unmappable(family)];
    });
  }

  /** The IOVAs that a group takes away; a VMM that carves keeps memory that comes later off what is kept. */
  #rangesOf(group: AttachRequest, isAttached: boolean): Range[] {
    const { options, carve } = this.#system;
    const isCarved = carve !== undefined && (isAttached || this.isUnattached);
    return [...(isCarved ? [] : keptRanges(group, options)), ...untranslated(group, options)];
  }

  #companyOfGroup(group: Group): Candidate[] {
    const last = { arrival: group.index };
    const apart = this.groups.filter((other) => other !== group && this.#areApart(other, group)).map((other) => ({ before: [{ arrival: other.index }], last }));
    const withMemory = this.memories.flatMap((memory) => {
      const run = this.clash(group, memory, false);
      return [...(run ? [{ before: [stepOf(memory, run)], last }] : []), ...this.#threesOf(group, memory)];
    });
    const pairs = this.isUnattached ? this.#pairs.map(([left, right]) => ({ before: [left.step, right.step], last })) : [];
    return [...apart, ...withMemory, ...pairs, ...this.#nothingLeft(group)];
  }

  #companyOfMemory(memory: Memory): Candidate[] {
    const opening = this.#openingFor(memory);
    const withGroup = this.groups.flatMap((group) => {
      const run = this.clash(group, memory, true);
      return run ? [{ before: [{ arrival: group.index }], last: stepOf(memory, run), affected: run }] : [];
    });
    const own = this.isUnattached && opening ? this.#trouble(memory).map((run) => ({ before: opening, last: stepOf(memory, run), affected: run })) : [];
    const pairs = this.#pairs.flatMap(([left, right]) => {
      const [self, other] = left.memory === memory ? [left, right] : [right, left];
      const before = self.memory === memory ? this.#openingFor(memory, other.memory) : undefined;
      return before ? [{ before: [...before, other.step], last: self.step }] : [];
    });
    return [...withGroup, ...own, ...pairs, ...this.#coarser.flatMap((company) => this.#afterBoth(company, memory))];
  }

  /** A group that makes the VMM map at all, where none is attached. */
  #openingFor(...memories: readonly Memory[]): ArrivalStep[] | undefined {
    if (!this.isUnattached) return [];
    const first = this.groups.find((group) => !memories.some((memory) => this.clash(group, memory, true))) ?? this.groups[0];
    return first && [{ arrival: first.index }];
  }

  /** Groups that can't be together, or not with the RAM that is mapped. */
  #areApart({ group: one }: Group, { group: two }: Group): boolean {
    const { options } = this.#system;
    if (options.contract === 'type1' && checksRanges(options) && !intersect(one.aperture, two.aperture)) return true;
    if (this.#pages.with([one, two]) > this.#ramAlignment) return true;
    // Alone, the second would have RAM cut around it, or do without BARs; after the first they stand.
    if (!this.isUnattached) return false;
    const ranges = [...without(keptRanges(two, options), holesOf(this.#system, [one])), ...untranslated(two, options)];
    return ranges.some((range) => findOverlap(this.#ramRanges, range));
  }

  /** A block that is finer than the page of these groups. */
  #unaligned({ families, dead }: Memory, groups: readonly AttachRequest[], carvedFor = this.#attached): BlockRun | undefined {
    const page = this.#pages.with(groups);
    if (page === 1n) return undefined;
    for (const family of families) {
      if (this.#isEven(family, page, carvedFor)) continue;
      const least = leastAligned(family, this.#system, carvedFor, dead);
      if (least && page > least.alignment) return { first: least.block, count: 1n };
    }
    return undefined;
  }

  /** Whether a page divides every block of a family, none of which is cut. */
  #isEven({ first, stride, count }: Family, page: bigint, carvedFor: readonly AttachRequest[]): boolean {
    const bits = first.iova | first.size | first.offset | (count > 1n ? stride : 0n);
    return bits % page === 0n && (this.#system.carve === undefined || carvedFor.every(({ kept }) => kept.length === 0));
  }

  /** Where no group has asked for it yet: blocks over RAM from start-up, or that no container takes. */
  #trouble({ families }: Memory): BlockRun[] {
    return families.flatMap((family) => [...this.#ramOver(family).flatMap((range) => blocksMeeting(family, range) ?? []), ...unmappable(family)]);
  }

  /** The lowest RAM among the addresses of a family. */
  #ramOver(family: Family): Range[] {
    const range = findOverlap(this.#ramRanges, hullOf(family));
    return range ? [range] : [];
  }

  /** A group after another and memory: mapped around what that one keeps, or finer than what both share. */
  #threesOf(group: Group, memory: Memory): Candidate[] {
    const last = { arrival: group.index };
    const coarser = this.#coarser.filter((company) => company.includes(group)).flatMap((company) => {
      const run = this.#unaligned(memory, company.map((one) => one.group));
      const other = company.find((one) => one !== group);
      return run && other ? [{ before: [{ arrival: other.index }, stepOf(memory, run)], last }] : [];
    });
    return [...this.#carvedFor(group, memory), ...coarser];
  }

  #carvedFor(group: Group, memory: Memory): Candidate[] {
    const kept = keptRanges(group.group, this.#system.options);
    if (this.#system.carve === undefined || !this.isUnattached || !firstRun(memory, kept)) return [];
    return this.groups.flatMap((other) => {
      const run = other === group ? undefined : firstRun(memory, without(kept, holesOf(this.#system, [other.group])));
      return run ? [{ before: [{ arrival: other.index }, stepOf(memory, run)], last: { arrival: group.index } }] : [];
    });
  }

  #afterBoth(company: readonly [Group, Group], memory: Memory): Candidate[] {
    const run = this.#unaligned(memory, company.map(({ group }) => group));
    return run ? [{ before: company.map(({ index }) => ({ arrival: index })), last: stepOf(memory, run), affected: run }] : [];
  }

  /** Groups that keep everything between them: each one that isn't needed for that is left out. */
  #nothingLeft(group: Group): Candidate[] {
    const { options } = this.#system;
    if (options.contract !== 'type1' || !checksRanges(options) || this.#ram.length > 0) return [];
    const keepAll = (others: readonly Group[]): boolean =>
      usableRanges([...this.#attached, ...others.map((other) => other.group), group.group]).length === 0;
    const others = this.groups.filter((other) => other !== group);
    if (!keepAll(others)) return [];
    const needed = others.reduce<readonly Group[]>((left, other) => {
      const fewer = left.filter((one) => one !== other);
      return keepAll(fewer) ? fewer : left;
    }, others);
    return [{ before: needed.map(({ index }) => ({ arrival: index })), last: { arrival: group.index } }];
  }
}

interface PairMember {
  readonly memory: Memory;
  readonly step: ArrivalStep;
}

type Pair = readonly [PairMember, PairMember];

/** Memories that share addresses, with a block of each that does. */
function overlapping(memories: readonly Memory[]): Pair[] {
  const families = memories.flatMap((memory) => memory.families.map((family) => ({ memory, family })));
  const pairs: Pair[] = [];
  for (const [left, right] of overlappingPairs(families, ({ family }) => hullOf(family))) {
    if (pairs.length >= PAIRS) break;
    // An address of both that no block refused alone has: the blocks that hold it meet.
    const both = intersect(hullOf(left.family), hullOf(right.family));
    const [alive] = both ? without([both], [...left.memory.dead, ...right.memory.dead]) : [];
    const address = alive && { base: alive.base, end: alive.base + 1n };
    const [run, other] = address ? [blocksMeeting(left.family, address), blocksMeeting(right.family, address)] : [];
    if (left.memory === right.memory || !run || !other) continue;
    pairs.push([{ memory: left.memory, step: stepOf(left.memory, run) }, { memory: right.memory, step: stepOf(right.memory, other) }]);
  }
  return pairs;
}

/** A block that no container takes, whatever it holds: past 2^64, empty, or without an access. */
function unmappable({ first, stride, count }: Family): BlockRun[] {
  const end = (from: bigint): bigint => from + (count - 1n) * stride + first.size;
  if (end(first.iova) >= ADDRESS_SPACE || end(first.offset) >= ADDRESS_SPACE) return [{ first: count - 1n, count: 1n }];
  return first.size === 0n || first.access === '' ? [{ first: 0n, count: 1n }] : [];
}

/** The step in which one block of such a run comes, or the whole of what has no blocks. */
const stepOf = ({ index, inBlocks }: Memory, { first }: BlockRun): ArrivalStep =>
  inBlocks ? { arrival: index, blocks: { first, count: 1n } } : { arrival: index };

/** The first and the last block: what holds for all of them, or for those past 2^64. */
const ends = ({ count }: Family): BlockRun[] => [{ first: 0n, count: 1n }, { first: count - 1n, count: 1n }];

/** The first blocks of a memory that meet one of some ranges. */
function firstRun({ families }: Memory, ranges: readonly Range[]): BlockRun | undefined {
  for (const family of families) {
    for (const range of ranges) {
      const run = blocksMeeting(family, range);
      if (run) return run;
    }
  }
  return undefined;
}
