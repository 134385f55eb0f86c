import type { Diagnostic, ServerCapabilities } from 'vscode-languageserver';
import { fileNameOf, isLoaded, libraryDocument, RULES, type Document, type Finding, type Place } from '../core/index.js';
import { diagnosticOf, rangeOfPlace, remark, type DiagnosticContext } from './convert.js';
import { libraryUri } from './library.js';
import type { Session } from './session.js';
import { readProject } from './project-configuration.js';
import { readSettings } from './settings.js';

/** More findings than a person can read only cost time: each key sends them all. */
const MOST_DIAGNOSTICS = 1000;

/**
 * Follows the texts and tells the findings of each version at once: a check costs less than a timer would. Only what is
 * open is told of.
 */
export function followTexts(session: Session): ServerCapabilities {
  const { connection, documents } = session;

  connection.onDidOpenTextDocument(session.guard('opening', undefined, ({ textDocument }) => {
    const file = documents.open(textDocument.uri, textDocument.version, textDocument.text);
    session.changed();
    refreshWithDependants(session, file.path);
    void readSettings(session, [file]).then((changed) => refreshAll(session, changed));
    void readProject(session, [file]).then((changed) => refreshAll(session, changed));
  }));
  connection.onDidChangeTextDocument(session.guard('changing', undefined, ({ textDocument, contentChanges }) => {
    const file = documents.change(textDocument.uri, textDocument.version, contentChanges);
    if (!file) return;
    session.changed();
    refreshWithDependants(session, file.path);
  }));
  connection.onDidCloseTextDocument(session.guard('closing', undefined, ({ textDocument }) => {
    const file = documents.close(textDocument.uri);
    if (!file) return;
    session.forget(file.path);
    session.changed();
    if (!session.client.pullsDiagnostics) send(session, textDocument.uri, undefined, []);
    refreshWithDependants(session, file.path);
  }));

  return { textDocumentSync: { openClose: true, change: 2 } };
}

/** Checks files again and tells what is found; a client that asks is told to ask again. */
export function refreshAll(session: Session, files: Iterable<{ readonly path: string }>): void {
  const paths = Array.from(files, ({ path }) => path);
  if (!session.client.pullsDiagnostics) return paths.forEach((path) => refresh(session, path));
  if (paths.length === 0) return;
  session.changed();
  session.askToPull();
}

/** The diagnostics of the findings of a file, for what the client can show. */
export function toDiagnostic(session: Session, document: Document): (finding: Finding) => Diagnostic {
  const { client } = session;
  const context: DiagnosticContext = {
    document,
    related: client.relatedPlaces,
    tags: client.diagnosticTags,
    pageOf: client.rulePages ? (rule) => pageOf(rule, client.pages) : () => undefined,
    locate: (place) => locate(session, place),
  };
  return (finding) => diagnosticOf(finding, context);
}

/** Where a place is, for the client; nothing in the shipped library where the client can't show that. */
export function locate(session: Session, place: Place): ReturnType<DiagnosticContext['locate']> {
  const inLibrary = place.path.startsWith('std:');
  const uri = inLibrary ? libraryUri(place.path, session) : session.uriOf(place.path);
  const document = inLibrary ? libraryDocument(place.path) ?? 'missing' : session.documents.read(place.path);
  const range = isLoaded(document) ? rangeOfPlace(document, place) : undefined;
  return range && uri !== undefined ? { uri, range } : undefined;
}

const RULE_NAMES: ReadonlySet<string> = new Set(RULES.map(({ name }) => name));

const pageOf = (rule: string, pages: string | undefined): string | undefined =>
  pages !== undefined && RULE_NAMES.has(rule) ? `${pages.replace(/\/*$/, '/')}${rule}.md` : undefined;

function refreshWithDependants(session: Session, path: string): void {
  // Who asks does so at each change of a text, of the others that are open, too.
  if (session.client.pullsDiagnostics) return;
  refresh(session, path);
  refreshAll(session, session.dependantsOf(path));
}

/** Tells what a file comes to; where a text is yet to be loaded, that is waited for: half a check would cry wolf. */
function refresh(session: Session, path: string): void {
  const file = session.documents.at(path);
  if (!file) return;
  const wanted = wantedBy(session, path);
  if (wanted.size > 0) void loadAndRefresh(session, path, wanted);
  else send(session, file.uri, file.version, toldOf(session, path));
}

/** Files that have to be loaded first; none where the check fails, which is told then. */
export function wantedBy(session: Session, path: string): ReadonlySet<string> {
  try {
    return session.checkAt(path).wanted;
  } catch {
    return new Set();
  }
}

const NOT_CHECKED = remark('this file could not be checked; the output of the language server says why');

/** The diagnostics of a file as it is, open or loaded; that it could not be checked, where that crashes. */
export function toldOf(session: Session, path: string): Diagnostic[] {
  try {
    const { document, result } = session.checkAt(path);
    return isLoaded(document) ? diagnosticsFor(session, path, document, result.findings) : [];
  } catch (error) {
    session.log(`checking ${session.uriOf(path)}`, error);
    return [NOT_CHECKED];
  }
}

/** Loads all that a file imports. */
export async function completed(session: Session, path: string): Promise<void> {
  // Each round loads what the one before came to know; imports of imports aren’t followed for ever.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const wanted = wantedBy(session, path);
    if (wanted.size === 0) return;
    await loadFor(session, path, wanted);
  }
}

const MOST_ROUNDS = 100;

async function loadAndRefresh(session: Session, path: string, wanted: Iterable<string>): Promise<void> {
  await loadFor(session, path, wanted);
  refresh(session, path);
}

/** Loads what a file wants. Where it is open, lenses and hints of half a check may be on the screen. */
async function loadFor(session: Session, path: string, wanted: Iterable<string>): Promise<void> {
  await Promise.all(Array.from(wanted, (other) => session.load(other)));
  if (session.documents.at(path)) session.display.refresh();
}

/** Diagnostics of findings, the worst first where there are too many. */
function diagnosticsFor(session: Session, path: string, document: Document, findings: readonly Finding[]): Diagnostic[] {
  const convert = toDiagnostic(session, document);
  if (findings.length <= MOST_DIAGNOSTICS) return findings.map(convert);
  const rest = findings.length - MOST_DIAGNOSTICS;
  return [...worstFirst(findings).slice(0, MOST_DIAGNOSTICS).map(convert), remark(`${rest} more finding${rest === 1 ? '' : 's'} in ${fileNameOf(path)} are not shown`)];
}

const worstFirst = (findings: readonly Finding[]): Finding[] =>
  (['error', 'warning', 'note'] as const).flatMap((level) => findings.filter((finding) => finding.level === level));

function send(session: Session, uri: string, version: number | undefined, diagnostics: Diagnostic[]): void {
  const sent = session.connection.sendDiagnostics({ uri, ...(version !== undefined && { version }), diagnostics });
  // A client that is gone needs none.
  sent.catch(() => undefined);
}
