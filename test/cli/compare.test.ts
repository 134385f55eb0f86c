import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertMisuse, checkGolden, vmlayout } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';
import { exampleFiles } from '../support/texts.js';

// What `compare` prints: the stances side by side, for people and for machines.

describe('vmlayout compare', () => {
  for (const name of ['doorbell', 'terabyte']) {
    it(`prints the stances of ${name}`, async () => {
      const { status, out } = await vmlayout(['compare', `examples/${name}.vmlayout`]);
      assert.equal(status, 0);
      checkGolden(`${name}.compare.txt`, out);
    });
  }

  it('prints Markdown', async () => {
    const { out } = await vmlayout(['compare', 'examples/doorbell.vmlayout', '--format', 'markdown']);
    checkGolden('doorbell.compare.markdown.txt', out);
  });

  it('prints JSON as its schema says, for every example', async () => {
    const schema = JSON.parse(readFileSync('docs/schema/compare.schema.json', 'utf8')) as Schema;
    for (const { name } of exampleFiles()) {
      const plans = JSON.parse((await vmlayout(['plan', `examples/${name}`, '--format', 'json'])).out) as { plans: readonly { vm: string }[] };
      for (const vm of new Set(plans.plans.map((plan) => plan.vm))) {
        const { out } = await vmlayout(['compare', `examples/${name}`, '--vm', vm, '--format', 'json']);
        assert.deepEqual(violations(JSON.parse(out), schema), [], `${name} ${vm}`);
      }
    }
  });

  it('says of RAM that the VMM doesn’t take that it is refused', async () => {
    const input = 'host h { arch x86_64\n page 4 KiB\n group 1 { device nic "0000:01:00.0" } }\nvm a on h { vmm qemu\n ram low at 0 size 1 GiB\n ram more at 4 GiB + 4 KiB size 1 GiB hotplug dimm\n assign nic }\n';
    const { out } = await vmlayout(['compare', '-'], { input });
    assert.match(out, /memory plugged later +more refused/);
    assert.match(out, /reject +`more` can’t be plugged: QEMU refuses it, with “address must be aligned to 0x200000 bytes”/);
    const { out: json } = await vmlayout(['compare', '-', '--format', 'json'], { input });
    assert.match(json, /"memory": "more",\s+"verdict": "refused"/);
  });

  it('asks which vm is meant', async () => {
    const input = 'host box { device nic "0000:01:00.0" }\nvm a on box { ram low at 0 size 1 GiB }\nvm b { ram low at 0 size 1 GiB }\n';
    assertMisuse(await vmlayout(['compare', '-'], { input }), 'compare: which vm? `--vm a`, `--vm b`');
    assertMisuse(await vmlayout(['compare', '-', '--vm', 'c'], { input }), 'compare: there is no vm `c` to compare in <stdin>; did you mean `a`?');
    assertMisuse(await vmlayout(['compare', '-', '--vm', 'b'], { input }), 'compare: vm b has no host; write `on HOST` behind its name');
    assertMisuse(await vmlayout(['compare', '-'], { input: '// nothing\n' }), 'compare: no vm is declared in <stdin>');
  });
});
