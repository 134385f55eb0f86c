import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertMisuse, inFolder, vmlayout } from '../support/command-line.js';
import { violations, type Schema } from '../support/json-schema.js';

const LOW = 'vm web { ram low at 0 size 1 GiB }\n';
const MOVED = 'vm web { ram low at 1 GiB size 1 GiB }\n';

describe('vmlayout diff', () => {
  it('tells what changed, for people and machines', async () => {
    await inFolder({ 'a.vmlayout': LOW, 'b.vmlayout': MOVED }, async (folder) => {
      const text = await vmlayout(['diff', 'a.vmlayout', 'b.vmlayout'], { folder });
      assert.deepEqual(text, { status: 1, out: 'vm web\n  moved  ram low  0x0-0x3fffffff is 0x40000000-0x7fffffff now [breaks migration]\n', err: '' });
      const { out } = await vmlayout(['diff', 'a.vmlayout', 'b.vmlayout', '--format', 'json'], { folder });
      assert.deepEqual(violations(JSON.parse(out), JSON.parse(readFileSync('docs/schema/diff.schema.json', 'utf8')) as Schema), []);
      assert.deepEqual(await vmlayout(['diff', 'a.vmlayout', 'a.vmlayout'], { folder }), { status: 0, out: '', err: 'vmlayout: nothing changed\n' });
      assert.equal((await vmlayout(['diff', '-', 'a.vmlayout'], { folder, input: LOW })).status, 0);
    });
  });

  it('tells misuse', async () => {
    assertMisuse(await vmlayout(['diff', 'a.vmlayout']), 'diff: two files are compared, and the number given is 1');
    assertMisuse(await vmlayout(['diff', '-', '-']), 'diff: standard input can be read once');
    assertMisuse(await vmlayout(['diff', 'nowhere.vmlayout', '-']), 'nowhere.vmlayout: there is no such file');
  });
});

describe('vmlayout drift', () => {
  const dump = readFileSync('test/data/qemu-mtree/q35-8g.mtree-fo.txt', 'utf8');

  it('is silent where the machine is as the file says', async () => {
    await inFolder({ 'dump.txt': dump }, async (folder) => {
      const { out } = await vmlayout(['import', 'dump.txt'], { folder });
      const same = await vmlayout(['drift', '-', '--against', 'dump.txt'], { folder, input: out });
      assert.deepEqual({ status: same.status, out: same.out }, { status: 0, out: '' });
    });
  });

  it('tells what differs, and says what it needs', async () => {
    await inFolder({ 'dump.txt': dump, 'web.vmlayout': 'vm web { ram low at 0 size 1 GiB }\n', 'host.vmlayout': 'host box { page 4 KiB }\n' }, async (folder) => {
      const { status, out } = await vmlayout(['drift', 'web.vmlayout', '--against', 'dump.txt'], { folder });
      assert.equal(status, 1);
      assert.match(out, /^vm web\n {2}removed +ram low +0xa0000-0xfffff: the machine has /);
      assertMisuse(await vmlayout(['drift', 'web.vmlayout'], { folder }), 'drift: a dump of the machine is missing; say it with `--against`');
      assertMisuse(await vmlayout(['drift', 'host.vmlayout', '--against', 'dump.txt'], { folder }), 'drift: host.vmlayout declares nothing that the dump tells of');
    });
  });

  it('says in its own words what it can’t read', async () => {
    await inFolder({ 'web.vmlayout': LOW, 'odd.txt': 'nothing that anybody prints\n' }, async (folder) => {
      assertMisuse(await vmlayout(['drift', 'web.vmlayout', '--against', 'nope'], { folder }), 'drift: there is no file `nope`');
      const odd = await vmlayout(['drift', 'web.vmlayout', '--against', 'odd.txt'], { folder });
      assert.match(odd.err, /^vmlayout: odd\.txt: this looks like none of .*; say which with `--as`\n$/);
      const unknown = await vmlayout(['drift', 'web.vmlayout', '--against', 'odd.txt', '--as', 'qemu'], { folder });
      assert.match(unknown.err, /^vmlayout: drift: there is no format `qemu`; there are qemu-mtree, /);
    });
  });

  it('takes no device for missing that a machine of the library may have', async () => {
    await inFolder({ 'web.vmlayout': 'import "std:machines/q35"\nvm web like q35 { const RAM = 8 GiB }\n', 'dump.txt': dump }, async (folder) => {
      const { status, out } = await vmlayout(['drift', 'web.vmlayout', '--against', 'dump.txt'], { folder });
      assert.deepEqual({ status, out }, { status: 0, out: '' });
    });
  });

  it('takes all dumps for those of one machine, however they are called', async () => {
    const group = (number: number): string => `# cat /sys/kernel/iommu_groups/${number}/reserved_regions\n0x00000000fee00000 0x00000000feefffff msi\n`;
    const host = 'host box {\n  group 14 { device nic }\n  group 15 { device gpu }\n  memory low at 0 ..= 0xffff_ffff\n}\n';
    await inFolder({ 'a.txt': group(14), 'b.txt': group(15), 'c.txt': '00000000-7fffffff : System RAM\n', 'host.vmlayout': host }, async (folder) => {
      const { out } = await vmlayout(['drift', 'host.vmlayout', '--against', 'a.txt', '--against', 'b.txt', '--against', 'c.txt'], { folder });
      assert.match(out, /added +device nic \(group 14\) [^]*added +device gpu \(group 15\) [^]*removed +memory low +0x80000000-0xffffffff/);
    });
  });

  it('compares with the guest of the same name, and with none of several others', async () => {
    const command = (size: string): string => `qemu-system-aarch64 -M virt -m ${size}\n`;
    await inFolder({ 'web.sh': command('1G'), 'other.sh': command('2G'), 'web.vmlayout': LOW, 'db.vmlayout': LOW.replace('web', 'db') }, async (folder) => {
      const dumps = (file: string): string[] => ['drift', file, '--against', 'other.sh', '--against', 'web.sh'];
      assert.match((await vmlayout(dumps('web.vmlayout'), { folder })).out, /added +ram low +0x40000000-0x7fffffff is RAM/);
      assertMisuse(await vmlayout(dumps('db.vmlayout'), { folder }), 'drift: the dumps tell of several guests (other, web), and none of them is called db; give those of one guest');
    });
  });

  it('reads a directory of IOMMU groups', async () => {
    const files = { [join('groups', '14', 'reserved_regions')]: '0x0000000008000000 0x00000000080fffff msi\n', 'host.vmlayout': 'host box { group 14 { device nic "0000:01:00.0" } }\n' };
    await inFolder(files, async (folder) => {
      const { out } = await vmlayout(['drift', 'host.vmlayout', '--against', 'groups'], { folder });
      assert.match(out, /added +device nic \(group 14\) +keeps 0x8000000-0x80fffff \(msi\) now/);
    });
  });
});

