/**
 * Writes layouts of any length that look like those of a data centre: racks of one host, its policy and its guests. The
 * same number of lines gives the same text, always. A rack has about 30 guests and 830 lines; a line about 50 characters.
 */
export function layoutOf(lines: number): string {
  const written: string[] = ['import "std:policies/basic"', ''];
  const chance = new Chance(lines);
  for (let rack = 0; written.length < lines; rack++) {
    for (const item of itemsOfRack(rack, chance)) {
      if (written.length + item.length + 1 > lines) break;
      written.push(...item, '');
    }
    if (lines - written.length < ROOM_OF_AN_ITEM) break;
  }
  while (written.length < lines) written.push('// Nothing else is planned for this floor, and the next one has a layout of its own.');
  return `${written.slice(0, lines).join('\n')}\n`;
}

/**
 * The same text with about a share of its regions and backings broken, each in one of a few ways, and the lines it was
 * done on. Two that are broken never follow each other: they could be told as one.
 */
export function damaged(text: string, share: number): { text: string; brokenLines: number[] } {
  const chance = new Chance(text.length);
  const brokenLines: number[] = [];
  const lines = text.split('\n').map((line, index) => {
    if (!/^ {2}(?:ram|rom|mmio|backing|window) /.test(line) || chance.below(1000) >= share * 1000) return line;
    if (index - (brokenLines.at(-1) ?? -3) < 3) return line;
    brokenLines.push(index);
    return chance.of(DAMAGES.map((damage) => damage(line)).filter((broken) => broken !== line));
  });
  return { text: lines.join('\n'), brokenLines };
}

/** Ways of being in the middle of a word: each leaves exactly its own statement broken. */
const DAMAGES: readonly ((line: string) => string)[] = [
  (line) => line.replace(/ at .*$/, ' at'),
  (line) => line.replace(/ at /, ' at @@ '),
  (line) => line.replace(/ at /, ' ta '),
  (line) => line.replace(/ size .*$/, ' size'),
  (line) => line.replace(/^( *\w+ [\w-]+)/, '$1 = ?'),
  (line) => line.replace(/^( *(?:ram|rom|mmio)) [\w-]+/, '$1'),
  (line) => `${line.replace(/ +\/\/.*$/, '')} +`,
];

/** No item but a host is longer; what is left of a document when not even a guest fits is filled with comments. */
const ROOM_OF_AN_ITEM = 24;
const GUESTS = 31;

/** The lines of each item of a rack: its constants, its host, its policy and its guests. */
function itemsOfRack(rack: number, chance: Chance): string[][] {
  const kind = PLATFORMS[rack % PLATFORMS.length] as Platform;
  const guests = Array.from({ length: GUESTS }, (_, index) => guestOf(kind, rack, index, chance));
  return [...constantsOf(rack, chance), policyOf(rack), hostOf(kind, rack), ...guests];
}

function constantsOf(rack: number, chance: Chance): string[][] {
  return [
    [`const RACK_${rack}_RAM = ${chance.of([16, 24, 32, 48])} GiB         // what a guest of this rack gets unless it says more`],
    [`const RACK_${rack}_ECAM = 256 MiB`],
  ];
}

function policyOf(rack: number): string[] {
  return [
    `/// What the operators of rack ${rack} want to know before a guest starts.`,
    `policy rack${rack} like basic {`,
    '  deny  doorbell-overlap, region-overlap',
    '  note  block-split',
    '  require aligned(r, 2 MiB)           for r in ram         because "huge pages back every guest"',
    '  require r.base + r.size <= 1 << 46  for r in ram',
    '  prefer  not (r.write and r.execute) for r in rom         because "firmware is not written twice"',
    '}',
  ];
}

interface Platform {
  readonly name: string;
  readonly facts: readonly string[];
  readonly iommu: readonly string[];
  readonly guest: (names: GuestNames, chance: Chance) => string[];
}

