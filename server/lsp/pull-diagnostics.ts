import {
  LSPErrorCodes, ResponseError, type CancellationToken, type Diagnostic, type DocumentDiagnosticReport, type ResultProgressReporter, type ServerCapabilities, type WorkspaceDiagnosticReport,
  type WorkspaceDiagnosticReportPartialResult, type WorkspaceDocumentDiagnosticReport,
} from 'vscode-languageserver';
import { completed, toldOf, wantedBy } from './diagnostics.js';
import { pathOfUri } from './files.js';
import { readProject } from './project-configuration.js';
import type { Session } from './session.js';

/** How many reports a piece has. */
const REPORTS_AT_ONCE = 20;
/** How many files that are as they were are looked at before others get their turn. */
const FILES_AT_ONCE = 20;
/** Milliseconds without a change after which the workspace is looked at again, and how often they are waited for. */
const [QUIET, MOST_WAITS] = [200, 10];

/**
 * Diagnostics that the client asks for, of open files and of the whole workspace. To such a client nothing is pushed: it would show
 * everything twice. What is the same as before is told as such.
 */
export function answerDiagnostics(session: Session): ServerCapabilities {
  if (!session.client.pullsDiagnostics) return {};
  const { diagnostics } = session.connection.languages;
  const told = new ToldReports();
  diagnostics.on(session.guardLater('telling diagnostics', NOTHING, async ({ textDocument, previousResultId }, token): Promise<DocumentDiagnosticReport> => {
    const path = pathOfUri(textDocument.uri);
    const report = await fileReport(session, told, path, previousResultId, token);
    void askForDependants(session, told, path);
    return report;
  }));
  diagnostics.onWorkspace(session.guardLater('telling diagnostics of the workspace', { items: [] }, async ({ previousResultIds }, token, _progress, partial): Promise<WorkspaceDiagnosticReport> => {
    const known = new Map(previousResultIds.map(({ uri, value }) => [pathOfUri(uri), { uri, value }]));
    return partial ? streamWorkspace(session, told, known, token, partial) : reportWorkspace(session, told, known, token);
  }));
  return { diagnosticProvider: { identifier: 'vmlayout', interFileDependencies: true, workspaceDiagnostics: true } };
}

const NOTHING: DocumentDiagnosticReport = { kind: 'full', items: [] };

/** What a file comes to with all that it imports; refused where its text changed while that was loaded. */
async function fileReport(session: Session, told: ToldReports, path: string, previous: string | undefined, token: CancellationToken): Promise<DocumentDiagnosticReport> {
  const file = session.documents.at(path);
  if (!file && !session.isInWorkspace(path)) return told.report(path, { uri: session.uriOf(path), isOpen: false, items: () => [] }, previous);
  // Mostly all that it imports is there: then the answer is given before the next message is read.
  if (wantedBy(session, path).size > 0) {
    await completed(session, path);
    throwIfCancelled(session, token);
    if (session.documents.at(path)?.document !== file?.document) throw new ResponseError(LSPErrorCodes.ServerCancelled, 'the text has changed meanwhile', { retriggerRequest: true });
  }
  return told.report(path, findingsOf(session, path), previous);
}

/** Has the client ask for the open files that look into one of which it has just asked, where they come to something else now. */
async function askForDependants(session: Session, told: ToldReports, path: string): Promise<void> {
  // The answer goes first: the client would drop it for the next.
  await session.pause();
  if (session.dependantsOf(path).filter((file) => told.announces(file.path, resultOf(session, file.path))).length > 0) session.askToPull();
}

/** Reports every layout in the workspace at once. A client asks again and again: while nothing changes, it waits for its answer. */
async function reportWorkspace(session: Session, told: ToldReports, known: Known, token: CancellationToken): Promise<WorkspaceDiagnosticReport> {
  const isFirst = known.size === 0 && !told.isWorkspaceEmpty;
  for (;;) {
    const { state } = session;
    const items: WorkspaceDocumentDiagnosticReport[] = [];
    for await (const report of workspaceReports(session, told, known, token)) items.push(report);
    told.isWorkspaceEmpty = items.length === 0;
    if (isFirst || items.some(({ kind }) => kind === 'full')) return { items };
    await changeAfter(session, state, token);
  }
}

/** Reports every layout in the workspace, and then what changes, piece by piece, for as long as the client wants. */
async function streamWorkspace(session: Session, told: ToldReports, known: Known, token: CancellationToken, partial: ResultProgressReporter<WorkspaceDiagnosticReportPartialResult>): Promise<never> {
  for (;;) {
    const { state } = session;
    const items: WorkspaceDocumentDiagnosticReport[] = [];
    for await (const report of workspaceReports(session, told, known, token)) {
      if (report.kind === 'full') items.push(report);
      if (items.length === REPORTS_AT_ONCE) partial.report({ items: items.splice(0) });
    }
    if (items.length > 0) partial.report({ items });
    await changeAfter(session, state, token);
  }
}

