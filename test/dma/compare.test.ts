import assert from 'node:assert/strict';
import { compareStances, stanceName, type Comparison, type Outcome } from '../../server/core/dma/compare.js';
import { formatLeaves } from '../../server/core/dma/leaves.js';
import { formatAddress, formatRange } from '../../server/core/layout/address.js';
import { spanText } from '../../server/core/report/comparison-rows.js';
import { planOn } from './plan-of.js';

// The stances side by side: the numbers of each are those of a layout that says so, and kernels answer as the records do.

const ARM = (contract: string, kernel: string): string => `
  arch arm64
  kernel ${kernel}
  page 4 KiB
  contract ${contract}
  iommu smmu0 {
    model smmu-v3
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "0000:01:00.0" }
`;

const PC = (contract: string, kernel: string): string => `
  arch x86_64
  kernel ${kernel}
  page 4 KiB
  contract ${contract}
  iommu dmar0 {
    model vt-d
    bits 48
    reserved msi at 0xfee0_0000 ..= 0xfeef_ffff kind msi
  }
  group 1 { device nic "0000:01:00.0" }
`;

const LOW = 'backing pages size 4 GiB hugetlb 1 GiB\nram low at 0 size 4 GiB from pages\nassign nic';

function comparisonOf(host: string, guest: string): Comparison {
  const { vm, host: box } = planOn(host, guest);
  return compareStances(vm, box);
}

const by = ({ outcomes }: Comparison): Map<string, Outcome> => new Map(outcomes.map((outcome) => [stanceName(outcome).replace(' *', ''), outcome]));

const starts = (comparison: Comparison): Record<string, string> =>
  Object.fromEntries([...by(comparison)].map(([name, { plan, start }]) => [name, !plan ? 'none' : start.errno === 'ok' && start.reason !== undefined ? `ok, but ${start.reason}` : start.errno]));

describe('stances side by side', () => {
  it('start, or don’t, as the kernel says', () => {
    const now = { reject: 'EINVAL', carve: 'ok', 'carve to 2 MiB': 'ok', 'carve to 1 GiB': 'ok', tolerate: 'EINVAL', relocate: 'ok' };
    for (const [contract, kernel] of [['type1', '5.4'], ['type1', '7.2'], ['iommufd', '6.12']] as const) {
      assert.deepEqual(starts(comparisonOf(PC(contract, kernel), LOW)), now, `${contract} ${kernel}`);
    }
    for (const [contract, kernel] of [['type1', '5.3'], ['none', '7.2']] as const) {
      assert.deepEqual(starts(comparisonOf(PC(contract, kernel), LOW)), { ...now, reject: 'ok', tolerate: 'ok' }, `${contract} ${kernel}`);
    }
  });

  it('are never right over a software MSI window that is mapped', () => {
    const { reject, tolerate, carve } = starts(comparisonOf(ARM('type1', '5.3'), LOW));
    assert.match(`${reject}`, /^ok, but the kernel finds no room for doorbells in `msi`/);
    assert.match(`${tolerate}`, /^ok, but the kernel finds no room/);
    assert.equal(carve, 'ok');
  });

  it('cost what a layout that says so costs: the golden numbers of a doorbell in 4 GiB of 1 GiB pages', () => {
    const outcomes = by(comparisonOf(ARM('type1', '7.2'), LOW));
    const leaves = (name: string): string => formatLeaves(outcomes.get(name)?.plan?.totals.leaves ?? new Map());
    assert.equal(leaves('carve'), '3 × 1 GiB + 511 × 2 MiB + 256 × 4 KiB');
    assert.equal(leaves('carve to 2 MiB'), '3 × 1 GiB + 511 × 2 MiB');
    assert.equal(leaves('carve to 1 GiB'), '3 × 1 GiB');
    assert.equal(leaves('relocate'), '4 × 1 GiB');
    for (const [name, stance] of [['carve', 'carve'], ['tolerate', 'tolerate'], ['reject', 'reject']] as const) {
      assert.equal(leaves(name), formatLeaves(planOn(ARM('type1', '7.2'), `on-overlap ${stance}\n${LOW}`).totals.leaves), name);
    }
  });

  it('say which RAM devices don’t reach, and of what the guest must be told', () => {
    const told = (guest: string): string[] =>
      [...by(comparisonOf(PC('type1', '5.3'), guest))].map(([name, { outOfReach, keptOff }]) =>
        `${name}: ${outOfReach.map(formatRange).join()} ${keptOff.map(({ avoid }) => avoid?.name ?? 'untold').join()}`);
    const gap = '0xfee00000-0xfeefffff';
    assert.deepEqual(told(LOW), [`reject: ${gap} untold`, `carve: ${gap} untold`, 'carve to 2 MiB: 0xfee00000-0xfeffffff untold', 'carve to 1 GiB: 0xc0000000-0xffffffff untold', `tolerate: ${gap} untold`, 'relocate:  ']);
    assert.deepEqual(told(`${LOW}\navoid quiet at 0xfee0_0000 size 1 MiB via e820`).filter((line) => line.includes('quiet')), [`reject: ${gap} quiet`, `carve: ${gap} quiet`, `tolerate: ${gap} quiet`]);
  });

  it('say which kernels answer otherwise', () => {
    const spans = (host: string, name: string): string => by(comparisonOf(host, LOW)).get(name)?.kernels.map(spanText).join('; ') ?? '';
    assert.equal(spans(PC('type1', '6.6'), 'reject'), 'before 5.4 ok; since 5.4 EINVAL');
    assert.equal(spans(PC('type1', '6.6'), 'carve'), 'all ok');
    assert.equal(spans(PC('iommufd', '6.6'), 'tolerate'), 'since 6.2 EINVAL');
    assert.equal(spans(PC('none', '6.6'), 'tolerate'), '');
  });

  it('mark the one that the layout has, and leave written maps aside', () => {
    const { outcomes } = comparisonOf(ARM('type1', '7.2'), `on-overlap tolerate\n${LOW}\nmap only at 0x4000_0000 size 1 GiB to low`);
    assert.deepEqual(outcomes.filter(({ isDeclared }) => isDeclared).map(stanceName), ['tolerate *']);
    assert.equal(by(comparisonOf(ARM('type1', '7.2'), `${LOW}\nmap only at 0x4000_0000 size 1 GiB to low`)).get('carve')?.plan?.totals.maps, 2);
  });

  it('relocate nothing where nothing is in the way, or where nothing is free', () => {
    const why = (guest: string): string | undefined => by(comparisonOf(ARM('type1', '7.2'), guest)).get('relocate')?.why;
    assert.equal(why('ram low at 1 GiB size 1 GiB\nassign nic'), 'nothing is in the way');
    assert.equal(why('bits 32\nram low at 0 size 4 GiB\nassign nic'), 'there is no other place for `low`');
    assert.equal(why('ram low at 0 size 1 GiB\nram again at 8 GiB size 1 GiB alias low\nassign nic'), 'there is no other place for `low`');
  });

  it('offer no block that holes fill anyway', () => {
    const host = ARM('type1', '7.2').replace('0x0800_0000 ..= 0x080f_ffff kind sw-msi', '0x4000_0000 size 2 GiB kind reserved');
    assert.deepEqual([...by(comparisonOf(host, LOW)).keys()], ['reject', 'carve', 'tolerate', 'relocate']);
  });
});

