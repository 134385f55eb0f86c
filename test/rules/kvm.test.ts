import assert from 'node:assert/strict';
import { mostSlots } from '../../server/core/dma/memory-slots.js';
import { checkLint } from '../support/check.js';
import { ARM, checkOn, lint, offersIn, on, PC } from '../support/on-host.js';

// Where the limits of KVM, of widths and of pinned memory lie, to the byte.

const TARGETS = new Set(['guest-width', 'host-width', 'device-reach', 'memlock-limit', 'slot-limit', 'slot-too-large', 'slot-unaligned', 'viommu-width']);

/** `level rule at`: what these rules say of a vm with these lines, on a host with those. */
function told(lines: string, host = ARM): string[] {
  const { result } = checkOn(`host box {${host}}\n`, `import "host.vmlayout"\nvm a on box {\n${lines}\n}\n`);
  const unread = result.findings.filter(({ rule }) => rule === 'syntax' || rule === 'unknown-name' || rule === 'type-mismatch');
  assert.deepEqual(unread.map(({ message }) => message), []);
  return result.findings.filter(({ rule }) => TARGETS.has(rule)).map(({ rule, level, element }) => `${level} ${rule} ${element?.name}`);
}

const messages = (lines: string, host = ARM): string[] =>
  checkOn(`host box {${host}}\n`, `import "host.vmlayout"\nvm a on box {\n${lines}\n}\n`).result.findings.filter(({ rule }) => TARGETS.has(rule)).map(({ message }) => message);

describe('rule guest-width', () => {
  it('knows the last address', () => {
    assert.deepEqual(told('bits 36\nram low at 0xf_ffff_f000 size 4 KiB'), []);
    assert.deepEqual(told('bits 36\nram low at 0xf_ffff_f000 size 8 KiB'), ['error guest-width low']);
    assert.deepEqual(told('bits 64\nram low at 0xffff_ffff_ffff_0000 size 64 KiB'), []);
  });

  it('judges no width that isn’t told, and nothing that nobody goes to', () => {
    assert.deepEqual(told('ram low at 0x100_0000_0000 size 4 KiB'), []);
    assert.deepEqual(told('bits 36\nhole gone at 0x10_0000_0000 size 4 KiB\navoid past at 0x10_0000_0000 size 4 KiB'), []);
  });

  it('tells a window, and not what lies in it', () => {
    assert.deepEqual(told('bits 36\nwindow pci at 0x10_0000_0000 size 1 GiB for bars\nbar gpu.0 at 0x10_0000_0000', PC), ['error guest-width pci']);
  });

  it('quotes QEMU', () => {
    const past = 'bits 36\nvmm qemu\nram low at 0xf_ffff_f000 size 8 KiB';
    // virt rounds up to the GiB before it looks: `-M virt,highmem=off -m 3073M` exceeds 32 bits by 1 GiB (7.2.22).
    assert.match(messages(past).join(), /“Addressing limited to 36 bits, but memory exceeds it by 1073741824 bytes”/);
    assert.match(messages(past, PC).join(), /q35 and pc stop with “Address space limit 0xfffffffff < 0x1000000fff phys-bits too low \(36\)”/);
  });

  it('quotes of QEMU the highest address of all, once for each region', () => {
    const told = messages('bits 36\nvmm qemu\nram high at 0x10_0000_0000 size 1 GiB\nwindow pci64 at 0x10_4000_0000 size 1 GiB for bars', PC);
    assert.equal(told.filter((message) => message.includes('0xfffffffff < 0x107fffffff phys-bits')).length, 2);
  });

  it('raises no width past that of the host', () => {
    const layout = (bits: number): string => on(`${ARM}\nbits ${bits}`, 'vm a on box {\n  bits 36\n  ram low at 0xf_0000_0000 size 8 GiB\n}');
    assert.ok(offersIn(layout(40)).some(({ title }) => title.startsWith('Raise `bits` of `a` to 37')));
    assert.ok(!offersIn(layout(36)).some(({ title }) => title.startsWith('Raise')));
  });
});

