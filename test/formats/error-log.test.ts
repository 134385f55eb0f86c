import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ERROR_MESSAGES, readErrorLog } from '../../server/core/formats/error-log.js';
import { formatAddress } from '../../server/core/layout/address.js';
import { RULES } from '../../server/core/rules/catalogue.js';

// Messages of kernels, VMMs and managers: each is recognised, with its numbers, among what else a log holds.

/** A message of each kind, made after its format: id, what is read from it, the rule, the line. */
const MESSAGES: readonly (readonly [id: string, facts: string, rule: string | undefined, ...lines: string[]])[] = [
  ['qemu-dma-map', 'iova=0x0 size=0x80000000 EINVAL region=pc.ram device=0000:01:00.0', 'doorbell-overlap', 'qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: memory listener initialization failed: Region pc.ram: vfio_container_dma_map(0x55d0c0ffee00, 0x0, 0x80000000, 0x7f0000000000) = -22 (Invalid argument)'],
  ['qemu-dma-map', 'iova=0xfd00000000 size=0x1000 EINVAL', 'reserved-overlap', 'vfio_dma_map(0x55, 0xfd00000000, 0x1000, 0x7f) = -22 (Invalid argument)'],
  ['qemu-dma-map', 'iova=0x380000000000 size=0x10000000 EINVAL', 'aperture-exceeded', 'vfio_container_dma_map(0x55, 0x380000000000, 0x10000000, 0x7f) = -22 (Invalid argument)'],
  ['qemu-dma-map', 'iova=0x1000 size=0x800 EINVAL', 'map-unaligned', 'vfio_container_dma_map(0x55, 0x1000, 0x800, 0x7f) = -22 (Invalid argument)'],
  ['qemu-dma-map', 'iova=0x100000 size=0x1000 EINVAL', 'reserved-overlap', 'vfio_container_dma_map(0x55, 0x100000, 0x1000, 0x7f) = -22 (Invalid argument)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 EEXIST', 'region-overlap', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -17 (File exists)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 ENOSPC', 'map-limit', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -28 (No space left on device)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 ENOMEM', 'memlock-limit', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -12 (Cannot allocate memory)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 EFAULT', 'bar-unmappable', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -14 (Bad address)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 EADDRINUSE', 'hotplug-device', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -98 (Address already in use)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 EOVERFLOW', 'value-range', 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -75 (Value too large for defined data type)'],
  ['qemu-dma-map', 'iova=0x0 size=0x1000 -5', undefined, 'vfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -5 (Input/output error)'],
  ['qemu-dma-unmap', 'iova=0x0 size=0x1000 EINVAL', 'map-bisect', 'vfio_container_dma_unmap(0x55, 0x0, 0x1000) = -22 (Invalid argument)'],
  ['qemu-iova-region', 'iova=0xc0000 size=0x10000 EFAULT', 'aperture-exceeded', 'vfio: IOMMU container 0x55d0 can\'t map guest IOVA region 0xc0000..0xcffff'],
  ['qemu-map-failed', 'ENOMEM', 'memlock-limit', 'qemu-system-x86_64: -device vfio-pci: VFIO_MAP_DMA failed: Cannot allocate memory'],
  ['qemu-map-failed', 'iova=0x382000000000 size=0x10000000 EINVAL region=shm', 'aperture-exceeded', 'VFIO_MAP_DMA: -22', 'section->offset_within_address_space: 0x382000000000', 'Memory region name: shm', 'Memory region size: 0x10000000'],
  ['iommufd-bar', 'EFAULT', 'bar-unmappable', 'IOMMU_IOAS_MAP failed: Bad address, PCI BAR?'],
  ['iommufd-map', 'EINVAL', 'reserved-overlap', 'IOMMU_IOAS_MAP failed: Invalid argument'],
  ['cloud-hypervisor-dma-map', 'EEXIST', 'region-overlap', 'VfioMapRegion(DmaMap(IommuDmaMap(Error(17))))'],
  ['vm-aborts', '', 'hotplug-memory', 'qemu: hardware error: vfio: DMA mapping failed, unable to continue'],
  ['group-not-viable', 'region=14', undefined, 'vfio 0000:01:00.0: group 14 is not viable'],
  ['address-spaces', '', undefined, 'vfio 0000:01:00.0: group 14 used in multiple address spaces'],
  ['set-iommu', 'EPERM', 'attach-refused', 'vfio 0000:01:00.0: Failed to set iommu for container: Operation not permitted'],
  ['no-iommu-group', 'device=0000:00:01.0', undefined, 'vfio 0000:00:01.0: no iommu_group found: No such file or directory'],
  ['unaligned-region', 'region=tpm', 'section-skipped', 'vfio_listener_region_add received unaligned region tpm iova=0xfed40080'],
  ['bar-peer-to-peer', '', 'bar-unmappable', 'PCI peer-to-peer transactions on BARs are not supported.'],
  ['running-out-of-mappings', '', 'hotplug-map-limit', 'warning: vfio_ram_discard_register_listener: possibly running out of DMA mappings. E.g., try increasing the \'block-size\' of virtio-mem devices.'],
  ['phys-bits', 'iova=0x1fc3fffffff bits=40', 'guest-width', 'qemu-system-x86_64: Address space limit 0xffffffffff < 0x1fc3fffffff phys-bits too low (40)'],
  ['addressing-limited', 'bits=36', 'guest-width', 'qemu-system-aarch64: Addressing limited to 36 bits, but memory exceeds it by 1073741824 bytes'],
  ['ipa-range', 'bits=36', 'host-width', 'qemu-system-aarch64: -m and ,maxmem option values require an IPA range (40 bits) larger than the one supported by the host (36 bits)'],
  ['viommu-wider', 'bits=39', 'viommu-width', 'vfio 0000:01:00.0: aw-bits 48 > host aw-bits 39'],
  ['viommu-bits', '', 'viommu-width', '-device intel-iommu,aw-bits=40: Supported values for aw-bits are: 39, 48'],
  ['several-viommus', '', undefined, 'QEMU does not support multiple vIOMMUs for x86 yet.'],
  ['memory-device-overlap', 'iova=0x1a0000000', 'region-overlap', '-device pc-dimm,memdev=h1,addr=0x1a0000000: address range conflicts with memory device id=\'dimm0\''],
  ['memory-device-unaligned', 'iova=0x180000800', 'hotplug-memory', '-device pc-dimm,memdev=h0,addr=0x180000800: address must be aligned to 0x200000 bytes'],
  ['memory-device-space', '', 'window-too-small', 'not enough space, currently 0x40000000 in use of total space for memory devices 0x80000000'],
  ['memory-device-fragmented', '', 'window-too-small', 'could not find position in guest address space for memory device - memory fragmented due to alignments'],
  ['backend-multiple', '', 'backing-size', 'backend memory size must be multiple of 0x40000000'],
  ['no-slots-left', '', 'slot-limit', 'hypervisor has not enough free memory slots left'],
  ['no-memory-devices', '', 'window-too-small', 'the configuration is not prepared for memory devices (e.g., for memory hotplug), consider specifying the maxmem option'],
  ['virtio-mem-block', '', undefined, "'block-size' property has to be at least 0x100000"],
  ['backing-store', '', 'hugepage-pool', 'unable to map backing store for guest RAM: Cannot allocate memory'],
  ['guest-memory', 'region=pc.ram', undefined, "cannot set up guest memory 'pc.ram': Cannot allocate memory"],
  ['backing-file', '', 'backing-size', "backing store size 0x100000 does not match 'size' option 0x4000000"],
  ['memfd-size', '', 'backing-size', 'failed to resize memfd to 1611661312: Invalid argument'],
  ['backend-size', '', undefined, 'Machine memory size does not match the size of the memory backend'],
  ['max-ram-below-4g', '', undefined, "Machine option 'max-ram-below-4g=5368709120' expects size less than or equal to 4G"],
  ['ram-size', '', undefined, 'Invalid RAM size, should be 1 GiB'],
  ['kvm-memory-region', 'iova=0xe0000000 size=0x2000 EINVAL', 'slot-unaligned', 'kvm_set_user_memory_region: KVM_SET_USER_MEMORY_REGION failed, slot=9, start=0xe0000000, size=0x2000: Invalid argument'],
  ['kvm-memory-region', 'iova=0xe0000000 size=0x2000 EEXIST', 'region-overlap', 'KVM_SET_USER_MEMORY_REGION2 failed, slot=9, start=0xe0000000, size=0x2000, flags=0x0, guest_memfd=-1, guest_memfd_offset=0x0: File exists'],
  ['memlock', 'ENOMEM memlock=0x10000', 'memlock-limit', '[   12.5] vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded'],
  ['intel-width', 'iova=0x8800001000 EFAULT bits=39', 'aperture-exceeded', 'intel_iommu_map: iommu width (39) is not sufficient for the mapped address (8800001000)'],
  ['rmrr-ineligible', 'EINVAL device=0000:04:00.1', 'direct-mapped-device', 'vfio-pci 0000:04:00.1: DMAR: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.'],
  ['direct-required', 'EINVAL device=0000:04:00.1', 'direct-mapped-device', 'vfio-pci 0000:04:00.1: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.'],
  ['smmu-fault', 'iova=0x40', 'undeclared-dma-hole', 'arm-smmu 64000000.iommu: Unhandled context fault: fsr=0x402, iova=0x00000040, fsynr=0x2f0013, cbfrsynra=0x102, cb=15'],
  ['vt-d-fault', 'iova=0xfee00000 device=01:00.0', 'undeclared-dma-hole', 'DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0xfee00000 [fault reason 0x05] PTE Write access is not set'],
  ['amd-fault', 'iova=0xfdf8000000 device=0000:41:00.0', 'undeclared-dma-hole', 'AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:41:00.0 domain=0x000a address=0xfdf8000000 flags=0x0020]'],
  ['slot-alignment', 'size=0x2000 EINVAL', 'slot-unaligned', 'memory_size: 0x2000 does not align to 64K (0x10000)'],
  ['bar-move', 'iova=0x0 size=0x80000', 'window-too-small', 'Failed moving device BAR: failed allocating new MMIO range: 0xe7f00000->0x0(0x80000)'],
  ['libvirt-memlock', 'EPERM memlock=0x21ce00000', 'memlock-limit', 'libvirt:  error : cannot limit locked memory of process 84 to 9074376704: Operation not permitted'],
  ['libvirt-memory-overlap', 'iova=0x140000000 size=0x40000000', 'region-overlap', 'unsupported configuration: memory device address [0x140000000:0x180000000] overlaps with other memory device (0x170000000)'],
];

