import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../server/hosts/commands/run.js';
import { assertMisuse, inFolder, vmlayout, type Outcome } from '../support/command-line.js';

// Whatever comes in: a clear answer, never a crash, never a hang. Each test has a few seconds.

describe('bad input', function () {
  this.timeout(10_000);

  const unreadable: readonly (readonly [what: string, content: Uint8Array, answer: string])[] = [
    ['a binary file', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0), 'it is a binary file'],
    ['Latin-1', Buffer.from('const A = 1\n// gr\xfc\xdfe\n', 'latin1'), 'it is no UTF-8 text (line 2)'],
    ['UTF-16', Buffer.from('\ufeffvm web { }', 'utf16le'), 'it is UTF-16; store it as UTF-8'],
  ];
  for (const [what, content, answer] of unreadable) {
    it(`${what}, as a file, as standard input, and as an import`, async () => {
      await inFolder({ 'a.vmlayout': content, 'b.vmlayout': 'import "a.vmlayout"\n' }, async (folder) => {
        assertMisuse(await vmlayout(['check', 'a.vmlayout'], { folder }), `a.vmlayout: ${answer}`);
        assertMisuse(await vmlayout(['check', '-'], { input: content }), `<stdin>: ${answer}`);
        assertMisuse(await vmlayout(['plan', 'a.vmlayout'], { folder }), `a.vmlayout: ${answer}`);
        assert.deepEqual(told(await vmlayout(['check', 'b.vmlayout', '--format', 'json'], { folder })), [`import-missing 0:7 \`a.vmlayout\` can’t be imported: ${answer}`]);
      });
    });
  }

  it('100 MB', async () => {
    await inFolder({ 'big.vmlayout': '', 'b.vmlayout': 'import "big.vmlayout"\n' }, async (folder) => {
      truncateSync(join(folder, 'big.vmlayout'), 100_000_000);
      assertMisuse(await vmlayout(['check', 'big.vmlayout'], { folder }), 'big.vmlayout: it is larger than 16 MiB');
      assertMisuse(await vmlayout(['check', '-'], { input: Buffer.alloc(20_000_000, 'a') }), '<stdin>: it is larger than 16 MiB');
      assert.deepEqual(told(await vmlayout(['check', 'b.vmlayout', '--format', 'json'], { folder })), ['import-missing 0:7 `big.vmlayout` can’t be imported: it is larger than 16 MiB']);
    });
  });

  it('imports that lead nowhere, or where they must not', async () => {
    const names = ['none.vmlayout', 'folder', '../../../../../../etc/hostname', '/etc/hostname', 'https://example.org/a.vmlayout', 'pipe'];
    const answers = ['there is no such file', 'it is a directory', 'it is outside of the workspace', 'it is outside of the workspace', 'only files and `std:` are imported; nothing is fetched', 'it is no ordinary file'];
    await inFolder({ 'a.vmlayout': names.map((name) => `import "${name}"\n`).join(''), 'folder/x': '' }, async (folder) => {
      symlinkSync('/dev/zero', join(folder, 'pipe'));
      const expected = names.map((name, line) => `import-missing ${line}:7 \`${name}\` can’t be imported: ${answers[line]}`);
      assert.deepEqual(told(await vmlayout(['check', 'a.vmlayout', '--format', 'json'], { folder })), expected);
    });
  });

  it('imports from the folder of the file, wherever one stands', async () => {
    await inFolder({ 'one/a.vmlayout': 'import "in/b.vmlayout"\nconst A = B\n', 'one/in/b.vmlayout': 'import "../c.vmlayout"\nconst B = C\n', 'one/c.vmlayout': 'const C = 1\n', 'two/x': '' }, async (folder) => {
      for (const file of ['../one/a.vmlayout', join(folder, 'one/a.vmlayout')]) {
        assert.deepEqual(told(await vmlayout(['check', file, '--format', 'json', '--rule', 'unused-const=off'], { folder: join(folder, 'two') })), []);
      }
    });
  });

  it('imports in a circle', async () => {
    await inFolder({ 'a.vmlayout': 'import "./b.vmlayout"\nconst A = B\n', 'b.vmlayout': 'import "a.vmlayout"\nconst B = 1\nconst C = A\n' }, async (folder) => {
      assert.deepEqual(told(await vmlayout(['check', './a.vmlayout', 'b.vmlayout', '--format', 'json', '--rule', 'unused-const=off'], { folder })), []);
    });
    await inFolder({ 'a.vmlayout': 'import "b.vmlayout"\nconst A = B\n', 'b.vmlayout': 'import "a.vmlayout"\nconst B = A\n' }, async (folder) => {
      assert.deepEqual(told(await vmlayout(['check', 'a.vmlayout', '--format', 'json', '--rule', 'unused-const=off'], { folder })).map((line) => line.split(' ')[0]), ['cycle']);
    });
  });

  it('doesn’t report what is wrong in a file that is imported', async () => {
    await inFolder({ 'a.vmlayout': 'import "b.vmlayout"\n', 'b.vmlayout': 'vm web {\n  ram low at\n' }, async (folder) => {
      assert.deepEqual(told(await vmlayout(['check', 'a.vmlayout', '--format', 'json'], { folder })), []);
    });
  });

  it('tells what `like` brings from another file at the vm that is checked', async () => {
    const host = 'host altra {\n  iommu smmu0 { model smmu-v3 granule 4 KiB bits 48\n    reserved msi at 0x0800_0000 size 1 MiB kind sw-msi }\n  group 14 { device nic "0000:01:00.0" }\n}\n';
    const files = { 'model.vmlayout': `${host}vm q35 {\n  const RAM\n  ram low at 0 size RAM\n  assign nic\n}\n`, 'web.vmlayout': 'import "model.vmlayout"\nvm web like q35 on altra { const RAM = 1 GiB }\n' };
    await inFolder(files, async (folder) => {
      const { out } = await vmlayout(['check', 'web.vmlayout'], { folder });
      assert.match(out, /^web\.vmlayout:2:4: error: `low` covers the doorbell window/);
      assert.match(out, /= model\.vmlayout:8:7: it is declared here, and `like` brings it\n/);
    });
  });

  const broken: readonly (readonly [what: string, text: string])[] = [
    ['a layout saved in the middle of a word', 'vm web {\n  ram low at 0 si'],
    ['braces that don’t match', 'vm web {\n  ram low at 0 size 1 GiB\n\nhost altra {\n  arch arm64\n'],
    ['10,000 parentheses', `const A = ${'('.repeat(10_000)}1${')'.repeat(10_000)}\n`],
    ['10,000 braces', `vm web ${'{'.repeat(10_000)}${'}'.repeat(10_000)}\n`],
    ['a number past 2^64', 'vm web {\n  ram low at 0xffff_ffff_ffff_ffff_ff size 1 GiB\n}\n'],
    ['a size past 2^64', `vm web {\n  ram low at 0 size ${'9'.repeat(5_000)} EiB\n}\n`],
    ['unknown escapes', 'vm web {\n  ram low at 0 size 1 GiB label "a\\q\\u{110000}"\n}\n'],
    ['a string that is never closed', 'import "a.vmlayout\n'],
    ['a line of a million characters', `const A = ${'1 + '.repeat(250_000)}\n`],
  ];
  for (const [what, text] of broken) {
    it(what, async () => {
      for (const format of ['text', 'json']) {
        const { status, out, err } = await vmlayout(['check', '-', '--format', format], { input: text });
        assert.deepEqual({ status, err }, { status: 1, err: '' });
        assert.ok(out.length < 2_000_000);
      }
      assert.ok([0, 1].includes((await vmlayout(['plan', '-'], { input: text })).status));
    });
  }

  it('doesn’t let a text steer the terminal', async () => {
    const { out } = await vmlayout(['check', '-'], { input: 'vm web {\n  ram \u001b[2J\u202elow at 0 size 1 GiB\n}\n' });
    assert.doesNotMatch(out, /[\u001b\u202e]/);
    assert.match(out, /␛\[2J/);
  });

  it('is read to its end, and no further, where it comes from a pipe', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(1 << 20, ' ');
    }
    const written: string[] = [];
    const sink = { colour: false, write: (text: string) => void written.push(text) };
    assert.equal(await run(['check', '-'], { folder: '.', today: '2026-11-22', out: sink, err: sink, input: endless }), 2);
    assert.deepEqual(written, ['vmlayout: <stdin>: it is larger than 16 MiB\n']);
  });

  // Root may write everything.
  if (process.getuid?.() !== 0) {
    it('a file that may not be written', async () => {
      await inFolder({ 'a.vmlayout': 'vm web {\n  ram low at 0 size 4G\n}\n' }, async (folder) => {
        chmodSync(join(folder, 'a.vmlayout'), 0o444);
        assertMisuse(await vmlayout(['check', '--fix', '--write', 'a.vmlayout'], { folder }), 'a.vmlayout: it may not be written');
      });
    });
  }
});

interface Told {
  readonly files: readonly { readonly diagnostics: readonly { readonly rule: string; readonly message: string; readonly range: { readonly start: { readonly line: number; readonly character: number } } }[] }[];
}

/** Findings as `rule line:character message`. */
function told({ out }: Outcome): string[] {
  const { files } = JSON.parse(out) as Told;
  return files.flatMap(({ diagnostics }) => diagnostics.map(({ rule, message, range: { start } }) => `${rule} ${start.line}:${start.character} ${message}`));
}
