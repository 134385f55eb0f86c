import type { Host, Vm } from './model.js';

/** IOMMUs that only PCs have. */
const OF_PCS: ReadonlySet<string | undefined> = new Set(['vt-d', 'amd-v1', 'amd-v2']);

const PC_MACHINES = /^std:machines\/(?:x86-pc|pc|q35|microvm)$/;

/** How a guest on a host is told of holes: a PC finds them in the e820 map of its firmware, others in the device tree. */
export const holeMedium = (vm: Vm, host: Host | undefined): 'e820' | 'reserved-memory' => (isPc(vm, host) ? 'e820' : 'reserved-memory');

/** By what the host says; where it says nothing, by an IOMMU or a machine of the library that only PCs have. */
function isPc({ regions }: Vm, host: Host | undefined): boolean {
  if (host?.arch !== undefined) return host.arch === 'x86_64';
  return (host?.iommus.some(({ model }) => OF_PCS.has(model)) ?? false) || regions.some(({ element }) => PC_MACHINES.test(element.origin.path));
}
