import type { Element } from '../layout/elements.js';
import { namePlace } from '../layout/model.js';
import { placeOf, type Place } from '../layout/place.js';
import { namesOf } from '../layout/properties.js';
import { RULES } from './catalogue.js';
import type { Finding, VmSubject } from './rule.js';
import type { Statement } from './statements.js';

const HOST_RULES = RULES.filter(({ over }) => over === 'host');

/**
 * What the policies of a guest ask of its host: rules about hosts that they speak of. It is told where the guest names the
 * host, as its policies hold for the guest, and the host may be in another file.
 */
export function demandsOnHost(statements: readonly Statement[], { vm, host, evaluator }: VmSubject): Finding[] {
  if (!host || statements.length === 0) return [];
  const asked = new Set(statements.filter(({ verb }) => verb !== 'allow').flatMap(({ rules }) => rules.map(({ text }) => text)));
  const rules = HOST_RULES.filter(({ name }) => asked.has(name));
  if (rules.length === 0) return [];
  const place = hostPlace(vm.element, host.name);
  return rules
    .flatMap((rule) => rule.findHost?.({ host, evaluator }) ?? [])
    .map((finding) => ({ ...finding, place, element: vm.element, vm: vm.name, notes: [...finding.notes, { place: namePlace(host.element), message: `\`${host.name}\` is declared here` }] }));
}

/** Where a guest says that it is on a host, or else its name. */
function hostPlace(vm: Element, host: string): Place {
  const located = vm.properties.get('on')?.[0];
  const named = namesOf(vm, 'on').find(({ name }) => name === host);
  return located && named ? placeOf(located, named.span) : namePlace(vm);
}