/** Rules that messages name and that aren't checked yet. */
const UNCHECKED: ReadonlySet<string> = new Set([
  'memlock-limit', 'bar-unmappable', 'map-bisect', 'hotplug-memory', 'section-skipped', 'hotplug-map-limit', 'guest-width', 'host-width', 'viommu-width', 'window-too-small', 'backing-size', 'slot-limit', 'slot-unaligned', 'hugepage-pool',
]);

const factsOf = (log: string): string[] =>
  readErrorLog(log).map(({ asked: { iova, size, errno, region, device, memlock, bits } }) =>
    [iova !== undefined && `iova=${formatAddress(iova)}`, size !== undefined && `size=${formatAddress(size)}`, errno, region && `region=${region}`, device && `device=${device}`, memlock !== undefined && `memlock=${formatAddress(memlock)}`, bits !== undefined && `bits=${bits}`]
      .filter((fact) => fact)
      .join(' '),
  );

describe('a log of errors', () => {
  for (const [id, facts, rule, ...lines] of MESSAGES) {
    it(`${id}: ${lines[0]?.slice(0, 90)}`, () => {
      const log = `Nov 25 20:38:07 lab systemd[1]: Started a machine.\r\n${lines.join('\r\n')}\r\nNov 25 20:38:08 lab kernel: done\n`;
      assert.deepEqual(readErrorLog(log).map(({ message, line, rule: told }) => ({ id: message.id, line, rule: told })), [{ id, line: 2, rule }]);
      assert.deepEqual(factsOf(log), [facts]);
    });
  }

  it('has a message of each kind here, from a source each', () => {
    assert.deepEqual(ERROR_MESSAGES.map(({ id }) => id).filter((id) => !MESSAGES.some(([known]) => known === id)), []);
    assert.equal(new Set(ERROR_MESSAGES.map(({ id }) => id)).size, ERROR_MESSAGES.length);
    for (const { id, source } of ERROR_MESSAGES) assert.ok(source.length > 8, id);
  });

  it('names rules that there are', () => {
    const names = MESSAGES.flatMap(([, , rule]) => rule ?? []).filter((name) => !RULES.some((rule) => rule.name === name));
    assert.deepEqual(names.filter((name) => !UNCHECKED.has(name)), []);
  });

  it('tells a short message and the one with its numbers once', () => {
    const log = 'x: VFIO_MAP_DMA: -22\nx: Region pc.ram: vfio_dma_map(0x1, 0x100000000, 0x1000, 0x2) = -22 (Invalid argument)\n';
    assert.deepEqual(readErrorLog(log).map(({ line, message }) => `${line} ${message.id}`), ['2 qemu-dma-map']);
    const other = 'x: VFIO_MAP_DMA failed: Cannot allocate memory\nx: Region pc.ram: vfio_dma_map(0x1, 0x100000000, 0x1000, 0x2) = -22 (Invalid argument)\n';
    assert.equal(readErrorLog(other).length, 2);
  });

  it('finds nothing in what is none, and is quick with what is long', function () {
    this.timeout(5_000);
    fc.assert(fc.property(fc.string(), (text) => assert.deepEqual(readErrorLog(text), [])), { numRuns: 200 });
    assert.deepEqual(readErrorLog(`vfio 0000:01:00.0: ${'vfio '.repeat(500_000)}`), []);
    assert.deepEqual(readErrorLog('vfio 0000:01:00.0: Region Region Region\n'.repeat(50_000)), []);
  });

  it('is read through the noise of a terminal', () => {
    assert.deepEqual(factsOf('\u001b[31mvfio_container_dma_map(0x55, 0x0, 0x1000, 0x7f) = -17\u001b[0m (File exists)\r\n'), ['iova=0x0 size=0x1000 EEXIST']);
  });
});

const corpus = process.env['VMLAYOUT_CORPUS'];

(corpus === undefined ? describe.skip : describe)('errors that users met', () => {
  /** QEMU started with these command lines: there is no error to recognise. */
  const STARTED = ['riscv32-virt-4g.txt', 'x86-dimm-nospace-frag.txt', 'x86-isapc-4g.txt', 'x86-pci-hole-bars.txt'];

  it('are all recognised, but where QEMU had nothing to say', () => {
    const folders = ['errors', 'errors/qemu-refusals'].map((folder) => join(corpus ?? '', folder));
    const files = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.txt')).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') })));
    assert.equal(files.length, 44);
    assert.deepEqual(files.filter(({ text }) => readErrorLog(text).length === 0).map(({ name }) => name).sort(), STARTED);
  });
});
