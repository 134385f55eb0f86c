import assert from 'node:assert/strict';
import type {
  CodeAction, CompletionList, DefinitionLink, Diagnostic, DocumentSymbol, FoldingRange, Hover, Location, SignatureHelp, SymbolInformation, TextDocumentEdit, WorkspaceEdit, WorkspaceSymbol,
} from 'vscode-languageserver';
import { applyEdits, LineIndex, TOKEN_MODIFIERS, TOKEN_TYPES } from '../../server/core/index.js';
import { filesOf, LanguageClient, messageOf, rangeAt, SHOWS_ALL } from '../support/language-client.js';
import { dedent } from '../support/picture.js';

// One conversation a kind of request, over streams, with what a client sees on the wire.

const URI = 'file:///ws/web.vmlayout';

const TEXT = dedent(`
  host altra {
    kernel 6.6
    page 4 KiB
    bits 48
    iommu smmu0 {
      model smmu-v3
      granule 4 KiB
      bits 48
      reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
    }
    group 14 { device nic "0000:01:00.0" }
  }

  /// A guest.
  vm web on altra {
    backing ram0 size 3 GiB hugetlb 1 GiB
    ram low at 0 size 3 GiB from ram0
    assign nic
  }
`);
const LOW = rangeAt(16, 6, 16, 9);

