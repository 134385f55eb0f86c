import type { BaseLanguageClient } from 'vscode-languageclient';
import type { Requests } from '../server/lsp/requests.js';

/** Asks the server one of our own requests. */
export const ask = <Method extends keyof Requests>(client: BaseLanguageClient, method: Method, params: Parameters<Requests[Method]>[0]): Promise<ReturnType<Requests[Method]>> =>
  client.sendRequest(method, params);
