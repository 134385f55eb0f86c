import type { CodeAction, CodeActionParams, ServerCapabilities } from 'vscode-languageserver';
import { fixAll, meets, offersFor, type Finding } from '../core/index.js';
import { codeActionOf, documentEdit, spanOf, spanOfPlace } from './convert.js';
import { toDiagnostic } from './diagnostics.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

const FIX_ALL = 'source.fixAll.vmlayout';

/** Fixes of what is found at the cursor, and all safe fixes of a file at once. Each was tried before it is offered. */
export function offerFixes(session: Session): ServerCapabilities {
  session.connection.onCodeAction(session.guard('offering fixes', [], (params: CodeActionParams): CodeAction[] => {
    const file = session.documents.get(params.textDocument.uri);
    if (!file) return [];
    const { only } = params.context;
    const actions: CodeAction[] = [];
    if (!only || only.some((kind) => includes(kind, 'quickfix'))) actions.push(...quickFixes(session, file, params));
    // To fix everything is asked for by name, on saving or in a menu; it is too dear for each move of the cursor.
    if (only?.some((kind) => includes(kind, FIX_ALL))) actions.push(...fixEverything(session, file));
    return actions;
  }));
  return { codeActionProvider: { codeActionKinds: ['quickfix', FIX_ALL] } };
}

/** Kinds are trees: `source` asks for `source.fixAll.vmlayout`, too. */
const includes = (asked: string, kind: string): boolean => asked === '' || kind === asked || kind.startsWith(`${asked}.`);

function quickFixes(session: Session, file: OpenFile, { range }: CodeActionParams): CodeAction[] {
  const { document, result, options } = session.check(file);
  const touched = spanOf(document, range);
  const convert = toDiagnostic(session, document);
  const here = (finding: Finding): boolean => {
    const span = spanOfPlace(document, finding.place);
    return span !== undefined && meets(span, touched);
  };
  return result.findings.filter(here).flatMap((finding) =>
    offersFor(finding, file.path, session.documents, options, result).map((offer, index) =>
      codeActionOf(offer, index === 0, convert(finding), documentEdit(file.uri, file.version, document, offer.edits)),
    ),
  );
}

function fixEverything(session: Session, file: OpenFile): CodeAction[] {
  const { document, options } = session.check(file);
  const edits = fixAll(file.path, session.documents, options);
  if (edits.length === 0) return [];
  return [{ title: 'Apply all safe fixes', kind: FIX_ALL, edit: { documentChanges: [documentEdit(file.uri, file.version, document, edits)] } }];
}
