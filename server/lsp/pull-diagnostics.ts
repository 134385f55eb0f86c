import {
  ResponseError, type CancellationToken, type Diagnostic, type DocumentDiagnosticReport, type ResultProgressReporter, type ServerCapabilities, type WorkspaceDiagnosticReport,
  type WorkspaceDiagnosticReportPartialResult, type WorkspaceDocumentDiagnosticReport,
} from 'vscode-languageserver';
import { completed, diagnosticsFor, NOT_CHECKED, toldOf, wantedBy } from './diagnostics.js';
import { pathOfUri } from './files.js';
import type { Session } from './session.js';

/** `ServerCancelled` of the protocol: the answer would be about a text that is gone. */
const SERVER_CANCELLED = -32802;
/** `RequestCancelled`: the client wants no answer any more. */
export const REQUEST_CANCELLED = -32800;
/** How many files are checked before others get their turn. */
const FILES_AT_ONCE = 20;

/**
 * Diagnostics that the client asks for, of open files and of the whole workspace. To such a client nothing is pushed: it would show
 * everything twice. What is the same as before is told as such.
 */
export function answerDiagnostics(session: Session): ServerCapabilities {
  if (!session.pulls) return {};
  const { diagnostics } = session.connection.languages;
  const told = new ToldReports();
  diagnostics.on(async ({ textDocument, previousResultId }, token): Promise<DocumentDiagnosticReport> => {
    const path = pathOfUri(textDocument.uri);
    const { items, isStale } = await itemsFor(session, path, token);
    if (isStale) throw new ResponseError(SERVER_CANCELLED, 'the text has changed meanwhile', { retriggerRequest: true });
    return told.report(path, items, previousResultId);
  });
  diagnostics.onWorkspace(async ({ previousResultIds }, token, _progress, partial): Promise<WorkspaceDiagnosticReport> => {
    const known = new Map(previousResultIds.map(({ uri, value }) => [pathOfUri(uri), { uri, value }]));
    return workspaceReport(session, told, known, token, partial);
  });
  return { diagnosticProvider: { identifier: 'vmlayout', interFileDependencies: true, workspaceDiagnostics: true } };
}

/** What a file comes to with all that it imports; stale where its text changed while that was loaded. */
async function itemsFor(session: Session, path: string, token: CancellationToken): Promise<{ items: Diagnostic[]; isStale: boolean }> {
  const file = session.documents.at(path);
  if (!file) return { items: session.isInWorkspace(path) ? await closedItems(session, path) : [], isStale: false };
  // Mostly all that it imports is there: then the answer is given before the next message is read.
  const items = wantedBy(session, file).size > 0 ? undefined : toldOf(session, file);
  if (items) return { items, isStale: false };
  await completed(session, file);
  if (token.isCancellationRequested) throw new ResponseError(REQUEST_CANCELLED, 'cancelled');
  const now = session.documents.at(path);
  return now?.document === file.document ? { items: toldOf(session, now), isStale: false } : { items: [], isStale: true };
}

async function closedItems(session: Session, path: string): Promise<Diagnostic[]> {
  try {
    const { result, document } = await session.loaded(path);
    return document ? diagnosticsFor(session, path, document, result.findings) : [];
  } catch (error) {
    session.log(`checking ${path}`, error);
    return [NOT_CHECKED];
  }
}

interface Known {
  readonly uri: string;
  readonly value: string;
}

/** Reports of every layout in the workspace. A client asks again and again: while nothing changes, it waits for its answer. */
async function workspaceReport(session: Session, told: ToldReports, known: ReadonlyMap<string, Known>, token: CancellationToken, partial: ResultProgressReporter<WorkspaceDiagnosticReportPartialResult> | undefined): Promise<WorkspaceDiagnosticReport> {
  if (known.size > 0) await session.changedSince(told.state, token);
  throwIfCancelled(token);
  const files = await session.everyFile();
  const { state } = session;
  const items: WorkspaceDocumentDiagnosticReport[] = [];
  for (const [index, { path }] of files.entries()) {
    items.push(await fileReport(session, told, path, known.get(path), token));
    if ((index + 1) % FILES_AT_ONCE !== 0) continue;
    if (partial) partial.report({ items: items.splice(0) });
    // Keys that were typed meanwhile come first.
    await session.pause();
    throwIfCancelled(token);
  }
  const gone = [...known].filter(([path]) => !files.some((file) => file.path === path));
  items.push(...gone.map(([path, { uri }]) => ({ uri, version: null, ...told.report(path, [], undefined) })));
  told.state = state;
  if (!partial) return { items };
  partial.report({ items });
  return { items: [] };
}

async function fileReport(session: Session, told: ToldReports, path: string, known: Known | undefined, token: CancellationToken): Promise<WorkspaceDocumentDiagnosticReport> {
  const open = session.documents.at(path);
  const { items } = await itemsFor(session, path, token);
  return { uri: session.uriOf(path), version: open?.version ?? null, ...told.report(path, items, known?.value) };
}

function throwIfCancelled(token: CancellationToken): void {
  if (token.isCancellationRequested) throw new ResponseError(REQUEST_CANCELLED, 'cancelled');
}

/** The last report of each file, by the number that the client gives back. */
class ToldReports {
  readonly #last = new Map<string, { readonly id: string; readonly text: string }>();
  #number = 0;
  /** The state of all texts that the last report of the workspace was about. */
  state = -1;

  report(path: string, items: Diagnostic[], previous: string | undefined): DocumentDiagnosticReport {
    const text = JSON.stringify(items);
    const last = this.#last.get(path);
    const id = last?.text === text ? last.id : `${++this.#number}`;
    this.#last.set(path, { id, text });
    return id === previous ? { kind: 'unchanged', resultId: id } : { kind: 'full', resultId: id, items };
  }
}
