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
    assert.deepEqual(pool, { memory: 'pool', kind: 'virtio-mem', block: '0x1000000', blocks: 16384, map: 'ok', failures: [], untold: 0 });
  });

  it('says so where nothing comes later, and where a vm has no host', async () => {
    const host = 'host h { arch x86_64\n group 1 { device nic "0000:01:00.0" } }\n';
    const { out, err } = await vmlayout(['hotplug', '-'], { input: `${host}vm a on h {\n ram low at 0 size 1 GiB\n assign nic\n}\nvm b { ram low at 0 size 1 GiB }\n` });
    assert.match(out, /^vm a on h: VFIO type1, kernel 7\.2; 1 mapping at start-up\n {2}nothing comes later\n/);
    assert.match(err, /vm b has no host that could refuse anything/);
  });

  it('takes one file, and knows what was meant', async () => {
    assertMisuse(await vmlayout(['hotplug']), 'hotplug: which file? (`-` is standard input)');
    assertMisuse(await vmlayout(['hotplug', 'examples/hotplug.vmlayout', '--vm', 'storag']), 'hotplug: there is no vm `storag` to hotplug in examples/hotplug.vmlayout; did you mean `storage`?');
  });
});
