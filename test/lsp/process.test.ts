import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LanguageClient, messageOf } from '../support/language-client.js';

// The bundle that users run, as a process, with files on disk.

const SERVER = path.join('dist', 'server.cjs');

describe('the bundled server', () => {
  before(function () {
    if (!existsSync(SERVER)) this.skip();
  });

  it('speaks over stdio, reads imports from disk, and ends when it is told to', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vmlayout-lsp-'));
    await mkdir(path.join(folder, 'directory.vmlayout'));
    await writeFile(path.join(folder, 'hosts.vmlayout'), 'host epyc { }\n');
    await writeFile(path.join(folder, 'latin.vmlayout'), Buffer.from('host caf\xe9 { }\n', 'latin1'));
    const child = spawn(process.execPath, [SERVER, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const root = pathToFileURL(folder).href;
    const client = await LanguageClient.over(child.stdout, child.stdin, { params: { workspaceFolders: [{ uri: root, name: 'x' }] } });
    const uri = `${root}/main.vmlayout`;
    const good = await client.open(uri, 'import "hosts.vmlayout"\nvm web on epyc { }\n');
    assert.deepEqual(good.filter(({ severity }) => severity === 1), []);
    const bad = await client.change(uri, { text: 'import "directory.vmlayout"\nimport "latin.vmlayout"\nimport "nowhere.vmlayout"\n' });
    const told = bad.filter(({ code }) => code === 'import-missing').map(messageOf).join('\n');
    assert.match(told, /directory[^]*UTF-8[^]*no such file/);
    await client.request('shutdown');
    await client.notify('exit');
    assert.equal(await ended, 0);
    await rm(folder, { recursive: true });
  }).timeout(20_000);
});