describe('vmlayout snapshot', () => {
  it('is kept beside the layout, and tells in CI what changed without it', async () => {
    await inFolder({ 'web.vmlayout': LOW }, async (folder) => {
      assert.deepEqual(await vmlayout(['snapshot', 'web.vmlayout', '--write'], { folder }), { status: 0, out: '', err: '' });
      assert.equal(readFileSync(join(folder, 'web.vmlayout.abi'), 'utf8'), '# What guests and migrations depend on. Written by `vmlayout snapshot --write`; reviewed like code.\nvm web: ram low: 0x0-0x3fffffff rw\n');
      assert.equal((await vmlayout(['snapshot', 'web.vmlayout', '--check'], { folder })).status, 0);
    });
    await inFolder({ 'web.vmlayout': MOVED, 'web.vmlayout.abi': 'vm web: ram low: 0x0-0x3fffffff rw\r\n' }, async (folder) => {
      const { status, out } = await vmlayout(['snapshot', 'web.vmlayout', '--check'], { folder });
      assert.deepEqual({ status, out }, { status: 1, out: '- vm web: ram low: 0x0-0x3fffffff rw\n+ vm web: ram low: 0x40000000-0x7fffffff rw\n' });
    });
  });

  it('tells misuse', async () => {
    await inFolder({ 'web.vmlayout': LOW }, async (folder) => {
      assertMisuse(await vmlayout(['snapshot', 'web.vmlayout', '--check'], { folder }), 'web.vmlayout.abi: there is no such file; `vmlayout snapshot --write web.vmlayout` makes it');
      assertMisuse(await vmlayout(['snapshot', 'web.vmlayout', '--check', '--write'], { folder }), 'snapshot: `--check` only looks, and `--write` stores; give one of them');
      assertMisuse(await vmlayout(['snapshot', '-', '--write'], { folder, input: LOW }), 'snapshot: standard input has no place to keep a snapshot beside');
    });
  });
});
