import type { InlayHint, Range, ServerCapabilities } from 'vscode-languageserver';
import { inlayHintsIn, type InlayHint as CoreHint } from '../core/index.js';
import { fieldOf } from './any-value.js';
import { offsetAt, positionAt, spanOf } from './convert.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

/** Ends, sizes, blocks and offsets between the words, in the range that is asked for; more of each when it is pointed at. */
export function answerInlayHints(session: Session): ServerCapabilities {
  const { connection, documents } = session;
  connection.languages.inlayHint.on(session.guard('inlay hints', null, ({ textDocument, range }: { textDocument: { uri: string }; range: Range }): InlayHint[] | null => {
    const file = documents.get(textDocument.uri);
    return file ? hintsIn(session, file, range).map((hint) => inlayHintOf(file, hint)) : null;
  }));
  connection.languages.inlayHint.resolve((hint: InlayHint): InlayHint => session.guard('explaining a hint', hint, () => resolved(session, hint))(undefined));
  return { inlayHintProvider: { resolveProvider: true } };
}

function hintsIn(session: Session, file: OpenFile, range: Range): CoreHint[] {
  const { hints } = session.display.of(file.path);
  return hints.size === 0 ? [] : inlayHintsIn(session.check(file), spanOf(file.document, range), hints);
}

function inlayHintOf({ uri, version, document }: OpenFile, { offset, text, kind, insert }: CoreHint): InlayHint {
  const position = positionAt(document, offset);
  return {
    position,
    label: text,
    paddingLeft: true,
    data: { uri, version, kind },
    ...(insert !== undefined && { textEdits: [{ range: { start: position, end: position }, newText: insert }] }),
  };
}

/** The hint with its tooltip, as long as the text is the one that it is about. */
function resolved(session: Session, hint: InlayHint): InlayHint {
  const file = session.documents.get(`${fieldOf(hint.data, 'uri')}`);
  if (!file || file.version !== fieldOf(hint.data, 'version')) return hint;
  const offset = offsetAt(file.document, hint.position);
  const found = hintsIn(session, file, { start: hint.position, end: hint.position }).find((other) => other.offset === offset && other.kind === fieldOf(hint.data, 'kind'));
  return found ? { ...hint, tooltip: { kind: 'markdown', value: found.tooltip().join('\n\n') } } : hint;
}
