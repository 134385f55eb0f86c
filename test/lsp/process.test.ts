import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WorkspaceSymbol } from 'vscode-languageserver';
import { LanguageClient, messageOf, rangeAt } from '../support/language-client.js';
import { REQUESTS } from '../support/lsp-requests.js';

// The bundle that users run, as a process, with files on disk.

const SERVER = path.join('dist', 'server.cjs');

describe('the end of the bundled server', () => {
  before(function () {
    if (!existsSync(SERVER)) this.skip();
  });

  /** A server that has shaken hands, and the status it will end with. */
  async function started(): Promise<{ client: LanguageClient; child: ChildProcessWithoutNullStreams; ended: Promise<unknown> }> {
    const child = spawn(process.execPath, [SERVER, '--stdio']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return { child, ended, client: await LanguageClient.over(child.stdout, child.stdin, { params: { capabilities: CAPABLE } }) };
  }

  it('is refusals once it is told to shut down, and status 0', async () => {
    const { client, ended } = await started();
    await client.openQuietly('file:///ws/a.vmlayout', 'vm a { }\n');
    await client.request('shutdown');
    const where = { uri: 'file:///ws/a.vmlayout', position: { line: 0, character: 3 }, range: rangeAt(0, 0, 1, 0) };
    for (const [method, params] of Object.entries(REQUESTS)) await assert.rejects(client.request(method, params(where)), { code: INVALID_REQUEST }, method);
    await client.notify('exit');
    assert.equal(await ended, 0);
  }).timeout(20_000);

  it('is status 1 where nobody has told it to shut down, or its client is gone', async () => {
    const [told, left] = [await started(), await started()];
    await told.client.notify('exit');
    assert.equal(await told.ended, 1);
    left.child.stdin.end();
    assert.equal(await left.ended, 1);
  }).timeout(20_000);

  it('leaves no request of its client waiting', async () => {
    const { client, ended } = await started();
    const waiting = client.request('workspace/diagnostic', { previousResultIds: [], partialResultToken: 'part' });
    await client.request('shutdown');
    await assert.rejects(waiting, { code: REQUEST_CANCELLED });
    await client.notify('exit');
    assert.equal(await ended, 0);
  }).timeout(20_000);
});

const CAPABLE = { textDocument: { diagnostic: {}, completion: { completionItem: { resolveSupport: { properties: ['documentation'] } } } }, workspace: { textDocumentContent: {}, fileOperations: { willRename: true } } };
const INVALID_REQUEST = -32600;
const REQUEST_CANCELLED = -32800;

describe('the bundled server', () => {
  before(function () {
    if (!existsSync(SERVER)) this.skip();
  });

  it('speaks over stdio, reads imports from disk, and ends when it is told to', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vmlayout-lsp-'));
    await mkdir(path.join(folder, 'directory.vmlayout'));
    await writeFile(path.join(folder, 'hosts.vmlayout'), 'host epyc { }\n');
    await writeFile(path.join(folder, 'latin.vmlayout'), Buffer.from('host caf\xe9 { }\n', 'latin1'));
    await writeFile(path.join(folder, 'elsewhere'), 'host rome { }\n');
    await symlink('elsewhere', path.join(folder, 'linked.vmlayout'));
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
    const found = await client.request<WorkspaceSymbol[]>('workspace/symbol', { query: 'rome' });
    assert.deepEqual(found.map(({ location }) => path.posix.basename(location.uri)), ['linked.vmlayout'], 'a link to a file is one of them, as on the command line');
    await client.request('shutdown');
    await client.notify('exit');
    assert.equal(await ended, 0);
    await rm(folder, { recursive: true });
  }).timeout(20_000);
});
