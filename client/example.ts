// The first example, as a text of the user's own: the walkthrough begins with it where there is no machine to import.

import { commands, type ExtensionContext, l10n, Uri, window, workspace } from 'vscode';
import { readText, reasonOf } from './files.js';

export function offerExample(context: ExtensionContext): void {
  context.subscriptions.push(commands.registerCommand('vmlayout.openExample', async () => {
    const loaded = await readText(Uri.joinPath(context.extensionUri, 'examples/doorbell.vmlayout'));
    if ('error' in loaded) return void window.showErrorMessage(l10n.t('The example can’t be read: {0}', reasonOf(loaded)));
    await window.showTextDocument(await workspace.openTextDocument({ content: loaded.text, language: 'vmlayout' }));
  }));
}
