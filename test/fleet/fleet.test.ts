import assert from 'node:assert/strict';
import fc from 'fast-check';
import { judgeGuest, type GuestReport } from '../../server/core/fleet/fleet.js';
import { fleetMembers } from '../../server/core/fleet/members.js';
import { Lookup } from '../../server/core/layout/lookup.js';
import { openDocument } from '../../server/core/syntax/document.js';
import { check, TODAY } from '../support/check.js';
import { dedent } from '../support/picture.js';

// Every guest on every host: what a fleet says of a pair is what a check says of that pair alone.

const host = (name: string, facts: string): string => `host ${name} {\n  page 4 KiB\n  ${facts}\n}\n`;
const arm = (name: string, more = ''): string => host(name, `arch arm64; kernel 6.12; bits 48; ${more}\n  iommu u { model smmu-v3; granule 4 KiB; bits 48; reserved msi at 0x800_0000 size 1 MiB kind sw-msi }\n  device nic "0000:01:00.0"`);
const pc = (name: string, more = ''): string => host(name, `arch x86_64; kernel 6.12; bits 46; ${more}\n  iommu u { model vt-d; bits 48; reserved msi at 0xfee0_0000 size 1 MiB kind msi }\n  device nic "0000:01:00.0"`);

function fleetOf(text: string): GuestReport[] {
  const document = openDocument(dedent(text));
  const lookup = new Lookup({ read: () => document });
  const { hosts, guests } = fleetMembers(['main.vmlayout'], lookup);
  return guests.flatMap((guest) => judgeGuest(guest, hosts, lookup, { today: TODAY }) ?? []);
}

/** `web: boots a b | no c doorbell-overlap | moves a b`. */
const told = ({ guest, verdicts, migration }: GuestReport): string => [
  guest.name,
  ...verdicts.map(({ hosts, boots, reasons, later }) => [boots ? 'boots' : 'no', ...hosts.map(({ name }) => name), ...[...reasons, ...later].map(({ rule }) => rule)].join(' ')),
  ...migration.map(({ hosts, apart, devices }) => ['moves', ...hosts.map(({ name }) => name), ...(apart === undefined ? [] : [`(${apart})`]), ...devices].join(' ')),
].join(' | ');

describe('a fleet', () => {
  it('judges each guest on each host, and says where it may move', () => {
    const text = `${arm('a1')}${arm('a2')}${pc('p1')}
      vm web { ram low at 1 GiB size 4 GiB; assign nic }
      vm batch { ram low at 0 size 2 GiB }
    `;
    assert.deepEqual(fleetOf(text).map(told), [
      'web | boots a1 a2 | no p1 doorbell-overlap | moves a1 a2 nic',
      'batch | boots a1 a2 p1 | moves a1 a2 | moves p1 (they are x86_64, not arm64)',
    ]);
  });

  it('tells a device that a host doesn’t have', () => {
    assert.deepEqual(fleetOf(`${arm('a1')}${host('bare', 'arch arm64')}\n vm web { ram low at 1 GiB size 1 GiB; assign nic }`).map(told), [
      'web | boots a1 | no bare unknown-name | moves a1 nic',
    ]);
  });

  it('tells a host with too few huge pages for the guest', () => {
    const text = `${arm('a1', 'hugepages 1 GiB count 8')}${arm('a2', 'hugepages 1 GiB count 4')}
      vm web { ram low at 1 GiB size 6 GiB backing hugetlb 1 GiB; assign nic }
    `;
    assert.deepEqual(fleetOf(text).map(told), ['web | boots a1 | no a2 hugepage-pool | moves a1 nic']);
  });

  it('tells what can’t be plugged in later', () => {
    const more = 'device fpga "0000:02:00.0" { reserved box at 2 GiB size 1 MiB kind reserved }';
    assert.deepEqual(fleetOf(`${arm('a1', more)}${arm('a2', 'device fpga "0000:02:00.0"')}\n vm web { ram low at 1 GiB size 2 GiB; assign nic; assign fpga hotplug }`).map(told), [
      'web | boots a1 hotplug-device | boots a2 | moves a1 a2 nic',
    ]);
  });

  it('keeps apart hosts on which the guest’s own layout is another one', () => {
    const text = `${arm('a1')}${arm('a2', 'const BASE = 2 GiB')}
      vm web { ram low at if(host.name == "a1", 1 GiB, host.BASE) size 1 GiB; mmio uart at 0x900_0000 size 4 KiB }
    `;
    assert.deepEqual(fleetOf(text).map(told), ['web | boots a1 a2 | moves a1 | moves a2 (`ram low` is another one there)']);
  });

  it('has no place for models and for what isn’t there', () => {
    const text = `${arm('a1')}host shape { const N; page N }
      vm model { const RAM; ram low at 1 GiB size RAM }
      vm off { ram low at 1 GiB size 1 GiB when 1 == 2 }
      vm web like model { const RAM = 1 GiB }
    `;
    assert.deepEqual(fleetOf(text).map(told), ['off | boots a1 | moves a1', 'web | boots a1 | moves a1']);
  });

  it('says of a pair what a check of that pair says', () => {
    const guests = fc.record({ base: fc.integer({ min: 0, max: 5 }), size: fc.integer({ min: 1, max: 4 }), own: fc.boolean(), asks: fc.boolean() });
    const kept = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.array(kept, { minLength: 1, maxLength: 4 }), fc.array(guests, { minLength: 1, maxLength: 3 }), (hosts, vms) => {
        const hostTexts = hosts.map((at, index) => pc(`h${index}`, `reserved q at ${at} GiB size 1 MiB kind reserved`));
        const vmText = ({ base, size, asks }: (typeof vms)[number], index: number, on: string): string =>
          `vm v${index}${on} { ram low at ${base} GiB size ${asks ? `if(host.bits == 46, ${size} GiB, 1 GiB)` : `${size} GiB`}; assign nic }\n`;
        const reports = fleetOf(hostTexts.join('') + vms.map((vm, index) => vmText(vm, index, '')).join(''));
        for (const [index, vm] of vms.entries()) {
          for (const [which, hostText] of hostTexts.entries()) {
            const { findings } = check(hostText + vmText(vm, index, ` on h${which}`)).result;
            const alone = new Set(findings.filter(({ level, vm: of }) => level === 'error' && of !== undefined).map(({ rule, message }) => `${rule}: ${message}`));
            const verdict = reports[index]?.verdicts.find(({ hosts: some }) => some.some(({ name }) => name === `h${which}`));
            assert.deepEqual(new Set(verdict?.reasons.map(({ rule, message }) => `${rule}: ${message}`)), alone);
          }
        }
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