describe('the language server', () => {
  let client: LanguageClient;
  beforeEach(async () => {
    client = await LanguageClient.start();
  });
  afterEach(async () => {
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  it('says what it can', () => assert.deepEqual(client.initialized.capabilities, {
    positionEncoding: 'utf-16',
    textDocumentSync: { openClose: true, change: 2 },
    workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    codeActionProvider: { codeActionKinds: ['quickfix', 'source.fixAll.vmlayout', 'refactor.rewrite', 'refactor.extract', 'refactor.inline'] },
    hoverProvider: true,
    completionProvider: { triggerCharacters: ['.', '"', ' ', '/', ':'] },
    definitionProvider: true,
    documentSymbolProvider: true,
    foldingRangeProvider: true,
    experimental: { vmlayoutMap: true, vmlayoutConversions: true },
    referencesProvider: true,
    documentHighlightProvider: true,
    renameProvider: { prepareProvider: true },
    typeDefinitionProvider: true,
    callHierarchyProvider: true,
    workspaceSymbolProvider: true,
    selectionRangeProvider: true,
    documentLinkProvider: { resolveProvider: false },
    linkedEditingRangeProvider: true,
    semanticTokensProvider: { legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] }, full: { delta: true }, range: true },
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
    documentOnTypeFormattingProvider: { firstTriggerCharacter: '}', moreTriggerCharacter: ['\n'] },
    inlayHintProvider: { resolveProvider: true },
    codeLensProvider: { resolveProvider: false },
    signatureHelpProvider: { triggerCharacters: ['(', ','] },
  }));

  it('compares the stances of the vm at the cursor', async () => {
    await client.open(URI, TEXT);
    const ask = (line: number): Promise<{ markdown: string } | null> => client.request('vmlayout/compare', { textDocument: { uri: URI }, position: { line, character: 0 } });
    const page = await ask(16);
    assert.match(page?.markdown ?? '', /^# Stances side by side\n\n## web on altra: VFIO type1, kernel 6\.6\n/);
    assert.match(page?.markdown ?? '', /\| cold start \| EINVAL \| ok \| ok \| ok \| EINVAL \| ok \|/);
    await client.change(URI, { range: rangeAt(19, 0), text: 'vm other on altra {\n  ram low at 4 GiB size 1 GiB\n}\n' });
    assert.match((await ask(20))?.markdown ?? '', /^# Stances side by side\n\n## other on altra: /);
    await client.open('file:///ws/empty.vmlayout', 'vm alone { ram low at 0 size 1 GiB }\n');
    assert.equal(await client.request('vmlayout/compare', { textDocument: { uri: 'file:///ws/empty.vmlayout' }, position: { line: 0, character: 0 } }), null);
  });

  it('tells what it finds, with its rule, its page and the other party', async () => {
    const diagnostics = await client.open(URI, TEXT);
    const overlap = overlapIn(diagnostics);
    assert.deepEqual(overlap.range, LOW);
    assert.equal(overlap.severity, 1);
    assert.equal(overlap.source, 'vmlayout');
    assert.equal(overlap.codeDescription?.href, 'file:///ext/docs/rules/doorbell-overlap.md');
    assert.match(messageOf(overlap), /^`low` covers the doorbell window `msi`/);
    assert.deepEqual(overlap.relatedInformation?.[0]?.location, { uri: URI, range: rangeAt(8, 13, 8, 16) });
    assert.equal(client.history.at(-1)?.version, 1);
  });

  it('tells again at each change, of its version, and nothing once the file is closed', async () => {
    await client.open(URI, TEXT);
    const after = await client.change(URI, { range: rangeAt(16, 13, 16, 14), text: '0x4000_0000' });
    assert.deepEqual(after.filter(({ severity }) => severity === 1), []);
    assert.equal(client.history.at(-1)?.version, 2);
    await client.close(URI);
    await client.published();
    assert.deepEqual(client.history.at(-1), { uri: URI, diagnostics: [] });
  });

  it('offers fixes that mend what they say they mend', async () => {
    const before = await client.open(URI, TEXT);
    const actions = await client.ask<CodeAction[]>('codeAction', URI, { range: rangeAt(16, 7), context: { diagnostics: before } });
    const [split] = actions;
    assert.match(split?.title ?? '', /^Split `low` around the doorbell: 2 × 1 GiB \+ 511 × 2 MiB \+ 256 × 4 KiB instead of 3 × 1 GiB/);
    assert.equal(split?.kind, 'quickfix');
    assert.equal(split?.isPreferred, true);
    assert.deepEqual(split?.diagnostics, [overlapIn(before)]);
    assert.ok(actions.length > 1 && actions.slice(1).every(({ diagnostics, isPreferred }) => diagnostics?.[0]?.code !== 'doorbell-overlap' || !isPreferred));
    const text = applied(TEXT, split, 1);
    const after = await client.change(URI, { text });
    assert.deepEqual(after.filter(({ code }) => code === 'doorbell-overlap'), []);
  });

  it('offers nothing where nothing is found', async () => {
    await client.open(URI, TEXT);
    assert.deepEqual(await client.ask('codeAction', URI, { range: rangeAt(10, 2), context: { diagnostics: [] } }), []);
  });

  it('mends all that is safe to mend, when asked for it', async () => {
    const loose = 'const A = 4G\nconst B = 2M\nvm web {\n  ram a at 0 size A\n  ram b at 0x1_0000_0000 size B\n}\n';
    await client.open(URI, loose);
    const actions = await client.ask<CodeAction[]>('codeAction', URI, { range: rangeAt(0, 0), context: { diagnostics: [], only: ['source.fixAll'] } });
    assert.deepEqual(actions.map(({ kind }) => kind), ['source.fixAll.vmlayout']);
    assert.equal(applied(loose, actions[0], 1), loose.replace('4G', '4 GiB').replace('2M', '2 MiB'));
    assert.deepEqual(await client.ask('codeAction', URI, { range: rangeAt(0, 0), context: { diagnostics: [], only: ['source.organizeImports'] } }), []);
  });

  it('offers refactorings where somebody asks for a list, and not at each move of the cursor', async () => {
    await client.open(URI, TEXT);
    const ask = (context: object): Promise<CodeAction[]> => client.ask('codeAction', URI, { range: rangeAt(16, 7), context: { diagnostics: [], ...context } });
    const kinds = (actions: readonly CodeAction[]): string[] => [...new Set(actions.map(({ kind }) => kind ?? ''))];
    assert.deepEqual(kinds(await ask({ triggerKind: 2 })), ['quickfix']);
    assert.deepEqual(kinds(await ask({ triggerKind: 1 })), ['quickfix', 'refactor.rewrite']);
    const rewrites = await ask({ only: ['refactor'] });
    const half = rewrites.find(({ title }) => title.includes('half-open'));
    assert.ok(applied(TEXT, half, 1).includes('ram low at 0 .. 0xc000_0000 from ram0\n'));
  });

  it('moves a host to a file, for a client that can make one', async () => {
    const move = async (capabilities: object): Promise<CodeAction | undefined> => {
      const other = await LanguageClient.start({ params: { capabilities } });
      await other.open(URI, TEXT);
      const actions = await other.ask<CodeAction[]>('codeAction', URI, { range: rangeAt(0, 6), context: { diagnostics: [], only: ['refactor.extract'] } });
      await other.stop();
      return actions.find(({ title }) => title.startsWith('Move'));
    };
    assert.equal(await move(SHOWS_ALL), undefined);
    const changes = (await move({ ...SHOWS_ALL, workspace: { workspaceEdit: { documentChanges: true, resourceOperations: ['create'] } } }))?.edit?.documentChanges;
    assert.deepEqual(changes?.[0], { kind: 'create', uri: 'file:///ws/altra.vmlayout', options: { overwrite: false, ignoreIfExists: false } });
    assert.equal(changes?.length, 3);
  });

  it('hovers', async () => {
    await client.open(URI, TEXT);
    const hover = await client.ask<Hover>('hover', URI, { position: LOW.start });
    assert.deepEqual(hover.range, LOW);
    assert.match(JSON.stringify(hover.contents), /"markdown".*3 × 1 GiB/);
    assert.equal(await client.ask('hover', URI, { position: { line: 12, character: 0 } }), null);
  });

  it('completes', async () => {
    await client.open(URI, TEXT);
    await client.change(URI, { range: rangeAt(17, 9, 17, 12), text: 'n' });
    const list = await client.ask<CompletionList>('completion', URI, { position: { line: 17, character: 10 } });
    assert.deepEqual(list.items.map(({ label }) => label), ['nic']);
    assert.deepEqual(list.items[0]?.textEdit, { range: rangeAt(17, 9, 17, 10), newText: 'nic' });
  });

  it('goes to definitions', async () => {
    await client.open(URI, TEXT);
    const [found] = await client.ask<Location[]>('definition', URI, { position: { line: 16, character: 31 } });
    assert.deepEqual(found, { uri: URI, range: rangeAt(15, 10, 15, 14) });
  });

  it('outlines', async () => {
    await client.open(URI, TEXT);
    const symbols = await client.ask<DocumentSymbol[]>('documentSymbol', URI);
    assert.deepEqual(symbols.map(({ name }) => name), ['altra', 'web']);
    assert.deepEqual(symbols[1]?.children?.map(({ name }) => name), ['ram0', 'low', 'nic']);
    assert.deepEqual(symbols[1]?.children?.[1]?.selectionRange, LOW);
  });

  it('folds', async () => {
    await client.open(URI, TEXT);
    const folds = await client.ask<FoldingRange[]>('foldingRange', URI);
    assert.deepEqual(folds.map(({ startLine, endLine }) => [startLine, endLine]), [[0, 10], [4, 8], [14, 17]]);
  });

  it('answers nothing about a file that isn’t open', async () => {
    assert.equal(await client.ask('hover', 'file:///ws/other.vmlayout', { position: LOW.start }), null);
    assert.deepEqual(await client.ask('codeAction', 'file:///ws/other.vmlayout', { range: LOW, context: { diagnostics: [] } }), []);
    assert.equal(await client.ask('documentSymbol', 'file:///ws/other.vmlayout'), null);
    await client.notify('textDocument/didChange', { textDocument: { uri: 'file:///ws/other.vmlayout', version: 2 }, contentChanges: [{ text: 'x' }] });
  });
});

describe('the language server, for a client that can do little', () => {
  it('leaves out what the client can’t show', async () => {
    const client = await LanguageClient.start({ params: { capabilities: {}, initializationOptions: undefined } });
    const overlap = overlapIn(await client.open(URI, TEXT));
    assert.deepEqual(Object.keys(overlap).sort(), ['code', 'message', 'range', 'severity', 'source']);
    const list = await client.ask<CompletionList>('completion', URI, { position: { line: 16, character: 20 } });
    assert.ok(list.items.every(({ insertTextFormat }) => insertTextFormat === undefined));
    await client.stop();
  });

  describe('answers in the forms of old', () => {
    let client: LanguageClient;
    const start = async (capabilities: object): Promise<void> => {
      client = await LanguageClient.start({ params: { capabilities } });
      await client.open(URI, TEXT);
    };
    afterEach(() => client.stop());

    it('without edits of versions', async () => {
      await start({ textDocument: SHOWS_ALL.textDocument });
      const edit = await client.ask<WorkspaceEdit>('rename', URI, { position: LOW.start, newName: 'main' });
      assert.deepEqual(edit, { changes: { [URI]: [{ range: LOW, newText: 'main' }] } });
      const actions = await client.ask<CodeAction[]>('codeAction', URI, { range: rangeAt(0, 0, 30, 0), context: { diagnostics: [], only: ['quickfix', 'source', 'refactor'] } });
      assert.ok(actions.length > 2);
      for (const { edit: { changes, documentChanges } = {} } of actions) assert.deepEqual([Object.keys(changes ?? {}), documentChanges], [[URI], undefined]);
      assert.ok(!actions.some(({ title, kind }) => kind === 'refactor.extract' && title.startsWith('Move')));
    });

    it('with a list of symbols, plain text, and nothing that is no command', async () => {
      await start({});
      const symbols = await client.ask<SymbolInformation[]>('documentSymbol', URI);
      const low = symbols.find(({ name }) => name === 'low');
      assert.deepEqual([low?.containerName, low?.location.uri, low?.location.range.start], ['web', URI, { line: LOW.start.line, character: 2 }]);
      const { contents } = await client.ask<Hover>('hover', URI, { position: LOW.start });
      assert.ok(typeof contents === 'object' && 'kind' in contents && contents.kind === 'plaintext');
      assert.doesNotMatch(contents.value, /[`*]/);
      assert.match(contents.value, /^ram low at 0 /);
      assert.equal(client.initialized.capabilities.codeActionProvider, undefined);
      assert.deepEqual(await client.ask('codeAction', URI, { range: rangeAt(0, 0, 30, 0), context: { diagnostics: [] } }), []);
    });

    it('with parameters by their text', async () => {
      await start({});
      await client.change(URI, { text: 'const A = aligned(1, 2)\n' });
      const { signatures: [signature] } = await client.ask<SignatureHelp>('signatureHelp', URI, { position: { line: 0, character: 18 } });
      assert.ok(signature && typeof signature.documentation === 'object' && signature.documentation.kind === 'plaintext');
      for (const { label } of signature.parameters ?? []) assert.ok(typeof label === 'string' && signature.label.includes(label), `${label}`);
    });
  });

  it('finds its folder in what clients said before there could be several', async () => {
    const files = { ...filesOf({ 'file:///ws/host.vmlayout': 'host epyc { }\n' }), list: (folder: string) => Promise.resolve([`${folder}host.vmlayout`]) };
    for (const params of [{ workspaceFolders: undefined, rootUri: 'file:///ws' }, { workspaceFolders: null, rootUri: null, rootPath: '/ws' }]) {
      const client = await LanguageClient.start({ files, params: { capabilities: {}, ...params } });
      const found = await client.request<WorkspaceSymbol[]>('workspace/symbol', { query: 'epyc' });
      assert.deepEqual(found.map(({ name, location }) => [name, location.uri]), [['epyc', 'file:///ws/host.vmlayout']]);
      await client.stop();
    }
  });

  it('gives links to definitions where the client takes them', async () => {
    const client = await LanguageClient.start({ params: { capabilities: { textDocument: { definition: { linkSupport: true } } } } });
    await client.open(URI, TEXT);
    const [link] = await client.ask<DefinitionLink[]>('definition', URI, { position: { line: 16, character: 31 } });
    assert.deepEqual(link?.originSelectionRange, rangeAt(16, 31, 16, 35));
    assert.equal(link?.targetUri, URI);
    await client.stop();
  });
});

function overlapIn(diagnostics: readonly Diagnostic[]): Diagnostic {
  const found = diagnostics.find(({ code }) => code === 'doorbell-overlap');
  assert.ok(found, 'no doorbell-overlap is told');
  return found;
}

/** The text after an action, whose edits are for this version. */
function applied(text: string, action: CodeAction | undefined, version: number): string {
  const [change] = (action?.edit?.documentChanges ?? []) as TextDocumentEdit[];
  assert.deepEqual(change?.textDocument, { uri: URI, version });
  const index = new LineIndex(text);
  return applyEdits(text, (change?.edits ?? []).map((edit) => {
    assert.ok('newText' in edit);
    return { start: index.offsetOf(edit.range.start), end: index.offsetOf(edit.range.end), newText: edit.newText };
  }));
}
