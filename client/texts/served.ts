// Which texts the extension is for: layouts that are files, or will be. What VS Code shows besides, git's old versions and previews of an
// edit among it, are copies: what they import isn't beside them. They have the colours of the grammar and nothing else.

import { type TextDocument, workspace } from 'vscode';

export const LANGUAGE = 'vmlayout';

/** What Live Share shows of somebody else's folder has that person's language servers. */
const SERVED_ELSEWHERE = 'vsls';

/** Files here, on a remote machine and in a repository elsewhere, texts that nobody has saved, the shipped library, and whatever the folders are in. */
export const SCHEMES: readonly string[] = [...new Set([
  'file', 'vscode-remote', 'vscode-vfs', 'untitled', 'vmlayout-library',
  ...(workspace.workspaceFolders ?? []).map(({ uri }) => uri.scheme).filter((scheme) => scheme !== SERVED_ELSEWHERE),
])];

export const SELECTOR = SCHEMES.map((scheme) => ({ language: LANGUAGE, scheme }));

export const isServed = ({ languageId, uri }: TextDocument): boolean => languageId === LANGUAGE && SCHEMES.includes(uri.scheme);
