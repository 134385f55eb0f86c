import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { formatLeaves } from '../../server/core/dma/leaves.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { leavesIn } from '../../server/core/dma/plugged-memory.js';
import { importQemuMtree } from '../../server/core/formats/index.js';
import { check, checkFix, checkLint, checkNoFix, type Checked } from '../support/check.js';
import { sample } from '../support/texts.js';

const OURS = ['phase-mismatch', 'backing-too-small', 'base-misaligned', 'size-misaligned', 'block-split'];

/** An Arm server; in the tables of the domain facts every page is 1 GiB. */
const ALTRA = `
  host altra {
    arch arm64
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "0000:01:00.0" }
    hugepages 1 GiB count 64
    hugepages 2 MiB count 4096
  }
`;

const XEON = `
  host xeon {
    arch x86_64
    kernel 6.12
    page 4 KiB
    bits 46
    iommu dmar0 {
      model vt-d
      bits 48
      reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
    }
    group 14 { device nic "0000:01:00.0" }
  }
`;

const EPYC = XEON.replaceAll('xeon', 'epyc').replaceAll('vt-d', 'amd-v1').replace('bits 48\n', 'bits 48\n      reserved ht at 0xfd_0000_0000 ..= 0xff_ffff_ffff kind reserved\n');

/** A picture of a vm on a host. */
const on = (host: string, body: string): string => `${host}${`
  vm web on ${/host (\w+)/.exec(host)?.[1]} {${body.trimEnd()}
    assign nic
  }
`}`;

const planOf = ({ result }: Checked): Plan => {
  const plan = result.vms[0]?.plan;
  assert.ok(plan);
  return plan;
};

const oursIn = ({ result }: Checked): string[] => result.findings.map(({ rule }) => rule).filter((rule) => OURS.includes(rule));

