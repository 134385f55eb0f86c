import assert from 'node:assert/strict';
import { SELECTORS } from '../../server/core/syntax/vocabulary.js';
import { check, checkFix, checkLint, TODAY } from '../support/check.js';
import { sample } from '../support/texts.js';

// What policies make of findings, and what they ask for.

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
  group 14 { device nic "0000:01:00.0" bits 48 }
  group 15 {
    device gpu "0000:02:00.0"
    reserved quirk at 0x2_0000_0000 size 1 MiB kind reserved
  }
}
`;

describe('the sample of the language', () => {
  it('has the findings that its comments name', () => {
    const { result } = check(sample());
    assert.deepEqual(result.findings.map(({ rule, level }) => `${level} ${rule}`), ['note block-split']);
    assert.deepEqual(result.waived.map(({ rule, element }) => `${rule} ${element?.name}`), ['hotplug-device gpu']);
  });

  it('tells the waiver when it has ended', () => {
    const { result } = check(sample(), new Map(), { today: '2027-07-01' });
    assert.deepEqual(result.findings.map(({ rule, level }) => `${level} ${rule}`), ['note block-split', 'warning hotplug-device', 'warning waiver-expired']);
    const onTheDay = check(sample(), new Map(), { today: '2027-06-30' }).result;
    assert.deepEqual(onTheDay.findings.map(({ rule, level }) => `${level} ${rule}`), ['note block-split', 'note waiver-expiring']);
  });
});

describe('levels', () => {
  it('come from the last statement that names the rule', () => {
    assert.deepEqual(levelsWith('warn region-overlap'), ['warning']);
    assert.deepEqual(levelsWith('note region-overlap'), ['note']);
    assert.deepEqual(levelsWith('warn region-overlap\n note region-overlap'), ['note']);
    assert.deepEqual(levelsWith('note region-overlap\n deny region-overlap'), ['error']);
    assert.deepEqual(levelsWith('allow region-overlap because "x"'), []);
    assert.deepEqual(levelsWith('allow region-overlap because "x"\n warn region-overlap'), ['warning']);
    assert.deepEqual(levelsWith('warn block-split'), ['error']);
  });

  it('come from the base first, and from policies in the order in which the vm names them', () => {
    const policies = 'policy base { warn region-overlap }\npolicy own like base { note region-overlap }\npolicy third { deny region-overlap }\n';
    assert.deepEqual(levelsOf('own', policies), ['note']);
    assert.deepEqual(levelsOf('base', policies), ['warning']);
    assert.deepEqual(levelsOf('own, third', policies), ['error']);
    assert.deepEqual(levelsOf('third, own', policies), ['note']);
    assert.deepEqual(levelsOf('base, own', policies), ['note']);
  });

  it('hold for what `on` names, with and without the name of the vm', () => {
    for (const on of ['high', 'web.high', 'web', 'low, high']) assert.deepEqual(levelsWith(`warn region-overlap on ${on}`), ['warning'], on);
    assert.deepEqual(levelsWith('warn region-overlap on low'), ['error']);
  });

  it('hold until their date', () => {
    assert.deepEqual(levelsWith(`warn region-overlap until ${TODAY}`), ['warning']);
    assert.deepEqual(levelsWith('warn region-overlap until 2026-11-21'), ['error']);
  });

  it('hold where `when` says so', () => {
    assert.deepEqual(levelsWith('warn region-overlap when 1 > 2'), ['error']);
    assert.deepEqual(levelsWith('warn region-overlap when 1 < 2'), ['warning']);
  });

  it('tell their reason, and who answers for it', () => {
    const messages = (policy: string): string[] => check(overlapping('p', policy)).result.findings[0]?.notes.map(({ message }) => message) ?? [];
    assert.ok(messages('policy p { deny region-overlap because "seen in production" }\n').includes('seen in production'));
    assert.ok(messages('policy p {\n owner "network team"\n deny region-overlap because "seen in production"\n}\n').includes('seen in production (network team)'));
  });

  it('of options come first, and the policy has the last word', () => {
    const text = overlapping('p', 'policy p { warn region-overlap }\n');
    assert.deepEqual(check(text, new Map(), { today: TODAY, levels: new Map([['region-overlap', 'note']]) }).result.findings.map(({ level }) => level), ['warning']);
    assert.deepEqual(check(text, new Map(), { today: TODAY, levels: new Map([['region-overlap', 'off']]) }).result.findings, []);
    const required = 'vm web {\n  policy p\n  ram low at 0 size 3 MiB\n}\npolicy p {\n  require blocks: aligned(r, 2 MiB) for r in ram\n}\n';
    assert.deepEqual(check(required, new Map(), { today: TODAY, levels: new Map([['policy/blocks', 'note']]) }).result.findings.map(({ level }) => level), ['note']);
  });

  it('are told of a host where a vm of the policy is on it, in whichever file it is', () => {
    const guest = 'vm web on h {\n policy p\n}\npolicy p { deny host-facts-missing }\n';
    const host = 'host h { group 1 { device nic } }\n';
    const levels = ({ result }: ReturnType<typeof check>): Set<string> => new Set(result.findings.map(({ rule, level, vm }) => `${level} ${rule} ${vm}`));
    assert.deepEqual(levels(check(`${host}${guest}`)), new Set(['warning host-facts-missing undefined', 'error host-facts-missing web']));
    assert.deepEqual(levels(check(`import "h.vmlayout"\n${guest}`, new Map([['h.vmlayout', host]]))), new Set(['error host-facts-missing web']));
    assert.deepEqual(levels(check(`${host}vm web on h\n`)), new Set(['warning host-facts-missing undefined']));
  });

  it('leave files alone, and say so', () => {
    checkLint(`
      vm web { policy p }
      policy p { deny unused-const }
                      ^^^^^^^^^^^^ unknown-name: \`unused-const\` looks at files, and a policy holds for vms: vmlayout.json or --rule sets its level
    `);
  });
});

