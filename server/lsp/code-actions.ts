import { CodeActionTriggerKind, type CodeAction, type CodeActionParams, type ServerCapabilities } from 'vscode-languageserver';
import { fixAll, meets, offersFor, refactoringsAt, spanOfPlace, type Finding, type Refactoring, type RefactoringKind } from '../core/index.js';
import { editFor } from './abilities.js';
import { codeActionOf, documentEdit, newFileEdits, spanOf } from './convert.js';
import { toDiagnostic } from './diagnostics.js';
import type { OpenFile } from './documents.js';
import { uriOfPath } from './files.js';
import type { Session } from './session.js';

const FIX_ALL = 'source.fixAll.vmlayout';

const REFACTORINGS: readonly RefactoringKind[] = ['refactor.rewrite', 'refactor.extract', 'refactor.inline'];

/** Fixes of what is found at the cursor, refactorings, and all safe fixes of a file at once. Each was tried before it is offered. */
export function offerFixes(session: Session): ServerCapabilities {
  session.connection.onCodeAction(session.guardLater('offering fixes', [], async (params: CodeActionParams): Promise<CodeAction[]> => {
    const file = session.documents.get(params.textDocument.uri);
    // What is offered has no command.
    if (!file || !session.client.codeActions) return [];
    const { only, triggerKind } = params.context;
    const actions: CodeAction[] = [];
    if (!only || only.some((kind) => includes(kind, 'quickfix'))) actions.push(...quickFixes(session, file, params));
    // To fix everything is asked for by name, on saving or in a menu; it is too dear for each move of the cursor.
    if (only?.some((kind) => includes(kind, FIX_ALL))) actions.push(...fixEverything(session, file));
    // So are refactorings, each of which is tried on a copy: a client that asks by itself, as the cursor moves, gets none.
    if (only || triggerKind !== CodeActionTriggerKind.Automatic) actions.push(...(await refactorings(session, file, params)));
    return actions.map((action) => ({ ...action, ...(action.edit && { edit: editFor(session.client, action.edit) }) }));
  }));
  return session.client.codeActions ? { codeActionProvider: { codeActionKinds: ['quickfix', FIX_ALL, ...REFACTORINGS] } } : {};
}

/** Kinds are trees: `source` asks for `source.fixAll.vmlayout`, too. */
const includes = (asked: string, kind: string): boolean => asked === '' || kind === asked || kind.startsWith(`${asked}.`);

function quickFixes(session: Session, file: OpenFile, { range }: CodeActionParams): CodeAction[] {
  const checked = session.check(file);
  const { document, result } = checked;
  const touched = spanOf(document, range);
  const convert = toDiagnostic(session, document);
  const here = (finding: Finding): boolean => {
    const span = spanOfPlace(document, finding.place);
    return span !== undefined && meets(span, touched);
  };
  return result.findings.filter(here).flatMap((finding) =>
    offersFor(finding, checked).map((offer) =>
      codeActionOf(offer, convert(finding), documentEdit(file.uri, file.version, document, offer.edits)),
    ),
  );
}

function fixEverything(session: Session, file: OpenFile): CodeAction[] {
  const { document, options } = session.check(file);
  const edits = fixAll(file.path, session.documents, options);
  if (edits.length === 0) return [];
  return [{ title: 'Apply all safe fixes', kind: FIX_ALL, edit: { documentChanges: [documentEdit(file.uri, file.version, document, edits)] } }];
}

async function refactorings(session: Session, file: OpenFile, { range, context: { only } }: CodeActionParams): Promise<CodeAction[]> {
  const wants = (kind: RefactoringKind): boolean => !only || only.some((asked) => includes(asked, kind));
  if (!REFACTORINGS.some(wants)) return [];
  // A constant may be used in files that nobody has opened.
  const files = wants('refactor.inline') ? await session.everyFile() : [];
  if (session.documents.at(file.path)?.document !== file.document) return [];
  const checked = session.check(file);
  const selection = spanOf(checked.document, range);
  const found = refactoringsAt({ file: checked, selection, options: checked.options, files }, wants);
  return found.flatMap((refactoring) => refactoringAction(session, file, refactoring));
}

function refactoringAction({ client }: Session, { uri, version, document }: OpenFile, { title, kind, edits, newFile }: Refactoring): CodeAction[] {
  const edit = documentEdit(uri, version, document, edits);
  if (!newFile) return [{ title, kind, edit: { documentChanges: [edit] } }];
  return client.createsFiles && uri.startsWith('file:') ? [{ title, kind, edit: { documentChanges: [...newFileEdits(uriOfPath(newFile.path), newFile.text), edit] } }] : [];
}
