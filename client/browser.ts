/// <reference lib="dom" />
// The start in the browser: the server is a web worker. Nothing here, or in what is imported, is of Node.

import { type ExtensionContext, Uri, workspace } from 'vscode';
import { BrowserMessageReader, BrowserMessageWriter, LanguageClient, type MessageTransports } from 'vscode-languageclient/browser';
import { CLIENT_ID, clientOptions, run } from './client.js';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  client = new LanguageClient(CLIENT_ID, 'VM Layout', () => startServer(context), clientOptions(context));
  await run(client, context);
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
}

/** A new worker each time: that of a stopped server is gone. VS Code's own kind of worker isn't known to the library as one. */
async function startServer(context: ExtensionContext): Promise<MessageTransports> {
  const worker = await serverWorker(context);
  return { reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) };
}

async function serverWorker({ extensionUri }: ExtensionContext): Promise<Worker> {
  const script = Uri.joinPath(extensionUri, 'dist/server-worker.js');
  if (script.scheme !== 'vscode-remote') return new Worker(script.toString(true), { name: 'vmlayout' });
  // From an extension that is stored on a remote machine VS Code starts no worker, but it reads the script.
  const source = new Blob([Uint8Array.from(await workspace.fs.readFile(script))], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(source), { name: 'vmlayout' });
}
