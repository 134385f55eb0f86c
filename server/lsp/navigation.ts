import {
  DocumentHighlightKind, LSPErrorCodes, ResponseError, type CallHierarchyIncomingCall, type CallHierarchyItem, type CallHierarchyOutgoingCall, type DocumentHighlight, type DocumentLink,
  type LinkedEditingRanges, type Location, type Position, type Range, type SelectionRange, type ServerCapabilities, type WorkspaceEdit, type WorkspaceSymbol,
} from 'vscode-languageserver';
import {
  allOccurrencesOf, isLoaded, linkedAt, linksIn, madeFrom, mentionsIn, NAME_PATTERN, namePlace, placeOf, relatedAt, rename, searchSymbols, selectionsAt, spanOfPlace, targetAt, usedBy, usersOf, whyNotRenamed,
  type Element, type Occurrence, type PlacedEdit, type TextFile,
} from '../core/index.js';
import { editFor } from './abilities.js';
import { callItemOf, documentEdit, offsetAt, rangeOf, rangeOfPlace, selectionRangeOf, symbolKindOf, tagsOf } from './convert.js';
import { locate } from './diagnostics.js';
import { pathOfUri } from './files.js';
import { fileAt, whileUnchanged, type Asked } from './language-features.js';
import { libraryUri } from './library.js';
import type { Session } from './session.js';

/** What a client asks to find its way: where a name is used, what hangs together, what is where in a workspace. */

export function answerReferences(session: Session): ServerCapabilities {
  session.connection.onReferences(session.guardLater('references', null, async (params): Promise<Location[] | null> => {
    const found = await occurrencesAt(session, params);
    return found && found.filter(({ declares }) => params.context.includeDeclaration || !declares).flatMap((place) => locate(session, place) ?? []);
  }));
  session.connection.onDocumentHighlight(session.guard('highlights', null, (params: Asked): DocumentHighlight[] | null => {
    const asked = fileAt(session, params);
    const found = asked && targetAt(asked.file, asked.offset);
    if (!found) return null;
    const places = allOccurrencesOf(found.target, [asked.file], asked.file.world);
    return places.flatMap((place) => highlightOf(place, rangeOfPlace(asked.file.document, place)));
  }));
  return { referencesProvider: true, documentHighlightProvider: true };
}

const highlightOf = ({ declares }: Occurrence, range: Range | undefined): DocumentHighlight[] => (range ? [{ range, kind: declares ? DocumentHighlightKind.Write : DocumentHighlightKind.Read }] : []);

async function occurrencesAt(session: Session, params: Asked): Promise<Occurrence[] | null> {
  const { files, asked, found } = await namedAt(session, params);
  return asked && found ? allOccurrencesOf(found.target, files, asked.file.world) : null;
}

interface Named {
  /** Every file of the workspace, and those that are open. */
  readonly files: readonly TextFile[];
  readonly asked: ReturnType<typeof fileAt>;
  readonly found: ReturnType<typeof targetAt>;
}

/** What the name at a place stands for, once every file that may name it is there. */
async function namedAt(session: Session, params: Asked): Promise<Named> {
  const files = await whileUnchanged(session, params, session.everyFile());
  const asked = fileAt(session, params, files);
  return { files, asked, found: asked && targetAt(asked.file, asked.offset) };
}

export function answerRename(session: Session): ServerCapabilities {
  session.connection.onPrepareRename(session.guardLater('preparing to rename', null, async (params) => {
    const { files, asked, found } = await namedAt(session, params);
    if (!asked || !found) return null;
    const refused = whyNotRenamed(found.target, files, asked.file.world);
    if (refused !== undefined) throw new ResponseError(LSPErrorCodes.RequestFailed, refused);
    return { range: rangeOf(asked.file.document, found.span), placeholder: found.target.name };
  }));
  session.connection.onRenameRequest(session.guardLater('renaming', null, async (params): Promise<WorkspaceEdit | null> => {
    const { files, asked, found } = await namedAt(session, params);
    if (!asked || !found) return null;
    const renaming = rename(found.target, params.newName, files, asked.file.world, session.check(asked.open).options);
    if ('refused' in renaming) throw new ResponseError(LSPErrorCodes.RequestFailed, renaming.refused);
    return editFor(session.client, workspaceEditOf(session, renaming.edits));
  }));
  return { renameProvider: { prepareProvider: true } };
}

/** Edits by file: with the version where a file is open. */
function workspaceEditOf(session: Session, edits: readonly PlacedEdit[]): WorkspaceEdit {
  const paths = [...new Set(edits.map(({ path }) => path))];
  return {
    documentChanges: paths.flatMap((path) => {
      const document = session.documents.read(path);
      if (!isLoaded(document)) return [];
      const own = edits.filter((edit) => edit.path === path).flatMap((edit) => {
        const span = spanOfPlace(document, edit);
        return span ? [{ ...span, newText: edit.newText }] : [];
      });
      return [documentEdit(session.uriOf(path), session.documents.at(path)?.version ?? null, document, own)];
    }),
  };
}

export function answerTypeDefinition(session: Session): ServerCapabilities {
  session.connection.onTypeDefinition(session.guard('type definition', null, (params: Asked): Location[] | null => {
    const asked = fileAt(session, params);
    return asked ? madeFrom(asked.file, asked.offset).flatMap((element) => locate(session, namePlace(element)) ?? []) : null;
  }));
  return { typeDefinitionProvider: true };
}

