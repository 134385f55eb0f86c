import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertMisuse, inFolder, vmlayout } from '../support/command-line.js';

// `fmt`: prints, checks or stores; what the formatter does is tested with the core.

const CROOKED = 'vm web {\nslots  3\n}';
const STRAIGHT = 'vm web {\n  slots 3\n}\n';

describe('vmlayout fmt', () => {
  it('prints the text of one file, or of standard input', async () => {
    await inFolder({ 'a.vmlayout': CROOKED }, async (folder) => {
      assert.deepEqual(await vmlayout(['fmt', 'a.vmlayout'], { folder }), { status: 0, out: STRAIGHT, err: '' });
      assert.deepEqual(await vmlayout(['fmt', '-'], { input: CROOKED }), { status: 0, out: STRAIGHT, err: '' });
      assert.equal(readFileSync(join(folder, 'a.vmlayout'), 'utf8'), CROOKED);
    });
  });

  it('says which files would change, and then fails', async () => {
    await inFolder({ 'a.vmlayout': CROOKED, 'b.vmlayout': STRAIGHT }, async (folder) => {
      assert.deepEqual(await vmlayout(['fmt', '--check', '.'], { folder }), { status: 1, out: 'a.vmlayout\n', err: '' });
      assert.deepEqual(await vmlayout(['fmt', '--check', 'b.vmlayout'], { folder }), { status: 0, out: '', err: '' });
    });
  });

  it('stores what changes, with its mark and its breaks', async () => {
    const windows = (text: string): string => `\ufeff${text.replaceAll('\n', '\r\n')}`;
    const oldMac = (text: string): string => text.replaceAll('\n', '\r');
    await inFolder({ 'a.vmlayout': windows(CROOKED), 'b.vmlayout': STRAIGHT, 'c.vmlayout': oldMac(CROOKED) }, async (folder) => {
      assert.deepEqual(await vmlayout(['fmt', '--write', '.'], { folder }), { status: 0, out: 'a.vmlayout\nc.vmlayout\n', err: '' });
      assert.equal(readFileSync(join(folder, 'a.vmlayout'), 'utf8'), windows(STRAIGHT));
      assert.equal(readFileSync(join(folder, 'c.vmlayout'), 'utf8'), oldMac(STRAIGHT));
      assert.deepEqual(await vmlayout(['fmt', '--write', '.'], { folder }), { status: 0, out: '', err: '' });
    });
  });

  it('goes on after a file that can’t be read', async () => {
    await inFolder({ 'a.vmlayout': CROOKED }, async (folder) => {
      assert.deepEqual(await vmlayout(['fmt', '--check', 'none.vmlayout', 'a.vmlayout'], { folder }), { status: 2, out: 'a.vmlayout\n', err: 'vmlayout: none.vmlayout: there is no such file\n' });
    });
  });

  it('prints no texts into each other, and stores none that has no place', async () => {
    assertMisuse(await vmlayout(['fmt', 'a', 'b']), 'fmt: prints one file; store 2 with `--write`');
    assertMisuse(await vmlayout(['fmt', '--write', '-']), 'fmt: standard input can’t be stored; leave `--write` out');
    assertMisuse(await vmlayout(['fmt', '--check', '--write', 'a']), 'fmt: `--check` only looks, and `--write` stores; give one of them');
    assertMisuse(await vmlayout(['fmt']), 'fmt: which files? (`-` is standard input)');
  });
});
