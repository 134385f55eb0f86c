import { partsAround, refusesContacts, unavoided, type Contact } from '../dma/contacts.js';
import type { PlannedMap } from '../dma/plan.js';
import { mapsToWrite } from '../dma/plugged-memory.js';
import { isExcluded } from '../dma/verdict.js';
import { alignDown, alignUp, formatSize, isAligned } from '../layout/address.js';
import { holeMedium } from '../layout/hole-medium.js';
import { overlaps, subtract, type Range } from '../layout/intervals.js';
import type { Region, Reserved } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { writeAddress, writeSize } from '../layout/written.js';
import { freshName, isWrittenIn, lineAtTop, linesAfter, linesInto, otherProperties, replacedBy, withProperty, without } from './edits.js';
import { letter, mapLines } from './map-lines.js';
import { moveRegion } from './placement.js';
import type { Fix, VmSubject } from './rule.js';

/** The ways out of a contact between a DMA mapping and a range that a device keeps, in the order they are offered. */
export function waysOut(contact: Contact, subject: VmSubject): Fix[] {
  const { plan, map } = contact;
  const what = contact.kept.kind === 'msi' || contact.kept.kind === 'sw-msi' ? 'the doorbell' : `\`${contact.kept.name}\``;
  const next = map.usableSizes.find((size) => size < (map.usableSizes[0] ?? 0n) && size > plan.alignment);
  return [
    ...splitMapping(contact, subject, plan.alignment, `Split \`${nameOf(map)}\` around ${what}`),
    ...(map.region && !map.written ? moveRegion(map.region, subject) : []),
    ...(next && !isWhole(contact.kept.range, next)
      ? splitMapping(contact, subject, next, `Split \`${nameOf(map)}\` around ${what}, widened to ${formatSize(next)}`)
      : []),
    ...splitRam(contact, subject, what),
    ...carveAtStart(contact, subject, what),
    ...tolerate(contact, subject, what),
  ];
}

const nameOf = (map: PlannedMap): string => map.written?.name ?? map.region?.name ?? map.name;

const isWhole = (range: Range, block: bigint): boolean => isAligned(range.base, block) && isAligned(range.end, block);

/** The ranges that this mapping meets and that the kernel takes out, all of them: half a split would still fail. */
const holesIn = ({ plan, map, kept }: Contact): Range[] =>
  [...plan.kept, ...(plan.kept.includes(kept) ? [] : [kept])].filter((one) => isExcluded(one) && overlaps(one.range, map.range)).map(({ range }) => range);

/** Cuts the written map, or writes the plan as maps and cuts; the hole is declared to the guest. */
function splitMapping(contact: Contact, subject: VmSubject, block: bigint, title: string): Fix[] {
  const { map, plan } = contact;
  const { vm } = subject;
  if (!map.region || !(map.written || mapsToWrite(plan).includes(map)) || !isWrittenIn(map.written?.element ?? map.region.element, vm.element)) return [];
  const parts = partsAround(map, holesIn(contact), block);
  const avoid = declareHoles(subject, map.region, subtract(map.range, parts), contact.kept);
  if (map.written) {
    const lines = mapLines(map, parts, vm.element, map.written.name);
    const edit = lines.length > 0 ? replacedBy(map.written.element, lines) : without(map.written.element);
    return [{ title, safe: false, edits: avoid.length > 0 ? [edit, linesInto(vm.element, avoid)] : [edit] }];
  }
  const lines = mapsToWrite(plan).flatMap((other) => (other === map ? mapLines(map, parts, vm.element, map.name) : mapLines(other, [other.range], vm.element, other.name)));
  return [{ title, safe: false, edits: [linesInto(vm.element, [...avoid, ...lines])] }];
}

/** Declares holes to the guest, below the region that they lie in. */
export function declareBelow(subject: VmSubject, region: Region, holes: readonly Range[], kept: Reserved | undefined): PlacedEdit[] {
  const lines = declareHoles(subject, region, holes, kept);
  if (lines.length === 0) return [];
  return [isWrittenIn(region.element, subject.vm.element) ? linesAfter(region.element, lines) : linesInto(subject.vm.element, lines)];
}

/** An `avoid` for each part of the holes that the guest isn't told of yet. */
export function declareHoles({ vm, host }: VmSubject, region: Region, holes: readonly Range[], kept: Reserved | undefined): string[] {
  const wanted = kept && (kept.kind === 'msi' || kept.kind === 'sw-msi') ? 'doorbell-hole' : `${region.name.replaceAll('.', '_')}-hole`;
  return holes
    .flatMap((hole) => unavoided(vm.regions, hole))
    .map((hole, index) => {
      const name = freshName(vm.element, index === 0 ? wanted : `${wanted}${index + 1}`);
      return `avoid ${name} at ${writeAddress(hole.base)} size ${writeSize(hole.end - hole.base)} via ${holeMedium(vm, host)}`;
    });
}

