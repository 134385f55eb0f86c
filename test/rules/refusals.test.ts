import assert from 'node:assert/strict';
import fc from 'fast-check';
import { check } from '../support/check.js';
import { untoldRefusals } from '../support/refusals.js';
import { exampleFiles } from '../support/texts.js';

// Whatever request the kernel refuses at start-up: `check` has an error about it, not only the plan.

const KIB = 1024;
const MIB = 1024 * KIB;
const hex = (value: number): string => `0x${value.toString(16)}`;
const around = fc.constantFrom(0, 2 * KIB, 4 * KIB, 64 * KIB, 2 * MIB, 0x5000_0000, 0x6000_0000, 0x7fff_f000, 0x8000_0000, 0x100_0000_0000);
const length = fc.constantFrom(1, 2 * KIB, 4 * KIB, 68 * KIB, 2 * MIB, 512 * MIB, 1024 * MIB);

const region = fc.record({ kind: fc.constantFrom('ram', 'ram', 'rom', 'mmio'), at: around, size: length, rest: fc.constantFrom('', '', 'access x', 'dma on', 'dma off', 'from pages', 'from pages + 2 KiB') });
const map = fc.record({ to: fc.nat(4), at: fc.option(around), size: fc.option(length), offset: fc.constantFrom(0, 0, 2 * KIB, 4 * KIB, 2 * MIB), access: fc.constantFrom('', '', 'access r', 'access w', 'access rx', 'access x') });

const layouts = fc
  .record({
    contract: fc.constantFrom('type1', 'type1', 'iommufd', 'none'),
    kernel: fc.constantFrom('5.0', '5.4', '6.6', '7.2'),
    page: fc.constantFrom('4 KiB', '64 KiB'),
    width: fc.constantFrom('bits 39', 'bits 48', 'aperture 0x1000 ..= 0x7fff_ffff'),
    limits: fc.constantFrom('', 'memlock 512 MiB', 'dma-maps 1'),
    kept: fc.constantFrom('msi', 'sw-msi', 'reserved', 'direct', 'direct-relaxable'),
    vmm: fc.constantFrom('generic', 'qemu', 'cloud-hypervisor', 'xen'),
    stance: fc.constantFrom('reject', 'carve', 'tolerate'),
    regions: fc.array(region, { minLength: 1, maxLength: 4 }),
    bar: fc.constantFrom('', '', 'bar gpu.0 at 0x5000_0000', 'bar gpu.0 at 0x1_5000_0000 dma on'),
    maps: fc.array(map, { maxLength: 3 }),
    assigned: fc.constantFrom('nic', 'nic, gpu'),
  })
  .map(({ contract, kernel, page, width, limits, kept, vmm, stance, regions, bar, maps, assigned }) => `host box {
  contract ${contract}
  kernel ${kernel}
  page ${page}
  iommu unit { model smmu-v3  granule 4 KiB  ${width} }
  group 1 {
    device nic "0000:01:00.0"
    reserved kept at 0x6000_0000 size 1 MiB kind ${kept}
  }
  group 2 { device gpu "0000:02:00.0" { bar 0 size 16 MiB } }
  limits { ${limits} }
}
vm web on box {
  vmm ${vmm}
  on-overlap ${stance}
  backing pages size 8 GiB hugetlb 2 MiB
${regions.map(({ kind, at, size, rest }, index) => `  ${kind} r${index} at ${hex(at)} size ${hex(size)} ${rest}\n`).join('')}
${bar}
${maps.map(({ to, at, size, offset, access }, index) => `  map m${index} ${at === null ? '' : `at ${hex(at)}`} ${size === null ? '' : `size ${hex(size)}`} to r${to % regions.length} + ${hex(offset)} ${access}\n`).join('')}
  assign ${assigned}
}
`);

describe('what the kernel refuses at start-up', () => {
  it('has an error about it, in random guests', function () {
    this.timeout(120_000);
    const causes = new Set<string | undefined>();
    fc.assert(
      fc.property(layouts, (text) => {
        const { findings, vms } = check(text).result;
        const plan = vms[0]?.plan;
        assert.ok(plan, text);
        for (const { verdict } of plan.maps) causes.add(verdict.cause);
        assert.deepEqual(untoldRefusals(plan, findings), [], `${text}\n${findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`).join('\n')}`);
      }),
      { numRuns: 600, seed: 7 },
    );
    assert.deepEqual([...causes].sort(), ['access', 'alignment', 'aperture', 'bar', 'existing-map', 'limit', 'memlock', 'no-iommufd', 'reserved', 'unattached', undefined]);
  });

  it('has an error about it, in the examples', () => {
    for (const { name, text } of exampleFiles()) {
      const { findings, vms } = check(text).result;
      for (const { plan } of vms) assert.deepEqual(plan ? untoldRefusals(plan, findings) : [], [], name);
    }
  });
});