describe('stances, and what comes later', () => {
  const CARDS = `${PC('type1', '6.12')}
  group 2 {
    device tpu "0000:02:00.0"
    reserved mailbox at 0x1_4000_0000 size 1 MiB kind reserved
  }
`;
  const told = (guest: string, host = CARDS): string[] => [...by(comparisonOf(host, guest))].map(([name, { plan, why, outOfReach, keptOff, moves }]) =>
    [name, why ?? `${plan?.totals.maps} ${plan?.totals.entries}`, outOfReach.map(formatRange).join() || 'none', keptOff.map(({ avoid }) => avoid?.name ?? 'untold').join() || 'nothing',
      ...moves.map(({ region, to }) => `${region.name} to ${formatAddress(to)}`)].join('; '));
  const hole = '0x140000000-0x1400fffff';

  it('carve for the first device as it comes, and relocate for it', () => {
    assert.deepEqual(told('ram low at 4 GiB size 2 GiB\nassign tpu hotplug'), [
      'reject; 1 524288; none; nothing', `carve; 2 524032; ${hole}; untold`, 'tolerate; 1 524288; none; nothing', 'relocate; 1 524288; none; nothing; low to 0x180000000',
    ]);
  });

  it('carve as RAM comes, and relocate it', () => {
    const guest = 'ram low at 0 size 2 GiB\nwindow w at 5 GiB size 4 GiB for memory\nram d0 at 5 GiB size 2 GiB hotplug dimm\nassign tpu';
    assert.deepEqual(told(guest), [
      'reject; 1 524288; none; nothing', `carve; 1 524288; ${hole}; untold`, 'tolerate; 1 524288; none; nothing', 'relocate; 1 524288; none; nothing; d0 to 0x180000000',
    ]);
    assert.deepEqual(told(`${guest}\navoid gap at 0x1_4000_0000 size 1 MiB`)[1], `carve; 1 524288; ${hole}; gap`);
  });

  it('relocate what is plugged past an aperture, and for a device that comes to what stands', () => {
    assert.match(`${told('ram low at 0 size 2 GiB\nram d0 at 0xffff_c000_0000 size 2 GiB hotplug dimm\nassign nic')[3]}`, /d0 to 0xffff80000000$/);
    assert.match(`${told('ram low at 4 GiB size 2 GiB\nassign nic\nassign tpu hotplug')[3]}`, /low to 0x180000000$/);
  });

  it('lose RAM in silence where no kernel looks', () => {
    const old = CARDS.replace('kernel 6.12', 'kernel 5.3');
    assert.deepEqual(told('ram low at 4 GiB size 2 GiB\nassign nic\nassign tpu hotplug', old).slice(0, 3), [
      `reject; 1 524288; ${hole}; untold`, `carve; 1 524288; ${hole}; untold`, `tolerate; 1 524288; ${hole}; untold`,
    ]);
  });

  it('widen what they carve as the first device or RAM comes', () => {
    const blocks = (guest: string): string[] => [...by(comparisonOf(CARDS, `backing pages size 8 GiB hugetlb 1 GiB\n${guest}`)).keys()].filter((name) => name.startsWith('carve'));
    assert.deepEqual(blocks('ram low at 4 GiB size 2 GiB from pages\nassign tpu hotplug'), ['carve', 'carve to 2 MiB', 'carve to 1 GiB']);
    assert.deepEqual(blocks('ram low at 4 GiB size 2 GiB from pages hotplug dimm\nassign tpu'), ['carve', 'carve to 2 MiB', 'carve to 1 GiB']);
    assert.deepEqual(blocks('ram low at 4 GiB size 2 GiB from pages\nassign nic\nassign tpu hotplug'), ['carve']);
  });
});
