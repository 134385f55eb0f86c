import { PassThrough } from 'node:stream';
import {
  createConnection,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type CancellationToken,
  type ClientCapabilities,
  type Diagnostic,
  type InitializeResult,
  type MessageConnection,
  type PublishDiagnosticsParams,
  type Range,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver/node';
import { serve, type Files } from '../../server/lsp/connection.js';
import { TODAY } from './check.js';

/** The only test code that knows the protocol: a client that speaks with the server over streams in memory. */
export class LanguageClient {
  readonly #connection: MessageConnection;
  readonly #published = new Map<string, PublishDiagnosticsParams>();
  readonly #versions = new Map<string, number>();
  #waiting: (() => void)[] = [];
  /** What the server wrote to its log. */
  readonly log: string[] = [];
  /** What was published, in order. */
  readonly history: PublishDiagnosticsParams[] = [];
  readonly #refreshes = new Map<string, number>();
  settings: unknown = {};
  initialized!: InitializeResult;

  private constructor(connection: MessageConnection) {
    this.#connection = connection;
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.#published.set(params.uri, params);
      this.history.push(params);
      this.#wake();
    });
    connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.log.push(message);
      this.#wake();
    });
    connection.onRequest('workspace/configuration', ({ items }: { items: readonly unknown[] }) => items.map(() => this.settings));
    connection.onRequest('client/registerCapability', () => null);
    for (const kind of ['inlayHint', 'codeLens', 'diagnostic']) connection.onRequest(`workspace/${kind}/refresh`, () => this.#refreshed(kind));
    connection.listen();
  }

  /** Starts a server in this process and shakes hands. */
  static async start(options: Partial<StartOptions> = {}): Promise<LanguageClient> {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    serve(createConnection(toServer, toClient), options.files ?? NO_FILES, options.today ?? (() => TODAY));
    return LanguageClient.over(toClient, toServer, options);
  }

  /** Speaks with a server that is already there. */
  static async over(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, options: Partial<StartOptions> = {}): Promise<LanguageClient> {
    const connection = createMessageConnection(new StreamMessageReader(input), new StreamMessageWriter(output));
    const client = new LanguageClient(connection);
    client.settings = options.settings ?? {};
    for (const [method, answer] of Object.entries(options.answers ?? {})) connection.onRequest(method, answer);
    client.initialized = await connection.sendRequest('initialize', {
      processId: null,
      rootUri: null,
      workspaceFolders: [{ uri: 'file:///ws', name: 'ws' }],
      capabilities: SHOWS_ALL,
      initializationOptions: { rulePages: 'file:///ext/docs/rules' },
      ...options.params,
    });
    await connection.sendNotification('initialized', {});
    return client;
  }

  async open(uri: string, text: string): Promise<Diagnostic[]> {
    this.#versions.set(uri, 1);
    this.#published.delete(uri);
    await this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'vmlayout', version: 1, text } });
    return this.diagnostics(uri);
  }

  async change(uri: string, ...contentChanges: TextDocumentContentChangeEvent[]): Promise<Diagnostic[]> {
    const version = (this.#versions.get(uri) ?? 0) + 1;
    this.#versions.set(uri, version);
    await this.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges });
    return this.diagnostics(uri);
  }

  async close(uri: string): Promise<void> {
    this.#versions.delete(uri);
    await this.notify('textDocument/didClose', { textDocument: { uri } });
  }

  /** Waits for what is told of the present version of a file. */
  async diagnostics(uri: string): Promise<Diagnostic[]> {
    for (;;) {
      const published = this.#published.get(uri);
      if (published && published.version === this.#versions.get(uri)) return published.diagnostics;
      await this.published();
    }
  }

  /** Waits for the next diagnostics, of whatever file. */
  published(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }

  /** Waits until the server has said so many times that something is to be asked for anew. */
  async refreshed(kind: string, times: number): Promise<void> {
    await this.until(() => (this.#refreshes.get(kind) ?? 0) >= times);
  }

  #refreshed(kind: string): null {
    this.#refreshes.set(kind, (this.#refreshes.get(kind) ?? 0) + 1);
    this.#wake();
    return null;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Opens without waiting for what is told: to a client that asks, nothing is. */
  async openQuietly(uri: string, text: string): Promise<void> {
    this.#versions.set(uri, 1);
    await this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'vmlayout', version: 1, text } });
  }

  async changeQuietly(uri: string, ...contentChanges: TextDocumentContentChangeEvent[]): Promise<void> {
    const version = (this.#versions.get(uri) ?? 0) + 1;
    this.#versions.set(uri, version);
    await this.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges });
  }

  /** Receives partial results by their token. */
  onProgress<Value>(token: string, listener: (value: Value) => void): void {
    this.#connection.onNotification('$/progress', ({ token: own, value }: { token: string; value: Value }) => {
      if (own === token) listener(value);
      this.#wake();
    });
  }

  /** Waits for what comes from the server until something holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.published();
  }

  /** Asks about a file: `hover`, `completion` … */
  ask<Result>(method: string, uri: string, params: object = {}): Promise<Result> {
    return this.#connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, ...params });
  }

  request<Result>(method: string, params?: object, token?: CancellationToken): Promise<Result> {
    return token ? this.#connection.sendRequest(method, params, token) : this.#connection.sendRequest(method, params);
  }

  notify(method: string, params?: object): Promise<void> {
    return this.#connection.sendNotification(method, params);
  }

  async stop(): Promise<void> {
    await this.#connection.sendRequest('shutdown');
    this.#connection.dispose();
  }
}

export interface StartOptions {
  readonly files: Files;
  readonly today: () => string;
  readonly settings: unknown;
  readonly params: object;
  /** What the client answers to requests of the server that aren't of the protocol. */
  readonly answers: Readonly<Record<string, (params: never) => unknown>>;
}

/** Files as a host would read them, by URI. */
export const filesOf = (texts: Readonly<Record<string, string>>): Files => ({
  read: (uri) => Promise.resolve(texts[uri] ?? { error: 'there is no such file' }),
});

/** The same, but whoever reads one has to wait until `go` is called. */
export function heldFiles(texts: Readonly<Record<string, string>>): Files & { go(): void } {
  const files = filesOf(texts);
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  return { read: async (uri) => (await gate, files.read(uri)), go };
}

const NO_FILES = filesOf({});

/** What a client can that shows everything as it is meant. */
export const SHOWS_ALL: ClientCapabilities = {
  workspace: { configuration: true, workspaceFolders: true, didChangeConfiguration: { dynamicRegistration: true }, workspaceEdit: { documentChanges: true } },
  textDocument: {
    publishDiagnostics: { relatedInformation: true, codeDescriptionSupport: true, tagSupport: { valueSet: [1] }, versionSupport: true },
    completion: { completionItem: { snippetSupport: true } },
    hover: { contentFormat: ['markdown'] },
    signatureHelp: { signatureInformation: { documentationFormat: ['markdown'], parameterInformation: { labelOffsetSupport: true } } },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true, tagSupport: { valueSet: [1] } },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: [] } } },
  },
};

/** The message of a diagnostic, as text. */
export const messageOf = (diagnostic: Diagnostic | undefined): string =>
  typeof diagnostic?.message === 'object' ? diagnostic.message.value : diagnostic?.message ?? '';

export const rangeAt = (startLine: number, startCharacter: number, endLine = startLine, endCharacter = startCharacter): Range => ({
  start: { line: startLine, character: startCharacter },
  end: { line: endLine, character: endCharacter },
});
