import assert from 'node:assert/strict';
import fc from 'fast-check';
import { outOfReach, startOf } from '../../server/core/dma/compare.js';
import { formatRange } from '../../server/core/layout/address.js';
import { subtract, unite, type Range } from '../../server/core/layout/intervals.js';
import { check } from '../support/check.js';

// Whatever the stance: a byte of RAM that devices don't reach is never lost in silence. It is in an `avoid`, or a finding
// names it; and if the guest doesn't start, there is an error.

const PAGE = 4096;
const page = fc.integer({ min: 0, max: 4 * 1024 });
const kept = fc.record({ at: page, pages: fc.integer({ min: 1, max: 300 }), kind: fc.constantFrom('msi', 'sw-msi', 'reserved', 'direct-relaxable') });

const layouts = fc
  .record({
    kept: fc.array(kept, { minLength: 1, maxLength: 3 }),
    rams: fc.array(fc.record({ gap: fc.integer({ min: 0, max: 200 }), pages: fc.integer({ min: 1, max: 3000 }) }), { minLength: 1, maxLength: 3 }),
    avoided: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    stance: fc.constantFrom('reject', 'carve', 'tolerate'),
    contract: fc.constantFrom('type1', 'iommufd', 'none'),
    kernel: fc.constantFrom('5.0', '5.3', '5.4', '6.6', '7.2'),
    vmm: fc.constantFrom('generic', 'qemu', 'xen', 'bhyve'),
    odd: fc.boolean(),
  })
  .map((drawn) => {
    let at = 0;
    const rams = drawn.rams.map(({ gap, pages }, index) => {
      const line = `  ram r${index} at ${hex((at + gap) * PAGE)} size ${hex(pages * PAGE + (drawn.odd && drawn.vmm === 'qemu' ? 512 : 0))}`;
      at += gap + pages + 1;
      return line;
    });
    const reserved = drawn.kept.map((one, index) => `  reserved k${index} at ${hex(one.at * PAGE)} size ${hex(one.pages * PAGE)} kind ${one.kind}`);
    const avoids = drawn.kept.flatMap((one, index) => (drawn.avoided[index] ? [`  avoid a${index} at ${hex(one.at * PAGE)} size ${hex(one.pages * PAGE)}`] : []));
    return `host box {
  kernel ${drawn.kernel}
  page 4 KiB
  contract ${drawn.contract}
  iommu unit { model vt-d  bits 48 }
  group 1 {
    device nic "0000:01:00.0"
  ${reserved.join('\n  ')}
  }
}
vm web on box {
  vmm ${drawn.vmm}
  on-overlap ${drawn.stance}
${[...rams, ...avoids].join('\n')}
  assign nic
}
`;
  });

const hex = (value: number): string => `0x${value.toString(16)}`;

describe('no byte is lost in silence', () => {
  it('under any stance, contract and kernel', function () {
    this.timeout(60_000);
    const seen = { refused: 0, lost: 0 };
    fc.assert(
      fc.property(layouts, (text) => {
        const { result } = check(text);
        const plan = result.vms[0]?.plan;
        assert.ok(plan, text);
        if (startOf(plan).errno !== 'ok') {
          seen.refused++;
          assert.ok(result.findings.some(({ level, vm }) => level === 'error' && vm === 'web'), text);
          return;
        }
        const told = result.findings.filter(({ vm }) => vm === 'web').flatMap(({ witness }) => witness ?? []);
        const avoided = plan.vm.regions.flatMap(({ kind, range }): Range[] => (kind === 'avoid' && range ? [range] : []));
        const lost = outOfReach(plan);
        if (lost.length > 0) seen.lost++;
        const silent = lost.flatMap((range) => subtract(range, unite([...told, ...avoided])));
        assert.deepEqual(silent.map(formatRange), [], `${text}\n${result.findings.map(({ rule, message }) => `${rule}: ${message}`).join('\n')}`);
      }),
      { numRuns: 400, seed: 7 },
    );
    assert.ok(seen.refused > 50 && seen.lost > 50, JSON.stringify(seen));
  });
});
