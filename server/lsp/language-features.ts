import { LSPErrorCodes, ResponseError, type DefinitionLink, type DocumentSymbol, type FoldingRange, type Hover, type Location, type Position, type ServerCapabilities, type SignatureHelp, type SymbolInformation } from 'vscode-languageserver';
import { definitionsAt, foldsIn, hoverAt, signatureAt, symbolsIn, type Definition, type EditorFile } from '../core/index.js';
import { definitionLinkOf, documentSymbolOf, foldingRangeOf, hoverOf, listedSymbols, offsetAt, signatureHelpOf, startOfFile } from './convert.js';
import { locate } from './diagnostics.js';
import type { OpenFile } from './documents.js';
import { libraryUri } from './library.js';
import type { Session } from './session.js';

/** What a client asks about the place of the cursor. Each answer is worked out in the core, from offsets. */
export type Asked = { readonly textDocument: { readonly uri: string }; readonly position: Position };

export function answerHover(session: Session): ServerCapabilities {
  session.connection.onHover(session.guard('hover', null, (params: Asked): Hover | null => {
    const asked = fileAt(session, params);
    const hover = asked && hoverAt(asked.file, asked.offset);
    return hover ? hoverOf(asked.file.document, hover, session.client.hoverMarkup) : null;
  }));
  return { hoverProvider: true };
}

/** Asks for no check: a call is known from the text alone. */
export function answerSignature(session: Session): ServerCapabilities {
  session.connection.onSignatureHelp(session.guard('signature', null, ({ textDocument, position }: Asked): SignatureHelp | null => {
    const document = session.documents.get(textDocument.uri)?.document;
    const signature = document && signatureAt(document, offsetAt(document, position));
    return signature ? signatureHelpOf(signature, session.client) : null;
  }));
  return { signatureHelpProvider: { triggerCharacters: ['(', ','] } };
}

export function answerDefinition(session: Session): ServerCapabilities {
  const links = session.client.definitionLinks;
  session.connection.onDefinition(session.guard('definition', null, (params: Asked): Location[] | DefinitionLink[] | null => {
    const asked = fileAt(session, params);
    if (!asked) return null;
    const found = definitionsAt(asked.file, asked.offset).flatMap((definition) => {
      const target = targetOf(session, definition);
      return target ? [{ from: definition.from, target }] : [];
    });
    if (found.length === 0) return null;
    return links ? found.map(({ from, target }) => definitionLinkOf(asked.file.document, from, target)) : found.map(({ target }) => target);
  }));
  return { definitionProvider: true };
}

function targetOf(session: Session, { path, place }: Definition): Location | undefined {
  if (place) return locate(session, place);
  const uri = path.startsWith('std:') ? libraryUri(path, session) : session.uriOf(path);
  return uri === undefined ? undefined : startOfFile(uri);
}

export function answerSymbols(session: Session): ServerCapabilities {
  session.connection.onDocumentSymbol(session.guard('symbols', null, ({ textDocument }): DocumentSymbol[] | SymbolInformation[] | null => {
    const file = session.documents.get(textDocument.uri);
    if (!file) return null;
    const { symbolTree, symbolTags } = session.client;
    const symbols = symbolsIn(file.document);
    return symbolTree ? symbols.map((symbol) => documentSymbolOf(file.document, symbol, symbolTags)) : symbols.flatMap((symbol) => listedSymbols(file, symbol, symbolTags));
  }));
  return { documentSymbolProvider: true };
}

export function answerFolding(session: Session): ServerCapabilities {
  session.connection.onFoldingRanges(session.guard('folding', null, ({ textDocument }): FoldingRange[] | null => {
    const file = session.documents.get(textDocument.uri);
    return file ? foldsIn(file.document).flatMap((fold) => foldingRangeOf(file.document, fold) ?? []) : null;
  }));
  return { foldingRangeProvider: true };
}

/** Waits for what an answer about a place needs; refuses it where the text has changed meanwhile, as the place is another then. */
export async function whileUnchanged<Needed>(session: Session, { textDocument }: Pick<Asked, 'textDocument'>, needed: Promise<Needed>): Promise<Needed> {
  const before = session.documents.get(textDocument.uri)?.document;
  const here = await needed;
  if (session.documents.get(textDocument.uri)?.document !== before) throw new ResponseError(LSPErrorCodes.ContentModified, 'the text has changed meanwhile');
  return here;
}

/** The file that is asked about, as the core sees it among others (all that are open or loaded), and the offset in it. */
export function fileAt(session: Session, { textDocument, position }: Asked, files: EditorFile['files'] = session.documents.present): { open: OpenFile; file: EditorFile; offset: number } | undefined {
  const open: OpenFile | undefined = session.documents.get(textDocument.uri);
  if (!open) return undefined;
  const file = { ...session.check(open), files };
  return { open, file, offset: offsetAt(open.document, position) };
}