describe('waivers', () => {
  it('stand on a line, in a block, on maps and on assignments', () => {
    checkLint(`
      vm web {
        policy p
        ram a at 0 size 3 MiB allow policy/blocks because "one"
        ram b at 4 MiB size 3 MiB {
          allow policy/blocks because "two"
        }
        ram c at 8 MiB size 3 MiB { allow policy/blocks because "three"; node 0 }
        ram d at 12 MiB size 3 MiB over e because "shadowed" allow policy/blocks, policy/small because "four" until 2030-01-01
        ram e at 12 MiB size 3 MiB
            ^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`e\`: 0xc00000-0xefffff
            ^ policy/small: \`r.size > 3 MiB\` is false for \`e\`: 3 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        prefer small: r.size > 3 MiB for r in ram
        allow policy/small on a, b, c because "small on purpose"
      }
    `);
    const { result } = checkLint(`${ALTRA}
vm web on altra {
  policy p
  ram low at 4 GiB size 3 MiB
  map first to low allow policy/entries because "small"
  assign gpu, nic allow policy/width because "not asked"
}
policy p {
  require entries: m.entries == 1 for m in map
  require width: d.bits >= 64 for d in device
}
`);
    assert.deepEqual(result.waived.map(({ rule, place }) => `${rule} ${place.item.text.slice(place.start, place.end)}`), ['policy/entries first', 'policy/width nic']);
  });

  it('are kept with what they waive: reason, last day, and who answers for it', () => {
    const { result } = check(`
      vm web {
        policy p
        ram low at 0 size 3 MiB allow policy/blocks because "old firmware" until 2027-06-30 owner "firmware team"
        ram high at 4 MiB size 3 MiB
        ram top at 8 MiB size 3 MiB
      }
      policy p {
        owner "platform team"
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks on high because "on purpose"
        allow policy/blocks on top because "lab only" owner "lab"
      }
    `);
    assert.deepEqual(result.waived.map(({ waiver }) => waiver), [
      { because: 'old firmware', until: '2027-06-30', owner: 'firmware team' },
      { because: 'on purpose', until: undefined, owner: 'platform team' },
      { because: 'lab only', until: undefined, owner: 'lab' },
    ]);
  });

  it('end within two weeks: said once, and only of those in use', () => {
    const days = ['2026-11-21', '2026-11-22', '2026-12-06', '2026-12-07'];
    const told = days.map((day) => {
      const text = `vm web {\n policy p\n ram low at 0 size 3 MiB\n}\npolicy p {\n require blocks: aligned(r, 2 MiB) for r in ram\n allow policy/blocks because "x" until ${day}\n}`;
      return check(text).result.findings.map(({ rule }) => rule).filter((rule) => rule.startsWith('waiver'));
    });
    assert.deepEqual(told, [['waiver-expired'], ['waiver-expiring'], ['waiver-expiring'], []]);
  });

  it('are not in use where a later statement overrules them', () => {
    checkLint(`
      vm web {
        policy p
        ram low at 0 size 3 MiB
            ^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`low\`: 0x0-0x2fffff
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks on low because "x" until 2026-11-22
              ^^^^^^^^^^^^^ waiver-unused: a later \`warn\` tells what breaks \`policy/blocks\` here: the waiver has no use
        warn policy/blocks
      }
    `);
  });

  it('are in use where another overrules the statement that overrules them, and where one vm needs them', () => {
    checkLint(`
      vm web {
        policy base, strict
        ram low at 0 size 3 MiB
            ^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`low\`: 0x0-0x2fffff
        ram high at 4 MiB size 3 MiB allow policy/blocks because "agreed"
      }
      vm lab {
        policy base
        ram low at 0 size 3 MiB
      }
      policy base {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "in the lab"
      }
      policy strict { deny policy/blocks }
    `);
  });

  it('need a reason to waive', () => {
    checkLint(`
      vm web {
        policy p
        ram low at 0 size 3 MiB
            ^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`low\`: 0x0-0x2fffff
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks
        ^^^^^ syntax: a waiver needs a reason: \`because "…"\`
      }
    `);
  });

  it('end after their date, and say so', () => {
    checkLint(`
      vm web {
        policy p
        ram low at 0 size 3 MiB allow policy/blocks because "x" until 2026-11-21
            ^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`low\`: 0x0-0x2fffff
                                                                      ^^^^^^^^^^ waiver-expired: \`policy/blocks\` was waived until this day; now its findings are told
        ram high at 4 MiB size 3 MiB allow policy/blocks because "x" until 2026-12-22
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
      }
    `);
  });

  it('that nothing needs are told, one rule at a time, and taken out', () => {
    const text = `
      vm web {
        policy p
        ram low at 0 size 3 MiB
        ram high at 4 MiB size 2 MiB allow policy/blocks because "x"
                                           ^^^^^^^^^^^^^ waiver-unused: nothing breaks \`policy/blocks\` here: the waiver has no use
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        require small: r.size < 1 GiB for r in ram
        allow policy/blocks, policy/small because "y"
                             ^^^^^^^^^^^^ waiver-unused: nothing breaks \`policy/small\` here: the waiver has no use
      }
    `;
    checkLint(text);
    checkFix(
      text,
      'Remove the waiver',
      `
      vm web {
        policy p
        ram low at 0 size 3 MiB
        ram high at 4 MiB size 2 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        require small: r.size < 1 GiB for r in ram
        allow policy/blocks, policy/small because "y"
      }
      `,
    );
    checkFix(
      `
      vm web {
        policy p
        ram low at 0 size 3 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        require small: r.size < 1 GiB for r in ram
        allow policy/small, policy/blocks because "y"
      }
      `,
      'Remove the waiver',
      `
      vm web {
        policy p
        ram low at 0 size 3 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        require small: r.size < 1 GiB for r in ram
        allow policy/blocks because "y"
      }
      `,
    );
  });

  it('are used if one vm needs them, on one of its hosts', () => {
    checkLint(`
      vm a {
        policy p
        ram low at 0 size 4 MiB
      }
      vm b {
        policy p
        ram low at 0 size 3 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks on low because "x"
        allow policy/blocks on b.low because "x"
      }
    `);
  });

  it('are left alone where they can’t be judged', () => {
    checkLint(`
      vm a {
        policy p
        ram low at nothing size 3 MiB
                   ^^^^^^^ unknown-name: nothing here is called \`nothing\`
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "in doubt"
      }
      policy of-nobody {
        allow region-overlap because "no vm holds to it"
        allow policy/blocks on b.low because "of another vm"
      }
    `);
  });
});

