// An extension that only starts a language server that does nothing. What it costs is what such an extension has to cost.
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

let client;

export async function activate(context) {
  const module = context.asAbsolutePath('server.cjs');
  client = new LanguageClient('nothing', 'Nothing', { module, transport: TransportKind.stdio }, { documentSelector: [{ language: 'nothing' }] });
  await client.start();
}

export const deactivate = () => client?.dispose();
