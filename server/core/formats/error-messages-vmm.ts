import { formatAddress, formatRange, formatSize } from '../layout/address.js';
import { rangeOf } from '../layout/intervals.js';
import { asking, numberIn, type ErrorMessage } from './error-message.js';

/** What other VMMs and managers refuse. */
export const VMM_MESSAGES: readonly ErrorMessage[] = [
  {
    id: 'slot-alignment',
    program: 'Cloud Hypervisor',
    source: 'virt/kvm/kvm_main.c `kvm_set_memory_region`, as the VMM’s users see it on hosts with 64 KiB pages',
    pattern: /memory_size: (?<size>0x[0-9a-f]+) does not align to \S+ \((?<page>0x[0-9a-f]+)\)/,
    read: ({ size, page = '0' }) => ({
      asked: asking('give KVM a memory slot', { size: numberIn(size), errno: 'EINVAL' }),
      rule: 'slot-unaligned',
      reason: `${size} bytes aren’t a multiple of the host’s page, ${formatSize(BigInt(page))}`,
      fix: `round the region, or the piece of the BAR, to multiples of ${formatSize(BigInt(page))}`,
    }),
  },
  {
    id: 'bar-move',
    program: 'Cloud Hypervisor',
    source: 'vmm/src/device_manager.rs `move_bar`',
    pattern: /Failed moving device BAR: failed allocating new MMIO range: (?<from>0x[0-9a-f]+)->(?<to>0x[0-9a-f]+)\((?<size>0x[0-9a-f]+)\)/,
    read: ({ from = '0', to = '0', size = '0' }) => ({
      asked: asking(`move a BAR from ${formatAddress(BigInt(from))}`, { iova: BigInt(to), size: BigInt(size) }),
      rule: 'window-too-small',
      reason: `${formatRange(rangeOf(BigInt(to), BigInt(size)))} is in no window for BARs, or taken there`,
      fix: 'let the guest keep the firmware’s addresses, or make the window large enough for all BARs',
    }),
  },
  {
    id: 'libvirt-memlock',
    program: 'libvirt',
    source: 'src/util/virprocess.c `virProcessSetMaxMemLock`',
    pattern: /cannot limit locked memory of process \d+ to (?<limit>\d+)/,
    read: ({ limit = '0' }) => ({
      asked: asking('raise RLIMIT_MEMLOCK', { memlock: BigInt(limit), errno: 'EPERM' }),
      rule: 'memlock-limit',
      reason: `libvirt wants to allow ${formatSize(BigInt(limit))} (the guest’s memory and 1 GiB more), and may not raise the limit of the container or service it runs in`,
      fix: 'raise the limit outside: of the container, or of the service',
    }),
  },
  {
    id: 'libvirt-memory-overlap',
    program: 'libvirt',
    source: 'the validation of memory devices in src/conf; tests/qemuxmlconfdata/memory-hotplug-virtio-mem-overlap-address.xml',
    pattern: /memory device address \[(?<base>0x[0-9a-f]+):(?<end>0x[0-9a-f]+)\] overlaps with other memory device/,
    read: ({ base = '0', end = '0' }) => ({
      asked: asking('plug in a memory device', { iova: BigInt(base), size: BigInt(end) - BigInt(base) }),
      rule: 'region-overlap',
      reason: 'its addresses meet those of another memory device',
      fix: 'move one of the two',
    }),
  },
];
