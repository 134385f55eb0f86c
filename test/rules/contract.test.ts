import assert from 'node:assert/strict';
import { check, checkFix, checkLint, offersOf } from '../support/check.js';
import { ARM, checkOn, lint, offersIn, on, PC } from '../support/on-host.js';

// What the kernel is asked, when devices come, and what a host leaves out.

describe('rule bar-unmappable', () => {
  it('says how a BAR is mapped from Linux 6.19 on, and which kernel is asked', () => {
    const host = PC.replace('kernel 6.12', 'kernel 7.0\n contract iommufd');
    const { result } = checkOn(`host box {${host}}\n`, 'import "host.vmlayout"\nvm a on box {\n  vmm qemu\n  ram low at 0 size 1 GiB\n  bar gpu.1 at 0xd000_0000\n  assign gpu, nic1\n}\n');
    const found = result.findings.find(({ rule }) => rule === 'bar-unmappable');
    assert.match(found?.message ?? '', /refuses the memory of a device by its address with EFAULT/);
    assert.deepEqual(found?.notes.map(({ message }) => message), ['from Linux 6.19 on iommufd maps it as a dma-buf, for which a VMM must ask; by its address it is refused in every kernel; here 7.0 is asked']);
  });
});

describe('rule map-unaligned', () => {
  it('offers the range with its last byte, and no price of a hole where nothing holds what is there', () => {
    const layout = on(ARM, `
      vm a on box {
        ram low at 0x4000_0000 .. 0x7fff_ffff
        assign nic
      }
    `);
    const [first] = offersIn(layout);
    assert.match(first?.title ?? '', /^Write `\.\.=`: 0x7fffffff is the last byte of `low`/);
    assert.match(first?.text ?? '', /at 0x4000_0000 \.\.= 0x7fff_ffff$/m);
    lint(ARM, `
      vm a on box {
        ram low at 0x0700_0100 size 1 GiB
            ^^^ doorbell-overlap: \`low\` covers the doorbell window \`msi\` (0x8000000-0x80fffff): VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
            ^^^ map-unaligned: the base 0x7000100 of \`low\` is no multiple of 4 KiB, the host’s page: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign nic
      }
    `);
  });

  it('knows that QEMU rounds inwards', () => {
    lint(ARM, `
      vm a on box {
        vmm qemu
        ram low at 0x4000_0000 size 0x20_0200
            ^^^ section-skipped: QEMU maps whole pages of 4 KiB: 0x40200000-0x402001ff of \`low\` is left out without a word, and DMA to it faults
        assign nic
      }
    `);
  });

  it('knows what QEMU can’t round', () => {
    lint(ARM, `
      vm a on box {
        vmm qemu
        backing ram0 size 4 MiB
        ram low at 0x4000_0000 size 2 MiB from ram0 + 0x200
            ^^^ slot-unaligned: the offset 0x200 of \`low\` is no multiple of 4 KiB, the host’s page: QEMU stops with “error registering slot: Invalid argument”
        assign nic
      }
    `);
  });

  it('asks less than a page of the host where the tables have smaller leaves, but not under type1', () => {
    const large = ARM.replace('page 4 KiB', 'page 64 KiB');
    const layout = 'vm a on box {\n  vmm xen\n  ram low at 0x4000_1000 size 1 GiB\n  assign nic\n}\n';
    const told = (contract: string): string[] => messagesOf(large.replace('kernel 6.6', `kernel 6.6\n  contract ${contract}`), layout);
    assert.deepEqual([told('iommufd'), told('none')], [[], []]);
    assert.deepEqual(told('type1'), ['the base 0x40001000 of `low` is no multiple of 64 KiB, the host’s page: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up']);
  });

  it('moves the bytes alone where only they are odd, once, and never resizes a BAR', () => {
    const titles = (text: string): string[] => offersIn(on(`${ARM}\n  group 16 { device fpga "0000:04:00.0" { bar 0 size 1 KiB } }`, text)).map(({ title }) => title).filter((title) => !title.startsWith('Allow'));
    const odd = 'vm a on box {\n  backing ram0 size 4 MiB\n  ram low at 0x4000_0000 size 2 MiB from ram0 + 0x200\n  assign nic\n}\n';
    assert.deepEqual(titles(odd), ['Let the bytes of `low` begin at a multiple of 4 KiB']);
    const [{ text } = { text: '' }] = offersIn(on(ARM, odd));
    assert.match(text, /size 2 MiB from ram0\n/);
    assert.deepEqual(titles('vm a on box {\n  vmm cloud-hypervisor\n  bar fpga.0 at 0x1000_0000\n  assign fpga\n}\n'), []);
  });

  it('takes the coarsest tables of all devices', () => {
    const two = `${ARM}
      iommu smmu1 {
        model smmu-v3
        granule 64 KiB
        bits 48
        reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
      }
      group 20 behind smmu1 { device disk "0000:03:00.0" }
    `;
    lint(two, `
      vm a on box {
        ram low at 0x4000_1000 size 64 KiB
            ^^^ map-unaligned: the base 0x40001000 of \`low\` is no multiple of 64 KiB, the smallest leaf of the tables: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
        assign nic, disk
      }
    `);
  });

  const odd = on(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        avoid tail at 0x4010_0000 size 1 MiB
        map most size 0x10_0800 to low
        assign nic
      }
  `);

  it('rounds a written map either way', () => {
    checkLint(odd.replace('  map most size 0x10_0800 to low\n', `  map most size 0x10_0800 to low
      ^^^^ map-unaligned: the size 0x100800 of map \`most\` is no multiple of 4 KiB, the host’s page: VFIO_IOMMU_MAP_DMA fails with EINVAL at start-up
`));
    const texts = offersIn(odd).filter(({ title }) => title.startsWith('Round')).map(({ text }) => /map most.*/.exec(text)?.[0]);
    assert.deepEqual(texts, ['map most size 1028 KiB to low', 'map most size 1 MiB to low']);
  });
});