function hostOf(platform: Platform, rack: number): string[] {
  const groups = Array.from({ length: GUESTS }, (_, index) => {
    const address = `0000:${hex(0x41 + (index >> 3), 2)}:${hex(rack % 32, 2)}.${index % 8}`;
    return `  group ${index + 10} { device vf${index} "${address}" bits 64 }  // a virtual function of the NIC`;
  });
  return [
    `/// Rack ${rack}: what its IOMMU can map, and what it keeps for itself.`,
    `host ${platform.name}${rack} {`,
    ...platform.facts,
    '',
    ...platform.iommu,
    '',
    ...groups,
    '',
    '  hugepages 1 GiB count 1024 node 0',
    '  hugepages 1 GiB count 1024 node 1',
    '  hugepages 2 MiB count 8192 node 1',
    '  limits { memlock unlimited  dma-maps 65535 }',
    '}',
  ];
}

interface GuestNames {
  readonly vm: string;
  readonly host: string;
  readonly policy: string;
  readonly ram: string;
  readonly ecam: string;
  readonly device: string;
  readonly node: number;
  /** One guest of a few dozen has a mistake in it. */
  readonly faulty: boolean;
}

function guestOf(platform: Platform, rack: number, index: number, chance: Chance): string[] {
  const role = chance.of(['web', 'batch', 'cache', 'store', 'build', 'edge']);
  return platform.guest(
    {
      vm: `${role}-r${rack}-g${index}`,
      host: `${platform.name}${rack}`,
      policy: `rack${rack}`,
      ram: `RACK_${rack}_RAM`,
      ecam: `RACK_${rack}_ECAM`,
      device: `vf${index}`,
      node: index % 2,
      faulty: (rack * GUESTS + index) % 14 === 9,
    },
    chance,
  );
}

const PLATFORMS: readonly Platform[] = [
  {
    name: 'epyc',
    facts: [
      '  arch x86_64',
      '  kernel 6.8                              // decides verdicts; the newest known if left out',
      '  page 4 KiB',
      '  bits 48                                 // host-physical width',
      '  contract type1',
    ],
    iommu: [
      '  iommu ivrs0 {',
      '    model amd-v1                          // any power of two from 4 KiB on is a leaf',
      '    bits 48',
      '    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi',
      '    reserved ht  at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved',
      '  }',
    ],
    guest: pcGuest,
  },
  {
    name: 'altra',
    facts: [
      '  arch arm64',
      '  kernel 6.6',
      '  page 4 KiB                              // the base page of the kernel',
      '  bits 48',
      '  contract type1                          // who is asked: type1 | iommufd | none',
    ],
    iommu: [
      '  iommu smmu0 {',
      '    model smmu-v3',
      '    granule 4 KiB                         // leaves of 4 KiB, 2 MiB and 1 GiB',
      '    bits 48',
      '    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi',
      '  }',
    ],
    guest: armGuest,
  },
  {
    name: 'xeon',
    facts: [
      '  arch x86_64',
      '  kernel 6.12',
      '  page 4 KiB',
      '  bits 46                                 // host-physical width',
      '  contract iommufd                        // who is asked: type1 | iommufd | none',
    ],
    iommu: [
      '  iommu dmar0 {',
      '    model vt-d',
      '    bits 48                               // four levels of page tables',
      '    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi',
      '  }',
    ],
    guest: pcGuest,
  },
];

