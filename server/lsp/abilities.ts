import {
  MarkupKind, ResourceOperationKind, SymbolTag, TextDocumentEdit, TextEdit, type CompletionClientCapabilities, type InitializeParams, type MarkupContent, type WorkspaceEdit,
} from 'vscode-languageserver';
import { fieldOf } from './any-value.js';

/** What a client can. Each ability that it doesn't name is done without: the first versions of the protocol had none of them. */
export interface Abilities {
  /** Whether it asks for diagnostics: then none are pushed. */
  readonly pullsDiagnostics: boolean;
  /** What it shows of a diagnostic: other places, that something is not needed, the page of a rule. */
  readonly relatedPlaces: boolean;
  readonly diagnosticTags: boolean;
  readonly rulePages: boolean;
  /** What it shows text as, by where it shows it. */
  readonly hoverMarkup: MarkupKind;
  readonly signatureMarkup: MarkupKind;
  /** Whether a parameter may be said by where it stands in its call; else it is said by its text. */
  readonly parameterSpans: boolean;
  readonly definitionLinks: boolean;
  /** Whether symbols of a file may be a tree. */
  readonly symbolTree: boolean;
  readonly symbolTags: boolean;
  readonly workspaceSymbolTags: boolean;
  /** Whether it takes code actions that aren't commands. */
  readonly codeActions: boolean;
  /** Whether edits may say which version of a text they are of. */
  readonly versionedEdits: boolean;
  readonly createsFiles: boolean;
  /** Whether it asks what else changes before it moves files. */
  readonly asksToMove: boolean;
  /** Whether it shows texts that are no files: those of the library. */
  readonly showsTexts: boolean;
  readonly answersSettings: boolean;
  readonly tellsFolders: boolean;
  /** What it tells only if it is asked to. */
  readonly registersSettings: boolean;
  readonly registersFiles: boolean;
  /** What it asks for again if it is told to. */
  readonly refreshesDiagnostics: boolean;
  readonly refreshesHints: boolean;
  readonly refreshesLenses: boolean;
  readonly completion: CompletionClientCapabilities | undefined;
  /** Commands that it says it has. */
  readonly commands: ReadonlySet<string>;
  /** Where the pages of the rules are, if it says. */
  readonly pages: string | undefined;
}

type Client = InitializeParams['capabilities'];

export const abilitiesOf = ({ capabilities: { textDocument, workspace }, initializationOptions }: InitializeParams): Abilities => ({
  ...inTexts(textDocument ?? {}),
  ...inWorkspace(workspace ?? {}),
  ...asTold(initializationOptions),
});

function inTexts({ codeAction, completion, definition, diagnostic, documentSymbol, hover, publishDiagnostics, signatureHelp }: NonNullable<Client['textDocument']>) {
  const { documentationFormat, parameterInformation } = signatureHelp?.signatureInformation ?? {};
  const shown = { ...publishDiagnostics, ...diagnostic };
  return {
    pullsDiagnostics: diagnostic !== undefined,
    relatedPlaces: shown.relatedInformation ?? false,
    diagnosticTags: shown.tagSupport !== undefined,
    rulePages: shown.codeDescriptionSupport ?? false,
    hoverMarkup: markupAmong(hover?.contentFormat),
    signatureMarkup: markupAmong(documentationFormat),
    parameterSpans: parameterInformation?.labelOffsetSupport ?? false,
    definitionLinks: definition?.linkSupport ?? false,
    symbolTree: documentSymbol?.hierarchicalDocumentSymbolSupport ?? false,
    symbolTags: marksDeprecated(documentSymbol?.tagSupport),
    codeActions: codeAction?.codeActionLiteralSupport !== undefined,
    completion,
  };
}

function inWorkspace({ codeLens, configuration, diagnostics, didChangeConfiguration, didChangeWatchedFiles, fileOperations, inlayHint, symbol, textDocumentContent, workspaceEdit, workspaceFolders }: NonNullable<Client['workspace']>) {
  return {
    workspaceSymbolTags: marksDeprecated(symbol?.tagSupport),
    versionedEdits: workspaceEdit?.documentChanges ?? false,
    createsFiles: workspaceEdit?.resourceOperations?.includes(ResourceOperationKind.Create) ?? false,
    asksToMove: fileOperations?.willRename ?? false,
    showsTexts: textDocumentContent !== undefined,
    answersSettings: configuration ?? false,
    tellsFolders: workspaceFolders ?? false,
    registersSettings: didChangeConfiguration?.dynamicRegistration ?? false,
    registersFiles: didChangeWatchedFiles?.dynamicRegistration ?? false,
    refreshesDiagnostics: diagnostics?.refreshSupport ?? false,
    refreshesHints: inlayHint?.refreshSupport ?? false,
    refreshesLenses: codeLens?.refreshSupport ?? false,
  };
}

/** What a client says outside of the protocol. */
function asTold(options: unknown): Pick<Abilities, 'commands' | 'pages'> {
  const [commands, pages] = [fieldOf(options, 'commands'), fieldOf(options, 'rulePages')];
  return {
    commands: new Set(Array.isArray(commands) ? commands.filter((name): name is string => typeof name === 'string') : []),
    pages: typeof pages === 'string' ? pages : undefined,
  };
}

const markupAmong = (kinds: readonly MarkupKind[] | undefined): MarkupKind => (kinds?.includes(MarkupKind.Markdown) ? MarkupKind.Markdown : MarkupKind.PlainText);

const marksDeprecated = (tags: { readonly valueSet: readonly SymbolTag[] } | undefined): boolean => tags?.valueSet.includes(SymbolTag.Deprecated) ?? false;

/** An edit of texts as the client takes it: by their versions, or by their URIs alone. */
export function editFor({ versionedEdits }: Abilities, edit: WorkspaceEdit): WorkspaceEdit {
  const { documentChanges } = edit;
  // What makes files can’t be said otherwise.
  if (versionedEdits || !documentChanges?.every(TextDocumentEdit.is)) return edit;
  return { changes: Object.fromEntries(documentChanges.map(({ textDocument: { uri }, edits }) => [uri, edits.filter(TextEdit.is)])) };
}

/** Our Markdown as the client shows it: without its fences, backticks and stars where it shows text as it is. */
export const markupOf = (kind: MarkupKind, markdown: string): MarkupContent => ({ kind, value: kind === MarkupKind.Markdown ? markdown : plainOf(markdown) });

const plainOf = (markdown: string): string => markdown.replace(/^```.*\n?/gm, '').replace(/`([^`\n]*)`|\*\*([^*\n]*)\*\*/g, '$1$2');
