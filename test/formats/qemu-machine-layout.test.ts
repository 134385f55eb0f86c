import assert from 'node:assert/strict';
import { importFormat } from '../../server/core/formats/index.js';
import { check, checkLint } from '../support/check.js';

// What `import qemu-args` writes, and what it tells.

const HOST = `host box {
  arch x86_64
  page 4 KiB
  bits 46
  iommu dmar { model vt-d  bits 46  reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi }
  group 1 { device gpu "0000:01:00.0" }
  group 2 { device nic "02:00.1" }
}
`;

function imported(command: string, host?: string): { text: string; notes: readonly string[] } {
  const result = importFormat('qemu-args', [{ path: 'web.sh', text: command }], host === undefined ? {} : { host: { path: 'host.vmlayout', text: host } });
  assert.ok('text' in result, 'errors' in result ? result.errors[0]?.message : '');
  return result;
}

const inside = (text: string): string => /^vm [^]*?\{\n([^]*)\}\n$/m.exec(text)?.[1]?.replace(/^ {2}/gm, '') ?? '';

describe('a layout from a QEMU command line', () => {
  it('is like a machine of the library, and says only what is different', () => {
    const { text, notes } = imported('qemu-system-x86_64 -machine q35,max-ram-below-4g=1G -cpu Skylake-Server,phys-bits=46 -m 8G -nodefaults');
    assert.equal(text, `// Imported from a QEMU command line in web.sh.

import "std:machines/q35"

vm web like q35 {
  const RAM = 8 GiB
  const MAX_RAM_BELOW_4G = 1 GiB
  const PHYS_BITS = 46
  const VGA = false
}
`);
    assert.deepEqual(notes, []);
  });

  it('has memory backends and their pages', () => {
    const backing = (object: string): string => /^backing .*$/m.exec(inside(imported(`kvm -machine pc,memory-backend=m -m 2G -object ${object}`).text))?.[0] ?? '';
    assert.equal(backing('memory-backend-ram,id=m,size=2G'), 'backing ram size RAM anonymous label "m"');
    assert.equal(backing('memory-backend-memfd,id=m,size=2G,hugetlb=on,hugetlbsize=1G'), 'backing ram size RAM hugetlb 1 GiB share label "m"');
    assert.equal(backing('memory-backend-file,id=m,size=2G,mem-path=/dev/hugepages1G/x'), 'backing ram size RAM hugetlb 1 GiB label "m" // /dev/hugepages1G/x');
    assert.equal(backing('memory-backend-file,id=m,size=2G,mem-path=/run/hugepages/kvm/1048576kB'), 'backing ram size RAM hugetlb 1 GiB label "m" // /run/hugepages/kvm/1048576kB');
    assert.equal(backing('memory-backend-file,id=m,size=2G,mem-path=/dev/dax0.0,share=on'), 'backing ram size RAM dax 2 MiB share label "m" // /dev/dax0.0');
    const guessed = imported('kvm -machine pc,memory-backend=m -m 2G -object memory-backend-file,id=m,size=2G,mem-path=/mnt/huge');
    assert.match(guessed.notes.join(), /the huge pages of "m" are taken for 2 MiB/);
    assert.match(inside(imported('kvm -m 2G -mem-path /dev/hugepages').text), /^backing ram size RAM hugetlb 2 MiB/m);
  });

  it('writes every size as one, however long its number gets', () => {
    const { text } = imported('qemu-system-x86_64 -machine q35 -m 100416M,maxmem=200768M');
    assert.match(inside(text), /^const RAM = 98 GiB \+ 64 MiB\nconst MAXMEM = 196 GiB \+ 64 MiB$/m);
    const [guest] = check(text).result.vms;
    assert.equal(guest?.vm.regions.find(({ name }) => name === 'device-memory')?.range?.base, 0x19_4000_0000n);
  });

  it('takes the vendor of a large guest’s CPU from the host, which decides about it under KVM', () => {
    const host = (iommus: string): string => `import "std:iommu/amd"\nimport "std:iommu/intel"\n${iommus}\n`;
    const large = 'kvm -machine q35,accel=kvm -cpu host -m 1536G';
    const epyc = imported(large, host('host epyc like amd-v1 { bits 48 }'));
    assert.match(inside(epyc.text), /^const CPU_VENDOR = "amd"$/m);
    const others = [host('host box like vt-d { bits 48 }'), host('// like amd-v1\nhost box { iommu i { model vt-d } }'), host('host a like amd-v2 { }\nhost b like vt-d { }')];
    const told = others.map((one) => imported(large, one));
    for (const { text } of told) assert.doesNotMatch(text, /^ *const CPU_VENDOR/m);
    assert.deepEqual(told.map(({ notes }) => notes.some((note) => note.includes('the vendor of the host'))), [false, false, true]);
    assert.doesNotMatch(imported('kvm -machine q35,accel=kvm -cpu host -m 8G', host('host epyc like amd-v1 { bits 48 }')).text, /CPU_VENDOR/);
    assert.doesNotMatch(imported('kvm -machine q35,accel=kvm -cpu host,vendor=GenuineIntel -m 1536G', host('host epyc like amd-v1 { bits 48 }')).text, /CPU_VENDOR/);
  });

  it('cuts nodes where low RAM ends, wherever that is', () => {
    const { text } = imported('qemu-system-x86_64 -machine pc -m 8G -object memory-backend-ram,id=a,size=2G -object memory-backend-ram,id=b,size=6G -numa node,memdev=a -numa node,memdev=b,nodeid=1');
    const { result } = check(text);
    assert.deepEqual(result.findings, []);
    const rows = result.vms[0]?.vm.regions.filter(({ kind }) => kind === 'ram').map(({ name, range, backing, offset }) => `${name} ${range?.base.toString(16)}-${range?.end.toString(16)} ${backing?.name}+${offset?.toString(16)}`);
    assert.deepEqual(rows, ['low 0-80000000 ram+0', 'high 100000000-240000000 b+40000000', 'node1-low 80000000-c0000000 b+0']);
  });

  it('has memory devices, and says where QEMU would refuse them', () => {
    const memory = '-m 4G,maxmem=16G,slots=2 -object memory-backend-ram,id=a,size=1G -device pc-dimm,id=d0,memdev=a -object memory-backend-ram,id=b,size=4G -device virtio-mem-pci,id=v,memdev=b,block-size=4M';
    const { text, notes } = imported(`qemu-system-x86_64 -machine q35 ${memory}`);
    assert.match(text, /ram d0 at DEVICE_MEMORY_BASE size 1 GiB from a \+ 0 over device-memory because "plugged from the start"\n/);
    assert.match(text, /ram v at align_up\(d0\.end, 4 MiB\) size 4 GiB from b \+ 0 hotplug virtio-mem block 4 MiB\n/);
    assert.deepEqual(notes, []);
    assert.deepEqual(imported(`qemu-system-x86_64 -machine q35 ${memory},requested-size=1G`).notes, ['`v` is to have 1 GiB plugged at start-up: none of its blocks is written as there']);
    assert.deepEqual(check(text).result.findings, []);
    assert.match(imported(`qemu-system-x86_64 ${memory.replace(',maxmem=16G,slots=2', '')}`).notes.join(), /QEMU refuses memory devices without room/);
    assert.match(imported(`qemu-system-x86_64 ${memory.replace(',slots=2', '')}`).notes.join(), /QEMU refuses DIMMs without `slots`/);
  });

  it('knows devices of the host by their addresses', () => {
    const command = 'qemu-system-x86_64 -machine q35 -enable-kvm -cpu host -m 4G -device vfio-pci,host=01:00.0 -device vfio-pci,host=0000:02:00.1 -device vfio-pci,host=0000:03:00.0';
    const { text } = imported(command, HOST);
    assert.deepEqual(text.match(/^ {2}(?:assign|\/\/ the guest).*$/gm), [
      '  assign gpu  // 0000:01:00.0',
      '  assign nic  // 0000:02:00.1',
      '  // the guest is given 0000:03:00.0, which host.vmlayout doesn’t declare',
    ]);
    assert.match(text, /^vm web like q35 on box \{\n {2}const RAM = 4 GiB\n {2}const PHYS_BITS = host\.bits$/m);
    assert.deepEqual(check(text, new Map([['host.vmlayout', HOST]])).result.findings.filter(({ level }) => level === 'error'), []);
    assert.deepEqual(imported(command).text.match(/^ {2}\/\/ the guest is given .*$/gm)?.length, 3);
  });

  it('says what only the host knows where it matters', () => {
    const notes = (command: string): string => imported(command).notes.join('\n');
    assert.equal(notes('kvm -machine q35,accel=kvm -m 64G'), '');
    assert.match(notes('kvm -machine q35,accel=kvm -m 980G'), /the vendor of the host/);
    assert.equal(notes('kvm -machine q35,accel=kvm -cpu EPYC,vendor=AuthenticAMD -m 980G'), '');
    assert.match(notes('kvm -machine q35 -m 4G -drive if=pflash,file=a -drive if=pflash,file=b'), /taken for 4 MiB together/);
    assert.match(notes('kvm -machine q35,cxl=on -m 4G'), /CXL windows are not modelled/);
  });

  it('takes what distributions make of QEMU, with a note', () => {
    const proxmox = imported("/usr/bin/kvm -id 100 -readconfig /usr/share/qemu-server/pve-q35-4.0.cfg -machine 'hpet=off,type=pc-q35-8.1+pve0' -m 4096");
    assert.match(proxmox.text, /vm web like q35 \{\n {2}const RAM = 4 GiB\n {2}const MACHINE = 8\.1\n/);
    assert.deepEqual(proxmox.notes, ['what `-readconfig /usr/share/qemu-server/pve-q35-4.0.cfg` adds isn’t read']);
    assert.deepEqual(imported('/usr/libexec/qemu-kvm -M pc-q35-rhel9.2.0 -m 4G').notes, ['`pc-q35-rhel9.2.0` is no machine type of QEMU’s own: its newest is taken']);
    assert.match(imported('> qemu-system-aarch64 -M virt-rhel9.2.0 \\\n> > -m 4G').text, /like virt \{\n {2}const RAM = 4 GiB/);
  });

  it('has the findings that the machine would have', () => {
    const { text } = imported('qemu-system-aarch64 -machine virt,highmem=off -cpu cortex-a57 -m 4G');
    checkLint(text.replace('vm web like', `vm web like`).replace(/^(vm web .*)$/m, `$1\n   ^^^ policy/require: \`MEMORY_END <= LIMIT\` is false: \`MEMORY_END\` is 5 GiB, \`LIMIT\` is 4 GiB`));
  });
});
