import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertMisuse, checkGolden, inFolder, vmlayout } from '../support/command-line.js';

// What `check` prints, what it stores, and the status it ends with.

const DOORBELL = 'examples/doorbell.vmlayout';
const LOOSE = 'vm web {\n  ram low at 0 size 4G\n  ram high at 8g size 512M\n}\n';
const EXACT = 'vm web {\n  ram low at 0 size 4 GiB\n  ram high at 8 GiB size 512 MiB\n}\n';
const BROKEN = 'vm web {\n  ram low at 0 siz\n}\n';

describe('vmlayout check', () => {
  it('tells a finding with its lines, its vm and its fixes', async () => {
    const { status, out, err } = await vmlayout(['check', DOORBELL]);
    assert.equal(status, 1);
    assert.equal(err, '');
    checkGolden('doorbell.check.txt', out);
  });

  it('is coloured on a terminal only, and says the same', async () => {
    const [plain, coloured] = [await vmlayout(['check', DOORBELL]), await vmlayout(['check', DOORBELL], { colour: true })];
    assert.doesNotMatch(plain.out, /\u001b/);
    assert.match(coloured.out, /\u001b\[1;31merror\u001b\[0m/);
    assert.equal(coloured.out.replace(/\u001b\[[\d;]*m/g, ''), plain.out);
  });

  it('has a summary and nothing else to say about a layout that is right', async () => {
    await inFolder({ 'a.vmlayout': 'const A = 1\n' }, async (folder) => {
      const { status, out } = await vmlayout(['check', 'a.vmlayout', '--rule', 'unused-const=off'], { folder });
      assert.deepEqual({ status, out }, { status: 0, out: '0 errors, 0 warnings, 0 notes\n' });
    });
  });

  it('tells positions from 0 and addresses in hexadecimal', async () => {
    const { out } = await vmlayout(['check', DOORBELL, '--format', 'json']);
    const { files, summary } = JSON.parse(out) as CheckOutput;
    const [finding] = files[0]?.diagnostics ?? [];
    assert.equal(files[0]?.path, DOORBELL);
    assert.deepEqual(finding?.range, { start: { line: 26, character: 6 }, end: { line: 26, character: 9 } });
    assert.deepEqual(finding.witness, { base: '0x8000000', last: '0x80fffff' });
    assert.deepEqual([finding.rule, finding.severity, finding.vm, finding.host], ['doorbell-overlap', 'error', 'web', 'altra']);
    assert.deepEqual(finding.related.map(({ path, message }) => ({ path, message })), [
      { path: DOORBELL, message: '`msi` keeps 0x8000000-0x80fffff (sw-msi)' },
      { path: DOORBELL, message: 'type1 refuses it from Linux 5.4 on; here 6.6 is asked' },
    ]);
    assert.match(finding.fixes?.[0]?.title ?? '', /^Split `low` around the doorbell: 2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB$/);
    assert.deepEqual(summary, { errors: 1, warnings: 0, notes: 0 });
  });

  it('tries the fixes of the first few of thousands of findings, and says so', async () => {
    const stacked = Array.from({ length: 64 }, (_, index) => `  mmio a${index} at ${index * 4} KiB size 4 MiB\n`).join('');
    const { status, out } = await vmlayout(['check', '-'], { input: `vm web {\n${stacked}}\n` });
    assert.equal(status, 1);
    const told = Number(/^Fixes are told for the first (\d+) only/m.exec(out)?.[1]);
    assert.ok(told > 0 && told < 50, out.slice(-300));
    assert.match(out, /^2016 errors/m);
  });

  it('reads standard input for `-`', async () => {
    const { status, out } = await vmlayout(['check', '-'], { input: BROKEN });
    assert.equal(status, 1);
    assert.match(out, /^<stdin>:2:16: error: /);
  });

  it('takes a directory for the layouts below it, without what tools keep for themselves', async () => {
    const files = { 'b.vmlayout': '', 'in/a.vmlayout': '', 'in/node_modules/x.vmlayout': '', '.git/y.vmlayout': '', 'in/notes.txt': '' };
    await inFolder(files, async (folder) => {
      const { out } = await vmlayout(['check', '.', './in/../b.vmlayout', '--format', 'json'], { folder });
      assert.deepEqual((JSON.parse(out) as CheckOutput).files.map(({ path }) => path), ['b.vmlayout', 'in/a.vmlayout']);
    });
  });

  it('counts all files together', async () => {
    await inFolder({ 'a.vmlayout': BROKEN, 'b.vmlayout': BROKEN }, async (folder) => {
      assert.match((await vmlayout(['check', '.'], { folder })).out, /\n2 errors, 0 warnings, 0 notes in 2 files\n$/);
    });
  });

  it('reports the others if one file can’t be read', async () => {
    await inFolder({ 'a.vmlayout': BROKEN }, async (folder) => {
      const { status, out, err } = await vmlayout(['check', 'none.vmlayout', 'a.vmlayout'], { folder });
      assert.deepEqual({ status, err }, { status: 2, err: 'vmlayout: none.vmlayout: there is no such file\n' });
      assert.match(out, /^a\.vmlayout:2:16: error: /);
    });
  });

  it('changes levels by --rule, and takes too many warnings for a failure', async () => {
    await inFolder({ 'a.vmlayout': LOOSE }, async (folder) => {
      assert.equal((await vmlayout(['check', 'a.vmlayout'], { folder })).status, 0);
      assert.equal((await vmlayout(['check', 'a.vmlayout', '--max-warnings', '3'], { folder })).status, 0);
      assert.equal((await vmlayout(['check', 'a.vmlayout', '--rule', 'unit-loose=error'], { folder })).status, 1);
      assert.match((await vmlayout(['check', 'a.vmlayout', '--rule', 'unit-loose=off', '--rule=unused-const=off'], { folder })).out, /^0 errors, 0 warnings/);
      const { status, err } = await vmlayout(['check', 'a.vmlayout', '--max-warnings=2'], { folder });
      assert.deepEqual({ status, err }, { status: 1, err: 'vmlayout: more warnings than --max-warnings allows (2)\n' });
    });
  });

  it('judges waivers by today’s date, or by the one it is told', async () => {
    const args = ['check', 'examples/policy.vmlayout', '--format', 'json'];
    const rules = async (...more: string[]): Promise<string[]> => {
      const { out } = await vmlayout([...args, ...more]);
      return (JSON.parse(out) as CheckOutput).files.flatMap(({ diagnostics }) => diagnostics.map(({ rule }) => rule));
    };
    assert.ok(!(await rules()).includes('waiver-expired'));
    assert.ok((await rules('--today', '2099-01-01')).includes('waiver-expired'));
  });
});

describe('vmlayout check --fix', () => {
  it('prints the text with its safe fixes, and tells the rest on standard error', async () => {
    await inFolder({ 'a.vmlayout': LOOSE }, async (folder) => {
      const { status, out, err } = await vmlayout(['check', '--fix', 'a.vmlayout'], { folder });
      assert.deepEqual({ status, out, err }, { status: 0, out: EXACT, err: '0 errors, 0 warnings, 0 notes\n' });
      assert.equal(readFileSync(join(folder, 'a.vmlayout'), 'utf8'), LOOSE);
    });
  });

  it('stores nothing but with --write, and then keeps marks and line breaks', async () => {
    const [before, after] = [LOOSE, EXACT].map((text) => `\ufeff${text.replaceAll('\n', '\r\n')}`) as [string, string];
    await inFolder({ 'a.vmlayout': before, 'b.vmlayout': BROKEN }, async (folder) => {
      const { status, out, err } = await vmlayout(['check', '--fix', '--write', '.'], { folder });
      assert.equal(status, 1);
      assert.equal(err, '');
      assert.match(out, /^b\.vmlayout:2:16: error: /);
      assert.equal(readFileSync(join(folder, 'a.vmlayout'), 'utf8'), after);
      assert.equal(readFileSync(join(folder, 'b.vmlayout'), 'utf8'), BROKEN);
    });
  });

  it('keeps line breaks of old Macs, alone and beside others', async () => {
    const alone = LOOSE.replaceAll('\n', '\r');
    const one = (text: string): string => text.replace('\n', '\r');
    const duplicate = (text: string): string => `${text}vm web {\r}\r`;
    await inFolder({ 'a.vmlayout': `\ufeff${alone}`, 'b.vmlayout': one(LOOSE) }, async (folder) => {
      await vmlayout(['check', '--fix', '--write', '.'], { folder });
      assert.equal(readFileSync(join(folder, 'a.vmlayout'), 'utf8'), `\ufeff${EXACT.replaceAll('\n', '\r')}`);
      assert.equal(readFileSync(join(folder, 'b.vmlayout'), 'utf8'), one(EXACT));
    });
    assert.match((await vmlayout(['check', '-'], { input: duplicate(alone) })).out, /^<stdin>:5:4: error: /m);
  });

  it('mends standard input', async () => {
    assert.equal((await vmlayout(['check', '--fix', '-'], { input: LOOSE })).out, EXACT);
  });

  it('says that it would mend, where it isn’t asked to', async () => {
    assert.match((await vmlayout(['check', '-'], { input: LOOSE })).out, /\n`vmlayout check --fix` mends 3 of them\.\n/);
  });

  it('doesn’t print several texts, nor store one that has no place', async () => {
    assertMisuse(await vmlayout(['check', '--fix', 'a', 'b']), 'check: `--fix` prints one file; store 2 with `--write`');
    assertMisuse(await vmlayout(['check', '--fix', '--write', '-']), 'check: standard input can’t be stored; leave `--write` out');
    assertMisuse(await vmlayout(['check', '--write', 'a']), 'check: `--write` stores what `--fix` mends, and that isn’t given');
  });
});

interface CheckOutput {
  readonly files: readonly {
    readonly path: string;
    readonly diagnostics: readonly {
      readonly rule: string;
      readonly severity: string;
      readonly vm?: string;
      readonly host?: string;
      readonly range: unknown;
      readonly witness?: unknown;
      readonly related: readonly { readonly path: string; readonly message: string }[];
      readonly fixes?: readonly { readonly title: string }[];
    }[];
  }[];
  readonly summary: unknown;
}
