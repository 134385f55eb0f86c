import type { ServerCapabilities, TextEdit } from 'vscode-languageserver';
import { formatClosedBlock, formatDocument, formatFinishedLine, formatRange, type TextEdit as CoreEdit } from '../core/index.js';
import { offsetAt, spanOf, textEditOf } from './convert.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

/** Formats a text, a part of it, a block when its `}` is typed, and a line when it is left. There are no options: the style is one. */
export function answerFormatting(session: Session): ServerCapabilities {
  const { connection, documents } = session;
  const edited = (file: OpenFile | undefined, edits: (file: OpenFile) => CoreEdit[]): TextEdit[] | null =>
    file ? edits(file).map((edit) => textEditOf(file.document, edit)) : null;

  connection.onDocumentFormatting(session.guard('formatting', null, ({ textDocument }): TextEdit[] | null =>
    edited(documents.get(textDocument.uri), ({ document }) => formatDocument(document))));
  connection.onDocumentRangeFormatting(session.guard('formatting a range', null, ({ textDocument, range }): TextEdit[] | null =>
    edited(documents.get(textDocument.uri), ({ document }) => formatRange(document, spanOf(document, range)))));
  connection.onDocumentOnTypeFormatting(session.guard('formatting while typing', null, ({ textDocument, position, ch }): TextEdit[] | null =>
    edited(documents.get(textDocument.uri), ({ document }) => {
      const offset = offsetAt(document, position);
      return ch === '}' ? formatClosedBlock(document, offset) : formatFinishedLine(document, offset);
    })));
  return {
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
    documentOnTypeFormattingProvider: { firstTriggerCharacter: '}', moreTriggerCharacter: ['\n'] },
  };
}
