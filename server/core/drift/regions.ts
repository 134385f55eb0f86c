import { guestAbi } from '../fleet/guest-abi.js';
import { formatRange, formatSize } from '../layout/address.js';
import { overlaps, sizeOf, subtract, unite, type Range } from '../layout/intervals.js';
import type { Backing, Region, Vm } from '../layout/model.js';
import type { Change } from './change.js';

/** What became of the regions and backings of a guest. */
export function regionChanges(before: Vm, after: Vm): Change[] {
  const abi = { before: guestAbi(before), after: guestAbi(after) };
  const isSeen = (key: string): boolean => abi.before.get(key) !== abi.after.get(key);
  const { pairs, gone, fresh } = matched(before.regions, after.regions);
  return [
    ...pairs.flatMap(([old, now]) => regionChange(old, now, isSeen(labelOf(old)) || labelOf(old) !== labelOf(now))),
    ...gone.map((region): Change => ({ kind: 'removed', what: labelOf(region), message: `was at ${whereOf(region)}`, ...(region.range && { before: region.range }), breaksMigration: true })),
    ...fresh.map((region): Change => ({ kind: 'added', what: labelOf(region), message: `is at ${whereOf(region)}`, ...(region.range && { after: region.range }), breaksMigration: true })),
    ...backingChanges(before.backings, after.backings),
    ...holes(before, after),
  ];
}

const labelOf = ({ kind, name }: Pick<Region, 'kind' | 'name'>): string => `${kind} ${name}`;

const whereOf = ({ range }: Region): string => (range ? formatRange(range) : 'an unknown address');

interface Matching {
  readonly pairs: readonly (readonly [Region, Region])[];
  readonly gone: readonly Region[];
  readonly fresh: readonly Region[];
}

/** Regions that are the same one: by kind and name, and of those that are left by kind and place. */
function matched(before: readonly Region[], after: readonly Region[]): Matching {
  const pairs: [Region, Region][] = [];
  const open = new Set(after);
  const claim = (old: Region, isIt: (now: Region) => boolean): boolean => {
    const now = [...open].find((candidate) => candidate.kind === old.kind && isIt(candidate));
    if (!now) return false;
    open.delete(now);
    pairs.push([old, now]);
    return true;
  };
  const unnamed = before.filter((old) => !claim(old, ({ name }) => name === old.name));
  const named = new Set(before.map(labelOf));
  const gone = unnamed.filter((old) => !claim(old, (now) => !named.has(labelOf(now)) && isSamePlace(old, now)));
  return { pairs, gone, fresh: [...open] };
}

const isSamePlace = ({ range: old }: Region, { range: now }: Region): boolean => old !== undefined && now !== undefined && old.base === now.base && old.end === now.end;

function regionChange(old: Region, now: Region, breaksMigration: boolean): Change[] {
  const what = labelOf(now);
  const ranges = { ...(old.range && { before: old.range }), ...(now.range && { after: now.range }) };
  const told = (kind: Change['kind'], message: string): Change => ({ kind, what, message, ...ranges, breaksMigration });
  const changes: Change[] = old.name === now.name ? [] : [{ kind: 'renamed', what, message: `was called \`${old.name}\``, ...ranges, breaksMigration: false }];
  if (old.range && now.range) {
    const grown = sizeOf(now.range) - sizeOf(old.range);
    if (old.range.base !== now.range.base) changes.push(told('moved', `${formatRange(old.range)} is ${formatRange(now.range)} now`));
    if (grown > 0n) changes.push(told('grown', `by ${formatSize(grown)}, to ${formatSize(sizeOf(now.range))}`));
    if (grown < 0n) changes.push(told('shrunk', `by ${formatSize(-grown)}, to ${formatSize(sizeOf(now.range))}`));
  }
  const words = propertyWords(old, now);
  return words.length === 0 ? changes : [...changes, told('changed', words.join(', '))];
}

