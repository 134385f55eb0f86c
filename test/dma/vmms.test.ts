import assert from 'node:assert/strict';
import { formatLeaves } from '../../server/core/dma/leaves.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { formatRange } from '../../server/core/layout/address.js';
import { VMMS } from '../../server/core/syntax/vocabulary.js';
import { planOn } from './plan-of.js';

// What VMMs map by themselves, and whom they ask.

const GUEST = `
  backing pages size 4 GiB hugetlb 1 GiB
  ram low at 1 GiB size 2 GiB from pages
  ram marked at 4 GiB size 1 GiB from pages dma on
  ram away at 8 GiB size 1 GiB from pages dma off
  rom flash at 0x10_0000 size 0x1800
  bar gpu.0 at 0x20_0000_0000
  assign gpu
`;

const planOf = (vmm: string, contract = ''): Plan =>
  planOn(`${contract}
  arch x86_64
  kernel 7.2
  page 4 KiB
  iommu dmar0 { model vt-d  bits 48 }
  group 1 { device gpu "0000:01:00.0" { bar 0 size 16 MiB } }`, `vmm ${vmm}\n${GUEST}`);

const mapped = (plan: Plan): string => plan.maps.map(({ name, access }) => `${name} ${access}`).join(', ');

describe('what a VMM maps by itself', () => {
  const EXPECTED: Readonly<Record<string, string>> = {
    generic: 'low rw, marked rw',
    qemu: 'low rw, marked rw, flash r, gpu.0 rw',
    'cloud-hypervisor': 'low rw, marked rw, gpu.0 rw',
    openvmm: 'low rw, marked rw, gpu.0 rw',
    firecracker: 'low rw, marked rw',
    crosvm: 'low rw, marked rw',
    kvmtool: 'low rw, marked rw',
    xen: 'low rw, marked rw, flash r, gpu.0 rw',
    bhyve: 'low rw, marked rw',
    jailhouse: 'marked rw',
    microkit: 'marked rw',
  };

  for (const vmm of VMMS) it(vmm, () => assert.equal(mapped(planOf(vmm)), EXPECTED[vmm]));

  it('is no BAR under iommufd, which can’t pin it', () => {
    for (const vmm of ['qemu', 'cloud-hypervisor', 'openvmm']) assert.doesNotMatch(mapped(planOf(vmm, 'contract iommufd')), /gpu/, vmm);
  });

  it('is whole pages alone only for those that round', () => {
    assert.deepEqual(planOf('qemu').maps.filter(({ name }) => name === 'flash').map(({ range }) => formatRange(range)), ['0x100000-0x100fff']);
    const [, , flash] = planOf('xen').maps;
    assert.equal(flash && formatRange(flash.range), '0x100000-0x1017ff');
  });

  it('is asked for page by page by those that do so', () => {
    const low = (vmm: string): string => formatLeaves(planOf(vmm).maps[0]?.leaves ?? new Map());
    assert.equal(low('crosvm'), '2 × 1 GiB');
    assert.equal(low('bhyve'), '524,288 × 4 KiB');
  });
});

describe('whom a VMM asks', () => {
  it('is type1 for those on Linux, and nobody for a hypervisor that fills the tables itself', () => {
    assert.deepEqual(VMMS.filter((vmm) => planOf(vmm).contract === 'none'), ['xen', 'bhyve', 'jailhouse', 'microkit']);
  });

  it('is whom the host says', () => {
    for (const vmm of VMMS) assert.equal(planOf(vmm, 'contract iommufd').contract, 'iommufd', vmm);
  });
});
