import type { Connection, InitializeParams } from 'vscode-languageserver';
import { fieldOf } from './any-value.js';
import type { Files } from './files.js';
import type { ClientRequests } from './requests.js';

const READ_FILE = 'vmlayout/readFile' satisfies keyof ClientRequests;
const LIST_FILES = 'vmlayout/listFiles' satisfies keyof ClientRequests;

/**
 * The files of the host, and through the client those that only it can reach: those of a virtual workspace, and in a
 * browser all of them. A client says with the option `readsFiles` that it answers for them.
 */
export function withClientFiles(own: Files, connection: Connection, params: InitializeParams): Files {
  if (fieldOf(params.initializationOptions, 'readsFiles') !== true) return own;
  const isOwn = (uri: string): boolean => own.reads?.(uri) ?? true;
  return {
    ...own,
    read: async (uri) => (isOwn(uri) ? own.read(uri) : loadedIn(await connection.sendRequest(READ_FILE, { uri }))),
    list: async (folder) => (isOwn(folder) ? (await own.list?.(folder)) ?? [] : urisIn(await connection.sendRequest(LIST_FILES, { folder }))),
  };
}

/** What a client said, which may be anything. */
function loadedIn(answer: unknown): string | { readonly error: string } {
  const [text, error] = [fieldOf(answer, 'text'), fieldOf(answer, 'error')];
  if (typeof text === 'string') return text;
  return { error: typeof error === 'string' ? error : 'it can’t be read' };
}

const urisIn = (answer: unknown): string[] => (Array.isArray(answer) ? answer.filter((uri): uri is string => typeof uri === 'string') : []);
