import { formatCount, formatRange, formatSize } from '../layout/address.js';
import type { ArrivalFailure, SequenceStep } from './arrivals.js';
import type { BlockRun } from './hotplug-replay.js';
import { DEVICE_CONFLICT } from './memory-device.js';
import type { Plan } from './plan.js';
import type { Verdict } from './verdict.js';
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

/** What is answered to the last arrival: an errno by the kernel, unless QEMU asks nobody. */
export const answerTo = ({ isConflict, verdict }: ArrivalFailure): Verdict['errno'] | 'refused' => (isConflict ? 'refused' : verdict.errno);

/** Why the last arrival is refused. */
export function whyRefused(failure: ArrivalFailure, plan: Plan): string {
  const { verdict, map, memory, sequence, isConflict } = failure;
  if (isConflict) return `\`${memory?.name}\` is there, and QEMU says ${DEVICE_CONFLICT}`;
  const inTheWay = verdict.existing ? map?.name ?? memory?.name : undefined;
  const last = sequence.at(-1);
  const reason = reasonOf(verdict, plan);
  const named = inTheWay === undefined ? reason : reason.replace('a mapping', `\`${inTheWay}\``);
  const refused = !verdict.existing && last?.kind === 'device' ? map?.name ?? memory?.name : undefined;
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

/** What the refusal of the last arrival does to the VM. */
export const effectOfFailure = (failure: ArrivalFailure, plan: Plan): Effect => (failure.isConflict ? 'lives' : effectOf(kindOfLast(failure), plan.vm.vmm));

/** The same in words. */
export const effectOfFailureText = (failure: ArrivalFailure, plan: Plan): string => EFFECTS[kindOfLast(failure)][effectOfFailure(failure, plan)];

const kindOfLast = ({ sequence }: ArrivalFailure): SequenceStep['kind'] => sequence.at(-1)?.kind ?? 'device';

export const effectText = (kind: SequenceStep['kind'], vmm: string | undefined): string => EFFECTS[kind][effectOf(kind, vmm)];

/** What has to be so from the start for the last arrival to be taken. */
export function reserveText({ verdict, sequence, map }: ArrivalFailure): string {
  const { kept, cause } = verdict;
  const last = sequence.at(-1);
  const where = kept ? `${formatRange(kept.range)} (\`${kept.name}\`)` : 'what is kept';
  switch (cause) {
    case 'reserved':
      return map ? `map around ${where} from the start, or keep RAM off it` : `keep ${where} free of RAM that comes later`;
    case 'aperture':
      return `keep ${map ? `\`${map.region?.name ?? map.name}\`` : 'RAM that comes later'} within what every IOMMU translates`;
    case 'alignment':
    case 'page-size':
      return `align IOVA, size and offset to ${verdict.page === undefined ? 'the coarsest page of all IOMMUs' : formatSize(verdict.page)}`;
    case 'limit':
      return 'fewer and larger mappings: larger blocks of virtio-mem, or a higher `dma_entry_limit`';
    case 'memlock':
      return 'raise RLIMIT_MEMLOCK to what everything together pins';
    case 'existing-map':
      return 'give each its own addresses';
    default:
      return `nothing helps but another ${last?.kind === 'device' ? 'device' : 'place'}`;
  }
}
