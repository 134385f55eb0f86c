import { outOfReach, startOf } from '../../server/core/dma/compare.js';
import { effectText } from '../../server/core/dma/arrival-words.js';
import { isAvoided } from '../../server/core/dma/contacts.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { bytesOf, unreachedWith, type Unreached } from '../../server/core/dma/unreached.js';
import { formatSize } from '../../server/core/layout/address.js';

/** The stances table: which layouts it is made of, and what their plans come to, one cell each. */

export const STANCES = ['reject', 'carve', 'tolerate', 'relocate'] as const;

export const CONTRACTS = [
  { name: 'type1', title: 'type1 today', says: 'contract type1', kernel: '7.2' },
  { name: 'type1-before-5.4', title: 'type1 before 5.4', says: 'contract type1', kernel: '5.3' },
  { name: 'iommufd', title: 'iommufd', says: 'contract iommufd', kernel: '7.2' },
  { name: 'none', title: 'none', says: 'contract none', kernel: '7.2' },
] as const;

export const EVENTS = [
  { vm: 'cold', title: 'cold start', about: 'RAM lies over the window of interrupts from the start.' },
  { vm: 'device', title: 'device hot-plug', about: 'A device comes later, and keeps a range that RAM lies over.' },
  { vm: 'memory', title: 'memory hot-plug', about: 'Memory comes later, over a range that a device keeps.' },
] as const;

type Stance = (typeof STANCES)[number];
type Contract = (typeof CONTRACTS)[number];

export const fileName = (stance: Stance, { name }: Contract): string => `examples/stances/${stance}-${name}.vmlayout`;

/** A host, and a guest for each event; `relocate` is no stance of a VMM but the same RAM elsewhere. */
export function stanceLayout(stance: Stance, contract: Contract): string {
  const moved = stance === 'relocate';
  const says = moved ? '' : `  on-overlap ${stance}\n`;
  const tells = (name: string, at: string): string => (stance === 'reject' || moved ? '' : `  avoid ${name} at ${at} size 1 MiB via e820\n`);
  return `// ${moved ? 'RAM that lies clear of what devices keep' : `\`on-overlap ${stance}\``}, with ${contract.title}: what happens at start-up, when a device comes later, and when memory does.
// Written by test/examples/stances.test.ts; docs/stances.md shows what it comes to.

host server {
  arch x86_64
  kernel ${contract.kernel}
  page 4 KiB
  ${contract.says}
  iommu dmar0 {
    model vt-d
    bits 48
    reserved interrupts at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }
  group 1 { device nic "0000:01:00.0" }
  group 2 {
    device gpu "0000:02:00.0"
    reserved mailbox at 6 GiB size 1 MiB kind reserved
  }
}

/// ${EVENTS[0].about}
vm cold on server {
  vmm qemu
${says}  ram low at ${moved ? '4 GiB' : '0'} size 4 GiB
${tells('window', '0xfee0_0000')}  assign nic
}

/// ${EVENTS[1].about}
vm device on server {
  vmm qemu
${says}  ram high at ${moved ? '8 GiB' : '4 GiB'} size 4 GiB
${tells('letters', '6 GiB')}  assign nic
  assign gpu hotplug
}

/// ${EVENTS[2].about}
vm memory on server {
  vmm qemu
${says}  ram low at 1 GiB size 1 GiB
  window dimms at 4 GiB size 12 GiB for memory
  ram later at ${moved ? '8 GiB' : '4 GiB'} size 4 GiB hotplug dimm
${tells('letters', '6 GiB')}  assign nic, gpu
}
`;
}

/** What a plan comes to for one event. */
export function cellOf(plan: Plan, event: (typeof EVENTS)[number]['vm']): string {
  if (event === 'cold') return coldText(plan);
  return event === 'device' ? deviceText(plan) : memoryText(plan);
}

function coldText(plan: Plan): string {
  const { errno } = startOf(plan);
  const lost = outOfReach(plan);
  const isKnown = lost.every((range) => isAvoided(plan.vm.regions, range));
  return errno === 'ok' ? `it starts${lossText(bytesOf(lost), isKnown)}` : `${errno}: it doesn’t start`;
}

function deviceText(plan: Plan): string {
  const [arrival] = plan.hotplug;
  const verdict = arrival?.verdict.errno ?? 'ok';
  if (verdict !== 'ok') return `${verdict}: ${effectText('device', plan.vm.vmm)}`;
  return `it comes${arrival ? unreachedText(unreachedWith(arrival, plan)) : ''}`;
}

function memoryText(plan: Plan): string {
  const [arrival] = plan.memoryHotplug;
  const failure = arrival?.failures[0];
  if (failure) return `${failure.verdict.errno}: ${effectText('dimm', plan.vm.vmm)}`;
  return `it comes${arrival ? unreachedText(unreachedWith(arrival, plan)) : ''}`;
}

const unreachedText = (lost: readonly Unreached[]): string => lossText(bytesOf(lost.map(({ range }) => range)), lost.every(({ isAvoided }) => isAvoided));

/** RAM that devices don't reach, and whether the guest is told. */
const lossText = (bytes: bigint, isKnown: boolean): string =>
  bytes === 0n ? '' : `; ${formatSize(bytes)} out of reach, ${isKnown ? 'and the guest knows' : 'and nobody tells the guest'}`;