describe('a requirement of a vm itself', () => {
  it('is waived on a region of it, and by a policy', () => {
    checkLint(`
      vm web {
        policy lenient
        require large: r.size >= 1 GiB for r in ram
        ram low at 0 size 4 MiB allow policy/large because "it boots from there"
        ram high at 4 GiB size 8 MiB
        ram more at 5 GiB size 8 MiB
            ^^^^ policy/large: \`r.size >= 1 GiB\` is false for \`more\`: 8 MiB
      }
      policy lenient {
        allow policy/large on web.high because "the rest comes later"
      }
    `);
  });
});

describe('names in policies', () => {
  it('are told where nothing has them', () => {
    checkLint(`
      vm web {
        policy missing, p
               ^^^^^^^ unknown-name: there is no policy \`missing\`
        ram low at 0 size 4 MiB allow polciy/x, policy/blokcs because "x"
                                      ^^^^^^^^ unknown-name: there is no rule \`polciy/x\`
                                                ^^^^^^^^^^^^^ unknown-name: no policy or vm here has a requirement \`blokcs\`; did you mean \`policy/blocks\`?
      }
      vm other {
        policy p
        ram high at 0 size 4 MiB
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram, d in dorbell
                                                             ^^^^^^^ unknown-name: there is no selector \`dorbell\`; did you mean \`doorbell\`?
        require frobnicate(r) and r.base > nowhere for r in ram
                ^^^^^^^^^^ unknown-name: there is no function \`frobnicate\`
                                           ^^^^^^^ unknown-name: nothing here is called \`nowhere\`
        require m.coverag(2 MiB) > 90% for m in map
                  ^^^^^^^ unknown-name: a \`map\` has no \`coverag(…)\`
        deny doorbel-overlap, block-split
             ^^^^^^^^^^^^^^^ unknown-name: there is no rule \`doorbel-overlap\`; did you mean \`doorbell-overlap\`?
        note block-split on high
        note block-split on nobody
                            ^^^^^^ unknown-name: nothing in \`web\` is called \`nobody\`
        note block-split on web.high
                                ^^^^ unknown-name: nothing in \`web\` is called \`high\`
      }
    `);
  });

  it('are told in a policy that nobody holds to, too', () => {
    checkLint(`
      policy p like base {
                    ^^^^ unknown-name: there is no policy \`base\`
        require r.sise > 4 KiB for r in region
                  ^^^^ unknown-name: \`r\` has no \`sise\`; did you mean \`size\`?
        require v.low.size > 4 KiB and v.tables < 1 MiB for v in vm
        allow block-split because "x" until 2027-13-01
                                            ^^^^^^^^^^ value-range: 2027-13-01 is no day
      }
    `);
  });

  it('of requirements may be those of another policy', () => {
    checkLint(`
import "shared.vmlayout"
vm web {
  policy shared, own
  ram low at 0 size 3 MiB
}
policy own {
  allow policy/blocks because "x"
}
--- shared.vmlayout
policy shared {
  require blocks: aligned(r, 2 MiB) for r in ram
  deny nothing-at-all
}
`);
  });
});

