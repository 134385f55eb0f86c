import type { Host } from '../layout/model.js';
import type { Declaration } from '../syntax/nodes.js';
import { sharesWithOthers, takesFromCommon, takesPhysical } from './host-load.js';
import type { HostLoad, VmSubject } from './rule.js';

/** The guests that share a host, by its declaration, those of each host in the order of the text. */
export type HostLoads = ReadonlyMap<Declaration, HostLoad>;

/** Guests of one declaration, if they take something of a host that others could want. */
export const sharersIn = <Guest extends VmSubject>(vms: readonly Guest[]): readonly Guest[] => (vms.some(sharesWithOthers) ? vms : []);

/** Gathers guests by host. */
export function loadsOf(guests: readonly VmSubject[]): HostLoads {
  const loads = new Map<Declaration, { readonly host: Host; readonly vms: VmSubject[] }>();
  for (const guest of guests) {
    const { host } = guest;
    const load = host && loads.get(declarationOf(host));
    if (load) load.vms.push(guest);
    else if (host) loads.set(declarationOf(host), { host, vms: [guest] });
  }
  return new Map([...loads].map(([declaration, { host, vms }]) => [declaration, { host, vms, common: vms.filter(takesFromCommon), physical: vms.filter(takesPhysical) }]));
}

/** The loads after an edit of some guests: of other hosts they are the same objects. Nothing where the guests are on other hosts now. */
export function loadsAfter(loads: HostLoads, gone: readonly VmSubject[], fresh: readonly VmSubject[]): HostLoads | undefined {
  if (gone.length !== fresh.length) return undefined;
  const changed = new Map(loads);
  for (const [index, guest] of fresh.entries()) {
    const [host, old] = [guest.host && declarationOf(guest.host), gone[index]];
    if (host !== (old?.host && declarationOf(old.host))) return undefined;
    const load = host && changed.get(host);
    if (host && load && old) changed.set(host, replaced(load, old, guest));
  }
  return changed;
}

/** The load with a guest in the place of another. The others take what they took: they aren't asked. */
function replaced(load: HostLoad, old: VmSubject, guest: VmSubject): HostLoad {
  const vms = load.vms.map((other) => (other === old ? guest : other));
  const those = (before: readonly VmSubject[], takes: (guest: VmSubject) => boolean): readonly VmSubject[] => {
    if (!takes(guest)) return before.filter((other) => other !== old);
    const there = new Set(before).add(guest);
    return vms.filter((other) => there.has(other));
  };
  return { host: load.host, vms, common: those(load.common, takesFromCommon), physical: those(load.physical, takesPhysical) };
}

const declarationOf = ({ element }: Host): Declaration => element.origin.declaration;
