// The start on the desktop (and in a remote extension host): the server is a Node process of its own, so that
// a slow or crashed check never holds up the editor. The client restarts a server that dies.

import { type ExtensionContext, Uri } from 'vscode';
import { LanguageClient, type NodeModule, TransportKind } from 'vscode-languageclient/node';
import { CLIENT_ID, clientOptions, run } from './client.js';
import { provideTasks } from './tasks.js';
import { thisHost } from './this-host.js';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  client = new LanguageClient(CLIENT_ID, 'VM Layout', serverProcess(context), clientOptions(context));
  context.subscriptions.push(provideTasks(context));
  await run(client, context, thisHost(context));
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
}

function serverProcess(context: ExtensionContext): { run: NodeModule; debug: NodeModule } {
  const server: NodeModule = {
    module: context.asAbsolutePath('dist/server.cjs'),
    transport: TransportKind.ipc,
    options: {
      // A larger nursery: a keystroke's garbage dies there, instead of being copied out of it.
      execArgv: ['--max-semi-space-size=64'],
      // Node 22.1 and later keep the compiled code there, for the next start.
      env: { NODE_COMPILE_CACHE: Uri.joinPath(context.globalStorageUri, 'compiled').fsPath },
    },
  };
  return { run: server, debug: { ...server, options: { execArgv: ['--nolazy', '--inspect=6009'] } } };
}