describe('requirements', () => {
  it('count the elements of every selector', () => {
    for (const selector of SELECTORS) {
      const text = `vm web {\n policy p\n}\npolicy p {\n require empty: count(${selector}) >= 0\n}\n`;
      assert.deepEqual(check(text).result.findings.map(({ rule, message }) => `${rule}: ${message}`), [], selector);
    }
  });

  it('are asked for every combination, and blame the first', () => {
    const { result } = checkLint(`
      vm web {
        policy p
        ram low at 0 size 1 GiB
        ram high at 2 GiB size 1 GiB
            ^^^^ policy/gap: \`distance(r, d) >= 1 GiB\` is false for \`high\` and \`one\`: 0
            ^^^^ policy/gap: \`distance(r, d) >= 1 GiB\` is false for \`high\` and \`two\`: 4 KiB
        mmio its at 3 GiB size 64 KiB
        doorbell one at 3 GiB size 4
        doorbell two at 3 GiB + 4 KiB size 4
      }
      policy p {
        require gap: distance(r, d) >= 1 GiB for r in ram, d in doorbell because "guard"
      }
    `);
    assert.deepEqual(result.findings[0]?.notes.map(({ message }) => message), ['`d` is `one`', 'guard']);
    assert.deepEqual(result.findings.map(({ level }) => level), ['error', 'error']);
  });

  it('know the values that break them', () => {
    checkLint(`
      const LIMIT = 2 GiB
      vm web {
         ^^^ policy/require: \`v.ram <= LIMIT\` is false for \`web\`: \`v.ram\` is 3 GiB, \`LIMIT\` is 2 GiB
         ^^^ policy/require: \`1 > 2\` is false
         ^^^ policy/require: \`count(ram) == 1\` is false: 2
         ^^^ policy/require: \`sum(ram.size) + 4 KiB < max(ram.end)\` is false: \`sum(ram.size) + 4 KiB\` is 3 GiB + 4 KiB, \`max(ram.end)\` is 0xc0000000
        policy p
        ram low at 0 size 1 GiB
            ^^^ policy/require: \`r.name == "high" or r.size > 2 GiB\` is false for \`low\`: \`r.name\` is "low", \`r.size\` is 1 GiB
        ram high at 1 GiB size 2 GiB
        rom flash at 4 GiB size 1 MiB access rx
            ^^^^^ policy/require: \`not r.execute\` is false for \`flash\`
      }
      policy p {
        require v.ram <= LIMIT for v in vm
        require r.name == "high" or r.size > 2 GiB for r in ram
        require not r.execute for r in region
        require 1 > 2
        require count(ram) == 1
        require sum(ram.size) + 4 KiB < max(ram.end)
      }
    `);
  });

  it('see what the plan comes to', () => {
    checkLint(`${ALTRA}
vm web on altra {
   ^^^ policy/all: \`false and v.maps > 0\` is false for \`web\`
   ^^^ policy/least: \`min(map.coverage(2 MiB)) >= 90%\` is false: 0%
  policy p
  backing ram0 size 4 GiB hugetlb 1 GiB
  ram low at 0x4000_0000 size 2 GiB from ram0
  ram high at 0x1_0000_1000 size 1 GiB from ram0
      ^^^^ policy/coverage: \`m.coverage(2 MiB) >= 90%\` is false for \`high\`: 0%
      ^^^^ policy/entries: \`m.entries <= 512 and m.blocks(1 GiB) <= 2\` is false for \`high\`: 262144
  assign nic
}
policy p {
  require coverage: m.coverage(2 MiB) >= 90% for m in map
  require entries: m.entries <= 512 and m.blocks(1 GiB) <= 2 for m in map
  require m.tables <= 4 MiB and m.end - m.base == m.size and m.last + 1 == m.end for m in map
  require v.dma == 3 GiB and v.pinned == 3 GiB and v.maps == 2 and v.entries == 262146 and v.ram == 3 GiB for v in vm
  require v.tables < 4 MiB and v.tables > 2 MiB and v.low.size == 2 GiB and v.name == "web" for v in vm
  require d.bits == 48 for d in device
  require k.kind == "sw-msi" and k.base == 0x800_0000 and k.last == 0x80f_ffff for k in reserved
  require b.size >= 1 GiB and b.node == 0 and b.name == "ram0" for b in backing
  require r.backing == b for r in ram, b in backing
  require host.page == 4 KiB and host.arch == "arm64" and altra.smmu0.granule == host.page
  require least: min(map.coverage(2 MiB)) >= 90%
  require all: false and v.maps > 0 for v in vm
}
`, { today: TODAY, levels: new Map([['phase-mismatch', 'off'], ['base-misaligned', 'off']]) });
  });

  it('count the leaves of the CPU, too', () => {
    checkLint(`${ALTRA}
vm web on altra {
   ^^^ policy/cpu: \`v.stage2-coverage(1 GiB) > 90%\` is false for \`web\`: 66.66%
  policy p
  backing ram0 size 4 GiB hugetlb 1 GiB
  ram low at 0x4000_0000 size 2 GiB from ram0
  ram high at 0x1_0020_0000 size 1 GiB from ram0
      ^^^^ policy/map: \`m.stage2-coverage(1 GiB) == 100%\` is false for \`high\`: 0%
  assign nic
}
policy p {
  require m.stage2(1 GiB) == 2 or m.stage2(2 MiB) == 512 for m in map
  require map: m.stage2-coverage(1 GiB) == 100% for m in map
  require v.slots == 2 and v.stage2(1 GiB) == 2 and v.stage2(2 MiB) == 512 and v.stage2(4 KiB) == 0 for v in vm
  require cpu: v.stage2-coverage(1 GiB) > 90% for v in vm
}
`, { today: TODAY, levels: new Map([['phase-mismatch', 'off'], ['base-misaligned', 'off']]) });
  });

  it('keep silent where a value can’t be known', () => {
    checkLint(`
      vm web {
        policy p
        ram low at nowhere size 1 GiB
                   ^^^^^^^ unknown-name: nothing here is called \`nowhere\`
        ram high at 4 GiB size 1 MiB
            ^^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`high\`: 0x100000000-0x1000fffff
      }
      policy p {
        require blocks: aligned(r, 2 MiB) for r in ram
        require m.coverage(2 MiB) == 100% for m in map
        require v.tables > 0 and v.slots > 9 and v.stage2(2 MiB) > 9 for v in vm
        require host.page == 64 KiB
        require count(map) > 3
      }
    `);
  });

  it('tell a mistake once, at the policy', () => {
    checkLint(`
      vm web {
        policy p
        ram low at 0 size 1 GiB
        ram high at 1 GiB size 1 GiB
      }
      vm other {
        policy p
        ram low at 0 size 1 GiB
      }
      policy p {
        require r.size >= 90% for r in ram
                ^^^^^^^^^^^^^ type-mismatch: a size can’t be compared with a share
        require r.size for r in ram
                ^^^^^^ type-mismatch: \`require\` asks for a condition, and this is a size
        require r.size / (r.base - r.base) > 1 for r in ram
                ^^^^^^^^^^^^^^^^^^^^^^^^^^ value-range: division by zero
        require ram.coverage(2 MiB) > 90%
                    ^^^^^^^^ unknown-name: a \`ram\` has no \`coverage(…)\`
        require ram.size.coverage(2 MiB) > 90%
                         ^^^^^^^^ unknown-name: a size has no \`coverage(…)\`
      }
    `);
  });

  it('are bounded', () => {
    const regions = Array.from({ length: 50 }, (_, index) => `  ram r${index} at ${index} GiB size 4 KiB`).join('\n');
    const text = (binders: string) => `vm web {\n  policy p\n${regions}\n}\npolicy p {\n  require a.size > 1 GiB for ${binders}\n}\n`;
    const many = check(text('a in ram, b in ram, c in ram')).result.findings;
    assert.deepEqual(many.map(({ message }) => message), ['this makes 125,000 combinations; at most 100,000 are judged']);
    const few = check(text('a in ram, b in ram')).result.findings;
    assert.equal(few.length, 100);
    assert.equal(few.at(-1)?.notes.at(-1)?.message, '2,400 more break this');
  });

  it('hold on every host, and name the one on which they don’t', () => {
    checkLint(`
      host small {
        page 4 KiB
        iommu a { model vt-d  bits 48  reserved msi at 0xfee0_0000 size 1 MiB kind msi }
      }
      host large {
        page 64 KiB
        iommu a { model smmu-v3  granule 64 KiB  bits 48  reserved msi at 0x800_0000 size 1 MiB kind sw-msi }
      }
      vm web on small, large {
        policy p
        ram low at 4 GiB size 68 KiB
            ^^^ policy/blocks: \`aligned(r, 1 MiB)\` is false for \`low\`: 0x100000000-0x100010fff
            ^^^ policy/pages: on \`large\`: \`aligned(r, host.page)\` is false for \`low\`: \`r\` is 0x100000000-0x100010fff, \`host.page\` is 64 KiB
            ^^^ slot-unaligned: on \`large\`: the size 0x11000 of \`low\` is no multiple of 64 KiB, the host’s page: KVM_SET_USER_MEMORY_REGION fails with EINVAL
      }
      policy p {
        require pages: aligned(r, host.page) for r in ram
        require blocks: aligned(r, 1 MiB) for r in ram
      }
    `);
  });
});

