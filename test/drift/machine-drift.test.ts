import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostDrift, importFormat, vmDrift, type MachineDrift } from '../../server/core/index.js';
import { check, type Checked } from '../support/check.js';

// A layout against what the real machine prints.

const DUMPS = 'test/data/qemu-mtree';

function imported(format: Parameters<typeof importFormat>[0], path: string, text: string): string {
  const result = importFormat(format, [{ path, text }]);
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

const told = ({ parts }: MachineDrift): string[] => parts.flatMap(({ changes }) => changes.map(({ kind, what, message }) => `${kind} ${what}: ${message}`));

const vmIn = ({ result }: Checked) => {
  const [first] = result.vms;
  assert.ok(first);
  return first.vm;
};

describe('drift', () => {
  const dumps = readdirSync(DUMPS).filter((name) => name.endsWith('.mtree-fo.txt'));

  it('finds nothing between a machine and its own import, for every dump', () => {
    assert.ok(dumps.length > 20);
    for (const name of dumps) {
      const layout = check(imported('qemu-mtree', name, readFileSync(join(DUMPS, name), 'utf8')));
      if (layout.result.vms.length > 0) assert.deepEqual(told(vmDrift(vmIn(layout), vmIn(layout))), [], name);
    }
  });

  it('tells RAM that is elsewhere, bytes at another offset, registers that aren’t there', () => {
    const machine = vmIn(check(imported('qemu-mtree', 'q35', readFileSync(join(DUMPS, 'q35-8g.mtree-fo.txt'), 'utf8'))));
    const file = vmIn(check(`vm web {
      backing ram size 8 GiB
      rom bios at 0xfffc_0000 size 256 KiB dma off
      ram below at 0 size 0xa_0000 from ram
      ram low at 1 MiB size 2 GiB - 1 MiB from ram + 1 MiB
      ram high at 4 GiB size 5 GiB from ram + 3 GiB
      mmio gpio at 0xc000_0000 size 4 KiB
      doorbell msi at 0xfee0_0000 size 4
    }`));
    const drift = vmDrift(file, machine);
    assert.deepEqual(told(drift), [
      'added ram pc_ram_at_100000000: 0x240000000-0x27fffffff is RAM on the machine; the file says nothing',
      'added rom pc_rom: 0xc0000-0xfffff is ROM on the machine; the file says nothing',
      'changed ram high: from 0x100000000 on it has the bytes at 2 GiB of its backing; the file says 3 GiB',
      'removed mmio gpio: 0xc0000000-0xc0000fff: the machine has nothing there',
    ]);
    assert.match(drift.notes.join(), /^the machine has \d+ ranges of registers that the file doesn’t declare$/);
  });

  it('compares what is kept by address or group, and takes both kinds of MSI windows for one', () => {
    const file = check(`host box {
      iommu u { model smmu-v3; reserved msi at 0x800_0000 size 1 MiB kind sw-msi }
      group 14 { device nic "0000:01:00.0"; reserved fw at 4 GiB size 1 MiB kind direct }
      group 15 { device gpu "0000:02:00.0" }
    }`).result.hosts[0];
    const machine = check(`host lab {
      iommu u { model smmu-v3; reserved msi at 0x800_0000 size 1 MiB kind msi }
      group 14 { device nic "0000:01:00.0"; reserved fw at 5 GiB size 1 MiB kind direct }
    }`).result.hosts[0];
    assert.ok(file && machine);
    const drift = hostDrift(file, machine);
    assert.deepEqual(told(drift), ['removed device nic (group 14): keeps 0x100000000-0x1000fffff (direct) no more', 'added device nic (group 14): keeps 0x140000000-0x1400fffff (direct) now']);
    assert.deepEqual(drift.notes, ['the machine tells nothing of `gpu` (group 15)']);
  });

  it('takes no other device for one that the machine hasn’t, though its group has the number', () => {
    const file = check('host box { group 15 { device gpu "0000:02:00.0"; reserved fw at 4 GiB size 1 MiB kind direct } }').result.hosts[0];
    const machine = check('host lab { group 15 { device other "0000:03:00.0" } }').result.hosts[0];
    assert.ok(file && machine);
    assert.deepEqual(told(hostDrift(file, machine)), []);
    assert.deepEqual(hostDrift(file, machine).notes, ['the machine tells nothing of `gpu` (group 15)']);
  });
});