describe('phase-mismatch', () => {
  it('tells what the table of the domain facts tells: a hole costs hundreds of leaves, a lost congruence a million', () => {
    const skipped = on(ALTRA, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0 size 128 MiB from ram0
    ram high at 0x810_0000 size 3967 MiB from ram0 + 129 MiB
        ^^^^ block-split: a hole at 0x8000000-0x80fffff cuts a block of 1 GiB in \`high\`: 4 × 1 GiB become 3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB`);
    assert.equal(formatLeaves(planOf(checkLint(skipped)).totals.leaves), '3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB');
    const compacted = on(ALTRA, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0 size 128 MiB from ram0
    ram high at 0x810_0000 size 3968 MiB from ram0
        ^^^^ phase-mismatch: \`high\` lies 1 MiB out of phase with \`ram0\`: 3 × 1 GiB + 447 × 2 MiB + 512 × 4 KiB become 1,015,808 × 4 KiB; nothing is refused, but \`web\` takes 1,015,872 leaves instead of 1,026, with 1,986 more table pages`);
    const { totals } = planOf(checkLint(compacted));
    assert.equal(formatLeaves(totals.leaves), '64 × 2 MiB + 1,015,808 × 4 KiB');
    assert.equal(totals.entries, 1_015_872n);
  });

  it('is told once for a region that is carved, and once for each map that lies elsewhere', () => {
    checkLint(on(ALTRA, `
    on-overlap carve
    backing ram0 size 5 GiB hugetlb 1 GiB
    ram low at 0 size 4 GiB from ram0 + 2 MiB
        ^^^ phase-mismatch: \`low\` lies 2 MiB out of phase with \`ram0\`: 3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB become 2,047 × 2 MiB + 256 × 4 KiB; nothing is refused, but \`web\` takes 2,303 leaves instead of 770
    avoid doorbell at 0x800_0000 size 1 MiB via reserved-memory`));
    checkLint(on(XEON, `
    backing ram0 size 6 GiB hugetlb 1 GiB
    ram low at 0x10_0000_0000 size 6 GiB from ram0
    map a at 0 size 2 GiB to low
    map b at 4608 MiB size 4 GiB to low + 2 GiB
        ^ phase-mismatch: map \`b\` lies 512 MiB out of phase with \`ram0\`: 3 × 1 GiB + 512 × 2 MiB become 2,048 × 2 MiB; nothing is refused, but \`web\` takes 2,050 leaves instead of 517`));
  });

  it('speaks for the other half of the page that it shares', () => {
    checkLint(on(XEON, `
    backing ram0 size 8 GiB hugetlb 1 GiB
    ram low at 0 size 3328 MiB from ram0
    ram high at 4 GiB size 4864 MiB from ram0
        ^^^^ phase-mismatch: \`high\` lies 256 MiB out of phase with \`ram0\`: 4 × 1 GiB + 384 × 2 MiB become 2,432 × 2 MiB; nothing is refused, but \`web\` takes 2,563 leaves instead of 519`));
  });

  it('is only noted where every power of two is a leaf', () => {
    const checked = check(on(EPYC, `
    backing ram0 size 8 GiB hugetlb 1 GiB
    ram low at 0 size 3584 MiB from ram0
    ram high at 4 GiB size 4608 MiB from ram0`));
    assert.deepEqual(checked.result.findings.map(({ rule, level }) => `${level} ${rule}`), ['note phase-mismatch']);
  });

  it('counts from the physical address of memory that has one', () => {
    checkLint(on(XEON, `
    backing ram0 size 3 GiB physical at 0x1_4010_0000
    ram low at 0 size 2 GiB from ram0
        ^^^ phase-mismatch: \`low\` lies 1 MiB out of phase with \`ram0\`: 2 × 1 GiB become 524,288 × 4 KiB; nothing is refused, but \`web\` takes 524,288 leaves instead of 2, with 1,026 more table pages`));
  });

  it('takes the nearest free bytes in phase, below if none above are there', () => {
    const layout = on(XEON, `
    backing ram0 size 8 GiB hugetlb 1 GiB
    ram low at 0 size 2 GiB from ram0
    ram high at 4 GiB size 4 GiB from ram0 + 3584 MiB`);
    checkFix(layout, 'Take `high` from `ram0 + 4 GiB`: 4 × 1 GiB instead of 2,048 × 2 MiB', layout.replace('+ 3584 MiB', '+ 4 GiB'));
    const tight = layout.replace('8 GiB', '7680 MiB');
    checkFix(tight, 'Take `high` from `ram0 + 3 GiB`: 4 × 1 GiB instead of 2,048 × 2 MiB', tight.replace('+ 3584 MiB', '+ 3 GiB'));
    checkFix(
      tight,
      'Take `high` from `ram0 + 4 GiB`, and grow `ram0` to 8 GiB: 4 × 1 GiB instead of 2,048 × 2 MiB',
      tight.replace('+ 3584 MiB', '+ 4 GiB').replace('7680 MiB', '8 GiB'),
    );
    checkFix(layout, 'Move `high` to 0x1_2000_0000: 3 × 1 GiB + 512 × 2 MiB instead of 2,048 × 2 MiB', layout.replace('at 4 GiB', 'at 0x1_2000_0000'));
  });

  it('grows no memory at an address, and offers nothing for a map that is written elsewhere', () => {
    const physical = on(XEON, `
    backing ram0 size 2 GiB physical at 0x1_2000_0000
    ram low at 0 size 2 GiB from ram0`);
    checkNoFix(physical, 'Take');
    const written = on(XEON, `
    backing ram0 size 2 GiB hugetlb 1 GiB
    ram low at 4 GiB size 2 GiB from ram0
    map a at 512 MiB to low`);
    checkNoFix(written, 'Take');
    checkNoFix(written, 'Move');
  });
});