describe('rule map-missing', () => {
  it('is silent without devices, and where a map can’t be known', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        map half size 1 MiB to low
      }
    `);
    const { result } = check('import "h"\nvm a on box {\n  ram low at 0x4000_0000 size 2 MiB\n  map half size nothing to low\n  assign nic\n}\n', new Map([['h', `host box {${ARM}}`]]));
    assert.deepEqual(result.findings.filter(({ rule }) => rule === 'map-missing'), []);
  });

  it('takes what is hidden for nothing that is missing', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        rom shadow at 0x4010_0000 size 1 MiB over low
        map half size 1 MiB to low
        assign nic
      }
    `);
  });

  it('looks at RAM that is plugged later, and at maps of the window that it is in', () => {
    const guest = (map: string): string => `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        map low to low
        window dimms at 0x8000_0000 size 1 GiB for memory
        ram more at 0x8000_0000 size 512 MiB hotplug dimm
        ram own at 0xa000_0000 size 2 MiB hotplug dimm dma off
        ${map}assign nic
      }
    `;
    lint(ARM, guest('').replace('512 MiB hotplug dimm', `512 MiB hotplug dimm
            ^^^^ map-missing: no map covers 0x80000000-0x9fffffff of \`more\` (512 MiB), and no \`avoid\` tells the guest: once it is plugged, DMA to it faults`));
    lint(ARM, guest('map more to more\n        '));
    lint(ARM, guest('map slot size 512 MiB to dimms\n        '));
    lint(ARM, guest('avoid quiet at 0x8000_0000 size 512 MiB\n        '));
    checkFix(on(ARM, guest('')), 'Map the rest of `more`', on('', guest('')).split('--- ')[0]?.replace('map low to low', 'map low to low\n  map more-rest to more') ?? '');
  });

  it('maps the rest around what devices keep', () => {
    const layout = on(ARM, `
      vm a on box {
        ram low at 0x5ff0_0000 size 4 MiB
        map first size 512 KiB to low
        assign gpu
      }
    `);
    const fix = offersIn(layout).find(({ title }) => title.startsWith('Map the rest of `low`'));
    assert.equal(fix?.text.split('\n').filter((line) => line.includes('map ')).join('\n'), [
      '  map first size 512 KiB to low',
      '  map low-rest-a size 512 KiB to low + 512 KiB',
      '  map low-rest-b size 2 MiB to low + 2 MiB',
    ].join('\n'));
  });
});

