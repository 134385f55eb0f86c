import type { Connection, InitializeResult, ServerCapabilities } from 'vscode-languageserver';
import { offerFixes } from './code-actions.js';
import { withClientFiles } from './client-files.js';
import { answerCompare } from './compare.js';
import { answerCompletion } from './completion.js';
import { answerCodeLenses } from './code-lenses.js';
import { followWorkspace } from './configuration.js';
import { answerConversions } from './conversions.js';
import { followTexts } from './diagnostics.js';
import type { Files } from './files.js';
import { answerFormatting } from './formatting.js';
import { answerInlayHints } from './inlay-hints.js';
import { showLibrary } from './library.js';
import { answerDefinition, answerFolding, answerHover, answerSignature, answerSymbols } from './language-features.js';
import { answerMap } from './map.js';
import {
  answerCallHierarchy, answerLinkedEditing, answerLinks, answerReferences, answerRename, answerSelection, answerTypeDefinition, answerWorkspaceSymbols,
} from './navigation.js';
import { followMoves } from './moved-files.js';
import { answerSemanticTokens } from './semantic-tokens.js';
import { answerDiagnostics } from './pull-diagnostics.js';
import { Session } from './session.js';
import { followFiles } from './watched-files.js';

export type { Files } from './files.js';

/** What the server can do: each part listens for its requests and says so to the client. */
const PARTS: readonly ((session: Session) => ServerCapabilities)[] = [
  followTexts, followFiles, followMoves, followWorkspace, offerFixes, answerHover, answerCompletion, answerDefinition, answerSymbols, answerFolding,
  showLibrary, answerMap, answerCompare, answerConversions,
  answerReferences, answerRename, answerTypeDefinition, answerCallHierarchy, answerWorkspaceSymbols, answerSelection, answerLinks, answerLinkedEditing,
  answerSemanticTokens, answerFormatting, answerInlayHints, answerCodeLenses, answerSignature,
  answerDiagnostics,
];

/** Answers a client over a connection that is not listening yet. `today` is a date such as `2026-11-22`. */
export function serve(connection: Connection, files: Files, today: () => string): void {
  connection.onInitialize((params): InitializeResult => {
    const session = new Session(connection, params, withClientFiles(files, connection, params), today);
    connection.onShutdown(() => session.end());
    const capabilities = PARTS.map((listen) => listen(session)).reduce(together, { positionEncoding: 'utf-16' });
    return { capabilities, serverInfo: { name: 'vmlayout' } };
  });
  connection.listen();
}

const together = (all: ServerCapabilities, part: ServerCapabilities): ServerCapabilities => ({
  ...all,
  ...part,
  ...((all.experimental ?? part.experimental) && { experimental: { ...all.experimental, ...part.experimental } }),
  ...((all.workspace ?? part.workspace) && { workspace: { ...all.workspace, ...part.workspace } }),
});