describe('rule host-width', () => {
  it('knows since when KVM looks on x86', () => {
    const past = (kernel: string): string | undefined => messages('ram low at 0x80_0000_0000 size 1 GiB', `${PC.replace('kernel 6.12', `kernel ${kernel}`)}\n  bits 39\n`)[0];
    assert.match(past('5.18') ?? '', /KVM_SET_USER_MEMORY_REGION fails with EINVAL$/);
    assert.match(past('5.17') ?? '', /kernel 5\.17 doesn’t look \(5\.18 does\), and the guest faults wherever it touches it$/);
  });

  const wide = `${PC}\nbits 40`;

  it('knows the last address', () => {
    assert.deepEqual(told('backing p size 4 KiB physical at 0xff_ffff_f000\nram low at 0 size 4 KiB from p', wide), []);
    assert.deepEqual(told('backing p size 8 KiB physical at 0xff_ffff_f000\nram low at 0 size 4 KiB from p', wide), ['error host-width p']);
    assert.deepEqual(told('ram low at 0xff_ffff_f000 size 4 KiB', wide), []);
    assert.deepEqual(told('ram low at 0xff_ffff_f000 size 8 KiB', wide), ['error host-width low']);
    assert.deepEqual(told('ram low at 0xff_ffff_f000 size 8 KiB'), []);
  });

  it('leaves to the guest’s width what that says already, and to other hypervisors their own', () => {
    assert.deepEqual(told('bits 40\nram low at 0xff_ffff_f000 size 8 KiB', wide), ['error guest-width low']);
    assert.deepEqual(told('vmm bhyve\nram low at 0xff_ffff_f000 size 8 KiB', wide), []);
  });

  it('looks at what a host says of itself, 1:1 ranges and bridges included, and at no IOVA', () => {
    checkLint(`
      host box {
        arch x86_64
        page 4 KiB
        bits 36
        iommu dmar0 {
          model vt-d
          bits 48
          reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
          reserved high at 0x10_0000_0000 size 1 MiB kind reserved
        }
        group 1 {
          device nic "0000:01:00.0"
          reserved rmrr at 0xf_fff0_0000 size 2 MiB kind direct
                   ^^^^ host-width: \`rmrr\` (0xffff00000-0x10000fffff) reaches past the 36 bits of \`box\` (0x0-0xfffffffff): the host has no such addresses
        }
        bridge pci0 {
          acs off
          window low at 0xe000_0000 size 256 MiB
          window high at 0x10_0000_0000 size 1 GiB
                 ^^^^ host-width: \`high\` (0x1000000000-0x103fffffff) lies past the 36 bits of \`box\` (0x0-0xfffffffff): the host has no such addresses
        }
      }
    `);
  });

  it('tells memory at the top of a file where a vm takes it', () => {
    const { result } = checkOn(`host box {${wide}}\nbacking p size 8 KiB physical at 0xff_ffff_f000\n`, 'import "host.vmlayout"\nvm a on box {\n  ram low at 0 size 4 KiB from p\n}\n');
    assert.deepEqual(result.findings.filter(({ rule }) => rule === 'host-width').map(({ element }) => element?.name), ['low']);
  });
});

describe('rule device-reach', () => {
  const narrow = (bits: number): string => ARM.replace('device nic "0000:01:00.0"', `device nic "0000:01:00.0" bits ${bits}`);

  it('knows the last address', () => {
    assert.deepEqual(told('ram low at 0xc000_0000 size 1 GiB\nassign nic', narrow(32)), []);
    assert.deepEqual(told('ram low at 0xc000_0000 size 0x4000_1000\nassign nic', narrow(32)), ['note device-reach nic']);
    assert.deepEqual(told('ram low at 0xc000_0000 size 0x4000_1000\nassign nic', narrow(33)), []);
    assert.match(messages('ram low at 0xc000_0000 size 0x4000_1000\nassign nic', narrow(32)).join(), /4 KiB that are mapped lie above/);
  });

  it('asks nothing behind a vIOMMU, and of no device that says nothing', () => {
    assert.deepEqual(told('viommu v { model virtio  mode emulated }\nram low at 4 GiB size 1 GiB\nassign nic behind v', narrow(32)), []);
    assert.deepEqual(told('ram low at 4 GiB size 1 GiB\nassign gpu', narrow(32)), []);
  });

  it('tells a map that no device reaches as an error', () => {
    const maps = 'ram low at 4 GiB size 1 GiB\nmap all to low\nmap again at 0x4000_0000 to low\n';
    assert.deepEqual(told(`${maps}assign nic`, narrow(32)), ['error device-reach all']);
    assert.deepEqual(told(`${maps}assign nic, gpu`, narrow(32)), ['note device-reach nic']);
  });

  it('looks at RAM that is plugged later', () => {
    const guest = 'ram low at 1 GiB size 1 GiB\nram more at 8 GiB size 4 GiB hotplug dimm\nassign nic';
    assert.deepEqual(told(guest, narrow(33)), ['note device-reach nic']);
    assert.match(messages(guest, narrow(33)).join(), /4 GiB that are mapped once all has come that may be plugged lie above/);
    assert.deepEqual(told(guest, narrow(34)), []);
    assert.deepEqual(told(guest.replace('assign', 'map low to low\nmap more to more\nassign'), narrow(33)), ['error device-reach more']);
  });
});

