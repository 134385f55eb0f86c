import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkFile, type CheckResult } from '../../server/core/rules/check.js';
import { editDocument, openDocument, type Document } from '../../server/core/syntax/document.js';
import { applyOffer, check, checkLint, drawFindings, offersOf, TODAY, type Checked } from '../support/check.js';

// The guests of a host, looked at together.

const HOST = `
  page 4 KiB
  iommu dmar0 {
    model vt-d
    bits 48
    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }`;

describe('guests of a host together', () => {
  it('are judged by the policies of the one that is blamed', () => {
    checkLint(`
      host xeon {${HOST}
        hugepages 1 GiB count 8
      }
      vm first on xeon { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm second on xeon {
        policy lab
        ram low at 0 size 4 GiB backing hugetlb 1 GiB
      }
      policy lab { allow hugepage-pool because "never both" }
    `);
  });

  it('leave a waiver unused where nothing is wrong', () => {
    checkLint(`
      host xeon {${HOST}
        hugepages 1 GiB count 16
      }
      vm first on xeon { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm second on xeon {
        ram low at 0 size 4 GiB backing hugetlb 1 GiB allow hugepage-pool because "never both"
                                                            ^^^^^^^^^^^^^ waiver-unused: nothing breaks \`hugepage-pool\` here: the waiver has no use
      }
    `);
  });

  it('that could be elsewhere must find room beside those that could not', () => {
    checkLint(`
      host xeon {${HOST}
        hugepages 1 GiB count 8
      }
      host spare {${HOST}
        hugepages 1 GiB count 32
      }
      vm fixed on xeon { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm roaming on xeon, spare { ram low at 0 size 4 GiB backing hugetlb 1 GiB }
                                      ^^^ hugepage-pool: on \`xeon\`: beside the vms that are on \`xeon\` alone, \`roaming\` makes 10 pages of 1 GiB that are needed, and it has 8: mmap fails with ENOMEM when it starts there
      vm tourist on xeon, spare { ram low at 0 size 2 GiB backing hugetlb 1 GiB }
    `);
  });

  it('need a common backing once, and may share it', () => {
    checkLint(`
      host xeon {${HOST}
        hugepages 1 GiB count 4
      }
      backing pool size 4 GiB hugetlb 1 GiB share
      vm first on xeon { ram low at 0 size 4 GiB from pool }
      vm second on xeon { ram low at 0 size 4 GiB from pool }
    `);
  });

  it('are not judged where the host doesn’t tell that size', () => {
    checkLint(`
      host xeon {${HOST}
        hugepages 2 MiB count 2
      }
      vm first on xeon { ram low at 0 size 6 GiB backing hugetlb 1 GiB }
      vm second on xeon { ram low at 0 size 4 GiB backing hugetlb 16 MiB }
    `);
  });

  it('of one host are left alone when another’s are edited', () => {
    const guests = (host: string): string => `host ${host} {${HOST}\n  hugepages 1 GiB count 8\n}\nvm ${host}1 on ${host} { ram low at 0 size 6 GiB backing hugetlb 1 GiB }\nvm ${host}2 on ${host} { ram low at 0 size 4 GiB backing hugetlb 1 GiB }\n`;
    const text = guests('a') + guests('b');
    const at = text.lastIndexOf('size 4 GiB') + 5;
    const document = openDocument(text);
    const before = checked(document);
    const after = checked(editDocument(document, at, at + 1, '3'), before);
    assert.deepEqual(before.findings.map(({ vm }) => vm), ['a2', 'b2']);
    assert.equal(after.findings[0], before.findings[0]);
    assert.match(after.findings[1]?.message ?? '', /need 9 pages/);
  });

  it('claim nothing of what a hole uses up', () => {
    const board = (hole: string): string[] => check(`host board {
  contract none
  memory root at 0x8000_0000 size 1 GiB for host
}
vm a on board {
  backing all physical at 0x7000_0000 size 1536 MiB
  ram low at 0x4000_0000 size 256 MiB from all
  hole gone at 0x5000_0000 size ${hole} from all
  ram high at 0x10_0000_0000 size 128 MiB from all
}
`).result.findings.filter(({ rule }) => rule === 'host-memory-overlap').map(({ message }) => message);
    assert.deepEqual(board('1 GiB'), []);
    assert.deepEqual(board('1 GiB - 4 KiB'), ['`all` (0xbffff000-0xcfffffff) meets memory `root` of the host (0x80000000-0xbfffffff): nobody checks it, and both write it']);
  });

  it('say who refuses host memory that two have', () => {
    const words = (vmm: string, kind: string): string => check(`host board { memory root at 0x8000_0000 size 1 GiB for host }
vm a on board { vmm ${vmm}
  ${kind} low at 0x4000_0000 size 1 MiB backing physical at 0x8000_0000 }
`).result.findings.find(({ rule }) => rule === 'host-memory-overlap')?.message.replace(/.*: /, '') ?? '';
    assert.equal(words('microkit', 'ram'), 'Microkit refuses to build it');
    assert.equal(words('jailhouse', 'ram'), 'nobody checks it, and both write it');
    assert.equal(words('jailhouse', 'rom'), 'nobody checks it, and what is written there changes under the guest');
  });
});