export function answerCallHierarchy(session: Session): ServerCapabilities {
  const { languages } = session.connection;
  languages.callHierarchy.onPrepare(session.guard('relations', null, (params: Asked): CallHierarchyItem[] | null => {
    const asked = fileAt(session, params);
    const element = asked && relatedAt(asked.file, asked.offset);
    return element ? itemsOf(session, element) : null;
  }));
  languages.callHierarchy.onIncomingCalls(session.guardLater('users', null, async ({ item }): Promise<CallHierarchyIncomingCall[] | null> => {
    const { element, others, files } = await related(session, item, usersOf);
    return others.flatMap((user) => itemsOf(session, user).map((from) => ({ from, fromRanges: mentions(session, user, element, files, from) })));
  }));
  languages.callHierarchy.onOutgoingCalls(session.guardLater('uses', null, async ({ item }): Promise<CallHierarchyOutgoingCall[] | null> => {
    const { element, others, files } = await related(session, item, usedBy);
    return others.flatMap((used) => itemsOf(session, used).map((to) => ({ to, fromRanges: mentions(session, element, used, files, item) })));
  }));
  return { callHierarchyProvider: true };
}

function itemsOf(session: Session, element: Element): CallHierarchyItem[] {
  const { origin, name, keyword } = element;
  const [whole, named] = [locate(session, placeOf(origin, origin.declaration)), locate(session, namePlace(element))];
  return whole && named ? [callItemOf(name || keyword, keyword, whole, named.range)] : [];
}

/** Where the declaration of a user names what it uses; its own name where it doesn’t, as it takes over what it is `like`. */
function mentions(session: Session, user: Element | undefined, used: Element | undefined, files: readonly TextFile[], { selectionRange }: CallHierarchyItem): Range[] {
  const found = user && used ? mentionsIn(user, used, files, session.documents).flatMap((place) => locate(session, place)?.range ?? []) : [];
  return found.length > 0 ? found : [selectionRange];
}

interface Related {
  readonly element: Element | undefined;
  readonly others: readonly Element[];
  readonly files: readonly TextFile[];
}

/** What an item that was given out before is related to: it is found again by its place. That, and the others, may be in files that nobody has opened. */
async function related(session: Session, item: CallHierarchyItem, relation: typeof usersOf): Promise<Related> {
  const files = await whileUnchanged(session, { textDocument: item }, session.everyFile());
  const checked = session.checkAt(pathOfUri(item.uri));
  const { document } = checked;
  const element = isLoaded(document) ? relatedAt({ ...checked, document }, offsetAt(document, item.selectionRange.start)) : undefined;
  const found = element ? files.flatMap((file) => relation(element, session.checkAt(file.path).result)) : [];
  return { element, others: [...new Map(found.map((one) => [one.origin.declaration, one])).values()], files };
}

export function answerWorkspaceSymbols(session: Session): ServerCapabilities {
  session.connection.onWorkspaceSymbol(session.guardLater('workspace symbols', null, async ({ query }): Promise<WorkspaceSymbol[] | null> => {
    const files = await session.everyFile();
    const found = searchSymbols(query, files.map(({ path, document }) => ({ path, document, result: session.checkAt(path).result })));
    return found.flatMap((symbol) => {
      const location = locate(session, symbol.place);
      return location ? [{ name: symbol.name, kind: symbolKindOf(symbol.keyword), ...tagsOf(symbol, session.client.workspaceSymbolTags), containerName: symbol.container, location }] : [];
    });
  }));
  return { workspaceSymbolProvider: true };
}

export function answerSelection(session: Session): ServerCapabilities {
  session.connection.onSelectionRanges(session.guard('selections', null, ({ textDocument, positions }: { textDocument: { uri: string }; positions: Position[] }): SelectionRange[] | null => {
    const file = session.documents.get(textDocument.uri);
    if (!file) return null;
    return positions.map((position) => offsetAt(file.document, position)).map((offset) => selectionRangeOf(file.document, offset, selectionsAt(file.document, offset)));
  }));
  return { selectionRangeProvider: true };
}

export function answerLinks(session: Session): ServerCapabilities {
  session.connection.onDocumentLinks(session.guard('links', null, ({ textDocument }): DocumentLink[] | null => {
    const file = session.documents.get(textDocument.uri);
    if (!file) return null;
    return linksIn(file.document, file.path).flatMap((link) => {
      const target = link.path.startsWith('std:') ? libraryUri(link.path, session) : session.uriOf(link.path);
      return target === undefined ? [] : [{ range: rangeOf(file.document, link), target }];
    });
  }));
  return { documentLinkProvider: { resolveProvider: false } };
}

/** Names that change together while one is typed over, in one file. */
export function answerLinkedEditing(session: Session): ServerCapabilities {
  session.connection.languages.onLinkedEditingRange(session.guardLater('linked editing', null, async (params: Asked): Promise<LinkedEditingRanges | null> => {
    const files = await whileUnchanged(session, params, session.everyFile());
    const asked = fileAt(session, params, files);
    const ranges = asked ? linkedAt(asked.file, asked.offset, files).flatMap((place) => rangeOfPlace(asked.file.document, place) ?? []) : [];
    return ranges.length > 0 ? { ranges, wordPattern: NAME_PATTERN } : null;
  }));
  return { linkedEditingRangeProvider: true };
}
