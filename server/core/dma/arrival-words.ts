import { formatCount } from '../layout/address.js';
import type { ContractName } from '../layout/model.js';
import type { ArrivalFailure, SequenceStep } from './arrivals.js';
import type { BlockRun } from './hotplug-replay.js';
import type { Plan } from './plan.js';
import { reasonOf } from './verdict-words.js';

/** Arrivals and what becomes of them, in words. */

/** `gpu`, `512 blocks of more`, `block 3 of more`. */
export function stepText({ name, blocks }: SequenceStep, quote = ''): string {
  const quoted = `${quote}${name}${quote}`;
  if (!blocks) return quoted;
  return blocks.count === 1n ? `block ${formatCount(blocks.first)} of ${quoted}` : `${formatCount(blocks.count)} blocks of ${quoted}`;
}

/** Blocks by number, from 0. */
export const runText = ({ first, count }: BlockRun): string =>
  count === 1n ? `block ${formatCount(first)}` : `blocks ${formatCount(first)} to ${formatCount(first + count - 1n)}`;

/** Why the last arrival is refused. */
export function whyRefused(failure: ArrivalFailure, plan: Plan): string {
  const { verdict, map, memory, sequence } = failure;
  const inTheWay = verdict.existing ? map?.written?.name ?? map?.region?.name ?? memory?.name : undefined;
  const last = sequence.at(-1);
  const reason = reasonOf(verdict, plan);
  const named = inTheWay === undefined ? reason : reason.replace('a mapping', `\`${inTheWay}\``);
  const refused = !verdict.existing && last?.kind === 'device' ? map?.region?.name ?? memory?.name : undefined;
  return refused === undefined ? named : named.replace(/^it\b/, `\`${refused}\``);
}

/** What a refusal does to the VM. */
export type Effect = 'lives' | 'aborts' | 'unknown';

/**
 * Whether the VM lives on. QEMU fails a `device_add` while the container isn't initialized, and a virtio-mem block with
 * VIRTIO_MEM_RESP_ERROR, but has nothing better than hw_error for a DIMM that a listener can't map (hw/vfio/listener.c
 * `vfio_container_region_add`, `vfio_ram_discard_notify_populate`). Cloud Hypervisor returns the error to whoever asked for
 * the DIMM (vmm/src/device_manager.rs `update_memory`) and VIRTIO_MEM_RESP_ERROR for a block (virtio-devices/src/mem.rs
 * `state_change_request`). Of others it isn't known.
 */
export function effectOf(kind: SequenceStep['kind'], vmm: string | undefined): Effect {
  if (kind !== 'dimm' || vmm === 'cloud-hypervisor') return 'lives';
  return vmm === 'qemu' ? 'aborts' : 'unknown';
}

const EFFECTS: Readonly<Record<SequenceStep['kind'], Readonly<Record<Effect, string>>>> = {
  device: { lives: 'the VM keeps running without it', aborts: 'the VM is aborted', unknown: 'the VM may not survive' },
  dimm: { lives: 'the VM keeps running without it', aborts: 'QEMU aborts the whole VM', unknown: 'QEMU would abort the whole VM' },
  'virtio-mem': { lives: 'the VM keeps running without it', aborts: 'the VM is aborted', unknown: 'the VM may not survive' },
};

export const effectText = (kind: SequenceStep['kind'], vmm: string | undefined): string => EFFECTS[kind][effectOf(kind, vmm)];

/** What an arrival asks of the kernel when it is refused. */
export function refusedCall({ verdict, sequence, map, memory }: ArrivalFailure, contract: ContractName): string {
  const isAttach = sequence.at(-1)?.kind === 'device' && (verdict.existing !== undefined && verdict.cause !== 'existing-map' || (!map && !memory));
  return `${isAttach ? 'the attach' : contract === 'iommufd' ? 'IOMMU_IOAS_MAP' : 'VFIO_IOMMU_MAP_DMA'} fails with ${verdict.errno}`;
}
