import type { Element } from '../layout/elements.js';
import type { Backing, Region, Vm } from '../layout/model.js';
import { hostsNamedBy } from '../layout/properties.js';
import { isWrittenIn } from './edits.js';
import type { VmSubject } from './rule.js';

/** What guests take of the host that they share, and the guests of a file by the host that they are on. */

/** Memory of the host that a guest allocates or claims, with the region that first takes bytes from it. */
export interface Claim {
  readonly vm: Vm;
  readonly backing: Backing;
  readonly region: Region;
}

const known = new WeakMap<Vm, readonly Claim[]>();

/** Every backing that a region takes bytes from, once; found once for a guest, which many edits leave as it is. */
export function claimsOf(vm: Vm): readonly Claim[] {
  const claims = known.get(vm) ?? readClaims(vm);
  known.set(vm, claims);
  return claims;
}

function readClaims(vm: Vm): Claim[] {
  const claims = new Map<Backing, Claim>();
  for (const region of vm.regions) {
    const { backing, alias } = region;
    if (backing && !alias && !claims.has(backing)) claims.set(backing, { vm, backing, region });
  }
  return [...claims.values()];
}

/** Whether a backing is declared at the top of a file, for several guests. */
export const isCommon = (vm: Vm, { own, element }: Backing): boolean => !own && element.parent !== vm.element;

/** Whether a guest takes from a backing that others may take from. */
export const takesFromCommon = ({ vm }: VmSubject): boolean => claimsOf(vm).some(({ backing }) => isCommon(vm, backing));

/** Whether a guest claims memory of the host by its address. */
export const takesPhysical = ({ vm }: VmSubject): boolean => claimsOf(vm).some(({ backing }) => backing.kind === 'physical');

/** What is blamed for a claim: the backing, where it is the guest's own, else the region that takes from it. */
export const claimant = ({ vm, backing, region }: Claim): Element => (backing.own || isCommon(vm, backing) ? region.element : backing.element);

/** Whether a fix may touch the backing of a claim. */
export const isOwnText = ({ vm, backing }: Claim): boolean => isWrittenIn(backing.element, vm.element);

/** Whether a guest takes something of its host that another could want: only such guests are looked at together. */
export const sharesWithOthers = (guest: VmSubject): boolean =>
  guest.host !== undefined && (claimsOf(guest.vm).some(({ backing }) => backing.kind === 'hugetlb') || takesPhysical(guest) || takesFromCommon(guest));

const onlyThere = new WeakMap<Vm, boolean>();

/** Whether a guest is on no other host: then it is there whenever the host's guests all run. */
export function isOnlyThere({ vm }: VmSubject): boolean {
  const isOnly = onlyThere.get(vm) ?? hostsNamedBy(vm.element).length === 1;
  onlyThere.set(vm, isOnly);
  return isOnly;
}
