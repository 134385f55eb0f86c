import assert from 'node:assert/strict';
import type {
  CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, DocumentHighlight, DocumentLink, DocumentSymbol, LinkedEditingRanges, Location, SelectionRange, SemanticTokens,
  SemanticTokensDelta, TextDocumentEdit, WorkspaceEdit, WorkspaceSymbol,
} from 'vscode-languageserver';
import { filesOf, LanguageClient, rangeAt } from '../support/language-client.js';
import { dedent } from '../support/picture.js';

// Finding one's way, on the wire.

const HOSTS = 'file:///ws/hosts.vmlayout';
const WEB = 'file:///ws/web.vmlayout';
const OTHER = 'file:///ws/more/other.vmlayout';

const TEXTS: Readonly<Record<string, string>> = {
  [HOSTS]: 'host box {\n  iommu u { model vt-d }\n  device nic "0000:01:00.0"\n}\n',
  [OTHER]: 'import "../hosts.vmlayout"\nvm other on box { ram low at 0x808_0000 size 4 KiB }\n',
};
const TEXT = dedent(`
  import "hosts.vmlayout"
  vm web on box {
    backing pages size 1 GiB
    ram low at 0 size 1 GiB from pages
    map m to low
    assign nic
  }
`);
const LOW = rangeAt(3, 6, 3, 9);

