import { Evaluator } from '../layout/evaluate.js';
import { readHost } from '../layout/host.js';
import type { Lookup } from '../layout/lookup.js';
import type { Host } from '../layout/model.js';
import { isModel, isPresent } from '../layout/presence.js';
import { hostsNamedBy } from '../layout/properties.js';
import type { Source } from '../layout/scope.js';
import type { FleetGuest, FleetHost } from './fleet.js';

export interface FleetMembers {
  readonly hosts: readonly FleetHost[];
  readonly guests: readonly FleetGuest[];
}

/** The hosts and guests that files declare, in order; models and what isn't there are no members. */
export function fleetMembers(paths: readonly string[], lookup: Lookup): FleetMembers {
  const sources = paths.flatMap((path) => lookup.scopeOf(path)?.declarations ?? []);
  const of = (keyword: string): Source[] => sources.filter(({ declaration }) => declaration.keyword.text === keyword);
  const hosts = of('host').flatMap((source) => memberHost(source, lookup));
  const byDeclaration = new Map(hosts.map(({ source, host }) => [source.declaration, host]));
  return { hosts: hosts.map(({ host }) => host), guests: of('vm').flatMap((source) => memberGuest(source, lookup, byDeclaration)) };
}

function memberHost(source: Source, lookup: Lookup): { readonly source: Source; readonly host: FleetHost }[] {
  const evaluator = new Evaluator(lookup);
  const element = evaluator.elementOf(source);
  if (isModel(element) || !isPresent(element, evaluator)) return [];
  const host: Host = readHost(element, evaluator);
  return [{ source, host: { name: host.name, path: source.path, host } }];
}

function memberGuest(source: Source, lookup: Lookup, hosts: ReadonlyMap<unknown, FleetHost>): FleetGuest[] {
  const evaluator = new Evaluator(lookup);
  const element = evaluator.elementOf(source);
  if (isModel(element)) return [];
  const located = element.properties.get('on')?.[0];
  const on = hostsNamedBy(element).flatMap(({ name }) => hosts.get(lookup.find(located?.path ?? source.path, name)?.declaration) ?? []);
  return [{ name: element.name, path: source.path, source, on }];
}