describe('backing-too-small', () => {
  const POLICY = `
  policy reach {
    require m.coverage(2 MiB) >= 90% for m in map
  }
`;

  it('is told where a policy asks, with what is hoped for', () => {
    const findings = check(`${on(XEON, `
    policy reach
    backing ram0 size 1 GiB thp
    ram low at 0 size 1 GiB from ram0`)}${POLICY}`).result.findings;
    const [told] = findings.filter(({ rule }) => rule === 'backing-too-small');
    assert.equal(
      told?.message,
      '`low` lies in pages of 4 KiB and could be held in leaves of 2 MiB, as policy `reach` asks: 512 × 2 MiB become 262,144 × 4 KiB (512 × 2 MiB are hoped for)',
    );
  });

  it('is told once for a backing', () => {
    checkLint(on(ALTRA, `
    backing ram0 size 5 GiB hugetlb 2 MiB
    ram low at 0x4000_0000 size 2 GiB from ram0
        ^^^ backing-too-small: \`low\` lies in pages of 2 MiB and could be held in leaves of 1 GiB, which \`altra\` has pages for: 5 × 1 GiB become 2,560 × 2 MiB
    ram high at 4 GiB size 3 GiB from ram0`));
  });

  it('is not told of ordinary memory that nobody asks more of, nor of pages that the host has too few of', () => {
    checkLint(on(ALTRA, '\n    ram low at 0x4000_0000 size 2 GiB'));
    checkLint(on(ALTRA.replace('count 64', 'count 1'), `
    backing ram0 size 2 GiB hugetlb 2 MiB
    ram low at 0x4000_0000 size 2 GiB from ram0`));
  });

  it('changes the pages where they are declared', () => {
    const inline = on(ALTRA, '\n    ram low at 0x4000_0000 size 2 GiB backing thp');
    checkFix(inline, 'Make `low` of 1 GiB pages: 2 × 1 GiB instead of 524,288 × 4 KiB', inline.replace('backing thp', 'backing hugetlb 1 GiB'));
  });
});

describe('base-misaligned and size-misaligned', () => {
  it('leave to backing-size what the VMM refuses for the same end', () => {
    checkLint(on(XEON, `
      vmm cloud-hypervisor
      backing a size 2560 MiB hugetlb 1 GiB
      backing b size 512 MiB hugetlb 1 GiB
      ram low at 0 size 2560 MiB from a
          ^^^ backing-size: \`low\` takes 2560 MiB of \`a\`, no multiple of its page of 1 GiB: cloud-hypervisor maps it by itself, and mmap fails with EINVAL
      ram high at 4 GiB size 512 MiB from b
          ^^^^ backing-size: \`high\` takes 512 MiB of \`b\`, no multiple of its page of 1 GiB: cloud-hypervisor maps it by itself, and mmap fails with EINVAL
`));
  });

  it('are told once where a whole size is moved off its blocks', () => {
    checkLint(on(XEON, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0x1_1000_0000 size 2 GiB from ram0 + 256 MiB
        ^^^ base-misaligned: \`low\` begins 256 MiB into a block of 1 GiB: 2 × 1 GiB become 1 × 1 GiB + 512 × 2 MiB`));
  });

  it('are told both where both are off', () => {
    checkLint(on(XEON, `
    backing ram0 size 5 GiB hugetlb 1 GiB
    ram low at 0x1_1000_0000 size 3328 MiB from ram0 + 256 MiB
        ^^^ base-misaligned: \`low\` begins 256 MiB into a block of 1 GiB: 3 × 1 GiB + 128 × 2 MiB become 2 × 1 GiB + 640 × 2 MiB
        ^^^ size-misaligned: \`low\` ends 512 MiB into a block of 1 GiB: 3 × 1 GiB + 384 × 2 MiB become 2 × 1 GiB + 640 × 2 MiB`));
  });

  it('are not told of what is too small for a block, nor of a handful of leaves', () => {
    checkLint(on(XEON, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0x1_1000_0000 size 256 MiB from ram0 + 256 MiB
    ram high at 0x2_0000_0000 size 1032 MiB from ram0 + 1 GiB
    rom flash at 0x3_0000_1000 size 8 KiB from ram0 + 0xc000_1000
        ^^^^^ hugepage-waste: \`flash\` ends 12 KiB into a page of 1 GiB of \`ram0\`: the other 1023 MiB + 1012 KiB are allocated, and lost to everybody`));
  });

  it('keep the phase when they are mended', () => {
    const layout = on(XEON, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0x1_1000_0000 size 2816 MiB from ram0 + 256 MiB`);
    checkFix(
      layout,
      'Grow `low` down to 0x1_0000_0000: 3 × 1 GiB instead of 2 × 1 GiB + 384 × 2 MiB',
      layout.replace('0x1_1000_0000 size 2816 MiB from ram0 + 256 MiB', '0x1_0000_0000 size 3 GiB from ram0'),
    );
    checkFix(
      layout,
      'Begin `low` at 0x1_4000_0000 (the guest loses 768 MiB): 2 × 1 GiB instead of 2 × 1 GiB + 384 × 2 MiB',
      layout.replace('0x1_1000_0000 size 2816 MiB from ram0 + 256 MiB', '0x1_4000_0000 size 2 GiB from ram0 + 1 GiB'),
    );
  });

  it('write the end as it was written', () => {
    const layout = on(XEON, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0x1_0000_0000 ..= 0x1_9fff_ffff from ram0`);
    checkFix(layout, 'Grow `low` to 3 GiB: 3 × 1 GiB instead of 2 × 1 GiB + 256 × 2 MiB', layout.replace('0x1_9fff_ffff', '0x1_bfff_ffff'));
  });
});