/** `offset 0 is 1 GiB now`, for what is not told otherwise. */
function propertyWords(old: Region, now: Region): string[] {
  const facts: readonly (readonly [name: string, old: string, now: string])[] = [
    ['access', old.access, now.access],
    ['backing', backingName(old), backingName(now)],
    ['offset', offsetOf(old), offsetOf(now)],
    ['node', `${old.node ?? 0}`, `${now.node ?? 0}`],
    ['dma', switchWord(old.dma), switchWord(now.dma)],
    ['via', old.via ?? 'none', now.via ?? 'none'],
    ['hotplug', arrivalWords(old), arrivalWords(now)],
  ];
  return facts.filter(([, was, is]) => was !== is).map(([name, was, is]) => `${name} ${was} is ${is} now`);
}

const backingName = ({ backing }: Region): string => (backing ? (backing.own ? kindWords(backing) : backing.name) : 'none');
const offsetOf = ({ backing, offset }: Region): string => (backing?.own || offset === undefined ? 'of its own' : formatSize(offset));
const arrivalWords = ({ arrival }: Region): string => (arrival === undefined ? 'off' : arrival.kind === 'virtio-mem' && arrival.block !== undefined ? `virtio-mem block ${formatSize(arrival.block)}` : arrival.kind);
const switchWord = (value: boolean | undefined): string => (value === undefined ? 'as the VMM does' : value ? 'on' : 'off');

const kindWords = ({ kind, page }: Backing): string => (page === undefined ? kind : `${kind} ${formatSize(page)}`);

function backingChanges(before: readonly Backing[], after: readonly Backing[]): Change[] {
  const [old, now] = [before, after].map((all) => new Map(all.filter(({ own }) => !own).map((backing) => [backing.name, backing]))) as [Map<string, Backing>, Map<string, Backing>];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].flatMap((name) => backingChange(name, old.get(name), now.get(name)));
}

function backingChange(name: string, old: Backing | undefined, now: Backing | undefined): Change[] {
  const what = `backing ${name}`;
  const facts = (backing: Backing): string => `${backing.size === undefined ? 'of unknown size' : formatSize(backing.size)} ${kindWords(backing)}`;
  if (!old) return now ? [{ kind: 'added', what, message: facts(now), breaksMigration: true }] : [];
  if (!now) return [{ kind: 'removed', what, message: facts(old), breaksMigration: true }];
  if (facts(old) === facts(now)) return [];
  // The pages behind a RAM block are the host's own matter; its size is part of the stream.
  return [{ kind: 'changed', what, message: `${facts(old)} is ${facts(now)} now`, breaksMigration: old.size !== now.size }];
}

/** Stretches inside of RAM that stopped being RAM, or became it. */
function holes(before: Vm, after: Vm): Change[] {
  const [old, now] = [ramOf(before), ramOf(after)];
  return [...gaps(old, now).map((range) => holeChange('hole-opened', range)), ...gaps(now, old).map((range) => holeChange('hole-closed', range))];
}

const holeChange = (kind: 'hole-opened' | 'hole-closed', range: Range): Change => ({
  kind,
  what: 'ram',
  message: `${formatRange(range)}, ${formatSize(sizeOf(range))}, ${kind === 'hole-opened' ? 'is no RAM any more, between RAM' : 'is RAM now, as what is around it'}`,
  ...(kind === 'hole-opened' ? { before: range } : { after: range }),
  breaksMigration: true,
});

const ramOf = ({ regions }: Vm): Range[] => unite(regions.flatMap(({ kind, range, hotplug }) => (kind === 'ram' && range && !hotplug ? [range] : [])));

/** What `full` has and `holed` hasn't, with RAM of `holed` right before and right behind. */
function gaps(full: readonly Range[], holed: readonly Range[]): Range[] {
  const ends = new Set(holed.map(({ end }) => end));
  const bases = new Set(holed.map(({ base }) => base));
  return full.filter((range) => holed.some((other) => overlaps(range, other))).flatMap((range) => subtract(range, holed)).filter(({ base, end }) => ends.has(base) && bases.has(end));
}
