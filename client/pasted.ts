// What other tools print, pasted into a layout: it is offered to be made a layout of. VS Code tells of a paste only as of
// a change, so each larger insertion is looked at, by the server, which knows the formats.

import { EndOfLine, type ExtensionContext, l10n, Range, type TextDocument, window, workspace, WorkspaceEdit } from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { ask } from './requests.js';
import { isServed } from './texts/served.js';

/** Characters that a person doesn't type at once: less than a line of any listing. */
const LEAST = 24;

export function offerToConvertPasted(client: BaseLanguageClient, context: ExtensionContext): void {
  context.subscriptions.push(workspace.onDidChangeTextDocument(({ document, contentChanges, reason }) => {
    const [change, ...others] = contentChanges;
    // What undo brings back was answered before.
    if (!change || others.length > 0 || reason !== undefined || !isServed(document) || change.text.length < LEAST) return;
    offer(client, document, change.rangeOffset, change.text).catch((error: unknown) => client.error('looking at what was pasted failed', error, false));
  }));
}

async function offer(client: BaseLanguageClient, document: TextDocument, offset: number, text: string): Promise<void> {
  const format = await ask(client, 'vmlayout/sniff', { text });
  if (format === null) return;
  const convert = l10n.t('Convert');
  const answer = await window.showInformationMessage(l10n.t('This looks like {0}. Make a layout of it?', format), convert);
  if (answer !== convert) return;
  const result = await ask(client, 'vmlayout/import', { format, files: [{ path: 'pasted', text }] });
  if ('error' in result) return void window.showErrorMessage(result.error);
  const place = placeOf(document, offset, text);
  if (!place) return void window.showErrorMessage(l10n.t('What was pasted has changed meanwhile.'));
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, place, result.text);
  await workspace.applyEdit(edit);
}

/** Where a text stands now that was pasted at an offset: there, or wherever it is, if it is there once. */
function placeOf(document: TextDocument, offset: number, pasted: string): Range | undefined {
  const all = document.getText();
  const text = document.eol === EndOfLine.LF ? pasted.replace(/\r\n/g, '\n') : pasted.replace(/\r?\n/g, '\r\n');
  const start = all.startsWith(text, offset) ? offset : all.indexOf(text);
  const isThere = start >= 0 && (start === offset || all.indexOf(text, start + 1) < 0);
  return isThere ? new Range(document.positionAt(start), document.positionAt(start + text.length)) : undefined;
}