describe('rule map-outside', () => {
  it('tells a map that begins past the end', () => {
    lint(ARM, `
      vm a {
        ram low at 0x4000_0000 size 2 MiB
        map beyond to low + 2 MiB
            ^^^^^^ map-outside: map \`beyond\` begins past the end of \`low\` (0x40000000-0x401fffff): the call fails with EFAULT, or gives the device other memory of the VMM
      }
    `);
  });
});

describe('rule map-limit', () => {
  it('begins with Linux 5.1', () => {
    const told = (kernel: string): string[] =>
      checkOn(`host box {${PC.replace('kernel 6.12', `kernel ${kernel}`)}\n  limits { dma-maps 1 }\n}\n`, 'import "host.vmlayout"\nvm a on box {\n  ram low at 0 size 1 GiB\n  ram high at 4 GiB size 1 GiB\n  assign gpu\n}\n')
        .result.findings.map(({ level, rule }) => `${level} ${rule}`);
    assert.deepEqual(told('5.1'), ['error map-limit']);
    assert.deepEqual(told('5.0'), []);
  });
});

describe('rule attach-refused', () => {
  it('knows since when there is iommufd', () => {
    const told = (kernel: string): string[] =>
      checkOn(`host box {${PC.replace('kernel 6.12', `kernel ${kernel}\n  contract iommufd`)}}\n`, 'import "host.vmlayout"\nvm a on box {\n  ram low at 0 size 1 GiB\n  assign gpu\n}\n')
        .result.findings.map(({ rule, message }) => `${rule}: ${message}`);
    assert.deepEqual(told('6.2'), []);
    assert.deepEqual(told('6.1'), ['attach-refused: kernel 6.1 has no iommufd, which came with 6.2: the VMM finds no /dev/iommu, and `gpu` can’t be attached']);
    const { plan } = checkOn(`host box {${PC.replace('kernel 6.12', 'kernel 6.1\n  contract iommufd')}}\n`, 'import "host.vmlayout"\nvm a on box {\n  ram low at 0 size 1 GiB\n  assign gpu\n}\n').result.vms[0] ?? {};
    assert.deepEqual([...plan?.attach ?? [], ...plan?.maps ?? []].map(({ verdict }) => `${verdict.errno} ${verdict.cause}`), ['ENOENT no-iommufd', 'ENOENT no-iommufd']);
  });

  it('says whose page is too large', () => {
    lint(ARM.replace('kernel 6.6', 'kernel 6.6\n  contract iommufd').replace('granule 4 KiB', 'granule 64 KiB'), `
      vm a on box {
        ram low at 0x4000_0000 size 1 GiB
        assign nic
               ^^^ attach-refused: kernel 6.6 refuses to attach \`nic\` with EINVAL: the smallest page of its IOMMU is larger than the host’s, 4 KiB
      }
    `);
  });
});

describe('rule direct-mapped-device', () => {
  it('tells a group once, and not its range again', () => {
    lint(PC, `
      vm a on box {
        ram low at 0x7000_0000 size 2 MiB
        assign nic, nic1
               ^^^ direct-mapped-device: \`nic\` can’t be assigned: the firmware wants \`rmrr\` (0x70000000-0x700fffff) mapped 1:1 for its group, and kernel 6.12 refuses the attach with EINVAL (“Firmware has requested this device have a 1:1 IOMMU mapping”)
      }
    `);
  });

  it('quotes what VT-d said before, and looks at devices that come later', () => {
    lint(PC.replace('kernel 6.12', 'kernel 6.1'), `
      vm a on box {
        ram low at 0x7000_0000 size 2 MiB
        assign gpu
        assign nic hotplug
               ^^^ direct-mapped-device: \`nic\` can’t be assigned: the firmware wants \`rmrr\` (0x70000000-0x700fffff) mapped 1:1 for its group, and kernel 6.1 refuses the attach with EPERM (“Device is ineligible for IOMMU domain attach due to platform RMRR requirement”)
      }
    `);
  });
});