const checked = (document: Document, before?: CheckResult): CheckResult =>
  checkFile('main.vmlayout', { read: () => document }, { today: TODAY }, before);

/** Guests, in units of 1 GiB, that want memory of one of two hosts. */
interface Wish {
  readonly hosts: string;
  readonly backing: string;
  readonly offset: number;
  readonly size: number;
  readonly vmm: string;
  readonly share: string;
}

const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    hosts: fc.constantFrom('a', 'a', 'b', 'a, b'),
    backing: fc.constantFrom('hugetlb 1 GiB', 'hugetlb 2 MiB', 'hugetlb 1 GiB node 0', 'hugetlb 1 GiB node 1', 'physical', 'pool', 'pinned'),
    offset: fc.nat(6),
    size: fc.integer({ min: 1, max: 5 }),
    vmm: fc.constantFrom('generic', 'qemu', 'cloud-hypervisor'),
    share: fc.constantFrom('', '', '', ' share'),
  }),
  { minLength: 1, maxLength: 6 },
);

const GUESTS_OF = (wish: Wish, index: number): string => {
  const { hosts, backing, offset, size, vmm, share } = wish;
  const kind = backing === 'physical' ? `physical at ${0x20 + offset} * 1 GiB` : backing;
  const isCommon = backing === 'pool' || backing === 'pinned';
  const own = isCommon ? [] : [`  backing mine size ${size + offset / 4} GiB ${kind}${share}`];
  const from = isCommon ? `${backing} + ${offset} GiB` : 'mine';
  return [`vm v${index} on ${hosts} {`, `  vmm ${vmm}`, ...own, `  ram low at 0 size ${size} GiB from ${from}${isCommon ? share : ''}`, `  ram high at 64 GiB size ${offset + 1} * 512 MiB from ${from}`, '}', ''].join('\n');
};

const HOSTS = ['a', 'b'].map((name) => `host ${name} {${HOST}\n  hugepages 1 GiB count 6 node 0\n  hugepages 1 GiB count 4 node 1\n  hugepages 2 MiB count 2048\n  memory own at 30 * 1 GiB size 3 GiB for host\n  memory rest at 33 * 1 GiB size 20 GiB for guests\n}\n`);
const COMMON = 'backing pool size 8 GiB hugetlb 1 GiB\nbacking pinned size 8 GiB physical at 40 * 1 GiB\n';

const file = (guests: readonly string[]): string => [...HOSTS, COMMON, ...guests].join('');

describe('guests of hosts, in random files', () => {
  it('are judged alike in whatever order they are declared', () => {
    const shuffled = wishes.chain((list) => fc.tuple(fc.constant(list.map(GUESTS_OF)), fc.shuffledSubarray(list.map(GUESTS_OF), { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        assert.deepEqual(verdicts(check(file(other))), verdicts(check(file(one))));
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);

  it('are judged after edits as in a fresh file', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom('1', '2', '5', '7', ' share', '')), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(wishes, edits, (list, steps) => {
        let text = file(list.map(GUESTS_OF));
        let document = openDocument(text);
        let before = checked(document);
        for (const [where, word] of steps) {
          const digits = [...text.matchAll(/\d(?= GiB)|(?<=\d GiB)$/gm)];
          const at = digits[where % digits.length];
          if (!at) continue;
          const end = at.index + at[0].length;
          document = editDocument(document, at.index, end, word);
          text = text.slice(0, at.index) + word + text.slice(end);
          before = checked(document, before);
          const fresh = openDocument(text);
          assert.equal(drawn(text, document, before), drawn(text, fresh, checked(fresh)));
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(60_000);

  it('are mended by every fix that is offered', () => {
    fc.assert(
      fc.property(wishes, (list) => {
        const before = check(file(list.map(GUESTS_OF)));
        for (const finding of before.result.findings) {
          for (const offer of offersOf(before, finding)) {
            const after = check(applyOffer(before, offer));
            assert.ok(errors(after) <= errors(before), `${offer.title}\n${after.text}`);
          }
        }
      }),
      { numRuns: 80 },
    );
  }).timeout(60_000);
});

function drawn(text: string, document: Document, result: CheckResult): string {
  const world = { read: () => document };
  return drawFindings({ path: 'main.vmlayout', text, document, world, options: { today: TODAY }, result });
}

const errors = ({ result }: Checked): number => result.findings.filter(({ level }) => level === 'error').length;

/**
 * What is wrong, without who is blamed for it: of two guests it is the later, as it is the one that starts later. What one
 * guest has by itself is told in its words.
 */
const verdicts = ({ result }: Checked): string[] =>
  result.findings
    .map(({ rule, level, vm, message }) => (TOGETHER.has(rule) ? `${rule} ${level} ${/need \d+ pages.*/.exec(message)?.[0] ?? ''}` : `${rule} ${level} ${vm} ${message}`))
    .sort();

const TOGETHER: ReadonlySet<string> = new Set(['backing-overlap', 'host-memory-overlap', 'hugepage-pool']);
