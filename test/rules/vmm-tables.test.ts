import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Region } from '../../server/core/layout/model.js';
import { check } from '../support/check.js';

// The machines of the library against the addresses in the sources of the VMMs: each row is a region of the machine.

const FOLDER = 'test/data/vmm-tables';

interface Row {
  readonly name: string;
  readonly base: bigint | undefined;
  readonly size: bigint | undefined;
  readonly kind: string;
}

const rowsOf = (table: string): Row[] =>
  readFileSync(join(FOLDER, `${table}.tsv`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('name\t'))
    .map((line) => line.split('\t'))
    .map(([name = '', base = '-', size = '-', kind = '']) => ({ name, base: numberIn(base), size: numberIn(size), kind }));

const numberIn = (text: string): bigint | undefined => (text === '-' ? undefined : BigInt(text));

/** One guest, or several where options exclude each other, with everything that the table names. */
const GUESTS: Readonly<Record<string, readonly [file: string, vm: string, constants: string][]>> = {
  'cloud-hypervisor-riscv64': [['cloud-hypervisor', 'cloud-hypervisor-riscv', 'const RAM = 8 GiB']],
  'cloud-hypervisor-x86_64': [['cloud-hypervisor', 'cloud-hypervisor-x86', 'const RAM = 8 GiB']],
  'crosvm-aarch64': [['crosvm', 'crosvm-arm', 'const RAM = 8 GiB']],
  'crosvm-riscv64': [['crosvm', 'crosvm-riscv', 'const RAM = 8 GiB']],
  'firecracker-aarch64': [['firecracker', 'firecracker-arm', 'const RAM = 600 GiB']],
  'firecracker-x86_64': [['firecracker', 'firecracker-x86', 'const RAM = 600 GiB']],
  'kvmtool-arm': [['kvmtool', 'kvmtool-arm', 'const RAM = 8 GiB'], ['kvmtool', 'kvmtool-arm', 'const RAM = 8 GiB\nconst GIC = 2']],
  'kvmtool-x86': [['kvmtool', 'kvmtool-x86', 'const RAM = 8 GiB']],
  'qemu-arm-virt': [
    ['virt', 'virt', 'const RAM = 8 GiB\nconst SMMU = true\nconst HIGHMEM_ECAM = false'],
    ['virt', 'virt', 'const RAM = 8 GiB\nconst GIC = 2'],
  ],
  'qemu-riscv-virt': [
    ['riscv-virt', 'riscv-virt', 'const RAM = 4 GiB\nconst RV32 = true\nconst AIA = "aplic"'],
    ['riscv-virt', 'riscv-virt', 'const RAM = 4 GiB\nconst AIA = "aplic-imsic"'],
    ['riscv-virt', 'riscv-virt', 'const RAM = 4 GiB'],
  ],
  'qemu-x86-pc-q35': [
    ['q35', 'q35', 'const RAM = 2815 MiB\nconst INTEL_IOMMU = true'],
    ['q35', 'q35', 'const RAM = 8 GiB\nconst CPU_VENDOR = "amd"'],
    ['q35', 'q35', 'const RAM = 1100 GiB\nconst CPU_VENDOR = "amd"\nconst PHYS_BITS = 48'],
    ['pc', 'pc', 'const RAM = 8 GiB'],
    ['microvm', 'microvm', 'const RAM = 8 GiB'],
  ],
  'xen-x86-hvm': [['xen', 'xen-x86', 'const RAM = 8 GiB']],
};

/** Rows that are no region of their own, and why. */
const OTHERWISE: Readonly<Record<string, string>> = {
  // Where things lie in RAM is the guest's matter: it is ordinary memory.
  'firecracker-aarch64 SYSTEM_MEM': 'in RAM',
  'firecracker-x86_64 SYSTEM_MEM': 'in RAM',
  'firecracker-x86_64 HIMEM_START': 'in RAM',
  'cloud-hypervisor-x86_64 EBDA/RSDP': 'in RAM',
  'cloud-hypervisor-x86_64 SMBIOS': 'in RAM',
  'cloud-hypervisor-x86_64 HIGH_RAM_START': 'in RAM',
  // The whole of what is told in parts.
  'firecracker-aarch64 MMIO32': 'in parts',
  'firecracker-x86_64 MMIO32': 'in parts',
  'cloud-hypervisor-x86_64 MEM_32BIT_RESERVED': 'in parts',
  'kvmtool-x86 GAP/MMIO': 'in parts',
  'qemu-arm-virt VIRT_CPUPERIPHS': 'in parts',
  'qemu-arm-virt VIRT_FLASH': 'in parts',
  'qemu-riscv-virt VIRT_FLASH': 'in parts',
  'xen-x86-hvm BELOW_4G_MMIO': 'in parts',
  'xen-x86-hvm RESERVED_MEMBASE': 'in parts',
  'xen-x86-hvm RESERVED_MEMORY_DYNAMIC': 'in parts',
  // The source has room for more than a guest uses.
  'qemu-arm-virt VIRT_GIC_REDIST': 'as many as there are CPUs',
  'qemu-arm-virt VIRT_MMIO': 'all 32 at once',
  'qemu-riscv-virt VIRT_VIRTIO': 'all 8 at once',
  'qemu-riscv-virt VIRT_IMSIC_M': 'as many as there are harts',
  'qemu-riscv-virt VIRT_IMSIC_S': 'as many as there are harts',
  'kvmtool-arm VIRTIO_MMIO': 'up to the redistributors, which depend on the CPUs',
  ...Object.fromEntries([0, 1, 2, 3].map((port) => [`crosvm-aarch64 SERIAL[${port}]`, 'all ports at once'])),
  'cloud-hypervisor-riscv64 PCI_HIGH_BASE': 'the effective base is computed above RAM',
  'xen-x86-hvm TPM_TIS': 'in the TPM’s registers',
  'qemu-arm-virt VIRT_SECURE_MEM': 'seen in the secure world alone',
  'qemu-x86-pc-q35 tpm-crb': 'the larger of two TPMs is kept free',
  'qemu-x86-pc-q35 i440fx.lowmem.small': 'the border is told in another test',
  'qemu-x86-pc-q35 q35.lowmem.small': 'the border is told in another test',
};

function regionsOf(table: string): Region[] {
  return (GUESTS[table] ?? []).flatMap(([file, vm, constants]) => {
    const { result } = check(`import "std:machines/${file}"\nvm guest like ${vm} {\n${constants}\n}\n`);
    assert.deepEqual(result.findings.map(({ message }) => message), [], `${vm} ${constants}`);
    return result.vms[0]?.vm.regions ?? [];
  });
}

const isIn = ({ base, size, kind }: Row, regions: readonly Region[]): boolean =>
  regions.some(({ range, kind: is }) => range && (base === undefined || range.base === base) && (kind === 'ram' ? is === 'ram' : size === undefined || range.end - range.base === size));

describe('machines of the library, against the sources of the VMMs', () => {
  for (const table of Object.keys(GUESTS)) {
    it(table, () => {
      const rows = rowsOf(table);
      const regions = regionsOf(table);
      const missing = rows.filter((row) => !(`${table} ${row.name}` in OTHERWISE) && !isIn(row, regions));
      const needless = rows.filter((row) => `${table} ${row.name}` in OTHERWISE && row.kind !== 'ram' && isIn(row, regions));
      assert.deepEqual(needless.map(({ name }) => name), []);
      assert.deepEqual(missing.map(({ name, base, size }) => `${name} ${base?.toString(16)} ${size?.toString(16)}`), []);
    });
  }

  it('has a guest for every table, and names no row that isn’t there', () => {
    const tables = readdirSync(FOLDER).filter((name) => name.endsWith('.tsv')).map((name) => name.slice(0, -'.tsv'.length));
    assert.deepEqual(Object.keys(GUESTS).sort(), tables.sort());
    const rows = new Set(tables.flatMap((table) => rowsOf(table).map(({ name }) => `${table} ${name}`)));
    assert.deepEqual(Object.keys(OTHERWISE).filter((name) => !rows.has(name)), []);
    assert.deepEqual([rows.size, Object.keys(OTHERWISE).length], [157, 32]);
  });
});