describe('block-split', () => {
  it('is the only finding on the sample of the language reference', () => {
    const checked = check(sample());
    assert.deepEqual(oursIn(checked), ['block-split']);
    const [finding] = checked.result.findings.filter(({ rule }) => rule === 'block-split');
    assert.equal(finding?.message, 'a hole at 0x8000000-0x80fffff cuts a block of 1 GiB in `low`: 16 × 1 GiB become 15 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB');
  });

  it('is told once for all holes of a PC below 1 MiB', () => {
    checkLint(on(XEON, `
    backing ram0 size 3 GiB hugetlb 1 GiB
    ram low at 0 size 3 GiB from ram0
        ^^^ block-split: a hole at 0xa0000-0xbffff cuts a block of 1 GiB in \`low\`: 3 × 1 GiB become 2 × 1 GiB + 511 × 2 MiB + 480 × 4 KiB
    mmio vga at 0xa_0000 size 128 KiB over low`));
    checkLint(on(XEON, `
    vmm qemu
    backing ram0 size 8 GiB hugetlb 1 GiB
    ram below-vga at 0 size 640 KiB from ram0
    rom bios at 0xf_0000 size 64 KiB from ram0 + 0xf_0000
    ram above-bios at 1 MiB size 3071 MiB from ram0 + 1 MiB
        ^^^^^^^^^^ block-split: 1 hole and 1 border from 0xa0000 on cut blocks of 1 GiB in \`above-bios\`: 3 × 1 GiB become 2 × 1 GiB + 511 × 2 MiB + 432 × 4 KiB
    ram high at 4 GiB size 5 GiB from ram0 + 3 GiB`));
  });

  it('is a note up to a hundred leaves', () => {
    const checked = check(on(EPYC, `
    backing ram0 size 1 GiB hugetlb 1 GiB
    ram low at 0 size 1 GiB from ram0
    mmio hole at 0x800_0000 size 4 KiB over low`));
    assert.deepEqual(checked.result.findings.map(({ rule, level }) => `${level} ${rule}`), ['note block-split']);
  });

  it('is not told where a hole takes whole blocks', () => {
    checkLint(on(XEON, `
    backing ram0 size 9 GiB hugetlb 1 GiB
    ram all at 0 size 9 GiB from ram0
    mmio pci at 3 GiB size 1 GiB over all`));
  });

  it('shrinks the regions beside a hole', () => {
    const layout = on(ALTRA, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0 size 128 MiB from ram0
    hole doorbell at 128 MiB size 1 MiB from ram0
    ram high at 129 MiB size 3967 MiB from ram0`);
    checkFix(
      layout,
      'Shrink `high` to whole blocks of 2 MiB (the guest loses 1 MiB): 3 × 1 GiB + 511 × 2 MiB instead of 3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB',
      layout.replace('high at 129 MiB size 3967 MiB from ram0', 'high at 0x820_0000 size 3966 MiB from ram0 + 130 MiB'),
    );
  });

  it('cuts written maps back', () => {
    const layout = on(ALTRA, `
    backing ram0 size 4 GiB hugetlb 1 GiB
    ram low at 0 size 4 GiB from ram0
    avoid doorbell at 0x800_0000 size 2 MiB via reserved-memory
    map a size 128 MiB to low
    map b size 3967 MiB to low + 129 MiB`);
    checkFix(
      layout,
      'Cut the maps back, with the hole widened to 2 MiB: 3 × 1 GiB + 511 × 2 MiB instead of 3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB',
      layout.replace('map b size 3967 MiB to low + 129 MiB', 'map b size 3966 MiB to low + 130 MiB'),
    );
  });
});

describe('real machines', () => {
  const FOLDER = 'test/data/qemu-mtree';
  const dumps = readdirSync(FOLDER).filter((name) => name.endsWith('.mtree-fo.txt'));

  /** The imported machine with a device, and with another kind of memory. */
  function withDevice(name: string, kind: string): Checked {
    const imported = importQemuMtree(readFileSync(`${FOLDER}/${name}`, 'utf8'), { path: name });
    assert.ok('text' in imported, name);
    const text = imported.text.replace(/^vm (\S+) \{/m, 'vm $1 on xeon {\n  assign nic').replaceAll(/^( +backing .*) anonymous/gm, `$1 ${kind}`);
    return check(`${XEON}\n${text}`);
  }

  it('lose nothing where the memory promises nothing', () => {
    for (const name of dumps) assert.deepEqual(oursIn(withDevice(name, 'anonymous')), [], name);
  });

  it('have a few findings on pages of 1 GiB', () => {
    const told = dumps.map((name) => [name, oursIn(withDevice(name, 'hugetlb 1 GiB'))] as const);
    assert.deepEqual(told.filter(([name, rules]) => rules.length > (name.startsWith('q35-numa4') ? 3 : 2)), []);
    assert.ok(told.some(([, rules]) => rules.length > 0));
  });
});

describe('RAM that is plugged later', () => {
  const later = (how: string, offset = ''): string => on(XEON, `
    backing pages size 8 GiB hugetlb 1 GiB
    ram low at 0 size 3 GiB from pages
    ram more at 8 GiB size 4 GiB from pages${offset} hotplug ${how}`);
  const told = (picture: string): string[] => check(picture).result.findings.filter(({ rule }) => OURS.includes(rule)).map(({ rule, message }) => `${rule}: ${message}`);

  it('is out of phase as RAM from the start is, and is put in phase', () => {
    const picture = later('dimm', ' + 3584 MiB');
    assert.deepEqual(told(picture), [
      'phase-mismatch: `more` lies 512 MiB out of phase with `pages`: 4 × 1 GiB become 2,048 × 2 MiB; nothing is refused, but `web` takes 2,051 leaves instead of 7 once it is plugged',
    ]);
    checkFix(picture, 'Take `more` from `pages + 4 GiB`: 4 × 1 GiB instead of 2,048 × 2 MiB', later('dimm', ' + 4 GiB'));
    assert.deepEqual(told(later('dimm')), []);
  });

  it('has no leaf that is larger than its block', () => {
    const [memory] = planOf(check(later('virtio-mem block 64 MiB'))).memoryHotplug;
    assert.ok(memory);
    assert.equal(formatLeaves(leavesIn(memory)), '2,048 × 2 MiB');
    assert.deepEqual(told(later('virtio-mem block 64 MiB', ' + 3584 MiB')), []);
    assert.match(`${told(later('virtio-mem block 64 MiB', ' + 3585 MiB'))}`, /^phase-mismatch: `more` lies 1 MiB out of phase/);
  });

  it('is cut by the holes that a VMM carves, and by no border to other RAM', () => {
    const picture = later('dimm').replace('bits 48\n', 'bits 48\n      reserved gap at 0x2_4000_0000 size 1 MiB kind reserved\n');
    assert.deepEqual(told(picture.replace('backing pages', 'on-overlap carve\n    avoid quiet at 0x2_4000_0000 size 1 MiB\n    backing pages')), [
      'block-split: a hole at 0x240000000-0x2400fffff cuts a block of 1 GiB in `more`: 4 × 1 GiB become 3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB',
    ]);
    assert.deepEqual(told(on(XEON, `
    backing pages size 2 GiB hugetlb 1 GiB
    ram low at 0 size 512 MiB from pages
    ram more at 512 MiB size 1536 MiB from pages hotplug dimm`)), [
      'base-misaligned: `more` begins 512 MiB into a block of 1 GiB: 2 × 1 GiB become 1 × 1 GiB + 256 × 2 MiB',
    ]);
  });
});