describe('rule memlock-limit', () => {
  it('says what of it comes later', () => {
    lint(`${ARM} limits { memlock 3 GiB }`, `
      vm a on box {
         ^ memlock-limit: 1 GiB are pinned at start-up, 3 GiB once all has come that may be plugged, and \`memlock\` is 3 GiB: what the VMM locks besides may find no room then (ENOMEM)
        ram low at 0x4000_0000 size 1 GiB
        ram more at 0x10_0000_0000 size 2 GiB hotplug dimm
        assign nic
      }
    `);
  });

  const limited = (limit: string, host = ARM): string => `${host}\nlimits { memlock ${limit} }`;
  const ram = (size: string): string => `ram low at 0x1_0000_0000 size ${size} backing hugetlb 2 MiB\nassign nic`;

  it('takes exactly the limit, and not a page more', () => {
    assert.deepEqual(told(ram('4 GiB'), limited('4 GiB')), ['warning memlock-limit a']);
    assert.deepEqual(told(ram('4 GiB'), limited('0xffff_f000')), ['error memlock-limit low']);
    assert.deepEqual(told(ram('4 GiB'), limited('4 GiB + 512 MiB')), []);
    assert.deepEqual(told(ram('4 GiB'), limited('4 GiB + 512 MiB - 4 KiB')), ['warning memlock-limit a']);
    assert.deepEqual(told(ram('798 MiB'), limited('1000 MiB')), []);
    assert.deepEqual(told(ram('800 MiB'), limited('1000 MiB')), ['warning memlock-limit a']);
  });

  it('limits nobody where there is no limit, no device or no kernel', () => {
    assert.deepEqual(told(ram('4 GiB'), limited('unlimited')), []);
    assert.deepEqual(told('ram low at 4 GiB size 4 GiB', limited('1 GiB')), []);
    assert.deepEqual(told(ram('4 GiB'), `${limited('1 GiB')}\ncontract none`), []);
  });

  it('doesn’t count what a VMM carves out of RAM that is plugged', () => {
    const guest = 'on-overlap carve\nram low at 0x1_0000_0000 size 1 GiB\nram more at 0x4000_0000 size 1 GiB hotplug dimm\navoid gap at 0x6000_0000 size 1 MiB\nassign nic, gpu';
    assert.deepEqual(messages(guest, limited('2047 MiB')), ['1 GiB are pinned at start-up, 2047 MiB once all has come that may be plugged, and `memlock` is 2047 MiB: what the VMM locks besides may find no room then (ENOMEM)']);
    assert.match(messages(guest, limited('2046 MiB')).join(), /2047 MiB once all has come that may be plugged/);
  });

  it('counts twice what is mapped twice', () => {
    assert.deepEqual(told(`${ram('4 GiB')}\nram twice at 0x10_0000_0000 size 4 GiB alias low`, limited('6 GiB')), ['error memlock-limit twice']);
  });

  it('counts nothing that the kernel refuses before', () => {
    assert.deepEqual(told('ram low at 0 size 4 GiB\nassign nic', limited('2 GiB')), []);
  });

  it('counts all memory for each device behind an emulated vIOMMU', () => {
    const behind = (mode: string): string => `viommu v { model virtio  mode ${mode} }\nram low at 0x1_0000_0000 size 4 GiB\nassign nic behind v\nassign gpu behind v`;
    assert.deepEqual(told(behind('emulated'), limited('6 GiB')), ['error memlock-limit low']);
    assert.match(messages(behind('emulated'), limited('6 GiB')).join(), /8 GiB are pinned, 4 GiB in each of 2 address spaces/);
    assert.deepEqual(told(behind('nested'), limited('6 GiB')), []);
    assert.deepEqual(told(behind('emulated  bypass off'), limited('1 GiB')), []);
    assert.deepEqual(told(behind('emulated').replace('assign nic behind v', 'assign nic'), limited('6 GiB')), ['error memlock-limit low']);
  });

  it('says what a DIMM that is refused does to the VM', () => {
    const [message] = messages(`vmm qemu\n${ram('4 GiB')}\nram more at 0x10_0000_0000 size 4 GiB hotplug dimm`, limited('6 GiB'));
    assert.match(message ?? '', /what passes the limit is refused with ENOMEM; QEMU aborts the whole VM$/);
  });

  it('counts nothing for memory that is mapped by its physical address', () => {
    assert.deepEqual(told('ram low at 0x1_0000_0000 size 8 GiB backing physical at 0x10_0000_0000\nassign nic', limited('4 GiB')), []);
  });

  it('warns of memory that may come', () => {
    assert.deepEqual(told(`${ram('4 GiB')}\nram more at 0x10_0000_0000 size 4 GiB hotplug dimm`, limited('6 GiB')), ['error memlock-limit a']);
    assert.deepEqual(told(`vmm cloud-hypervisor\n${ram('4 GiB')}\nram more at 0x10_0000_0000 size 4 GiB hotplug dimm`, limited('6 GiB')), ['warning memlock-limit a']);
    assert.deepEqual(told(`${ram('4 GiB')}\nram more at 0x10_0000_0000 size 4 GiB hotplug virtio-mem block 2 MiB`, limited('6 GiB')), ['warning memlock-limit a']);
    assert.deepEqual(told(`${ram('4 GiB')}\nram more at 0x10_0000_0000 size 4 GiB hotplug dimm dma off`, limited('6 GiB')), []);
    const written = 'ram low at 0x1_0000_0000 size 4 GiB\nram more at 0x10_0000_0000 size 4 GiB hotplug dimm\nmap low to low\n';
    assert.deepEqual(told(`${written}assign nic`, limited('6 GiB')), []);
    assert.deepEqual(told(`${written}map more to more\nassign nic`, limited('6 GiB')), ['error memlock-limit a']);
    assert.deepEqual(told('viommu v { model virtio  mode emulated }\nram low at 4 GiB size 4 GiB\nassign nic behind v\nassign gpu behind v hotplug', limited('6 GiB')), ['warning memlock-limit a']);
  });

  it('says that iommufd counts for the user', () => {
    assert.match(messages(ram('4 GiB'), `${limited('1 GiB')}\ncontract iommufd`).join(), /1 GiB for all VMs of the user together: IOMMU_IOAS_MAP fails with ENOMEM at `low`/);
  });
});

