import { compareStances, stanceName, type Outcome } from '../dma/compare.js';
import { sizeOf } from '../layout/intervals.js';
import { plain, writeAddress } from '../layout/written.js';
import { isLoaded } from '../layout/scope.js';
import { checkEdited, type CheckedFile } from '../rules/checked-file.js';
import { offersFor, type Offer } from '../rules/offers.js';
import type { CheckedVm } from '../rules/parts.js';
import type { Finding } from '../rules/rule.js';
import { editDocumentAll } from '../syntax/document.js';
import { mapOf } from './from-plan.js';
import { findingsAbout } from './hits.js';
import type { MapModel, Placed } from './model.js';
import { sizeWords } from './sizes.js';

/**
 * The same guest under each stance that `compare` tells, with how start-up ends. What is found is told under its own: it is of the text as it is.
 * Written maps are left aside, since no stance shapes them.
 */
export function mapsOfStances({ vm, host }: CheckedVm, findings: readonly Finding[]): MapModel<Placed>[] {
  if (!host) return [];
  return compareStances(vm, host).outcomes.map((outcome) => {
    const { plan, isDeclared } = outcome;
    const drawn = mapOf(plan?.vm ?? vm, plan, isDeclared && vm.maps.length === 0 ? findings : []);
    // Where there is no such layout its column stays empty, and says why.
    const map = plan ? drawn : { ...drawn, items: [], backings: [] };
    return { ...map, stance: stanceName(outcome), outcome: outcomeWords(outcome) };
  });
}

function outcomeWords({ start, outOfReach, why, moves }: Outcome): string {
  if (why !== undefined) return plain(why);
  if (start.errno !== 'ok') return `${start.errno} at start-up`;
  const lost = outOfReach.reduce((sum, range) => sum + sizeOf(range), 0n);
  return [start.reason === undefined ? 'starts' : 'starts, not right', ...moves.map(({ region, to }) => `${region.name} at ${writeAddress(to)}`), ...(lost > 0n ? [`${sizeWords(lost)} lost`] : [])].join(', ');
}

/** A fix of a finding, with the map as it is after it. */
export interface FixedMap extends Offer {
  readonly map: MapModel<Placed>;
}

/** What each fix of the finding with a number in the map makes of it; those that were tried and came out better. */
export function mapsAfterFixes(number: number, checked: CheckedVm, file: CheckedFile): FixedMap[] {
  const finding = findingsAbout(checked.vm, checked.plan, file.result.findings)[number - 1];
  const document = file.world.read(file.path);
  if (!finding || !isLoaded(document)) return [];
  return offersFor(finding, file).flatMap((offer) => {
    const after = checkEdited(file, editDocumentAll(document, offer.edits));
    const same = after.vms.find(({ vm, host }) => vm.name === checked.vm.name && host?.name === checked.host?.name);
    return same ? [{ ...offer, map: mapOf(same.vm, same.plan, after.findings) }] : [];
  });
}
