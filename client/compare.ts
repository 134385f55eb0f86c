// The command that shows the stances of the vm at the cursor side by side: a read-only Markdown page, made by the server
// and worked out anew each time the command is called.

import { commands, EventEmitter, type ExtensionContext, l10n, Uri, window, workspace } from 'vscode';
import type { BaseLanguageClient, Position } from 'vscode-languageclient';
import { ask } from './requests.js';
import { isServed } from './texts/served.js';

const COMMAND = 'vmlayout.compareStances';
const SCHEME = 'vmlayout-compare';

export function offerComparison(client: BaseLanguageClient, context: ExtensionContext): void {
  const pages = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  context.subscriptions.push(
    changed,
    workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => pages.get(uri.toString()) ?? '',
    }),
    commands.registerCommand(COMMAND, async (uri?: unknown, at?: Position) => {
      // A code lens says where its vm stands; without, it is the one at the cursor.
      const editor = window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri) ?? window.activeTextEditor;
      if (!editor || !isServed(editor.document)) return;
      const { document, selection } = editor;
      const answer = await ask(client, 'vmlayout/compare', {
        textDocument: { uri: document.uri.toString() },
        position: at ?? client.code2ProtocolConverter.asPosition(selection.active),
      });
      const name = document.uri.path.split('/').at(-1) ?? 'layout';
      const page = Uri.from({ scheme: SCHEME, path: `/${l10n.t('Stances of {0}', name)}.md`, query: document.uri.toString() });
      pages.set(page.toString(), answer?.markdown ?? `${l10n.t('No vm here stands on a host: write `on HOST` behind its name.')}\n`);
      changed.fire(page);
      await commands.executeCommand('markdown.showPreviewToSide', page);
    }),
  );
}