describe('rule slot-limit', () => {
  const two = 'ram low at 0x4000_0000 size 1 GiB\nrom bios at 0 size 64 KiB over low\nrom more at 0x20_0000 size 64 KiB';

  it('knows the last slot, and that little is left', () => {
    assert.deepEqual(told(`slots 2\n${two}`), ['error slot-limit a']);
    assert.deepEqual(told(`slots 3\n${two}`), ['warning slot-limit a']);
    assert.deepEqual(told(`slots 4\n${two}`), []);
  });

  it('takes the least that is told', () => {
    assert.deepEqual(told(`slots 9\n${two}`, `${ARM}\nlimits { slots 2 }`), ['error slot-limit a']);
    assert.deepEqual(told(`slots 2\n${two}`, `${ARM}\nlimits { slots 9 }`), ['error slot-limit a']);
    assert.deepEqual(told(`vmm xen\nslots 2\n${two}`), []);
  });

  it('knows how many KVM has', () => {
    const of = (arch: string): number | undefined => {
      const { result } = checkOn(`host box { arch ${arch} }\n`, 'import "host.vmlayout"\nvm a on box { ram low at 0 size 1 GiB }\n');
      const host = result.vms[0]?.host;
      return host && mostSlots(host);
    };
    assert.deepEqual([of('x86_64'), of('arm64')], [32764, 32767]);
  });
});

describe('rule slot-too-large', () => {
  it('knows the last page', () => {
    assert.deepEqual(told('ram low at 0 size 8 TiB - 4 KiB'), []);
    assert.deepEqual(told('ram low at 0 size 8 TiB'), ['error slot-too-large low']);
    assert.deepEqual(told('ram low at 0 size 8 TiB', ARM.replace('page 4 KiB', 'page 64 KiB')), []);
  });

  it('takes for one in QEMU what goes on in one backing', () => {
    const halves = 'backing p size 8 TiB\nram low at 0 size 4 TiB from p\nram high at 4 TiB size 4 TiB from p';
    assert.deepEqual(told(halves), []);
    assert.deepEqual(told(`vmm qemu\n${halves}`), ['error slot-too-large low']);
  });

  it('splits what has an offset with its offsets', () => {
    const layout = on(ARM, 'vm a on box {\n  backing p size 9 TiB\n  ram low at 0 size 8 TiB from p + 1 TiB\n}');
    const fix = offersIn(layout).find(({ title }) => title.startsWith('Split'));
    assert.deepEqual(fix?.text.split('\n').filter((line) => line.includes('ram')), ['  ram low at 0 size 4 TiB from p + 1 TiB', '  ram low-b at 0x400_0000_0000 size 4 TiB from p + 5 TiB']);
  });
});

