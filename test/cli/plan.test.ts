import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertMisuse, checkGolden, vmlayout } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';
import { exampleFiles } from '../support/texts.js';

// What `plan` prints: the same facts for people and for machines.

const HOST = `host altra {
  arch arm64
  kernel 6.6
  page 4 KiB
  bits 48
  contract type1
  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "0000:01:00.0" }
}
host graviton like altra { kernel 6.12 }
`;

const VMS = `vm bare on altra { ram low at 1 GiB size 1 GiB }
vm web on altra, graviton {
  on-overlap carve
  ram low at 0 size 1 GiB
  avoid gap at 0x0800_0000 size 1 MiB via reserved-memory
  assign nic
}
vm lost { ram low at 0 size 1 GiB }
`;

describe('vmlayout plan', () => {
  for (const name of ['doorbell', 'policy', 'hotplug', 'terabyte']) {
    it(`prints the plan of ${name}`, async () => {
      const { out } = await vmlayout(['plan', `examples/${name}.vmlayout`]);
      checkGolden(`${name}.plan.txt`, out);
    });
  }

  it('prints JSON as its schema says, for every example', async () => {
    const schema = JSON.parse(readFileSync('docs/schema/plan.schema.json', 'utf8')) as Schema;
    for (const { name } of exampleFiles()) {
      const { out } = await vmlayout(['plan', `examples/${name}`, '--format', 'json']);
      assert.deepEqual(violations(JSON.parse(out), schema), [], name);
    }
  });

  it('has exact numbers in it', async () => {
    const { out } = await vmlayout(['plan', '-', '--vm', 'web', '--host', 'altra', '--format', 'json'], { input: HOST + VMS });
    const { plans } = JSON.parse(out) as { plans: readonly Record<string, unknown>[] };
    assert.equal(plans.length, 1);
    const { vm, host, kernel, onOverlap, usable, maps, carved, slots, totals } = plans[0] ?? {};
    assert.deepEqual({ vm, host, kernel, onOverlap }, { vm: 'web', host: 'altra', kernel: '6.6', onOverlap: 'carve' });
    assert.deepEqual(usable, [{ base: '0x0', last: '0x7ffffff' }, { base: '0x8100000', last: '0xffffffffffff' }]);
    assert.deepEqual(carved, [{ region: 'low', base: '0x8000000', last: '0x80fffff', reserved: ['msi'] }]);
    const [first] = maps as readonly unknown[];
    assert.deepEqual(first, {
      name: 'low-a',
      iova: '0x0',
      size: '0x8000000',
      backing: 'low',
      offset: '0x0',
      access: 'rw',
      verdict: 'ok',
      leaves: { '0x40000000': 0, '0x200000': 0, '0x1000': 32768 },
      tables: [64, 1, 1],
      stage2: { '0x40000000': 0, '0x200000': 0, '0x1000': 32768 },
    });
    assert.deepEqual(totals, {
      maps: 2,
      mapped: '0x3ff00000',
      pinned: '0x3ff00000',
      leaves: { '0x40000000': 0, '0x200000': 0, '0x1000': 261888 },
      entries: 261888,
      tables: [512, 1, 1],
      stage2: { '0x40000000': 0, '0x200000': 0, '0x1000': 262144 },
    });
    assert.deepEqual(slots, [{
      regions: ['low'], base: '0x0', last: '0x3fffffff', backing: 'low', offset: '0x0', access: 'rw',
      stage2: { '0x40000000': 0, '0x200000': 0, '0x1000': 262144 },
    }]);
  });

  it('tells for each part that is left out why', async () => {
    const input = `${HOST}vm web on altra {
      vmm qemu
      on-overlap carve
      backing pool size 4 GiB
      ram low at 0 size 1 GiB from pool
      ram odd at 2 GiB size 1 MiB from pool + 1 GiB + 1 KiB
      rom end at 3 GiB size 0x1800
      ram far at 0x8000_0000_0000_0000 size 1 GiB
      assign nic
    }`;
    const { out } = await vmlayout(['plan', '-'], { input });
    assert.deepEqual(out.match(/(?<= of ).*\): .*$/gm), [
      'low (1 MiB): carved for `msi`',
      'odd (1 MiB): it is at 0x80000000 and begins at 0x40000400 in `pool`, which differ within a page of 4 KiB',
      'end (2 KiB): QEMU maps whole pages of 4 KiB',
      'far (1 GiB): it has bit 63 set, which QEMU takes for a BAR that is being sized',
    ]);
    const { plans } = JSON.parse((await vmlayout(['plan', '-', '--format', 'json'], { input })).out) as { plans: readonly { carved: readonly { reserved: unknown; because?: string }[] }[] };
    assert.deepEqual(plans[0]?.carved.map(({ reserved, because }) => because ?? reserved), [['msi'], 'unaligned', 'part-of-page', 'bit-63']);
  });

  it('tells what THP may give beside what is promised, where the phase allows it', async () => {
    const guest = (lines: string): string => `${HOST}vm web on altra {
      backing pool size 4 GiB thp
      ${lines}
      assign nic
    }`;
    const leaves = async (lines: string): Promise<RegExpMatchArray | null> => (await vmlayout(['plan', '-'], { input: guest(lines) })).out.match(/(?<= ok {7}).*$/gm);
    assert.deepEqual(await leaves('ram low at 1 GiB size 1 GiB + 4 KiB from pool\nram odd at 4 GiB size 4 MiB from pool + 2 GiB + 4 KiB'), [
      '262,145 × 4 KiB (THP may give 512 × 2 MiB + 1 × 4 KiB)',
      '1,024 × 4 KiB',
    ]);
    assert.deepEqual(await leaves('vmm bhyve\nram low at 1 GiB size 1 GiB from pool'), ['262,144 × 4 KiB']);
    const { out } = await vmlayout(['plan', '-', '--format', 'json'], { input: guest('ram low at 1 GiB size 1 GiB from pool') });
    const { plans: [plan] } = JSON.parse(out) as { plans: readonly { maps: readonly { hoped: unknown }[]; assumed: readonly string[] }[] };
    assert.deepEqual(plan?.maps[0]?.hoped, { '0x40000000': 0, '0x200000': 512, '0x1000': 0 });
    assert.ok(plan?.assumed.includes('for the leaves that THP may give, the VMM maps its memory at multiples of 2 MiB'));
  });

  it('prints every vm on every host, says which has no device, and tells why one has no plan', async () => {
    const { out, err } = await vmlayout(['plan', '-'], { input: HOST + VMS });
    assert.deepEqual(out.match(/^vm .*$/gm), ['vm bare on altra', 'vm web on altra', 'vm web on graviton']);
    assert.match(out, /attach {4}no device is assigned: nothing is mapped for DMA/);
    assert.equal(err.split('\n')[0], 'vmlayout: <stdin>: vm lost has no host, so there is no plan; write `on HOST` behind its name');
  });

  it('narrows down to a vm and a host, and knows what was meant', async () => {
    const input = HOST + VMS;
    assert.deepEqual((await vmlayout(['plan', '-', '--host', 'graviton'], { input })).out.match(/^vm .*$/gm), ['vm web on graviton']);
    assertMisuse(await vmlayout(['plan', '-', '--vm', 'wbe'], { input }), 'plan: there is no vm `wbe` to plan in <stdin>; did you mean `web`?');
    assertMisuse(await vmlayout(['plan', '-', '--host', 'altar'], { input }), 'plan: there is no vm on a host `altar` in <stdin>; did you mean `altra`?');
  });

  it('ends with 1 where `check` has an error to tell', async () => {
    const { status, err } = await vmlayout(['plan', 'examples/doorbell.vmlayout']);
    assert.deepEqual({ status, err }, { status: 1, err: 'vmlayout: examples/doorbell.vmlayout: 1 error; `vmlayout check` tells it\n' });
    assert.equal((await vmlayout(['plan', '-', '--vm', 'bare'], { input: HOST + VMS })).status, 0);
  });

  it('says so where there is nothing to plan', async () => {
    const { status, out, err } = await vmlayout(['plan', '-'], { input: HOST });
    assert.deepEqual({ status, out, err }, { status: 0, out: '', err: 'vmlayout: <stdin>: no vm is declared here that could be planned\n' });
  });

  it('takes one file', async () => {
    assertMisuse(await vmlayout(['plan']), 'plan: which file? (`-` is standard input)');
    assertMisuse(await vmlayout(['plan', 'a', 'b']), 'plan: one file at a time, and here are 2');
    assertMisuse(await vmlayout(['plan', 'none.vmlayout']), 'none.vmlayout: there is no such file');
    assertMisuse(await vmlayout(['plan', 'examples']), 'examples: it is a directory');
  });
});