describe('navigation', () => {
  let client: LanguageClient;
  beforeEach(async () => {
    const listed = { ...filesOf(TEXTS), list: () => Promise.resolve([HOSTS, OTHER]) };
    client = await LanguageClient.start({ files: listed });
    await client.open(WEB, TEXT);
  });
  afterEach(async () => {
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  it('finds references in files that nobody has opened', async () => {
    const found = await client.ask<Location[]>('references', WEB, { position: { line: 1, character: 11 }, context: { includeDeclaration: true } });
    assert.deepEqual(found.map(({ uri, range }) => `${uri} ${range.start.line}:${range.start.character}`).sort(), [`${HOSTS} 0:5`, `${OTHER} 1:12`, `${WEB} 1:10`]);
    const uses = await client.ask<Location[]>('references', WEB, { position: { line: 1, character: 11 }, context: { includeDeclaration: false } });
    assert.equal(uses.length, 2);
  });

  it('highlights in the file itself', async () => {
    const found = await client.ask<DocumentHighlight[]>('documentHighlight', WEB, { position: LOW.start });
    assert.deepEqual(found, [{ range: LOW, kind: 3 }, { range: rangeAt(4, 11, 4, 14), kind: 2 }]);
  });

  it('renames over files, with the versions of those that are open', async () => {
    assert.deepEqual(await client.ask('prepareRename', WEB, { position: { line: 5, character: 10 } }), { range: rangeAt(5, 9, 5, 12), placeholder: 'nic' });
    const edit = await client.ask<WorkspaceEdit>('rename', WEB, { position: { line: 5, character: 10 }, newName: 'gpu' });
    const changes = edit.documentChanges as TextDocumentEdit[];
    assert.deepEqual(changes.map(({ textDocument, edits }) => [textDocument.uri, textDocument.version, edits.length]).sort(), [[HOSTS, null, 1], [WEB, 1, 1]]);
    await assert.rejects(client.ask('rename', WEB, { position: LOW.start, newName: 'pages' }), /with the name `pages`: the name `pages` is taken/);
    assert.equal(await client.ask('prepareRename', WEB, { position: { line: 0, character: 2 } }), null);
    await client.open('file:///ws/arm.vmlayout', 'import "std:iommu/arm"\nhost arm like smmu-v3 { }\n');
    await assert.rejects(client.ask('prepareRename', 'file:///ws/arm.vmlayout', { position: { line: 1, character: 15 } }), /`smmu-v3` is of the shipped library/);
  });

  it('leads to what something is made from, and tells who uses it', async () => {
    const [backing] = await client.ask<Location[]>('typeDefinition', WEB, { position: LOW.start });
    assert.deepEqual(backing, { uri: WEB, range: rangeAt(2, 10, 2, 15) });
    const [item] = await client.ask<CallHierarchyItem[]>('prepareCallHierarchy', WEB, { position: LOW.start });
    assert.ok(item);
    const incoming = await client.request<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', { item });
    const outgoing = await client.request<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', { item });
    assert.deepEqual([incoming.map(({ from }) => from.name), outgoing.map(({ to }) => to.name)], [['m'], ['pages']]);
  });

  it('tells the guests of a host, those in files that nobody has opened, too', async () => {
    const [box] = await client.ask<CallHierarchyItem[]>('prepareCallHierarchy', WEB, { position: { line: 1, character: 11 } });
    const guests = await client.request<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', { item: box });
    assert.deepEqual(guests.map(({ from }) => [from.name, from.uri]).sort(), [['other', OTHER], ['web', WEB]]);
  });

  it('finds by address over the workspace', async () => {
    const found = await client.request<WorkspaceSymbol[]>('workspace/symbol', { query: '0x8080040' });
    assert.deepEqual(found.map(({ name, containerName, location }) => [name, containerName, location.uri]), [['low: 0x8080040', 'other 0x8080000-0x8080fff', OTHER], ['low: 0x8080040', 'web 0x0-0x3fffffff', WEB]]);
  });

  it('has imports follow what is moved, in files that nobody has opened, too', async () => {
    const files = { ...filesOf({ ...TEXTS, [OTHER]: 'import "./../hosts.vmlayout"\nimport "std:iommu/arm"\n' }), list: () => Promise.resolve([HOSTS, OTHER]) };
    const moving = await LanguageClient.start({ files, params: { capabilities: { workspace: { workspaceEdit: { documentChanges: true }, fileOperations: { willRename: true } } } } });
    await moving.openQuietly(WEB, TEXT);
    const move = async (...moves: [string, string][]): Promise<unknown> => {
      const edit = await moving.request<WorkspaceEdit | null>('workspace/willRenameFiles', { files: moves.map(([oldUri, newUri]) => ({ oldUri, newUri })) });
      return edit && (edit.documentChanges as TextDocumentEdit[]).map(({ textDocument, edits }) => [textDocument.uri, textDocument.version, ...edits]).sort();
    };
    assert.deepEqual(await move([HOSTS, 'file:///ws/sh%20ared/all.vmlayout']), [
      [OTHER, null, { range: rangeAt(0, 8, 0, 27), newText: '../sh ared/all.vmlayout' }],
      [WEB, 1, { range: rangeAt(0, 8, 0, 22), newText: 'sh ared/all.vmlayout' }],
    ]);
    assert.deepEqual(await move(['file:///ws/more', 'file:///ws/much/more']), [[OTHER, null, { range: rangeAt(0, 8, 0, 27), newText: '../../hosts.vmlayout' }]]);
    assert.deepEqual(await move([HOSTS, 'file:///ws/more/hosts.vmlayout']), [
      [OTHER, null, { range: rangeAt(0, 8, 0, 27), newText: './hosts.vmlayout' }],
      [WEB, 1, { range: rangeAt(0, 8, 0, 22), newText: 'more/hosts.vmlayout' }],
    ]);
    assert.equal(await move(['file:///ws', 'file:///elsewhere']), null, 'all of it moves together');
    assert.deepEqual(moving.initialized.capabilities.workspace?.fileOperations?.willRename?.filters.length, 2);
    assert.equal(client.initialized.capabilities.workspace?.fileOperations, undefined);
    assert.deepEqual(moving.log, []);
    await moving.stop();
  });

  it('marks what is deprecated', async () => {
    const uri = 'file:///ws/old.vmlayout';
    await client.open(uri, '/// Deprecated: see box.\nhost old { }\nhost fresh { }\n');
    const symbols = await client.ask<DocumentSymbol[]>('documentSymbol', uri);
    assert.deepEqual(symbols.map(({ name, tags }) => [name, tags]), [['old', [1]], ['fresh', undefined]]);
  });

  it('grows selections, follows links, edits what is linked', async () => {
    const [selection] = await client.ask<SelectionRange[]>('selectionRange', WEB, { positions: [LOW.start] });
    assert.deepEqual(selection?.range, LOW);
    assert.deepEqual(selection?.parent?.range, rangeAt(3, 2, 3, 36));
    const [link] = await client.ask<DocumentLink[]>('documentLink', WEB);
    assert.deepEqual(link, { range: rangeAt(0, 8, 0, 22), target: HOSTS });
    const linked = await client.ask<LinkedEditingRanges>('linkedEditingRange', WEB, { position: LOW.start });
    assert.deepEqual(linked.ranges, [LOW, rangeAt(4, 11, 4, 14)]);
  });

  it('sends tokens whole, for a range, and as what changed', async () => {
    const full = await client.ask<SemanticTokens>('semanticTokens/full', WEB);
    assert.ok(full.data.length % 5 === 0 && full.data.length > 50);
    const part = await client.ask<SemanticTokens>('semanticTokens/range', WEB, { range: rangeAt(1, 0, 1, 5) });
    assert.ok(part.data.length < full.data.length && part.data.length > 0);
    await client.change(WEB, { range: rangeAt(6, 1), text: '\nconst A = 1' });
    const delta = await client.ask<SemanticTokensDelta>('semanticTokens/full/delta', WEB, { previousResultId: full.resultId });
    const edited = [...full.data];
    for (const { start, deleteCount, data = [] } of [...delta.edits].reverse()) edited.splice(start, deleteCount, ...data);
    assert.deepEqual(edited, (await client.ask<SemanticTokens>('semanticTokens/full', WEB)).data);
  });
});
