import { makePlan } from '../dma/plan.js';
import type { Stance } from '../layout/model.js';
import type { World } from '../layout/scope.js';
import { checkFile, type CheckOptions, type CheckResult } from '../rules/check.js';
import { offersFor, type Offer } from '../rules/offers.js';
import type { CheckedVm } from '../rules/parts.js';
import type { Finding } from '../rules/rule.js';
import { editDocumentAll } from '../syntax/document.js';
import { mapOf } from './from-plan.js';
import { findingsAbout } from './hits.js';
import type { MapModel, Placed } from './model.js';

const STANCES: readonly Stance[] = ['reject', 'carve', 'tolerate'];

/** The same guest under each stance. Findings are told under its own: they are of the text as it is. */
export function mapsOfStances({ vm, host }: CheckedVm, findings: readonly Finding[]): MapModel<Placed>[] {
  if (!host) return [];
  return STANCES.map((stance) => {
    const guest = stance === vm.stance ? vm : { ...vm, stance };
    return mapOf(guest, makePlan(guest, host), stance === vm.stance ? findings : []);
  });
}

/** A fix of a finding, with the map as it is after it. */
export interface FixedMap extends Offer {
  readonly map: MapModel<Placed>;
}

/** What each fix of the finding with a number in the map makes of it; those that were tried and came out better. */
export function mapsAfterFixes(number: number, checked: CheckedVm, path: string, world: World, options: CheckOptions, result: CheckResult): FixedMap[] {
  const finding = findingsAbout(checked.vm, checked.plan, result.findings)[number - 1];
  const document = world.read(path);
  if (!finding || document === 'missing' || 'error' in document) return [];
  return offersFor(finding, path, world, options, result).flatMap((offer) => {
    const changed = editDocumentAll(document, offer.edits);
    const after = checkFile(path, { read: (asked) => (asked === path ? changed : world.read(asked)) }, options, result);
    const same = after.vms.find(({ vm, host }) => vm.name === checked.vm.name && host?.name === checked.host?.name);
    return same ? [{ ...offer, map: mapOf(same.vm, same.plan, after.findings) }] : [];
  });
}
