import { checkHover } from '../support/cursor.js';

const HOST = `
  /// An Arm server.
  host altra {
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 { model smmu-v3  granule 4 KiB  reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi }
    group 14 { device nic "0000:01:00.0" }
  }
`;

describe('hover', () => {
  it('tells of a constant what it comes to', () => checkHover(
    `
      const RAM = 2 * 8 GiB
      const ALL = R$0AM + 1 MiB
    `,
    `
      [RAM]
      \`\`\`vmlayout
      const RAM = 2 * 8 GiB
      \`\`\`
      \`16 GiB\` = \`0x4_0000_0000\` = \`17,179,869,184\`
    `,
  ));

  it('tells of a region where it lies, and what the plan makes of it', () => checkHover(
    `${HOST}
  vm web on altra {
    backing ram0 size 8 GiB hugetlb 1 GiB
    /// The low part.
    ram l$0ow at 0x4000_0000 size 3 GiB from ram0
    assign nic
  }
    `,
    `
      [low]
      \`\`\`vmlayout
      ram low at 0x4000_0000 size 3 GiB from ram0
      \`\`\`
      The low part.
      \`0x40000000-0xffffffff\`, 3 GiB
      **web on altra, type1, kernel 6.6**
      - \`0x40000000-0xffffffff\`: \`ok\`; 3 × 1 GiB; 1 table page; in phase for leaves of 1 GiB
      **CPU, stage 2**
      - \`0x40000000-0xffffffff\`: 3 × 1 GiB
    `,
  ));

  it('tells what THP may give beside what is promised', () => checkHover(
    `${HOST}
  vm web on altra {
    ram l$0ow at 0x4000_0000 size 4 MiB backing thp
    assign nic
  }
    `,
    `
      [low]
      \`\`\`vmlayout
      ram low at 0x4000_0000 size 4 MiB backing thp
      \`\`\`
      \`0x40000000-0x403fffff\`, 4 MiB
      **web on altra, type1, kernel 6.6**
      - \`0x40000000-0x403fffff\`: \`ok\`; 1,024 × 4 KiB; THP may give 2 × 2 MiB; 4 table pages; in phase for leaves of 4 KiB
      **CPU, stage 2**
      - \`0x40000000-0x403fffff\`: 1,024 × 4 KiB; THP may give 2 × 2 MiB
    `,
  ));

  it('tells how far a mapping is out of phase', () => checkHover(
    `${HOST}
  vm web on altra {
    backing ram0 size 8 GiB hugetlb 1 GiB
    ram high at 0x1_0000_0000 size 3 GiB from ram0 + 1 MiB
    map wh$0ole to high
    assign nic
  }
    `,
    `
      [whole]
      \`\`\`vmlayout
      map whole to high
      \`\`\`
      \`0x100000000-0x1bfffffff\`, 3 GiB
      **web on altra, type1, kernel 6.6**
      - \`0x100000000-0x1bfffffff\`: \`ok\`; 786,432 × 4 KiB; 1,540 table pages; out of phase for leaves of 1 GiB by \`0x3ff00000\`
    `,
  ));

  it('tells of a device what is kept, and what the kernel answers', () => checkHover(
    `${HOST}
  vm web on altra {
    ram low at 0x4000_0000 size 3 GiB
    assign n$0ic
  }
    `,
    `
      [nic]
      \`\`\`vmlayout
      device nic "0000:01:00.0"
      \`\`\`
      group 14, behind \`smmu0\`
      - \`msi\` keeps \`0x8000000-0x80fffff\` (sw-msi)
      **web on altra, type1, kernel 6.6**
      - nic: \`ok\`
    `,
  ));

  it('tells of a backing who takes which bytes', () => checkHover(
    `
      vm web {
        backing ram0 size 8 GiB
        ram low at 0 size 3 GiB from ra$0m0
        ram high at 4 GiB size 5 GiB from ram0
      }
    `,
    `
      [ram0]
      \`\`\`vmlayout
      backing ram0 size 8 GiB
      \`\`\`
      - \`low\` from byte \`0x0\`, 3 GiB
      - \`high\` from byte \`0xc0000000\`, 5 GiB
    `,
  ));

  it('tells of a vm what its plan sums up to', () => checkHover(
    `${HOST}
  vm we$0b on altra {
    ram low at 0x4000_0000 size 4 MiB
    assign nic
  }
    `,
    `
      [web]
      \`\`\`vmlayout
      vm web on altra
      \`\`\`
      **web on altra, type1, kernel 6.6**
      - 1 mapping, 4 MiB mapped, 4 MiB pinned; 1,024 × 4 KiB; 16 KiB of tables
      - 1 memory slot; stage 2: 1,024 × 4 KiB
    `,
  ));

  it('tells of a field its value', () => checkHover(
    `
      vm web {
        mmio its at 0x10_1000_0000 size 128 KiB
        doorbell msi at its.e$0nd - 64 size 4
      }
    `,
    `
      [end]
      \`its.end\` = \`0x10_1002_0000\` = \`68,988,043,264\`
      One past its last address.
    `,
  ));

  it('tells of a number the other ways to write it', () => checkHover(
    `const X = 0x20$0_0000`,
    `
      [0x20_0000]
      \`2,097,152\` = \`0x20_0000\` = \`2 MiB\`
    `,
  ));

  it('tells of an operator what the expression comes to', () => checkHover(
    `const X = (1 GiB +$0 512 MiB) * 2`,
    `
      [1 GiB + 512 MiB]
      \`1536 MiB\` = \`0x6000_0000\` = \`1,610,612,736\`
    `,
  ));

  it('explains keywords, properties, fixed words, functions and rules', () => {
    checkHover(`vm web { r$0am low at 0 }`, `
      [ram]
      Guest RAM.
    `);
    checkHover(`vm web { ram low at 0 si$0ze 1 GiB }`, `
      [size]
      How many bytes it has.
    `);
    checkHover(`vm web { on-overlap car$0ve }`, `
      [carve]
      What the VMM does where RAM meets a reserved range.
      Instead of \`carve\`: \`reject\`, \`tolerate\`.
    `);
    checkHover(`const X = align$0_up(5, 4)`, `
      [align_up]
      \`\`\`vmlayout
      align_up(x, block)
      \`\`\`
      The next multiple of \`block\`.
    `);
    checkHover(`policy p { deny doorbell-ove$0rlap }`, `
      [doorbell-overlap]
      **doorbell-overlap** (error)
      A DMA mapping meets an MSI doorbell window of an assigned device.
    `);
  });

  it('explains what a policy binds', () => {
    checkHover(`policy p { require aligned($0r, 2 MiB) for r in ram }`, `
      [r]
      Each \`ram\` that the policy holds for.
    `);
    checkHover(`policy p { require m.cov$0erage(2 MiB) > 90% for m in map }`, `
      [coverage]
      The share of its bytes in leaves of a size or larger: \`m.coverage(2 MiB) >= 90%\`.
    `);
  });

  it('explains the words of a policy by what they say there', () => {
    checkHover('policy p { require aligned(r, 2 MiB) f$0or r in ram }', '[for]\nWhat it is asked of: each element of a selector, or each pair of two.\n');
    checkHover('policy p { note block-split o$0n low }', '[on]\nThe parts of the vm that it is about, with or without its name: `web.gpu`, `gpu`.\n');
    checkHover('vm web o$0n box { }', '[on]\nThe hosts it runs on.\n');
  });

  it('explains what a policy is about, and a requirement where it is declared', () => {
    checkHover('policy p { note block-split on lo$0w }\nvm web { policy p; ram low at 0 size 1 GiB }', `
      [low]
      \`\`\`vmlayout
      ram low at 0 size 1 GiB
      \`\`\`
      \`0x0-0x3fffffff\`, 1 GiB
    `);
    checkHover('policy p { require no-$0wx: not r.execute for r in rom because "x" }', `
      [no-wx]
      \`\`\`vmlayout
      require not r.execute
      \`\`\`
      x
    `);
  });

  it('explains a requirement that a waiver names', () => checkHover(
    `
      policy p {
        require no-wx: not (r.write and r.execute) for r in rom because "firmware is not written twice"
        allow policy/no$0-wx because "a test"
      }
    `,
    `
      [policy/no-wx]
      \`\`\`vmlayout
      require not (r.write and r.execute)
      \`\`\`
      firmware is not written twice
    `,
  ));

  it('shows where an import leads', () => checkHover(`import "./sha$0red/hosts.vmlayout"`, `
    ["./shared/hosts.vmlayout"]
    \`shared/hosts.vmlayout\`
  `));

  it('tells of what \`like\` brought, too', () => checkHover(
    `
      vm base { ram low at 0 size 1 GiB }
      vm web like base { doorbell bell at lo$0w.end size 4 }
    `,
    `
      [low]
      \`\`\`vmlayout
      ram low at 0 size 1 GiB
      \`\`\`
      \`0x0-0x3fffffff\`, 1 GiB
    `,
  ));

  it('has nothing to say in comments, on names that mean nothing, and between words', () => {
    checkHover(`// a ram$0 here`, 'nothing');
    checkHover(`const X = no$0where`, 'nothing');
    checkHover(`vm web {\n  $0\n}`, 'nothing');
  });
});
