import assert from 'node:assert/strict';
import { formatRange } from '../../server/core/layout/address.js';
import type { Plan } from '../../server/core/dma/plan.js';
import { planOn } from './plan-of.js';

// Devices behind a vIOMMU: which address spaces there are, what is mapped in them before the guest does anything, and what
// the guest can map then.

const HOST = (contract: string): string => `
  arch arm64
  kernel 7.2
  page 4 KiB
  contract ${contract}
  iommu smmu0 {
    model smmu-v3
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 1 { device nic "0000:01:00.0" }
  group 2 { device gpu "0000:02:00.0" }
  group 3 { device one "0000:03:00.0"
            device two "0000:03:00.1" }
`;

const planOf = (guest: string, contract = 'iommufd'): Plan => planOn(HOST(contract), guest);
const errnos = ({ maps }: Plan): string[] => maps.map(({ verdict }) => verdict.errno);
const spacesIn = ({ spaces }: Plan): string[] => spaces.map(({ assignments }) => assignments.map(({ name }) => name).join('+'));

const AT_ZERO = 'ram low at 0 size 1 GiB';
const CLEAR = 'ram low at 1 GiB size 1 GiB';

describe('address spaces', () => {
  it('are one for all devices without a vIOMMU', () => {
    assert.deepEqual(spacesIn(planOf(`${CLEAR}\nassign nic\nassign gpu`)), ['nic+gpu']);
  });

  it('are one for each group behind an emulated vIOMMU', () => {
    const plan = planOf(`${CLEAR}\nviommu v { model virtio  mode emulated }\nassign nic, one, two behind v\nassign gpu`);
    assert.deepEqual(spacesIn(plan).sort(), ['gpu', 'nic', 'one+two']);
  });

  it('are one for each nested vIOMMU', () => {
    const plan = planOf(`${CLEAR}\nviommu v { model smmu-v3  mode nested }\nviommu w { model smmu-v3  mode nested }\nassign nic, gpu behind v\nassign one, two behind w`);
    assert.deepEqual(spacesIn(plan), ['nic+gpu', 'one+two']);
  });

  it('pin the memory once each, which is what memlock counts', () => {
    const pinned = (guest: string): bigint => planOf(`${CLEAR}\nviommu v { model virtio }\n${guest}`).totals.pinned;
    assert.equal(pinned('assign nic, gpu'), 1n << 30n);
    assert.equal(pinned('assign nic, gpu behind v'), 2n << 30n);
    assert.equal(pinned('assign nic, one, two behind v'), 2n << 30n);
    assert.equal(planOf(`${CLEAR}\nviommu v { mode nested }\nassign nic, gpu behind v`).totals.pinned, 1n << 30n);
  });
});

describe('memlock', () => {
  it('is that of the process: the spaces together must keep to it', () => {
    const verdicts = (limit: string, behind: string): string[] =>
      errnos(planOn(`${HOST('type1')}\nlimits { memlock ${limit} }`, `ram low at 1 GiB size 1 GiB\nviommu v { model virtio }\nassign nic, gpu ${behind}`));
    assert.deepEqual([verdicts('2 GiB', 'behind v'), verdicts('1 GiB', 'behind v'), verdicts('1 GiB', '')], [['ok'], ['ENOMEM'], ['ok']]);
  });
});

describe('before the guest has set its vIOMMU up', () => {
  it('RAM is mapped 1:1, and what the host keeps binds', () => {
    for (const contract of ['type1', 'iommufd']) {
      assert.deepEqual(errnos(planOf(`${AT_ZERO}\nviommu v { model virtio  mode emulated }\nassign nic behind v`, contract)), ['EINVAL'], contract);
    }
    assert.deepEqual(errnos(planOf(`${AT_ZERO}\nviommu v { model smmu-v3  mode nested }\nassign nic behind v`)), ['EINVAL']);
  });

  it('nothing is mapped where it lets nothing through', () => {
    const plan = planOf(`${AT_ZERO}\nviommu v { model virtio  mode emulated  bypass off }\nassign nic behind v`);
    assert.deepEqual([plan.maps.length, plan.attach.map(({ verdict }) => verdict.errno)], [0, ['ok']]);
  });

  it('a device beside it still needs RAM mapped', () => {
    assert.deepEqual(errnos(planOf(`${AT_ZERO}\nviommu v { bypass off }\nassign nic behind v\nassign gpu`)), ['EINVAL']);
  });

  it('a plugged device gets the mappings of its own space', () => {
    const arrival = (guest: string): string[] => planOf(guest).hotplug.map(({ verdict }) => verdict.errno);
    assert.deepEqual(arrival(`${CLEAR}\nviommu v { mode emulated }\nassign nic behind v\nassign gpu hotplug behind v`), ['ok']);
    assert.deepEqual(arrival(`${AT_ZERO}\nviommu v { mode emulated }\nassign nic hotplug behind v`), ['EINVAL']);
    assert.deepEqual(arrival(`${AT_ZERO}\nviommu v { mode emulated  bypass off }\nassign nic hotplug behind v`), ['ok']);
  });
});

describe('nested tables', () => {
  it('need iommufd', () => {
    const attach = (contract: string): string[] => planOf(`${CLEAR}\nviommu v { mode nested }\nassign nic behind v`, contract).attach.map(({ verdict }) => verdict.errno);
    assert.deepEqual([attach('type1'), attach('iommufd'), attach('none')], [['EOPNOTSUPP'], ['ok'], ['ok']]);
  });
});

describe('what the guest can map', () => {
  const iovas = (viommu: string): [usable: string[], untold: string[]][] =>
    planOf(`${CLEAR}\nviommu v { ${viommu} }\nassign nic behind v`).guestIovas.map(({ usable, untold }) => [usable.map(formatRange), untold.map(({ name }) => name)]);

  it('is what the host maps too, behind an emulated one', () => {
    assert.deepEqual(iovas('model virtio  bits 39'), [[['0x0-0x7ffffff', '0x8100000-0x7fffffffff'], []]]);
  });

  it('is as wide as its own tables, behind a nested one', () => {
    assert.deepEqual(iovas('model smmu-v3  mode nested  bits 44\n reserved its at 0x809_0000 size 64 KiB kind msi'), [[['0x0-0x808ffff', '0x80a0000-0xfffffffffff'], []]]);
  });

  it('leaves out what its driver is never told: only virtio-iommu tells of the host’s ranges', () => {
    assert.deepEqual(iovas('model vt-d  bits 48')[0]?.[1], ['msi']);
    assert.deepEqual(iovas('model smmu-v3  bits 48')[0]?.[1], []);
  });
});
