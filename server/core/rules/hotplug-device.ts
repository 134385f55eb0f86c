import { stepText, whyRefused } from '../dma/arrival-words.js';
import type { ArrivalFailure, HotplugVerdict } from '../dma/arrivals.js';
import { partsAround } from '../dma/contacts.js';
import { apertureOf, type Plan, type PlannedMap } from '../dma/plan.js';
import { mapsToWrite } from '../dma/plugged-memory.js';
import { isExcluded } from '../dma/verdict.js';
import { formatRange, formatSize } from '../layout/address.js';
import { subtract, type Range } from '../layout/intervals.js';
import { namePlace, type Reserved } from '../layout/model.js';
import type { PlacedEdit } from '../layout/place.js';
import { declareHoles } from './carving.js';
import { contactNote, mapCall, mapName } from './contact-words.js';
import { isWrittenIn, linesInto, replacedBy, without } from './edits.js';
import { mapLines } from './map-lines.js';
import { moveRegion } from './placement.js';
import { reasonOf } from '../dma/verdict-words.js';
import { bad, defineRule, fixed, good, type Fix, type Note, type VmSubject } from './rule.js';

/** A device that is to come later can't, because of what is mapped by then. */
export const hotplugDevice = defineRule({
  name: 'hotplug-device',
  over: 'vm',
  level: 'warning',
  group: 'hotplug',
  summary: 'A hot-plugged device can’t be attached to what is mapped by then.',
  since: '0.1.0',
  why: `A device brings the ranges that its group keeps and the aperture of its IOMMU. Attached at start-up, they are known
before RAM is mapped; plugged later, they meet mappings that stand. VFIO then refuses the attach with EINVAL
(\`vfio_iommu_resv_conflict\`, \`vfio_iommu_aper_conflict\` in drivers/vfio/vfio_iommu_type1.c), iommufd with EADDRINUSE
(\`iopt_reserve_iova\` in drivers/iommu/iommufd/io_pagetable.c). QEMU fails the \`device_add\` and the VM runs on, without
the device. If no device was there at start-up, RAM is mapped when the first is plugged, and that is what fails.
A mapping can't be cut while it stands: the hole must be there from the start.`,

  examples: [
    bad(
      `
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
        group 15 {
          device gpu "0000:02:00.0"
          reserved quirk at 0x6000_0000 size 1 MiB kind reserved
        }
      }

      vm web on altra {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
        assign gpu hotplug
               ^^^ attaching \`gpu\` later fails with EINVAL: \`low\` is mapped over \`quirk\` (0x60000000-0x600fffff); the VM keeps running without it
      }
    `,
      fixed('Cut the mappings around what `gpu` keeps, from the start: 261,888 × 4 KiB instead of 262,144 × 4 KiB', `
            assign gpu hotplug
        +   avoid low-hole at 0x6000_0000 size 1 MiB via reserved-memory
        +   map low-a size 512 MiB to low
        +   map low-b size 511 MiB to low + 513 MiB
      `),
      fixed('Move `low` to 0x8000_0000: still 262,144 × 4 KiB', `
        -   ram low at 0x4000_0000 size 1 GiB
        +   ram low at 0x8000_0000 size 1 GiB
      `),
    ),
    good(`
      host altra {
        arch arm64
        kernel 6.6
        page 4 KiB
        iommu smmu0 {
          model smmu-v3
          granule 4 KiB
          bits 48
          reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
        }
        group 14 { device nic "0000:01:00.0" }
        group 15 {
          device gpu "0000:02:00.0"
          reserved quirk at 0x2000_0000 size 1 MiB kind reserved
        }
      }

      vm web on altra {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
        assign gpu hotplug
      }
    `),
  ],

  check: ({ plan }) => (plan ? plan.hotplug.flatMap((arrival) => troubleOf(arrival, plan)) : []),
  locate: ({ arrival }) => arrival.assignment.element,
  message: ({ plan, arrival, company }) => {
    const { name } = arrival.assignment;
    if (company) return companyMessage(plan, arrival, company);
    const happens = plan.attachedAtBoot || !arrival.map
      ? `attaching \`${name}\` later fails with ${arrival.verdict.errno}`
      : `RAM is mapped when \`${name}\` is plugged, and ${mapCall(plan.contract)} fails with ${arrival.verdict.errno}`;
    return `${happens}: ${reason(plan, arrival)}; the VM keeps running without it`;
  },
  notes: ({ plan, arrival, company }) => (company ? companyNotes(company) : notesOn(plan, arrival)),
  witness: ({ arrival, company }) => (company?.verdict ?? arrival.verdict).witness,
  fixes: ({ plan, arrival, company }, subject) => company ? [] : [...cutFromTheStart(plan, arrival, subject), ...move(arrival, subject)],
});

interface Trouble {
  readonly plan: Plan;
  readonly arrival: HotplugVerdict;
  /** A sequence in which it can't come although it could alone. */
  readonly company: ArrivalFailure | undefined;
}

function troubleOf(arrival: HotplugVerdict, plan: Plan): Trouble[] {
  if (arrival.verdict.errno !== 'ok') return isTold(arrival, plan) ? [{ plan, arrival, company: undefined }] : [];
  const company = arrival.failures.find((failure) => !isToldOfMemory(failure, plan));
  return company ? [{ plan, arrival, company }] : [];
}

