import type { InitializeResult, Position, Range } from 'vscode-languageserver';

/** Where a request asks: any of it may be absurd. */
export interface Where {
  readonly uri: string;
  readonly position: Position;
  readonly range: Range;
}

/** The parameters of every request that a client may make, by method. */
export const REQUESTS: Readonly<Record<string, (where: Where) => object>> = {
  'textDocument/hover': at,
  'textDocument/completion': at,
  'completionItem/resolve': () => ({ label: 'low', data: [1, 0] }),
  'textDocument/signatureHelp': at,
  'textDocument/definition': at,
  'textDocument/typeDefinition': at,
  'textDocument/references': (where) => ({ ...at(where), context: { includeDeclaration: true } }),
  'textDocument/documentHighlight': at,
  'textDocument/prepareRename': at,
  'textDocument/rename': (where) => ({ ...at(where), newName: 'renamed' }),
  'textDocument/linkedEditingRange': at,
  'textDocument/prepareCallHierarchy': at,
  'callHierarchy/incomingCalls': item,
  'callHierarchy/outgoingCalls': item,
  'textDocument/documentSymbol': whole,
  'workspace/symbol': () => ({ query: 'low' }),
  'textDocument/foldingRange': whole,
  'textDocument/selectionRange': ({ uri, position }) => ({ ...whole({ uri }), positions: [position] }),
  'textDocument/documentLink': whole,
  'textDocument/codeAction': (where) => ({ ...within(where), context: { diagnostics: [], triggerKind: 1 } }),
  'textDocument/codeLens': whole,
  'textDocument/inlayHint': within,
  'inlayHint/resolve': ({ uri, position }) => ({ position, label: 'x', data: { uri, version: 1, kind: 'end' } }),
  'textDocument/semanticTokens/full': whole,
  'textDocument/semanticTokens/full/delta': (where) => ({ ...whole(where), previousResultId: '1' }),
  'textDocument/semanticTokens/range': within,
  'textDocument/formatting': (where) => ({ ...whole(where), options: OPTIONS }),
  'textDocument/rangeFormatting': (where) => ({ ...within(where), options: OPTIONS }),
  'textDocument/onTypeFormatting': (where) => ({ ...at(where), ch: '}', options: OPTIONS }),
  'textDocument/diagnostic': (where) => ({ ...whole(where), identifier: 'vmlayout' }),
  'workspace/diagnostic': () => ({ identifier: 'vmlayout', previousResultIds: [] }),
  'workspace/textDocumentContent': () => ({ uri: 'vmlayout-library:/machines/x86-pc.vmlayout' }),
  'workspace/willRenameFiles': () => ({ files: [{ oldUri: 'file:///ws/hosts.vmlayout', newUri: 'file:///ws/shared/hosts.vmlayout' }] }),
  'vmlayout/compare': at,
  'vmlayout/map': ({ uri }) => ({ uri, stances: true }),
  'vmlayout/formats': () => ({}),
  'vmlayout/sniff': () => ({ text: '0x0000000008000000 0x00000000080fffff msi\n' }),
  'vmlayout/import': () => ({ files: [{ path: 'reserved_regions', text: '0x0000000008000000 0x00000000080fffff msi\n' }] }),
  'vmlayout/export': ({ uri }) => ({ uri, vm: 'web', format: 'json' }),
  'vmlayout/diff': ({ uri }) => ({ uri, before: { uri, text: 'vm web { }\n' } }),
  'vmlayout/explainLog': ({ uri }) => ({ uri, name: 'log', log: 'vfio_dma_map(0x1, 0x0, 0xc0000000, 0x2) = -22 (Invalid argument)\n' }),
};

const OPTIONS = { tabSize: 2, insertSpaces: true };

function whole({ uri }: Pick<Where, 'uri'>): object {
  return { textDocument: { uri } };
}

function at({ uri, position }: Where): object {
  return { textDocument: { uri }, position };
}

function within({ uri, range }: Where): object {
  return { textDocument: { uri }, range };
}

/** As an earlier answer would have told it. */
function item({ uri, position, range }: Where): object {
  return { item: { name: 'low', kind: 13, uri, range, selectionRange: { start: position, end: position } } };
}

/** What is no request: state, and what is told or asked by the server. */
const NO_REQUESTS = ['positionEncoding', 'textDocumentSync', 'workspace.workspaceFolders'];

/** The requests behind what a server says it can; fails at what it doesn't know. */
export function offeredRequests({ capabilities }: InitializeResult): string[] {
  const { workspace = {}, experimental = {}, ...others } = capabilities;
  const named = (prefix: string, all: object): [string, unknown][] => Object.entries(all).map(([name, value]) => [`${prefix}${name}`, value]);
  const all = [...named('', others), ...named('workspace.', workspace), ...named('experimental.', experimental as object)];
  return all.filter(([name, value]) => value !== undefined && value !== false && !NO_REQUESTS.includes(name)).flatMap(([name, options]) => {
    const methods = METHODS[name];
    if (!methods) throw new Error(`no test knows the requests of ${name}`);
    const resolves = typeof options === 'object' && options !== null && 'resolveProvider' in options && options.resolveProvider === true;
    return resolves ? [...methods, RESOLVING[name] ?? `what resolves ${name}`] : methods;
  });
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  hoverProvider: ['textDocument/hover'],
  completionProvider: ['textDocument/completion'],
  signatureHelpProvider: ['textDocument/signatureHelp'],
  definitionProvider: ['textDocument/definition'],
  typeDefinitionProvider: ['textDocument/typeDefinition'],
  referencesProvider: ['textDocument/references'],
  documentHighlightProvider: ['textDocument/documentHighlight'],
  renameProvider: ['textDocument/prepareRename', 'textDocument/rename'],
  linkedEditingRangeProvider: ['textDocument/linkedEditingRange'],
  callHierarchyProvider: ['textDocument/prepareCallHierarchy', 'callHierarchy/incomingCalls', 'callHierarchy/outgoingCalls'],
  documentSymbolProvider: ['textDocument/documentSymbol'],
  workspaceSymbolProvider: ['workspace/symbol'],
  foldingRangeProvider: ['textDocument/foldingRange'],
  selectionRangeProvider: ['textDocument/selectionRange'],
  documentLinkProvider: ['textDocument/documentLink'],
  codeActionProvider: ['textDocument/codeAction'],
  codeLensProvider: ['textDocument/codeLens'],
  inlayHintProvider: ['textDocument/inlayHint'],
  semanticTokensProvider: ['textDocument/semanticTokens/full', 'textDocument/semanticTokens/full/delta', 'textDocument/semanticTokens/range'],
  documentFormattingProvider: ['textDocument/formatting'],
  documentRangeFormattingProvider: ['textDocument/rangeFormatting'],
  documentOnTypeFormattingProvider: ['textDocument/onTypeFormatting'],
  diagnosticProvider: ['textDocument/diagnostic', 'workspace/diagnostic'],
  'workspace.textDocumentContent': ['workspace/textDocumentContent'],
  'workspace.fileOperations': ['workspace/willRenameFiles'],
  'experimental.vmlayoutMap': ['vmlayout/map', 'vmlayout/compare'],
  'experimental.vmlayoutConversions': ['vmlayout/formats', 'vmlayout/sniff', 'vmlayout/import', 'vmlayout/export', 'vmlayout/diff', 'vmlayout/explainLog'],
};

const RESOLVING: Readonly<Record<string, string>> = {
  inlayHintProvider: 'inlayHint/resolve',
  completionProvider: 'completionItem/resolve',
};