describe('rule slot-unaligned', () => {
  it('names the base that is written, where QEMU rounds it', () => {
    lint(ARM.replace('page 4 KiB', 'page 16 KiB'), `
      vm a on box {
        vmm qemu
        ram low at 0x4000_1000 size 1 GiB
            ^^^ slot-unaligned: the base 0x40001000 of \`low\` is no multiple of 16 KiB, the host’s page, and its bytes aren’t in step with it: QEMU stops with “error registering slot: Invalid argument”
      }
    `);
  });

  it('speaks, with a device too, where QEMU stops', () => {
    const odd = (vmm: string): string[] => told(`vmm ${vmm}\nbacking ram0 size 4 MiB\nram low at 0x4000_0000 size 2 MiB from ram0 + 0x200\nassign nic`);
    assert.deepEqual(odd('qemu'), ['error slot-unaligned low']);
    assert.deepEqual(odd('generic'), []);
  });

  it('leaves to the rules about DMA what they tell', () => {
    assert.deepEqual(told('ram low at 0x4000_0000 size 0x20_0200\nassign nic'), []);
    assert.deepEqual(told('ram low at 0x4000_0000 size 0x20_0200'), ['error slot-unaligned low']);
    assert.deepEqual(told('ram low at 0x4000_0000 size 0x20_0200 dma off\nram more at 0x8000_0000 size 2 MiB\nassign nic'), ['error slot-unaligned low']);
  });

  it('knows what QEMU rounds, and what it can’t', () => {
    assert.deepEqual(told('vmm qemu\nram low at 0x4000_0000 size 0x20_0200'), ['warning slot-unaligned low']);
    assert.deepEqual(told('vmm qemu\nbacking p size 4 MiB\nram low at 0x4000_0000 size 2 MiB from p + 0x200'), ['error slot-unaligned low']);
    assert.deepEqual(told('vmm qemu\nbacking p size 4 MiB\nram low at 0x4000_0200 size 2 MiB - 0x200 from p + 0x200'), ['warning slot-unaligned low']);
  });

  it('tells what another region hides only where that cuts a page', () => {
    lint(ARM.replace('page 4 KiB', 'page 64 KiB'), `
      vm a on box {
        ram low at 0x0 size 1 GiB
            ^^^ slot-unaligned: the size 0x14000 of \`low\` is no multiple of 64 KiB, the host’s page: KVM_SET_USER_MEMORY_REGION fails with EINVAL
        mmio vga at 0x1_4000 size 0xc000 over low
      }
    `);
  });
});

describe('rule viommu-width', () => {
  it('leaves QEMU’s virtio-iommu alone, which tells the guest what the host can’t map', () => {
    const behind = (vmm: string, model: string): string[] => told(`vmm ${vmm}\nviommu v { model ${model}  mode emulated  bits 48 }\nram low at 0 size 1 GiB\nassign gpu behind v`, PC);
    assert.deepEqual(behind('qemu', 'virtio'), []);
    assert.deepEqual(behind('qemu', 'vt-d'), ['error viommu-width v']);
    assert.deepEqual(behind('cloud-hypervisor', 'virtio'), ['error viommu-width v']);
  });

  const behind = (bits: string): string => `viommu v { model virtio  mode emulated  ${bits} }\nram low at 0 size 2 GiB\nassign gpu behind v`;

  it('compares what is told', () => {
    assert.deepEqual(told(behind('bits 39'), PC), []);
    assert.deepEqual(told(behind('bits 40'), PC), ['error viommu-width v']);
    assert.deepEqual(told(behind(''), PC), []);
    assert.deepEqual(told(behind('bits 48'), PC.replace('bits 39', '')), []);
    assert.deepEqual(told(behind('bits 40').replace(' behind v', ''), PC), []);
  });

  it('asks it of nested tables only where QEMU does', () => {
    assert.deepEqual(told(behind('bits 40').replace('emulated', 'nested'), PC), []);
    const vtd = behind('bits 48').replace('emulated', 'nested').replace('virtio', 'vt-d');
    assert.deepEqual(told(vtd, PC), []);
    assert.deepEqual(told(`vmm qemu\n${vtd}`, PC), ['error viommu-width v']);
  });

  it('lets other VMMs fail when the guest maps', () => {
    assert.match(messages(behind('bits 40'), PC).join(), /refused with EINVAL on the host/);
  });
});
