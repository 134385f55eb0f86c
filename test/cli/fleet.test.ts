import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertMisuse, checkGolden, inFolder, vmlayout } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';

describe('vmlayout fleet', () => {
  it('prints who boots where', async () => {
    const { out, status } = await vmlayout(['fleet', 'examples/fleet.vmlayout']);
    checkGolden('fleet.txt', out);
    assert.equal(status, 0);
  });

  it('prints JSON as its schema says', async () => {
    const schema = JSON.parse(readFileSync('docs/schema/fleet.schema.json', 'utf8')) as Schema;
    const { out } = await vmlayout(['fleet', 'examples', '--format', 'json']);
    const report = JSON.parse(out) as { hosts: unknown[]; guests: { verdicts: { hosts: number[] }[] }[] };
    assert.deepEqual(violations(report, schema), []);
    for (const { verdicts } of report.guests) {
      assert.deepEqual(verdicts.flatMap(({ hosts }) => hosts).sort((left, right) => left - right), report.hosts.map((_, index) => index));
    }
  });

  it('fails where a vm can’t start on a host that it is on, and nowhere else', async () => {
    const files = {
      'host.vmlayout': 'host box { page 4 KiB; kernel 6.12; bits 46; arch x86_64; iommu u { model vt-d; bits 48; reserved msi at 0xfee0_0000 size 1 MiB kind msi }; device nic "0000:01:00.0" }\n',
      'bad.vmlayout': 'import "host.vmlayout"\nvm web on box { ram low at 0 size 4 GiB; assign nic }\n',
      'free.vmlayout': 'vm web { ram low at 0 size 4 GiB; assign nic }\n',
    };
    await inFolder(files, async (folder) => {
      assert.equal((await vmlayout(['fleet', 'host.vmlayout', 'bad.vmlayout'], { folder })).status, 1);
      const other = await vmlayout(['fleet', 'host.vmlayout', 'free.vmlayout'], { folder });
      assert.match(other.out, /not on +box\n +doorbell-overlap:/);
    });
  });

  it('tells misuse', async () => {
    assertMisuse(await vmlayout(['fleet']), 'fleet: which files? (`-` is standard input)');
    assertMisuse(await vmlayout(['fleet', '-']), 'fleet: standard input is no part of a fleet; name files');
    assertMisuse(await vmlayout(['fleet', 'nowhere.vmlayout']), 'nowhere.vmlayout: there is no such file');
    assertMisuse(await vmlayout(['fleet', 'examples/fleet.vmlayout', '--vm', 'wep']), 'fleet: there is no vm `wep`; did you mean `web`?');
  });
});
