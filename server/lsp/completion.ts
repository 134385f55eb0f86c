import {
  CompletionTriggerKind, LSPErrorCodes, ResponseError, type CancellationToken, type CompletionContext, type CompletionItem, type CompletionList, type CompletionParams, type ServerCapabilities,
} from 'vscode-languageserver';
import { completionsAt, importPathAt, type EditorFile, type Suggestion } from '../core/index.js';
import { CompletionWriter } from './completion-items.js';
import { offsetAt } from './convert.js';
import { fileAt, whileUnchanged, type Asked } from './language-features.js';
import type { Session } from './session.js';

/** Lists that items may still be asked about. The client asks about the one on the screen; one or two more may be on their way. */
const LISTS_KEPT = 4;

/** What a list was made of, to explain its items with. */
interface KeptList {
  readonly file: EditorFile;
  readonly suggestions: readonly Suggestion[];
}

/** Lists are short on the wire: what is told of an item is worked out when the client asks for it, if it says that it does. */
export function answerCompletion(session: Session): ServerCapabilities {
  const { completion } = session.client;
  const asksLater = completion?.completionItem?.resolveSupport?.properties.includes('documentation') ?? false;
  const writer = new CompletionWriter(completion, asksLater);
  const kept = new Map<number, KeptList>();
  let last = 0;

  async function complete(params: CompletionParams, token: CancellationToken): Promise<CompletionList | null> {
    const layouts = isInImport(session, params) ? await whileUnchanged(session, params, session.everyPath()) : [];
    if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    const asked = fileAt(session, params);
    if (!asked) return null;
    const completions = completionsAt(asked.file, asked.offset, { layouts, today: session.today, trigger: triggerOf(params.context) });
    last++;
    if (asksLater) kept.set(last, { file: asked.file, suggestions: completions.suggestions });
    kept.delete(last - LISTS_KEPT);
    return writer.list(asked.file, asked.offset, completions, last);
  }

  /** An item of a list that is forgotten comes back as it is. */
  async function resolve(item: CompletionItem): Promise<CompletionItem> {
    const [list, index] = Array.isArray(item.data) ? (item.data as unknown[]) : [];
    const known = typeof list === 'number' ? kept.get(list) : undefined;
    const suggestion = typeof index === 'number' ? known?.suggestions[index] : undefined;
    if (!known || !suggestion) return item;
    const { path } = suggestion;
    if (path !== undefined && !path.startsWith('std:') && session.documents.read(path) === 'missing') await session.load(path);
    return writer.explained(item, suggestion, known.file);
  }

  session.connection.onCompletion(session.guardLater('completion', null, complete));
  if (asksLater) {
    session.connection.onCompletionResolve(async (item) => session.guardLater('explaining a completion', item, resolve)(item));
  }
  return { completionProvider: { triggerCharacters: ['.', '"', ' ', '/', ':'], ...(asksLater && { resolveProvider: true }) } };
}

/** The character that made the client ask; nothing where the user did, or types on in a word. */
const triggerOf = (context: CompletionContext | undefined): string | undefined =>
  context?.triggerKind === CompletionTriggerKind.TriggerCharacter ? context.triggerCharacter : undefined;

function isInImport(session: Session, { textDocument, position }: Asked): boolean {
  const document = session.documents.get(textDocument.uri)?.document;
  return document !== undefined && importPathAt(document, offsetAt(document, position)) !== undefined;
}