const overlapping = (policies: string, declared: string): string =>
  `vm web {\n  policy ${policies}\n  ram low at 0 size 1 GiB\n  ram high at 0 size 1 MiB\n}\n${declared}`;

const levelsOf = (policies: string, declared: string): string[] =>
  check(overlapping(policies, declared)).result.findings.filter(({ rule }) => rule === 'region-overlap').map(({ level }) => level);

const levelsWith = (statements: string): string[] => levelsOf('p', `policy p {\n ${statements}\n}\n`);

describe('a requirement that stands in a vm', () => {
  it('sees the vm’s constants and parts, and goes with `like`', () => {
    checkLint(`
      vm board {
        const RAM
        const LIMIT = 2 GiB
        ram low at 0 size RAM
            ^^^ policy/require: \`r.size >= 1 MiB\` is false for \`low\`: 64 KiB
        require RAM <= LIMIT because "the board has no more address lines"
        require r.size >= 1 MiB for r in ram
      }
      vm small like board { const RAM = 1 GiB }
      vm large like board { const RAM = 4 GiB }
         ^^^^^ policy/require: \`RAM <= LIMIT\` is false: \`RAM\` is 4 GiB, \`LIMIT\` is 2 GiB
      vm larger like board {
        const RAM = 4 GiB
        const LIMIT = 8 GiB
      }
      vm tiny like board { const RAM = 64 KiB }
    `);
  });

  it('is there or not with its \`when\`, and tells its mistakes once', () => {
    checkLint(`
      vm web {
        ram low at 0 size 1 GiB
        require low.size > 4 GiB when false
        require low.sise > 4 GiB
                    ^^^^ unknown-name: \`low\` has no \`sise\`; did you mean \`size\`?
      }
    `);
  });
});