/** With RAM that comes later, the RAM is told of, if it can't come after the device either; so are sums and overlaps. */
function isToldOfMemory({ sequence, verdict }: ArrivalFailure, { memoryHotplug }: Plan): boolean {
  if (verdict.cause === 'limit' || verdict.cause === 'memlock' || verdict.cause === 'existing-map') return true;
  const elements = new Set(sequence.map(({ element }) => element));
  return memoryHotplug.some(({ region, failures }) => elements.has(region.element) && failures.some((one) => one.sequence.some(({ kind, element }) => kind === 'device' && elements.has(element))));
}

function companyMessage(plan: Plan, { assignment, failures, untold }: HotplugVerdict, company: ArrivalFailure): string {
  const before = company.sequence.slice(0, -1).map((step) => stepText(step, '`')).join(' and ');
  const others = failures.length + untold - 1;
  const more = others > 0 ? ` (and in ${others} more ${others === 1 ? 'company' : 'companies'})` : '';
  return `attaching \`${assignment.name}\` fails with ${company.verdict.errno} once ${before} ${company.sequence.length === 2 ? 'is' : 'are'} there: ${whyRefused(company, plan)}; the VM keeps running without it${more}`;
}

const companyNotes = ({ sequence }: ArrivalFailure): Note[] =>
  sequence.slice(0, -1).map(({ element, name }) => ({ place: namePlace(element), message: `\`${name}\` comes before it` }));

/** What other rules tell of each mapping, whoever is attached, is no matter of this device. */
function isTold({ verdict }: HotplugVerdict, { attachedAtBoot }: Plan): boolean {
  if (verdict.errno === 'ok' || verdict.cause === 'direct' || verdict.cause === 'existing-map') return false;
  return attachedAtBoot || verdict.cause !== 'alignment';
}

/** The reserved declaration that decided. */
const keptOf = ({ assignment, verdict }: HotplugVerdict): Reserved | undefined =>
  assignment.device?.reserved.find((reserved) => reserved === verdict.kept);

function reason(plan: Plan, arrival: HotplugVerdict): string {
  const { verdict, map, assignment } = arrival;
  const what = map ? mapName(map) : 'a mapping';
  const is = plan.attachedAtBoot ? 'is mapped over' : 'lies over';
  switch (verdict.cause) {
    case 'reserved':
      return verdict.kept ? `${what} ${is} \`${verdict.kept.name}\` (${formatRange(verdict.kept.range)})` : `${what} ${is} what its group keeps`;
    case 'aperture':
      return `${what} leaves the aperture of its IOMMU (${formatRange(apertureOf(assignment.device?.iommu, plan))})`;
    case 'alignment':
      return `${what} is no multiple of its IOMMU’s smallest page, ${formatSize(verdict.page ?? plan.alignment)}`;
    default:
      return reasonOf(verdict, plan, map);
  }
}

function notesOn(plan: Plan, arrival: HotplugVerdict): Note[] {
  const kept = keptOf(arrival);
  const owner = arrival.map?.written?.element ?? arrival.map?.region?.element;
  const mapped = owner && arrival.map ? [{ place: namePlace(owner), message: `${mapName(arrival.map)} is mapped at ${formatRange(arrival.map.range)}` }] : [];
  return [...(kept ? [contactNote(kept)] : []), ...(plan.attachedAtBoot ? mapped : [])];
}

/** Cuts every mapping that the device's ranges meet, as written maps, and declares the holes to the guest. */
function cutFromTheStart(plan: Plan, { assignment, verdict }: HotplugVerdict, subject: VmSubject): Fix[] {
  if (verdict.cause !== 'reserved') return [];
  const { element } = subject.vm;
  const kept = (assignment.device?.reserved ?? []).filter(isExcluded).map(({ range }) => range);
  const cuts = mapsToWrite(plan).map((map) => ({ map, parts: partsAround(map, kept, plan.alignment) }));
  const hurt = cuts.filter(({ map, parts }) => sizeOfAll(parts) < sizeOfAll([map.range]));
  if (hurt.some(({ map }) => map.written && !isWrittenIn(map.written.element, element))) return [];
  const avoids = avoidLines(hurt, subject);
  const added = plan.vm.maps.length > 0 ? avoids : [...avoids, ...cuts.flatMap(({ map, parts }) => mapLines(map, parts, element, map.name))];
  const edits = [...hurt.flatMap((cut) => rewritten(cut, subject)), ...(added.length > 0 ? [linesInto(element, added)] : [])];
  return [{ title: `Cut the mappings around what \`${assignment.name}\` keeps, from the start`, safe: false, edits }];
}

/** A mapping and what is to be left of it. */
interface Cut {
  readonly map: PlannedMap;
  readonly parts: readonly Range[];
}

function avoidLines(cuts: readonly Cut[], subject: VmSubject): string[] {
  const regions = new Set(cuts.flatMap(({ map }) => map.region ?? []));
  return [...regions].flatMap((region) => {
    const holes = cuts.filter(({ map }) => map.region === region).flatMap(({ map, parts }) => subtract(map.range, parts));
    return declareHoles(subject, region, holes, undefined);
  });
}

function rewritten({ map, parts }: Cut, { vm }: VmSubject): PlacedEdit[] {
  if (!map.written) return [];
  const lines = mapLines(map, parts, vm.element, map.written.name);
  return [lines.length > 0 ? replacedBy(map.written.element, lines) : without(map.written.element)];
}

const sizeOfAll = (ranges: readonly Range[]): bigint => ranges.reduce((sum, { base, end }) => sum + (end - base), 0n);

const move = ({ map, verdict }: HotplugVerdict, subject: VmSubject): Fix[] =>
  map?.region && !map.written?.element.properties.has('at') && (verdict.cause === 'reserved' || verdict.cause === 'aperture') ? moveRegion(map.region, subject) : [];
