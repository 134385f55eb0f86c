import type { ServerCapabilities } from 'vscode-languageserver';
import { LIBRARY } from '../core/index.js';
import type { Session } from './session.js';

/** Texts of the shipped library have no file: the client asks for them by URIs of this scheme, and shows them to be read. */
const SCHEME = 'vmlayout-library';

export function showLibrary(session: Session): ServerCapabilities {
  if (!session.client.showsTexts) return {};
  const textAt = ({ uri }: { readonly uri: string }): { text: string } => ({ text: LIBRARY.get(pathOf(uri)) ?? '' });
  session.connection.workspace.textDocumentContent.on(session.guard('library', { text: '' }, textAt));
  return { workspace: { textDocumentContent: { id: SCHEME, schemes: [SCHEME] } } };
}

/** Where the client can show a text of the library; nothing where it can't. */
export const libraryUri = (path: string, { client }: Session): string | undefined =>
  client.showsTexts ? `${SCHEME}:/${path.slice('std:'.length)}.vmlayout` : undefined;

const pathOf = (uri: string): string => `std:${uri.slice(`${SCHEME}:/`.length).replace(/\.vmlayout$/, '')}`;