/** Two rams with a hole between that uses up its bytes, so that what follows keeps its offset. */
function splitRam(contact: Contact, subject: VmSubject, what: string): Fix[] {
  const { map, plan } = contact;
  const { region } = map;
  if (!region?.range || map.written || region.kind !== 'ram' || !region.backing || region.backing.own) return [];
  if (!isWrittenIn(region.element, subject.vm.element) || region.offset === undefined || region.over.length > 0) return [];
  const holes = holesIn(contact).map(({ base, end }) => ({ base: alignDown(base, plan.alignment), end: alignUp(end, plan.alignment) }));
  const parts = subtract(region.range, holes);
  if (parts.length === 0) return [];
  const pieces = [...parts.map((range) => ({ range, ram: true })), ...subtract(region.range, parts).map((range) => ({ range, ram: false }))];
  pieces.sort((left, right) => (left.range.base < right.range.base ? -1 : 1));
  const title = `Split the RAM of \`${region.name}\` around ${what} (the guest loses ${formatSize(lost(region.range, parts))})`;
  return [{ title, safe: false, edits: [replacedBy(region.element, ramLines(region, pieces, subject))] }];
}

const lost = (whole: Range, parts: readonly Range[]): bigint =>
  parts.reduce((rest, part) => rest - (part.end - part.base), whole.end - whole.base);

function ramLines(region: Region, pieces: readonly { range: Range; ram: boolean }[], { vm }: VmSubject): string[] {
  let rams = 0;
  let holes = 0;
  return pieces.map(({ range, ram }) => {
    const number = ram ? rams++ : holes++;
    const wanted = ram ? `${region.name}${number === 0 ? '' : `-${letter(number)}`}` : `${region.name}-hole${number === 0 ? '' : number + 1}`;
    const name = ram && number === 0 ? region.name : freshName(vm.element, wanted);
    const offset = (region.offset ?? 0n) + (range.base - (region.range?.base ?? 0n));
    const from = number === 0 && ram ? writtenFrom(region) : `from ${region.backing?.name} + ${writeSize(offset)}`;
    const rest = ram ? otherProperties(region.element, ['at', 'size', 'from']) : '';
    return `${ram ? 'ram' : 'hole'} ${name} at ${writeAddress(range.base)} size ${writeSize(range.end - range.base)} ${from}${rest}`;
  });
}

/** `from …` as it stands: the first piece takes its bytes where the whole did. */
function writtenFrom({ element, backing }: Region): string {
  const located = element.properties.get('from')?.[0];
  return located ? located.item.text.slice(located.property.start, located.property.end) : `from ${backing?.name}`;
}

function carveAtStart(contact: Contact, subject: VmSubject, what: string): Fix[] {
  const { map, isPlugged, keeper, plan } = contact;
  // What stands isn't cut for a device that comes later.
  if (map.written || (keeper && (isPlugged || plan.attachedAtBoot)) || subject.vm.stance === 'carve' || !map.region || partsAround(map, holesIn(contact), plan.alignment).length === 0) return [];
  const edits = [stanceEdit(subject, 'carve'), ...avoidEdits(contact, subject)];
  return [{ title: `Let the VMM carve around ${what}, and tell the guest`, safe: false, edits }];
}

/** Only where no kernel refuses, and never over the window that the kernel maps its doorbells into. */
function tolerate(contact: Contact, subject: VmSubject, what: string): Fix[] {
  if (contact.kept.kind === 'sw-msi' || refusesContacts(contact.plan) || !contact.map.region) return [];
  const edits = [...(subject.vm.stance === 'tolerate' ? [] : [stanceEdit(subject, 'tolerate')]), ...avoidEdits(contact, subject)];
  return [{ title: `Keep the mapping whole, and tell the guest to keep its DMA out of ${what}`, safe: false, edits }];
}

function stanceEdit({ vm }: VmSubject, stance: string): PlacedEdit {
  if (vm.element.properties.has('on-overlap')) return withProperty(vm.element, 'on-overlap', stance);
  return lineAtTop(vm.element, `on-overlap ${stance}`);
}

function avoidEdits(contact: Contact, subject: VmSubject): PlacedEdit[] {
  const { map, plan, kept } = contact;
  if (!map.region) return [];
  const holes = subtract(map.range, partsAround(map, holesIn(contact), plan.alignment));
  return declareBelow(subject, map.region, holes, kept);
}
