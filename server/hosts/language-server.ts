import process from 'node:process';
import { createConnection } from 'vscode-languageserver/node';
import { serve } from '../lsp/connection.js';
import { diskFiles } from './disk-files.js';
import { today } from './today.js';

/** Runs the language server over IPC, a pipe or stdio, as the command line of the process says; over stdio where asked. */
export function startServer(over?: 'stdio'): void {
  const connection = over === 'stdio' ? createConnection(process.stdin, process.stdout) : createConnection();
  serve(connection, diskFiles, today);
}
