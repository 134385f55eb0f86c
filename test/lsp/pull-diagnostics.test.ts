import assert from 'node:assert/strict';
import { CancellationTokenSource, type DocumentDiagnosticReport, type WorkspaceDiagnosticReport, type WorkspaceDocumentDiagnosticReport } from 'vscode-languageserver/node';
import type { Files } from '../../server/lsp/connection.js';
import { LanguageClient, messageOf, rangeAt } from '../support/language-client.js';

// A client that asks for diagnostics: nothing is pushed to it, and what is the same is told as such.

const A = 'file:///ws/a.vmlayout';
const B = 'file:///ws/b.vmlayout';
const WRONG = 'vm web { ram a at 0 size Q }\n';

/** A disk of a workspace, which may change. */
class Disk implements Files {
  readonly texts = new Map<string, string>();
  reading: Promise<void> = Promise.resolve();

  async read(uri: string): Promise<string | { readonly error: string }> {
    await this.reading;
    return this.texts.get(uri) ?? { error: 'there is no such file' };
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.texts.keys()].filter((uri) => uri.endsWith('.vmlayout')));
  }

  pause(): Promise<void> {
    return new Promise((resume) => setImmediate(resume));
  }
}

describe('diagnostics that the client asks for', () => {
  let client: LanguageClient;
  let disk: Disk;
  beforeEach(async () => {
    disk = new Disk();
    client = await LanguageClient.start({
      files: disk,
      params: { capabilities: { textDocument: { diagnostic: { relatedInformation: true } }, workspace: { configuration: true, diagnostics: { refreshSupport: true } } } },
    });
  });
  afterEach(async () => {
    assert.deepEqual(client.history, [], 'nothing is pushed');
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  const pull = (uri: string, previousResultId?: string): Promise<DocumentDiagnosticReport> => client.ask('diagnostic', uri, { identifier: 'vmlayout', ...(previousResultId !== undefined && { previousResultId }) });
  const pullAll = (known: Readonly<Record<string, string>> = {}, more: object = {}, token?: Parameters<LanguageClient['request']>[2]): Promise<WorkspaceDiagnosticReport> =>
    client.request('workspace/diagnostic', { previousResultIds: Object.entries(known).map(([uri, value]) => ({ uri, value })), ...more }, token);
  const codesIn = (report: DocumentDiagnosticReport): unknown => (report.kind === 'full' ? report.items.map(({ code }) => code) : 'unchanged');
  const byUri = (items: readonly WorkspaceDocumentDiagnosticReport[]): Record<string, unknown> => Object.fromEntries(items.map((item) => [item.uri, codesIn(item as DocumentDiagnosticReport)]));
  const ids = (items: readonly WorkspaceDocumentDiagnosticReport[]): Record<string, string> => Object.fromEntries(items.map(({ uri, resultId }) => [uri, resultId ?? '']));

  it('have lenses asked for anew once a file is loaded: those of half a check may be on the screen', async () => {
    const other = await LanguageClient.start({ files: disk, params: { capabilities: { textDocument: { diagnostic: {} }, workspace: { codeLens: { refreshSupport: true } } } } });
    await other.openQuietly('file:///ws/web.vmlayout', 'import "host.vmlayout"\nvm web on altra { ram a at 0 size 1 GiB }\n');
    const lenses = async (): Promise<unknown> => (await other.ask<{ readonly command?: { readonly title: string } }[]>('codeLens', 'file:///ws/web.vmlayout')).map(({ command }) => command?.title);
    assert.doesNotMatch(`${await lenses()}`, /nothing is mapped/);
    disk.texts.set('file:///ws/host.vmlayout', 'host altra { arch arm64 }\n');
    await other.ask('diagnostic', 'file:///ws/web.vmlayout', { identifier: 'vmlayout' });
    await other.refreshed('codeLens', 1);
    assert.match(`${await lenses()}`, /nothing is mapped/);
    await other.stop();
  });

  it('are offered to such a client only', async () => {
    assert.deepEqual(client.initialized.capabilities.diagnosticProvider, { identifier: 'vmlayout', interFileDependencies: true, workspaceDiagnostics: true });
    const other = await LanguageClient.start();
    assert.equal(other.initialized.capabilities.diagnosticProvider, undefined);
    await other.stop();
  });

  it('follow the text, and are told once', async () => {
    await client.openQuietly(A, WRONG);
    const first = await pull(A);
    assert.deepEqual(codesIn(first), ['unknown-name']);
    assert.equal((await pull(A, first.resultId)).kind, 'unchanged');
    await client.changeQuietly(A, { range: rangeAt(0, 25, 0, 26), text: '1 GiB' });
    const second = await pull(A, first.resultId);
    assert.deepEqual(codesIn(second), []);
    assert.notEqual(second.resultId, first.resultId);
  });

  it('tell the other party to a client that says so where it asks', async () => {
    await client.openQuietly(A, 'vm a { }\nvm a { }\n');
    const report = await pull(A);
    assert.deepEqual(report.kind === 'full' && report.items[0]?.relatedInformation?.map(({ location }) => location), [{ uri: A, range: rangeAt(0, 3, 0, 4) }]);
  });

  it('wait for what is imported, and come anew when that changes', async () => {
    disk.texts.set(B, 'const Q = 1 GiB\n');
    await client.openQuietly(A, `import "b.vmlayout"\n${WRONG}`);
    const report = await pull(A);
    assert.deepEqual(codesIn(report), []);
    disk.texts.set(B, 'const P = 1 GiB\n');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: B, type: 2 }] });
    await client.refreshed('diagnostic', 1);
    assert.deepEqual(codesIn(await pull(A, report.resultId)), ['unknown-name']);
  });

  it('see a text that another file has open and nobody has saved', async () => {
    disk.texts.set(B, 'const Q = 1 GiB\n');
    await client.openQuietly(A, `import "b.vmlayout"\n${WRONG}`);
    await client.openQuietly(B, 'const OTHER = 1 GiB\n');
    assert.deepEqual(codesIn(await pull(A)), ['unknown-name']);
    await client.changeQuietly(B, { text: 'const Q = 2 GiB\n' });
    assert.deepEqual(codesIn(await pull(A)), []);
    await client.close(B);
    assert.deepEqual(codesIn(await pull(A)), []);
  });

  it('of a file that was closed are those of the disk; of one elsewhere there are none', async () => {
    disk.texts.set(A, 'vm a { }\nvm a { }\n');
    await client.openQuietly(A, WRONG);
    await client.openQuietly('untitled:Untitled-1', WRONG);
    assert.deepEqual(codesIn(await pull('untitled:Untitled-1')), ['unknown-name']);
    await client.close(A);
    await client.close('untitled:Untitled-1');
    assert.deepEqual(codesIn(await pull(A)), ['duplicate-name']);
    assert.deepEqual(codesIn(await pull('untitled:Untitled-1')), []);
  });

  it('of the workspace are of every file, open or not, and unchanged where they are', async () => {
    disk.texts.set(A, WRONG).set(B, 'import "a.vmlayout"\nconst B = 1\n');
    await client.openQuietly(B, 'const B = 1\nconst B = 2\n');
    const first = await pullAll();
    assert.deepEqual(byUri(first.items), { [B]: ['duplicate-name'], [A]: ['unknown-name'] });
    await client.changeQuietly(B, { text: 'vm web { }\n' });
    const second = await pullAll(ids(first.items));
    assert.deepEqual(byUri(second.items), { [B]: [], [A]: 'unchanged' });
  });

  it('of the workspace go when their file goes', async () => {
    disk.texts.set(A, WRONG).set(B, WRONG);
    const first = await pullAll();
    disk.texts.delete(A);
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: A, type: 3 }] });
    const second = await pullAll(ids(first.items));
    assert.deepEqual(byUri(second.items), { [B]: 'unchanged', [A]: [] });
  });

  it('of the workspace come piece by piece to a client that takes pieces', async () => {
    for (let index = 0; index < 45; index++) disk.texts.set(`file:///ws/${index}.vmlayout`, WRONG);
    const pieces: number[] = [];
    client.onProgress('part', ({ items }: WorkspaceDiagnosticReport) => pieces.push(items.length));
    const source = new CancellationTokenSource();
    const streaming = pullAll({}, { partialResultToken: 'part' }, source.token);
    await client.until(() => pieces.length === 3);
    assert.deepEqual(pieces, [20, 20, 5]);
    source.cancel();
    await assert.rejects(streaming, { code: -32800 });
  });

  it('of a file that imports the one that was asked about are asked for again, once', async () => {
    await client.openQuietly(B, 'const Q = 1 GiB\n');
    await client.openQuietly(A, `import "b.vmlayout"\n${WRONG}`);
    assert.deepEqual(codesIn(await pull(A)), []);
    await client.changeQuietly(B, { text: 'const P = 1 GiB\n' });
    await pull(B);
    await client.refreshed('diagnostic', 1);
    await pull(B);
    assert.deepEqual(codesIn(await pull(A)), ['unknown-name']);
    await pull(B);
    await assert.rejects(Promise.race([client.refreshed('diagnostic', 2), pull(B).then(() => pull(B)).then(() => Promise.reject(new Error('none came')))]), /none came/);
  });

  it('of closed files have the levels of their folder and their project', async () => {
    disk.texts.set(A, 'vm a {\n  ram r at 0 size 4G\n}\n').set('file:///ws/in/c.vmlayout', 'vm a {\n  ram r at 0 size 4G\n}\n');
    const first = await pullAll();
    assert.deepEqual(byUri(first.items), { [A]: ['unit-loose'], 'file:///ws/in/c.vmlayout': ['unit-loose'] });
    disk.texts.set('file:///ws/in/vmlayout.json', '{ "rules": { "unit-loose": "off" } }');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: 'file:///ws/in/vmlayout.json', type: 1 }] });
    const second = await pullAll(ids(first.items));
    assert.deepEqual(byUri(second.items), { [A]: 'unchanged', 'file:///ws/in/c.vmlayout': [] });
    client.settings = { rules: { 'unit-loose': 'off' } };
    await client.notify('workspace/didChangeConfiguration', { settings: null });
    assert.deepEqual(byUri((await pullAll(ids(second.items))).items), { [A]: [], 'file:///ws/in/c.vmlayout': 'unchanged' });
  });

  it('of closed files that the project leaves out are not told', async () => {
    const draft = 'file:///ws/in/drafts/d.vmlayout';
    const configuration = 'file:///ws/in/vmlayout.json';
    disk.texts.set(A, WRONG).set(draft, WRONG).set('file:///ws/in/c.vmlayout', WRONG).set(configuration, '{ "exclude": ["drafts"] }');
    const first = await pullAll();
    assert.deepEqual(byUri(first.items), { [A]: ['unknown-name'], 'file:///ws/in/c.vmlayout': ['unknown-name'] });
    disk.texts.set(configuration, '{ "include": ["drafts/"] }');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: configuration, type: 2 }] });
    const second = await pullAll(ids(first.items));
    assert.deepEqual(byUri(second.items), { [A]: 'unchanged', 'file:///ws/in/c.vmlayout': [], [draft]: ['unknown-name'] });
    disk.texts.set(configuration, '{ "exclude": ["**"] }');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: configuration, type: 2 }] });
    await client.openQuietly(draft, WRONG);
    assert.deepEqual(byUri((await pullAll(ids(second.items))).items), { [A]: 'unchanged', [draft]: ['unknown-name'], 'file:///ws/in/c.vmlayout': 'unchanged' });
  });

  it('of a file outside of the workspace are taken back once it is closed', async () => {
    await client.openQuietly('file:///elsewhere/a.vmlayout', WRONG);
    await pull('file:///elsewhere/a.vmlayout');
    assert.deepEqual(byUri((await pullAll()).items), {}, 'it is asked for by itself');
    await client.close('file:///elsewhere/a.vmlayout');
    assert.deepEqual(byUri((await pullAll()).items), { 'file:///elsewhere/a.vmlayout': [] });
  });

  it('of a workspace without a layout are waited for, too', async () => {
    assert.deepEqual(await pullAll(), { items: [] });
    const waiting = pullAll();
    disk.texts.set(A, WRONG);
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: A, type: 1 }] });
    assert.deepEqual(byUri((await waiting).items), { [A]: ['unknown-name'] });
  });

  it('of the workspace are waited for while nothing changes', async () => {
    disk.texts.set(A, WRONG);
    const first = await pullAll();
    let isAnswered = false;
    const waiting = pullAll(ids(first.items)).then((report) => {
      isAnswered = true;
      return report;
    });
    await pull(A);
    assert.equal(isAnswered, false);
    await client.openQuietly(A, 'vm web { }\n');
    assert.deepEqual(byUri((await waiting).items), { [A]: [] });
  });

  it('of the workspace can be called off while they are waited for', async () => {
    disk.texts.set(A, WRONG);
    const first = await pullAll();
    const source = new CancellationTokenSource();
    const waiting = pullAll(ids(first.items), {}, source.token);
    source.cancel();
    await assert.rejects(waiting, { code: -32800 });
  });

  it('follow folders that come and go', async () => {
    const other = 'file:///other/c.vmlayout';
    disk.list = (folder?: string) => Promise.resolve(folder?.startsWith('file:///other') ? [other] : [A]);
    disk.texts.set(A, WRONG).set(other, WRONG);
    const folders = await LanguageClient.start({ files: disk, params: { capabilities: { textDocument: { diagnostic: {} }, workspace: { workspaceFolders: true } } } });
    const all = async (): Promise<string[]> => (await folders.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] })).items.filter((report) => report.kind === 'full' && report.items.length > 0).map(({ uri }) => uri);
    assert.deepEqual(await all(), [A]);
    await folders.notify('workspace/didChangeWorkspaceFolders', { event: { added: [{ uri: 'file:///other', name: 'other' }], removed: [] } });
    assert.deepEqual(await all(), [A, other]);
    await folders.notify('workspace/didChangeWorkspaceFolders', { event: { added: [], removed: [{ uri: 'file:///ws', name: 'ws' }] } });
    assert.deepEqual(await all(), [other]);
    await folders.stop();
  });

  it('of an open file have its version; one that is opened or closed is told of anew, even where nothing else is different', async () => {
    disk.texts.set(A, WRONG).set(B, WRONG);
    const first = ids((await pullAll()).items);
    await client.openQuietly(A, WRONG);
    await client.changeQuietly(A, { text: WRONG });
    assert.equal((await pull(A, first[A])).kind, 'full');
    const { items } = await pullAll(first);
    assert.deepEqual(items.map(({ uri, kind, version }) => [uri, kind, version]), [[A, 'full', 2], [B, 'unchanged', null]]);
    await client.close(A);
    assert.deepEqual((await pullAll(ids(items))).items.map(({ uri, kind, version }) => [uri, kind, version]), [[A, 'full', null], [B, 'unchanged', null]]);
  });

  it('of a closed file outside of the workspace are none, though it lies beside one that is open', async () => {
    disk.texts.set('file:///elsewhere/b.vmlayout', WRONG);
    await client.openQuietly('file:///elsewhere/a.vmlayout', 'vm web { }\n');
    assert.deepEqual(codesIn(await pull('file:///elsewhere/b.vmlayout')), []);
  });

  it('are called off while what is imported is read', async () => {
    disk.texts.set(B, 'const Q = 1 GiB\n');
    let arrive = (): void => undefined;
    disk.reading = new Promise((resolve) => (arrive = resolve));
    await client.openQuietly(A, `import "b.vmlayout"\n${WRONG}`);
    const [one, all] = [new CancellationTokenSource(), new CancellationTokenSource()];
    const asked = [client.request('textDocument/diagnostic', { textDocument: { uri: A } }, one.token), pullAll({}, {}, all.token)];
    await client.ask('documentSymbol', A);
    one.cancel();
    all.cancel();
    await client.ask('documentSymbol', A);
    arrive();
    for (const each of asked) await assert.rejects(each, { code: -32800 });
  });

  it('are not asked for again of a client that can’t be told so', async () => {
    let asked = 0;
    const plain = await LanguageClient.start({ files: disk, params: { capabilities: { textDocument: { diagnostic: {} } } }, answers: { 'workspace/diagnostic/refresh': () => void asked++ } });
    await plain.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: A, type: 2 }] });
    await plain.request('vmlayout/formats');
    await plain.request('vmlayout/formats');
    assert.equal(asked, 0);
    await plain.stop();
  });

  it('of an empty workspace are called off, piece by piece, too', async () => {
    const source = new CancellationTokenSource();
    const streaming = pullAll({}, { partialResultToken: 'part' }, source.token);
    await client.ask('documentSymbol', A);
    source.cancel();
    await assert.rejects(streaming, { code: -32800 });
  });

  it('of the workspace know what is imported of files that are no layouts of it', async () => {
    disk.texts.set(A, `import "q.inc"\n${WRONG}`).set('file:///ws/q.inc', 'const Q = 1 GiB\n');
    assert.deepEqual(byUri((await pullAll()).items), { [A]: [] });
  });

  it('of the workspace that come in pieces leave out what the client knows', async () => {
    disk.texts.set(A, WRONG).set(B, WRONG);
    const { items } = await pullAll();
    disk.texts.set(A, 'vm web { }\n');
    await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: A, type: 2 }] });
    const pieces: unknown[] = [];
    client.onProgress('part', (piece: WorkspaceDiagnosticReport) => pieces.push(byUri(piece.items)));
    const source = new CancellationTokenSource();
    const streaming = pullAll(ids(items), { partialResultToken: 'part' }, source.token);
    await client.until(() => pieces.length > 0);
    assert.deepEqual(pieces, [{ [A]: [] }]);
    source.cancel();
    await assert.rejects(streaming, { code: -32800 });
  });

  it('of many files let others get their turn', async () => {
    for (let index = 0; index < 45; index++) disk.texts.set(`file:///ws/${index}.vmlayout`, WRONG);
    await client.request('vmlayout/formats');
    const order: string[] = [];
    const all = pullAll().then(() => order.push('all'));
    await client.request('vmlayout/formats').then(() => order.push('formats'));
    await all;
    assert.deepEqual(order, ['formats', 'all']);
  });

  it('of closed files wait until the settings of their folder are known', async () => {
    disk.texts.set(A, 'vm a {\n  ram r at 0 size 4G\n}\n');
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const slow = await LanguageClient.start({
      files: disk,
      params: { capabilities: { textDocument: { diagnostic: {} }, workspace: { configuration: true } } },
      answers: { 'workspace/configuration': async ({ items }: { items: readonly unknown[] }) => (await gate, items.map(() => ({ rules: { 'unit-loose': 'off' } }))) },
    });
    const asked = slow.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] });
    await slow.request('vmlayout/formats');
    answer();
    assert.deepEqual(byUri((await asked).items), { [A]: [] });
    await slow.stop();
  });

  it('of closed files have the levels of the innermost folder that is one of the workspace', async () => {
    const [outer, inner] = ['file:///ws/a.vmlayout', 'file:///ws/in/b.vmlayout'];
    disk.texts.set(outer, 'vm a {\n  ram r at 0 size 4G\n}\n').set(inner, 'vm a {\n  ram r at 0 size 4G\n}\n');
    for (const workspaceFolders of [['file:///ws', 'file:///ws/in'], ['file:///ws/in', 'file:///ws']].map((uris) => uris.map((uri) => ({ uri, name: uri })))) {
      const nested = await LanguageClient.start({
        files: { read: (uri) => disk.read(uri), list: () => Promise.resolve([outer, inner]) },
        params: { workspaceFolders, capabilities: { textDocument: { diagnostic: {} }, workspace: { configuration: true } } },
        answers: { 'workspace/configuration': ({ items }: { items: readonly { scopeUri: string }[] }) => items.map(({ scopeUri }) => ({ rules: { 'unit-loose': scopeUri.endsWith('/in') ? 'off' : 'error' } })) },
      });
      assert.deepEqual(byUri((await nested.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] })).items), { [outer]: ['unit-loose'], [inner]: [] });
      await nested.stop();
    }
  });

  it('of a folder that joins have its settings, and come by themselves', async () => {
    const uri = 'file:///other/c.vmlayout';
    disk.texts.set(uri, 'vm a {\n  ram r at 0 size 4G\n}\n');
    const rulesIn = (scope: string): object => (scope.startsWith('file:///other') ? { rules: { 'unit-loose': 'off' } } : {});
    const folders = await LanguageClient.start({
      files: { ...disk, read: (asked) => disk.read(asked), list: (folder) => Promise.resolve(folder.startsWith('file:///other') ? [uri] : []) },
      params: { capabilities: { textDocument: { diagnostic: {} }, workspace: { configuration: true, workspaceFolders: true, didChangeWatchedFiles: { dynamicRegistration: true } } } },
      answers: { 'workspace/configuration': ({ items }: { items: readonly { scopeUri: string; section: string }[] }) => items.map(({ scopeUri, section }) => (section === 'vmlayout' ? rulesIn(scopeUri) : {})) },
    });
    assert.deepEqual((await folders.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] })).items, []);
    await folders.notify('workspace/didChangeWorkspaceFolders', { event: { added: [{ uri: 'file:///other', name: 'other' }], removed: [] } });
    assert.deepEqual(byUri((await folders.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] })).items), { [uri]: [] });
    await folders.stop();
  });

  it('are refused, and asked for again, where the text changes while an import is read', async () => {
    disk.texts.set(B, 'const Q = 1 GiB\n');
    let arrive = (): void => undefined;
    disk.reading = new Promise((resolve) => (arrive = resolve));
    await client.openQuietly(A, `import "b.vmlayout"\n${WRONG}`);
    const asked = pull(A);
    await client.changeQuietly(A, { range: rangeAt(2, 0), text: '\n' });
    await client.ask('documentSymbol', A);
    arrive();
    await assert.rejects(asked, ({ code, data }: { code: number; data: unknown }) => code === -32802 && JSON.stringify(data) === '{"retriggerRequest":true}');
    assert.deepEqual(codesIn(await pull(A)), []);
  });
});

describe('a crash while the client asks', () => {
  it('is told in the file', async () => {
    const client = await LanguageClient.start({ today: () => { throw new Error('the clock is broken'); }, params: { capabilities: { textDocument: { diagnostic: {} } } } });
    await client.openQuietly(A, WRONG);
    const report = await client.ask<DocumentDiagnosticReport>('diagnostic', A);
    assert.match(report.kind === 'full' ? messageOf(report.items[0]) : '', /could not be checked/);
    assert.match(client.log.join('\n'), /the clock is broken/);
    await client.stop();
  });
});
