import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertMisuse, checkGolden, vmlayout } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';
import { exampleFiles } from '../support/texts.js';

// What `hotplug` prints: the same facts for people and for machines.

describe('vmlayout hotplug', () => {
  for (const name of ['hotplug', 'hotplug-order']) {
    it(`tells what comes later in ${name}`, async () => {
      const { out } = await vmlayout(['hotplug', `examples/${name}.vmlayout`]);
      checkGolden(`${name}.hotplug.txt`, out);
    });
  }

  it('prints JSON as its schema says, for every example, and the plan prints the same', async () => {
    const schema = JSON.parse(readFileSync('docs/schema/hotplug.schema.json', 'utf8')) as Schema;
    for (const { name } of exampleFiles()) {
      const { out } = await vmlayout(['hotplug', `examples/${name}`, '--format', 'json']);
      const { vms } = JSON.parse(out) as { vms: readonly { arrivals: unknown }[] };
      assert.deepEqual(violations(JSON.parse(out), schema), [], name);
      const planned = JSON.parse((await vmlayout(['plan', `examples/${name}`, '--format', 'json'])).out) as { plans: readonly { hotplug: unknown }[] };
      assert.deepEqual(vms.map(({ arrivals }) => arrivals), planned.plans.map(({ hotplug }) => hotplug), name);
    }
  });

  it('has exact numbers in it', async () => {
    const { out, status } = await vmlayout(['hotplug', 'examples/hotplug-order.vmlayout', '--vm', 'elastic', '--format', 'json']);
    const { vms } = JSON.parse(out) as { vms: readonly { arrivals: readonly Record<string, unknown>[] }[] };
    const [, dimm, pool] = vms[0]?.arrivals ?? [];
    assert.equal(status, 1);
    assert.deepEqual(dimm?.['failures'], [{
      sequence: [{ name: 'accelerator', kind: 'device' }, { name: 'dimm', kind: 'dimm' }],
      verdict: 'EINVAL',
      cause: 'reserved',
      witness: { base: '0x1240000000', last: '0x12400fffff' },
      reserved: 'mailbox',
      mapping: 'dimm',
      vm: 'aborts',
      why: 'it meets `mailbox` (0x1240000000-0x12400fffff, reserved)',
      reserve: 'keep 0x1240000000-0x12400fffff (`mailbox`) free of RAM that comes later',
    }]);
    assert.deepEqual(pool, {
      memory: 'pool', kind: 'virtio-mem', block: '0x1000000', blocks: 16384, map: 'ok', leaves: { '0x40000000': 0, '0x200000': 0, '0x1000': 67_108_864 }, tables: [131_072, 256, 1],
      failures: [], untold: 0, outOfReach: [],
    });
  });

  it('says what is out of reach once it has come, although nobody refuses it', async () => {
    const told = async (layout: string): Promise<string> => {
      const { out } = await vmlayout(['hotplug', `examples/stances/${layout}.vmlayout`]);
      return out.slice(out.indexOf('vm memory')).split('\n').slice(2).join('\n');
    };
    assert.equal(await told('reject-none'), `    ok in every order, but 1 MiB out of reach, and nobody tells the guest
      lost     0x180000000-0x1800fffff of \`later\` (1 MiB), which \`mailbox\` takes: no \`avoid\` tells the guest
`);
    assert.equal(await told('carve-type1'), `    ok in every order
      lost     0x180000000-0x1800fffff of \`later\` (1 MiB), carved out around \`mailbox\`: the guest knows
`);
    const { out } = await vmlayout(['hotplug', 'examples/stances/carve-none.vmlayout', '--vm', 'device', '--format', 'json']);
    const { vms } = JSON.parse(out) as { vms: readonly { arrivals: readonly { outOfReach: unknown }[] }[] };
    assert.deepEqual(vms[0]?.arrivals[0]?.outOfReach, [{ region: 'high', base: '0x180000000', last: '0x1800fffff', reserved: ['mailbox'], carved: false, avoided: true }]);
  });

  it('says so where nothing comes later, and where a vm has no host', async () => {
    const host = 'host h { arch x86_64\n group 1 { device nic "0000:01:00.0" } }\n';
    const { out, err } = await vmlayout(['hotplug', '-'], { input: `${host}vm a on h {\n ram low at 0 size 1 GiB\n assign nic\n}\nvm b { ram low at 0 size 1 GiB }\n` });
    assert.match(out, /^vm a on h: VFIO type1, kernel 7\.2; 1 mapping at start-up\n {2}nothing comes later\n/);
    assert.match(err, /vm b has no host that could refuse anything/);
  });

  it('says the page of the device that comes, not that of those at start-up', async () => {
    const iommu = (name: string, granule: string): string => `iommu ${name} { model smmu-v3\n granule ${granule}\n bits 48 }\n`;
    const input = `host h { arch arm64\n page 4 KiB\n ${iommu('a', '4 KiB')} ${iommu('b', '64 KiB')} group 1 behind a { device nic "0000:01:00.0" }\n group 2 behind b { device late "0000:02:00.0" } }
vm v on h {\n ram low at 4 GiB + 4 KiB size 1 GiB\n assign nic\n assign late hotplug\n}\n`;
    for (const command of ['hotplug', 'plan']) assert.match((await vmlayout([command, '-'], { input })).out, /late(?:: | {2})EINVAL: IOVA, size and offset have to be multiples of 64 KiB/, command);
    assert.match((await vmlayout(['hotplug', '-'], { input })).out, /reserve {2}align IOVA, size and offset to 64 KiB\n/);
  });

  it('lists RAM that no map is for', async () => {
    const host = 'host h { arch x86_64\n group 1 { device nic "0000:01:00.0" } }\n';
    const { out } = await vmlayout(['hotplug', '-'], { input: `${host}vm a on h {\n ram low at 0 size 1 GiB\n map low to low\n ram more at 4 GiB size 1 GiB hotplug dimm\n assign nic\n}\n` });
    assert.equal(out.split('\n').slice(1).join('\n'), `  more  DIMM
    ok in every order, but 1 GiB out of reach, and nobody tells the guest
      lost     0x100000000-0x13fffffff of \`more\` (1 GiB), which no \`map\` shows: no \`avoid\` tells the guest
`);
  });

  it('lets QEMU refuse two memory devices in one place, before it asks the kernel', async () => {
    const host = 'host h { arch x86_64\n page 4 KiB\n group 1 { device nic "0000:01:00.0" } }\n';
    const input = (vmm: string): string => `${host}vm a on h {\n vmm ${vmm}\n ram low at 0 size 1 GiB\n ram first at 4 GiB size 1 GiB hotplug dimm\n ram second at 4608 MiB size 1 GiB hotplug virtio-mem\n assign nic\n}\n`;
    const { out } = await vmlayout(['hotplug', '-'], { input: input('qemu') });
    assert.equal(out.split('\n').slice(1).join('\n'), `  first  DIMM: 262,144 × 4 KiB
    second, then first: refused: \`second\` is there, and QEMU says “address range conflicts with memory device”; the VM keeps running without it
      reserve  give each its own addresses
  second  virtio-mem, 512 blocks of 2 MiB: 262,144 × 4 KiB
    first, then second: refused: \`first\` is there, and QEMU says “address range conflicts with memory device”; the VM keeps running without it
      reserve  give each its own addresses
`);
    const { out: compared } = await vmlayout(['compare', '-'], { input: input('qemu') });
    assert.match(compared, /memory plugged later +first refused, second refused/);
    const { out: others } = await vmlayout(['hotplug', '-'], { input: input('cloud-hypervisor') });
    assert.match(others, /first, then block 0 of second: EEXIST \(block 0\): there is `first` already/);
  });

  it('takes one file, and knows what was meant', async () => {
    assertMisuse(await vmlayout(['hotplug']), 'hotplug: which file? (`-` is standard input)');
    assertMisuse(await vmlayout(['hotplug', 'examples/hotplug.vmlayout', '--vm', 'storag']), 'hotplug: there is no vm `storag` to hotplug in examples/hotplug.vmlayout; did you mean `storage`?');
  });
});