/** By path, what the client knows of a file. */
type Known = Map<string, { readonly uri: string; readonly value: string }>;

/** A report of each layout in the workspace, and of those that are gone; `known` is kept up with them. */
async function* workspaceReports(session: Session, told: ToldReports, known: Known, token: CancellationToken): AsyncGenerator<WorkspaceDocumentDiagnosticReport> {
  await session.ready;
  // What is open from elsewhere, and what nobody has saved, is asked for by itself.
  const inside = (await session.everyFile()).filter(({ path }) => session.isInWorkspace(path));
  await readProject(session, inside.filter(({ path }) => !session.levels.hasProject(path)));
  const files = inside.filter(({ path }) => session.documents.at(path) || !session.configurations.leavesOut(path));
  const report = (path: string, findings: Findings): WorkspaceDocumentDiagnosticReport => {
    const { uri } = findings;
    const reported = told.report(path, findings, known.get(path)?.value);
    known.set(path, { uri, value: reported.resultId });
    return { uri, version: session.documents.at(path)?.version ?? null, ...reported };
  };
  for (const [index, { path }] of files.entries()) {
    throwIfCancelled(session, token);
    await completed(session, path);
    const findings = findingsOf(session, path);
    const isNews = told.isNews(path, findings.result);
    yield report(path, findings);
    // Keys that were typed meanwhile come first.
    if (isNews || index % FILES_AT_ONCE === 0) await session.pause();
  }
  const there = new Set(files.map(({ path }) => path));
  for (const [path, uri] of new Map([...told.shown, ...Array.from(known, ([key, value]): [string, string] => [key, value.uri])])) {
    if (!there.has(path) && !session.documents.at(path)) yield report(path, { uri, isOpen: false, items: () => [] });
  }
}

/** Waits for a change, and then until nobody has typed for a while; who types on and on isn’t waited for for ever. */
async function changeAfter(session: Session, before: number, token: CancellationToken): Promise<void> {
  await session.changedSince(before, token);
  for (let wait = 0; wait < MOST_WAITS && !session.isEnded && !token.isCancellationRequested; wait++) {
    const { state } = session;
    await session.pause(QUIET);
    if (session.state === state) break;
  }
  throwIfCancelled(session, token);
}

function throwIfCancelled({ isEnded }: Session, token: CancellationToken): void {
  if (isEnded || token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
}

interface Findings {
  readonly uri: string;
  readonly isOpen: boolean;
  /** The same object for as long as the diagnostics are the same; none where the check fails. */
  readonly result?: object | undefined;
  items(): Diagnostic[];
}

function findingsOf(session: Session, path: string): Findings {
  return { uri: session.uriOf(path), isOpen: session.documents.at(path) !== undefined, result: resultOf(session, path), items: () => toldOf(session, path) };
}

function resultOf(session: Session, path: string): object | undefined {
  try {
    return session.checkAt(path).result;
  } catch {
    return undefined;
  }
}

/** The last report of each file, by the number that the client gives back. */
class ToldReports {
  readonly #last = new Map<string, { readonly id: string; readonly text: string; readonly findings: Omit<Findings, 'items'> }>();
  readonly #announced = new Map<string, object>();
  #number = 0;
  /** Whether the last report of the workspace was of no file at all. */
  isWorkspaceEmpty = false;

  report(path: string, { items: itemsNow, ...findings }: Findings, previous: string | undefined): DocumentDiagnosticReport & { readonly resultId: string } {
    const last = this.#last.get(path);
    if (last && last.id === previous && last.findings.isOpen === findings.isOpen && !this.isNews(path, findings.result)) return { kind: 'unchanged', resultId: last.id };
    const items = itemsNow();
    const text = JSON.stringify(items);
    // What was told of an open file may not have reached the screen where it is closed meanwhile, and the other way round.
    const id = last?.text === text && last.findings.isOpen === findings.isOpen ? last.id : `${++this.#number}`;
    this.#last.set(path, { id, text, findings });
    return id === previous ? { kind: 'unchanged', resultId: id } : { kind: 'full', resultId: id, items };
  }

  /** Whether a check came to something else than the one that was told of last. */
  isNews(path: string, result: object | undefined): boolean {
    return result === undefined || this.#last.get(path)?.findings.result !== result;
  }

  /** Whether the client is to ask for a file again; it is told so once. */
  announces(path: string, result: object | undefined): boolean {
    if (result === undefined || !this.isNews(path, result) || this.#announced.get(path) === result) return false;
    this.#announced.set(path, result);
    return true;
  }

  /** Path and URI of the files of which something was told last. */
  get shown(): [string, string][] {
    return Array.from(this.#last).filter(([, { text }]) => text !== '[]').map(([path, { findings }]) => [path, findings.uri]);
  }
}
