import type { RenameFilesParams, ServerCapabilities, WorkspaceEdit } from 'vscode-languageserver';
import { importsAfter } from '../core/index.js';
import { editFor } from './abilities.js';
import { documentEdit } from './convert.js';
import { pathOfUri } from './files.js';
import type { Session } from './session.js';

/** Has imports follow layouts, and folders with layouts in them, that the user moves in the editor. */
export function followMoves(session: Session): ServerCapabilities {
  if (!session.client.asksToMove) return {};
  session.connection.workspace.onWillRenameFiles(session.guardLater('moving files', null, async ({ files }: RenameFilesParams): Promise<WorkspaceEdit | null> => {
    const moves = files.map(({ oldUri, newUri }) => ({ from: folderless(oldUri), to: folderless(newUri) }));
    const found = importsAfter(moves, await session.everyFile());
    if (found.length === 0) return null;
    return editFor(session.client, {
      documentChanges: found.map(({ file: { path, document }, edits }) => documentEdit(session.uriOf(path), session.documents.at(path)?.version ?? null, document, edits)),
    });
  }));
  return { workspace: { fileOperations: { willRename: { filters: FILTERS.map((pattern) => ({ pattern })) } } } };
}

const FILTERS = [{ glob: '**/*.vmlayout', matches: 'file' as const }, { glob: '**', matches: 'folder' as const }];

/** A path without the slash that a folder may have at its end. */
const folderless = (uri: string): string => pathOfUri(uri).replace(/\/$/, '');
