import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { serve, type Files } from '../lsp/connection.js';
import { today } from './today.js';

// The language server in a web worker. It reaches no file by itself: the client reads them for it.

const noFiles: Files = {
  reads: () => false,
  read: () => Promise.resolve({ error: 'this editor reads no files for the language server' }),
  pause: (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds)),
};

const port = globalThis as unknown as ConstructorParameters<typeof BrowserMessageReader>[0];

serve(createConnection(new BrowserMessageReader(port), new BrowserMessageWriter(port)), noFiles, today);