/** A PC: RAM below and above the hole for PCI. Its one mistake is RAM that reaches into the doorbell of the host. */
function pcGuest(names: GuestNames, chance: Chance): string[] {
  const low = names.faulty ? '0xff00_0000' : chance.of(['0x8000_0000', '2 GiB', '2048 MiB']);
  return [
    `/// Guest ${names.vm}: a PC with its own virtual function.`,
    `vm ${names.vm} on ${names.host} {`,
    `  policy ${names.policy}`,
    '  vmm generic                             // nothing but RAM is mapped for DMA',
    '  on-overlap reject',
    '',
    ...(names.faulty
      ? ['  backing ram0 size 8 GiB anonymous']
      : [`  backing ram0 size ${names.ram} + 2 GiB hugetlb 1 GiB node ${names.node}`]),
    names.faulty
      ? `  ram low   at 0x0         size ${low} from ram0     // all of it below 4 GiB`
      : `  ram low   at 0x0         size ${low} from ram0     // below the hole for PCI`,
    ...(names.faulty ? [] : [`  ram high  at 4 GiB       size ${names.ram} from ram0 + 2 GiB node ${names.node}`]),
    '',
    ...(names.faulty ? [] : [
      `  mmio ecam at 0xb000_0000 size ${names.ecam} label "pcie.0"`,
      '  window pci at 0xc000_0000 ..= 0xfbff_ffff for bars // of devices that only reach 32 bits',
      '  mmio ioapic at 0xfec0_0000 size 4 KiB   // one I/O APIC with 24 pins',
      '  mmio hpet at 0xfed0_0000 size 1 KiB access rw label "a timer that nobody uses"',
      '  mmio tpm at 0xfed4_0000 size 5 * 4 KiB  // five localities, each a page of its own',
      '  mmio lapic at 0xfee0_0000 size 1 MiB access rw label "APICs of all processors"',
      '  doorbell msi at lapic.base size 4       // where an MSI of this guest is written to',
      '  rom flash at 0xffc0_0000 size 4 MiB access r dma off label "pflash0"',
    ]),
    `  window high-pci at 0x38_0000_0000 size (1 << 35) - 0x1000 for bars`,
    '',
    `  assign ${names.device}`,
    '}',
  ];
}

/** The board `virt` of QEMU. Its one mistake is RAM from 0 on, where the doorbell of the host is. */
function armGuest(names: GuestNames, chance: Chance): string[] {
  const size = chance.of([names.ram, `${names.ram} + 8 GiB`, '24 GiB']);
  return [
    `/// Guest ${names.vm}: the board \`virt\` of QEMU with its own virtual function.`,
    `vm ${names.vm} on ${names.host} {`,
    `  policy ${names.policy}`,
    '  vmm generic                             // nothing but RAM is mapped for DMA',
    '  on-overlap reject',
    '',
    `  backing ram0 size ${size} hugetlb 1 GiB node ${names.node}`,
    `  ram low   at ${names.faulty ? '0x0        ' : '0x4000_0000'} size ${size} from ram0 node ${names.node}`,
    '',
    ...(names.faulty ? [] : [
      '  rom flash at 0x0 size 128 MiB access r dma off label "virt.flash0"',
      '  mmio gicd at 0x0800_0000 size 64 KiB    // the distributor of the GICv3',
      '  mmio its at 0x0808_0000 size 2 * 64 KiB access rw label "translates interrupts"',
      '  doorbell its-doorbell at its.base + 0x1_0040 size 4 // GITS_TRANSLATER',
      '  mmio gicr at 0x080a_0000 ..= 0x08ff_ffff // redistributors, 128 KiB each',
      '  mmio uart at 0x0900_0000 size 4 KiB     // a PL011, the console of the guest',
      '  mmio rtc at 0x0901_0000 size 4 KiB access rw label "PL031"',
      '  mmio fw-cfg at 0x0902_0000 size 24 label "fw_cfg"',
      '  mmio gpio at 0x0903_0000 size 4 KiB     // a PL061 with the power button on it',
      '  mmio virtio at 0x0a00_0000 size 32 * 512 label "virtio-mmio"',
      '  window pci at 0x1000_0000 ..= 0x3efe_ffff for bars // of devices that only reach 32 bits',
    ]),
    `  mmio ecam at 0x40_1000_0000 size ${names.ecam} label "pcie.0"`,
    '  window high-pci at 0x80_0000_0000 size 512 GiB for bars',
    '',
    `  assign ${names.device}`,
    '}',
  ];
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Pseudo-random numbers that are the same on every machine (a linear congruential generator). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  of<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)] as Choice;
  }
}