describe('rule hotplug-device', () => {
  it('says what fails where nothing is mapped before', () => {
    lint(ARM, `
      vm a on box {
        ram low at 0x6000_0000 size 2 MiB
        assign gpu hotplug
               ^^^ hotplug-device: RAM is mapped when \`gpu\` is plugged, and VFIO_IOMMU_MAP_DMA fails with EINVAL: \`low\` lies over \`quirk\` (0x60000000-0x600fffff); the VM keeps running without it
      }
    `);
  });

  it('looks at apertures too, in the words of iommufd', () => {
    const two = `${ARM}
      contract iommufd
      iommu smmu1 {
        model smmu-v3
        granule 4 KiB
        bits 32
        reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
      }
      group 20 behind smmu1 { device disk "0000:03:00.0" }
    `;
    lint(two, `
      vm a on box {
        ram low at 0x4000_0000 size 2 MiB
        ram high at 0x1_0000_0000 size 2 MiB
        assign nic
        assign disk hotplug
               ^^^^ hotplug-device: attaching \`disk\` later fails with EADDRINUSE: \`high\` leaves the aperture of its IOMMU (0x0-0xffffffff); the VM keeps running without it
      }
    `);
  });

  it('cuts written maps where they stand, with what else is said of them', () => {
    const layout = on(ARM, `
      vm a on box {
        ram low at 0x5ff0_0000 size 4 MiB
        map low to low label "boot"
        assign nic
        assign gpu hotplug
      }
    `);
    const fix = offersIn(layout).find(({ title }) => title.startsWith('Cut the mappings'));
    assert.equal(fix?.text.split('vm a')[1], ` on box {
  ram low at 0x5ff0_0000 size 4 MiB
  map low-a size 1 MiB to low label "boot"
  map low-b size 2 MiB to low + 2 MiB label "boot"
  assign nic
  assign gpu hotplug
  avoid low-hole at 0x6000_0000 size 1 MiB via reserved-memory
}
`);
  });
});

describe('rule host-facts-missing', () => {
  const messages = (host: string): string[] => check(host).result.findings.filter(({ rule }) => rule === 'host-facts-missing').map(({ message }) => message);

  it('wants both ranges of AMD, each with a fix of its own', () => {
    const host = 'host box {\n  arch x86_64\n  page 4 KiB\n  iommu amdvi { model amd-v1  bits 48 }\n  group 1 { device gpu }\n}\n';
    assert.equal(messages(host).length, 2);
    const checked = check(host);
    const titles = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
    assert.deepEqual(titles, ['Write that `amdvi` keeps 0xfee00000-0xfeefffff', 'Write that `amdvi` keeps 0xfd00000000-0xffffffffff']);
  });

  it('is content with what each group keeps, but not with what one does', () => {
    const iommu = 'page 4 KiB\n  iommu s { model smmu-v3  granule 4 KiB  bits 48 }';
    const tells = 'reserved msi at 0x0800_0000 size 1 MiB kind msi';
    assert.deepEqual(messages(`host box {\n  ${iommu}\n  group 1 {\n    device a\n    ${tells}\n  }\n  group 2 {\n    device b\n    ${tells}\n  }\n}\n`), []);
    assert.equal(messages(`host box {\n  ${iommu}\n  group 1 {\n    device a\n    ${tells}\n  }\n  group 2 { device b }\n}\n`).length, 1);
  });

  it('asks nothing of a host without devices, and an IOMMU of one with', () => {
    assert.deepEqual(messages('host box {\n  arch x86_64\n}\n'), []);
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  device nic\n}\n'), [
      '`box` declares no `iommu`: what its devices can reach, and what is kept from them, can’t be known',
    ]);
  });

  it('takes listed blocks for a model', () => {
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  iommu i { blocks 4 KiB, 2 MiB  bits 48 }\n  group 1 { device nic }\n}\n'), []);
    assert.deepEqual(messages('host box {\n  page 4 KiB\n  iommu i { bits 48 }\n  group 1 { device nic }\n}\n'), [
      'neither the model nor the blocks of `i` are given: leaves of 4 KiB, 2 MiB and 1 GiB are assumed, and what it keeps can’t be known',
    ]);
  });
});

/** What map-unaligned says of a layout on a host. */
const messagesOf = (host: string, layout: string): string[] =>
  checkOn(`host box {${host}}\n`, `import "host.vmlayout"\n${layout}`).result.findings.filter(({ rule }) => rule === 'map-unaligned').map(({ message }) => message);
