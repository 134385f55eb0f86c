import assert from 'node:assert/strict';
import { check } from '../support/check.js';
import { findingsOf } from '../support/evaluate.js';
import { dedent } from '../support/picture.js';

// What a host has besides IOMMUs, and what a guest says of how things arrive.

const LAYOUT = `
  host box {
    bridge pci0 {
      acs off
      window low at 0xc000_0000 ..= 0xdfff_ffff
      window high at 64 GiB size 64 GiB acs on
    }
    memory dram at 0 size 16 GiB for guests node 1
    memory fw at 16 GiB size 1 GiB for hypervisor
    hugepages 1 GiB count 8 node 1
    hugepages 2 MiB
    device gpu "0000:01:00.0" bar 0 size 16 MiB bar 2 size 1 GiB
    device nic "0000:02:00.0" {
      bar 4 size 4 KiB
    }
  }

  vm web on box {
    slots 8
    backing pages size 4 GiB hugetlb 1 GiB node 1
    ram low at 0 size 1 GiB from pages node 2
    ram dimm0 at 4 GiB size 1 GiB hotplug dimm
    ram plug at 8 GiB size 1 GiB hotplug virtio-mem block 2 MiB
    window mmio64 at 1 TiB size 1 GiB for bars
    viommu smmu {
      model smmu-v3
      mode nested
      bits 44
      reserved its at 0x800_0000 size 1 MiB kind msi
    }
  }
`;

describe('the resources of a host', () => {
  const { hosts, vms } = check(dedent(LAYOUT)).result;
  const [host] = hosts;
  const vm = vms[0]?.vm;

  it('are bridges, whose windows say whether ACS is on or take it from the bridge', () => {
    assert.deepEqual(host?.bridges.flatMap(({ windows }) => windows.map(({ name, range, acs }) => [name, range.base, range.end, acs])), [
      ['low', 0xc000_0000n, 0xe000_0000n, false],
      ['high', 64n << 30n, 128n << 30n, true],
    ]);
  });

  it('are ranges of memory and pools of huge pages, each with its node', () => {
    assert.deepEqual(host?.memories.map(({ name, purpose, node }) => [name, purpose, node]), [['dram', 'guests', 1], ['fw', 'hypervisor', undefined]]);
    assert.deepEqual(host?.hugepages.map(({ size, count, node }) => [size, count, node]), [[1n << 30n, 8n, 1], [2n << 20n, undefined, undefined]]);
  });

  it('have no pages of a size that is none', () => {
    const { result } = check(dedent(`
      host box { hugepages 0 count 1; hugepages 3 MiB count 1; hugepages 1 GiB count 1 }
      vm web on box { backing pages size 4 GiB hugetlb 2 MiB; ram low at 0 size 4 GiB from pages }
    `));
    assert.deepEqual(result.hosts[0]?.hugepages.map(({ size }) => size), [1n << 30n]);
    assert.deepEqual(result.findings.filter(({ rule }) => rule === 'value-range').map(({ message }) => message), ['a size is at least 1 byte', 'a page size is a power of two of at least 4 KiB']);
  });

  it('are the BARs of devices, on their line and in their block', () => {
    assert.deepEqual(host?.devices.map(({ name, bars }) => [name, ...bars.map(({ number, size }) => `${number}:${size}`)]), [
      ['gpu', '0:16777216', '2:1073741824'],
      ['nic', '4:4096'],
    ]);
  });

  it('are met by slots, nodes, arrivals, purposes and vIOMMUs of a guest', () => {
    assert.equal(vm?.slots, 8);
    assert.equal(vm?.backings[0]?.node, 1);
    assert.deepEqual(vm?.regions.map(({ name, node, arrival, purpose }) => [name, node, arrival, purpose]), [
      ['low', 2, undefined, undefined],
      ['dimm0', undefined, { kind: 'dimm' }, undefined],
      ['plug', undefined, { kind: 'virtio-mem', block: 2n << 20n }, undefined],
      ['mmio64', undefined, undefined, 'bars'],
    ]);
    assert.deepEqual(vm?.viommus.map(({ model, mode, bits, reserved }) => [model, mode, bits, reserved.length]), [['smmu-v3', 'nested', 44, 1]]);
  });
});

describe('pages of a host', () => {
  const told = (block: string): string[] => findingsOf(`host box { ${block} }`).map((finding) => finding.replace('value-range: ', ''));

  it('are those that its architecture can have', () => {
    for (const block of ['arch x86_64  page 4 KiB', 'arch arm64  page 64 KiB', 'arch loongarch64  page 16 KiB', 'page 64 KiB']) assert.deepEqual(told(block), [], block);
    assert.deepEqual(told('arch x86_64  page 64 KiB'), ['x86_64 has no pages of 64 KiB, but of 4 KiB']);
    assert.deepEqual(told('arch arm64  page 8 KiB'), ['arm64 has no pages of 8 KiB, but of 4 KiB, 16 KiB and 64 KiB']);
  });

  it('are huge in sizes that go with the base page', () => {
    for (const block of ['arch arm64  page 64 KiB  hugepages 512 MiB count 1', 'arch arm64  hugepages 16 GiB count 1', 'arch ppc64  hugepages 16 MiB count 1', 'hugepages 1 MiB count 1']) assert.deepEqual(told(block), [], block);
    assert.deepEqual(told('arch x86_64  page 4 KiB  hugepages 4 MiB count 1'), ['x86_64 has no huge pages of 4 MiB, but of 2 MiB and 1 GiB']);
    assert.deepEqual(told('arch arm64  page 64 KiB  hugepages 1 GiB count 1'), ['arm64 with pages of 64 KiB has no huge pages of 1 GiB, but of 2 MiB, 512 MiB and 16 GiB']);
  });
});
