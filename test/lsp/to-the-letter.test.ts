import assert from 'node:assert/strict';
import type {
  CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, CodeAction, CodeLens, CompletionList, DefinitionLink, DocumentSymbol, Hover, InlayHint, Location, SelectionRange, SemanticTokens,
  SemanticTokensDelta, TextDocumentEdit, WorkspaceEdit, WorkspaceSymbol,
} from 'vscode-languageserver';
import { TOKEN_MODIFIERS, TOKEN_TYPES } from '../../server/core/index.js';
import { filesOf, heldFiles, LanguageClient, rangeAt, SHOWS_ALL, type StartOptions } from '../support/language-client.js';
import { dedent } from '../support/picture.js';

// Whole answers: every range, kind and version in them. A server that is a character off, or speaks of another file, fails here.

const HOSTS = 'file:///ws/hosts.vmlayout';
const WEB = 'file:///ws/web.vmlayout';
const ELSEWHERE = 'file:///elsewhere/a.vmlayout';
const LIBRARY = 'vmlayout-library:/policies/basic.vmlayout';

const TEXTS: Readonly<Record<string, string>> = {
  [HOSTS]: 'host box {\n  iommu u { model vt-d }\n  device nic "0000:01:00.0"\n}\n',
};
const TEXT = dedent(`
  /* Two guests
     of one host. */
  import "hosts.vmlayout"
  import "std:policies/basic"

  /// Of all.
  const SIZE = max(1 GiB, 2 GiB)
  vm web on box {
    policy basic
    backing pages size SIZE
    ram low at 0 size SIZE from pages
    map m to low
    assign nic
  }
  vm copy on box like web { }
  vm empty {
  }
`);

/** With a constant that no comment belongs to. */
const UNEXPLAINED = TEXT.replace('/// Of all.\n', '');

const at = (line: number, character: number): { position: { line: number; character: number } } => ({ position: { line, character } });

/** A symbol without what is in it. */
const symbol = (name: string, detail: string, kind: number, range: unknown, selectionRange: unknown, children: unknown[] = []): object => ({ name, detail, kind, range, selectionRange, children });

describe('to the letter', () => {
  let client: LanguageClient;
  const start = async (options: Partial<StartOptions> = {}): Promise<void> => {
    const files = { ...filesOf(TEXTS), list: () => Promise.resolve([HOSTS]) };
    client = await LanguageClient.start({ files, params: { capabilities: { textDocument: { ...SHOWS_ALL.textDocument, definition: { linkSupport: true } }, workspace: { workspaceEdit: { documentChanges: true }, textDocumentContent: {} } } }, ...options });
    await client.open(WEB, TEXT);
  };
  beforeEach(() => start());
  afterEach(async () => {
    await client.stop();
    assert.deepEqual(client.log, []);
  });

  const ask = <Answer>(method: string, params: object = {}): Promise<Answer> => client.ask<Answer>(method, WEB, params);

  it('hover', async () => {
    const value = '```vmlayout\nconst SIZE = max(1 GiB, 2 GiB)\n```\n\nOf all.\n\n`2 GiB` = `0x8000_0000` = `2,147,483,648`';
    assert.deepEqual(await ask<Hover>('hover', at(6, 7)), { range: rangeAt(6, 6, 6, 10), contents: { kind: 'markdown', value } });
  });

  it('signature help, past the last parameter, too', async () => {
    const help = (active: number): object => ({
      signatures: [{ label: 'align_up(x, block)', documentation: { kind: 'markdown', value: 'The next multiple of `block`.' }, parameters: [{ label: [9, 10] }, { label: [12, 17] }] }],
      activeSignature: 0,
      activeParameter: active,
    });
    await client.change(WEB, { range: rangeAt(6, 13, 6, 30), text: 'align_up(1, 2, 3)' });
    assert.deepEqual(await ask('signatureHelp', at(6, 22)), help(0));
    assert.deepEqual(await ask('signatureHelp', at(6, 29)), help(2));
  });

  it('definition of a name, a path and a file of the library', async () => {
    const link = (from: unknown, targetUri: string, range: unknown): DefinitionLink[] => [{ originSelectionRange: from, targetUri, targetRange: range, targetSelectionRange: range } as DefinitionLink];
    assert.deepEqual(await ask('definition', at(12, 10)), link(rangeAt(12, 9, 12, 12), HOSTS, rangeAt(2, 9, 2, 12)));
    assert.deepEqual(await ask('definition', at(2, 12)), link(rangeAt(2, 7, 2, 23), HOSTS, rangeAt(0, 0)));
    assert.deepEqual(await ask('definition', at(3, 12)), link(rangeAt(3, 7, 3, 27), LIBRARY, rangeAt(0, 0)));
  });

  it('document symbols', async () => {
    assert.deepEqual(await ask<DocumentSymbol[]>('documentSymbol'), [
      symbol('SIZE', 'const max(1 GiB, 2 GiB)', 14, rangeAt(5, 0, 6, 30), rangeAt(6, 6, 6, 10)),
      symbol('web', 'vm on box', 5, rangeAt(7, 0, 13, 1), rangeAt(7, 3, 7, 6), [
        symbol('basic', 'policy', 11, rangeAt(8, 2, 8, 14), rangeAt(8, 9, 8, 14)),
        symbol('pages', 'backing size SIZE', 8, rangeAt(9, 2, 9, 25), rangeAt(9, 10, 9, 15)),
        symbol('low', 'ram at 0 size SIZE from pages', 8, rangeAt(10, 2, 10, 35), rangeAt(10, 6, 10, 9)),
        symbol('m', 'map to low', 24, rangeAt(11, 2, 11, 14), rangeAt(11, 6, 11, 7)),
        symbol('nic', 'assign', 24, rangeAt(12, 2, 12, 12), rangeAt(12, 9, 12, 12)),
      ]),
      symbol('copy', 'vm on box like web', 5, rangeAt(14, 0, 14, 27), rangeAt(14, 3, 14, 7)),
      symbol('empty', 'vm', 5, rangeAt(15, 0, 16, 1), rangeAt(15, 3, 15, 8)),
    ]);
  });

  it('folding ranges: none where nothing would be hidden', async () => {
    assert.deepEqual(await ask('foldingRange'), [{ startLine: 0, endLine: 1, kind: 'comment' }, { startLine: 7, endLine: 12 }, { startLine: 2, endLine: 3, kind: 'imports' }]);
  });

  it('references and rename, in a file outside of the workspace as well', async () => {
    await client.open(ELSEWHERE, 'const A = 1\nconst B = A\n');
    assert.deepEqual(await client.ask<Location[]>('references', ELSEWHERE, { ...at(0, 6), context: { includeDeclaration: true } }), [{ uri: ELSEWHERE, range: rangeAt(0, 6, 0, 7) }, { uri: ELSEWHERE, range: rangeAt(1, 10, 1, 11) }]);
    await client.change(ELSEWHERE, { range: rangeAt(2, 0), text: '\n' });
    assert.deepEqual(await client.ask<WorkspaceEdit>('rename', ELSEWHERE, { ...at(0, 6), newName: 'LONG' }), {
      documentChanges: [{ textDocument: { uri: ELSEWHERE, version: 2 }, edits: [{ range: rangeAt(0, 6, 0, 7), newText: 'LONG' }, { range: rangeAt(1, 10, 1, 11), newText: 'LONG' }] }],
    });
  });

  it('call hierarchy, into files that nobody has opened and that others have open', async () => {
    const item = (name: string, detail: string, kind: number, uri: string, range: unknown, selectionRange: unknown): CallHierarchyItem => ({ name, detail, kind, uri, range, selectionRange } as CallHierarchyItem);
    const low = item('low', 'ram', 8, WEB, rangeAt(10, 2, 10, 35), rangeAt(10, 6, 10, 9));
    assert.deepEqual(await ask('prepareCallHierarchy', at(10, 7)), [low]);
    assert.deepEqual(await client.request<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', { item: low }), [{ from: item('m', 'map', 24, WEB, rangeAt(11, 2, 11, 14), rangeAt(11, 6, 11, 7)), fromRanges: [rangeAt(11, 11, 11, 14)] }]);
    assert.deepEqual(await client.request<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', { item: low }), [{ to: item('pages', 'backing', 8, WEB, rangeAt(9, 2, 9, 25), rangeAt(9, 10, 9, 15)), fromRanges: [rangeAt(10, 30, 10, 35)] }]);

    const nic = item('nic', 'device', 19, HOSTS, rangeAt(2, 2, 2, 27), rangeAt(2, 9, 2, 12));
    assert.deepEqual(await ask('prepareCallHierarchy', at(12, 10)), [nic]);
    const calls = (): Promise<CallHierarchyIncomingCall[]> => client.request('callHierarchy/incomingCalls', { item: nic });
    const users = async (): Promise<string[]> => (await calls()).map(({ from }) => `${from.uri} ${from.name}`);
    assert.deepEqual(await users(), [`${WEB} web`, `${WEB} copy`]);
    assert.deepEqual((await calls()).map(({ fromRanges }) => fromRanges), [[rangeAt(12, 9, 12, 12)], [rangeAt(14, 3, 14, 7)]], 'a copy names nothing but what it is like');
    await client.open('file:///ws/other.vmlayout', 'import "hosts.vmlayout"\nimport "web.vmlayout"\nvm other on box { assign nic }\n');
    assert.deepEqual(await users(), [`${WEB} web`, `${WEB} copy`, 'file:///ws/other.vmlayout other']);
    const iommus = await client.request<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', { item: nic });
    assert.deepEqual(iommus.map(({ to }) => to), [item('u', 'iommu', 6, HOSTS, rangeAt(1, 2, 1, 24), rangeAt(1, 8, 1, 9))]);
  });

  it('workspace symbols by name', async () => {
    const found = (query: string): Promise<WorkspaceSymbol[]> => client.request('workspace/symbol', { query });
    assert.deepEqual(await found('nic'), [{ name: 'nic', kind: 19, containerName: 'box', location: { uri: HOSTS, range: rangeAt(2, 9, 2, 12) } }]);
    assert.deepEqual(await found('low'), [{ name: 'low', kind: 8, containerName: 'web 0x0-0x7fffffff', location: { uri: WEB, range: rangeAt(10, 6, 10, 9) } }]);
  });

  it('selection ranges of several cursors', async () => {
    const ranges = (selection: SelectionRange | undefined): unknown[] => (selection ? [selection.range, ...ranges(selection.parent)] : []);
    const selections = await ask<SelectionRange[]>('selectionRange', { positions: [at(4, 0).position, at(10, 7).position] });
    assert.deepEqual(selections.map(ranges), [
      [rangeAt(3, 0, 5, 0)],
      [rangeAt(10, 6, 10, 9), rangeAt(10, 2, 10, 35), rangeAt(7, 14, 13, 1), rangeAt(7, 0, 13, 1), rangeAt(7, 0, 14, 0)],
    ]);
    await client.change(WEB, { text: '' });
    assert.deepEqual((await ask<SelectionRange[]>('selectionRange', { positions: [at(0, 0).position] })).map(ranges), [[rangeAt(0, 0)]]);
  });

  it('document links, into the library, too', async () => {
    assert.deepEqual(await ask('documentLink'), [{ range: rangeAt(2, 8, 2, 22), target: HOSTS }, { range: rangeAt(3, 8, 3, 26), target: LIBRARY }]);
  });

  it('linked editing, not of a name that stands alone', async () => {
    assert.deepEqual(await ask('linkedEditingRange', at(10, 7)), { ranges: [rangeAt(10, 6, 10, 9), rangeAt(11, 11, 11, 14)], wordPattern: '[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*' });
    assert.equal(await ask('linkedEditingRange', at(14, 4)), null);
  });

  it('semantic tokens: each with its place, length and meaning; all of them for an answer that nobody knows any more', async () => {
    const { data } = await ask<SemanticTokens>('semanticTokens/range', { range: rangeAt(5, 0, 7, 3) });
    assert.deepEqual(decoded(data, TEXT), ['const keyword', 'SIZE variable declaration readonly', 'max function', '1 GiB number', '2 GiB number', 'vm keyword', 'web class declaration']);
    const full = await ask<SemanticTokens>('semanticTokens/full');
    const delta = await ask<SemanticTokensDelta & SemanticTokens>('semanticTokens/full/delta', { previousResultId: 'of another server' });
    assert.deepEqual(delta.data, full.data);
  });

  it('completion, in its order; of more layouts than are listed the next letters bring others', async () => {
    const { isIncomplete, items } = await ask<CompletionList>('completion', at(10, 30));
    const place = rangeAt(10, 30, 10, 30);
    assert.deepEqual([isIncomplete, items[0]], [false, { label: 'pages', kind: 6, sortText: '0000', textEdit: { range: place, newText: 'pages' }, detail: 'backing' }]);
    await client.stop();
    const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `file:///ws/many/${index}.vmlayout`);
    for (const [count, isMore] of [[10, false], [400, true]] as const) {
      await start({ files: { ...filesOf({}), list: () => Promise.resolve(many(count)) } });
      const list = await ask<CompletionList>('completion', at(2, 8));
      assert.equal(list.isIncomplete, isMore);
      if (isMore) await client.stop();
    }
    await start();
  });

  it('inlay hints of a range, with room before them', async () => {
    const hint = (line: number, character: number, label: string, kind: string): InlayHint => ({ position: { line, character }, label, paddingLeft: true, data: { uri: WEB, version: 1, kind } });
    assert.deepEqual(await ask('inlayHint', { range: rangeAt(9, 0, 10, 99) }), [hint(10, 24, '..= 0x7fff_ffff', 'end'), hint(10, 35, '524,288 × 4 KiB', 'blocks')]);
  });

  it('inlay hints that can be made part of the text', async () => {
    await client.change(WEB, { text: 'vm a {\n  backing all size 3 GiB\n  ram x at 0 size 1 GiB from all\n  ram y at 4 GiB size 1 GiB from all\n}\n' });
    const hints = await ask<InlayHint[]>('inlayHint', { range: rangeAt(3, 0, 3, 99) });
    const end = rangeAt(3, 36, 3, 36);
    assert.deepEqual(hints.map(({ label, position, textEdits }) => [label, position.character, textEdits]), [
      ['..= 0x1_3fff_ffff', 27, undefined], ['+ 1 GiB', 36, [{ range: end, newText: ' + 1 GiB' }]],
    ]);
  });

  it('findings that say that something is unused, to a client that shows it', async () => {
    const unused = 'vm a { const SPARE = 1 }\n';
    const told = async (publishDiagnostics: object): Promise<unknown> => {
      await client.stop();
      await start({ params: { capabilities: { textDocument: { publishDiagnostics } } } });
      return (await client.change(WEB, { text: unused })).map(({ code, severity, tags, range }) => [code, severity, tags, range]);
    };
    assert.deepEqual(await told({}), [['unused-const', 3, undefined, rangeAt(0, 13, 0, 18)]]);
    assert.deepEqual(await told({ tagSupport: { valueSet: [1] } }), [['unused-const', 3, [1], rangeAt(0, 13, 0, 18)]]);
  });

  it('findings with the page of their rule, where it has one', async () => {
    await client.stop();
    await start({ params: { capabilities: { textDocument: { publishDiagnostics: { codeDescriptionSupport: true } } }, initializationOptions: { rulePages: 'file:///ext/docs/rules/' } } });
    const told = await client.change(WEB, { text: 'vm a {\n  ram r at 0 size 4G\n  require count(ram) > 1\n}\n' });
    assert.deepEqual(told.map(({ code, codeDescription }) => [code, codeDescription?.href]), [['policy/require', undefined], ['unit-loose', 'file:///ext/docs/rules/unit-loose.md']]);
  });

  it('code lenses, above their declaration; a host counts guests of other files that are open', async () => {
    const lenses = await ask<CodeLens[]>('codeLens');
    assert.deepEqual(lenses.map(({ range, command }) => [range.start.line, range.start.character, range.end.line, range.end.character, command?.title]).slice(0, 2), [[7, 0, 7, 6, 'nothing found'], [7, 0, 7, 6, '1 mapping, 524,288 × 4 KiB, 4108 KiB of tables']]);
    await client.open(HOSTS, TEXTS[HOSTS] ?? '');
    assert.deepEqual((await client.ask<CodeLens[]>('codeLens', HOSTS)).map(({ command }) => command?.title), ['2 guests: web, copy']);
  });

  it('code actions of the kinds that are asked for, and no more', async () => {
    const loose = 'const A = 4G\nvm web {\n  ram a at 0 size A\n}\n';
    await client.change(WEB, { text: loose });
    const kinds = async (...only: string[]): Promise<string[]> => [...new Set((await ask<CodeAction[]>('codeAction', { range: rangeAt(0, 7, 0, 12), context: { diagnostics: [], only } })).map(({ kind }) => kind ?? ''))].sort();
    assert.deepEqual(await kinds('quickfix'), ['quickfix']);
    assert.deepEqual(await kinds('source'), ['source.fixAll.vmlayout']);
    assert.deepEqual(await kinds('source.fix'), []);
    assert.deepEqual(await kinds('refactor.inline'), ['refactor.inline']);
    assert.ok((await kinds('')).includes('quickfix') && (await kinds('')).includes('source.fixAll.vmlayout'));
    await client.change(WEB, { text: loose.replace('4G', '4 GiB') });
    assert.deepEqual(await kinds('source'), []);
  });

  it('inlining a constant, but for one that a file needs that nobody has opened', async () => {
    const titles = async (): Promise<string[]> => {
      await client.change(WEB, { text: UNEXPLAINED });
      return (await ask<CodeAction[]>('codeAction', { range: rangeAt(5, 7), context: { diagnostics: [], only: ['refactor.inline'] } })).map(({ title }) => title);
    };
    assert.deepEqual(await titles(), ['Inline `SIZE`']);
    await client.stop();
    await start({ files: { ...filesOf({ [HOSTS]: 'import "web.vmlayout"\nhost box { bits min(48, SIZE / 1 GiB) }\n' }), list: () => Promise.resolve([HOSTS]) } });
    assert.deepEqual(await titles(), []);
  });

  it('no refactoring of a text that has changed while others were read', async () => {
    const files = heldFiles({ [HOSTS]: TEXTS[HOSTS] ?? '' });
    const late = await LanguageClient.start({ files: { ...files, list: () => Promise.resolve([HOSTS]) } });
    await late.openQuietly(WEB, UNEXPLAINED);
    const asked = late.ask<CodeAction[]>('codeAction', WEB, { range: rangeAt(5, 7), context: { diagnostics: [], only: ['refactor.inline'] } });
    await late.changeQuietly(WEB, { range: rangeAt(0, 0), text: '\n' });
    await late.request('vmlayout/formats');
    files.go();
    assert.deepEqual(await asked, []);
    await late.stop();
  });

  it('a host that moves into a file of its own, with its text', async () => {
    const create = { textDocument: SHOWS_ALL.textDocument, workspace: { workspaceEdit: { documentChanges: true, resourceOperations: ['create'] } } };
    await client.stop();
    await start({ params: { capabilities: create } });
    const moved = async (uri: string): Promise<CodeAction | undefined> => {
      await client.open(uri, 'host epyc { }\n\nvm a on epyc { }\n');
      const actions = await client.ask<CodeAction[]>('codeAction', uri, { range: rangeAt(0, 6), context: { diagnostics: [], only: ['refactor.extract'] } });
      return actions.find(({ title }) => title.startsWith('Move'));
    };
    const [created, written] = (await moved('file:///ws/epycs.vmlayout'))?.edit?.documentChanges ?? [];
    assert.deepEqual(created, { kind: 'create', uri: 'file:///ws/epyc.vmlayout', options: { overwrite: false, ignoreIfExists: false } });
    assert.deepEqual(written, { textDocument: { uri: 'file:///ws/epyc.vmlayout', version: null }, edits: [{ range: rangeAt(0, 0), newText: 'host epyc { }\n' }] } satisfies TextDocumentEdit);
    assert.equal(await moved('untitled:Untitled-1'), undefined, 'beside it there is no place for a file');
  });
});

/** Tokens as text and meaning. */
function decoded(data: readonly number[], text: string): string[] {
  const lines = text.split('\n');
  const told: string[] = [];
  let [line, character] = [0, 0];
  for (let index = 0; index < data.length; index += 5) {
    const [lineDelta = 0, characterDelta = 0, length = 0, type = 0, modifiers = 0] = data.slice(index, index + 5);
    character = lineDelta > 0 ? characterDelta : character + characterDelta;
    line += lineDelta;
    told.push([lines[line]?.slice(character, character + length), TOKEN_TYPES[type], ...TOKEN_MODIFIERS.filter((_, bit) => (modifiers & (1 << bit)) !== 0)].join(' '));
  }
  return told;
}
