import {
  CompletionItemKind, CompletionItemTag, InsertTextFormat, InsertTextMode, MarkupKind, type CompletionClientCapabilities, type CompletionItem, type CompletionList, type Range,
} from 'vscode-languageserver';
import { onOneLine, type Completions, type EditorFile, type Explanation, type Suggestion } from '../core/index.js';
import { indentAt, rangeOf } from './convert.js';

const KIND: Readonly<Record<Suggestion['kind'], CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  property: CompletionItemKind.Property,
  value: CompletionItemKind.Value,
  unit: CompletionItemKind.Unit,
  rule: CompletionItemKind.EnumMember,
  selector: CompletionItemKind.Enum,
  file: CompletionItemKind.File,
  function: CompletionItemKind.Function,
  field: CompletionItemKind.Field,
  constant: CompletionItemKind.Constant,
  element: CompletionItemKind.Variable,
  snippet: CompletionItemKind.Snippet,
};

/** Where a suggestion goes: one range, or two between which the user chooses. */
type EditRange = Range | { readonly insert: Range; readonly replace: Range };

/** What an item says, but for what is the same for the whole list. */
type Body = Pick<CompletionItem, 'commitCharacters' | 'insertTextFormat'>;

/** Writes lists the way a client takes them: each ability that it doesn't name is done without. */
export class CompletionWriter {
  readonly #item: NonNullable<CompletionClientCapabilities['completionItem']>;
  readonly #defaults: ReadonlySet<string>;
  readonly #asksLater: boolean;
  /** Markdown, unless the client says that it shows something else. */
  readonly #markup: MarkupKind;

  constructor(client: CompletionClientCapabilities | undefined, asksLater: boolean) {
    this.#item = client?.completionItem ?? {};
    this.#defaults = new Set(client?.completionList?.itemDefaults);
    this.#asksLater = asksLater;
    this.#markup = this.#item.documentationFormat?.includes(MarkupKind.Markdown) ?? true ? MarkupKind.Markdown : MarkupKind.PlainText;
  }

  /** `list` is the number under which items can be asked about. */
  list(file: EditorFile, offset: number, { start, end, suggestions, isIncomplete = false }: Completions, list: number): CompletionList {
    const range = this.#range(file, start, offset, end, suggestions[0]?.kind === 'file');
    const indent = indentAt(file.document, start);
    const bodies = suggestions.map((suggestion) => this.#body(suggestion));
    const common = this.#common(bodies);
    const sharesRange = this.#defaults.has('editRange');
    const items = suggestions.map((suggestion, order): CompletionItem => {
      const { label } = suggestion;
      const newText = this.#newText(suggestion, indent);
      return {
        label,
        kind: KIND[suggestion.kind],
        sortText: `${order}`.padStart(4, '0'),
        ...(sharesRange ? newText !== label && { textEditText: newText } : { textEdit: editOf(range, newText) }),
        ...unlike(bodies[order] ?? {}, common),
        ...(newText.includes('\n') && this.#adjustsIndents && { insertTextMode: InsertTextMode.adjustIndentation }),
        ...this.#beside(suggestion),
        ...this.#deprecated(suggestion),
        ...(this.#asksLater ? suggestion.explain && { data: [list, order] } : this.#explanation(suggestion.brief?.() ?? suggestion.explain?.(file))),
      };
    });
    const itemDefaults = { ...common, ...(sharesRange && { editRange: range }) };
    return { isIncomplete, ...(Object.keys(itemDefaults).length > 0 && { itemDefaults }), items };
  }

  /** An item of a list with what is told of it once it is looked at. */
  explained(item: CompletionItem, suggestion: Suggestion, file: EditorFile): CompletionItem {
    return { ...item, ...this.#explanation(suggestion.explain?.(file)) };
  }

  #explanation({ detail, about }: Explanation = {}): Pick<CompletionItem, 'detail' | 'documentation'> {
    return {
      ...(detail !== undefined && { detail }),
      ...(about !== undefined && about !== '' && { documentation: { kind: this.#markup, value: about } }),
    };
  }

  /** What is in the quotes of an import is replaced as a whole by a client that knows one range only. */
  #range({ document }: EditorFile, start: number, offset: number, end: number, isPath: boolean): EditRange {
    const [insert, replace] = [rangeOf(document, { start, end: offset }), rangeOf(document, { start, end })];
    if (this.#item.insertReplaceSupport && end > offset) return { insert, replace };
    return isPath ? replace : insert;
  }

  #body({ snippet, commit }: Suggestion): Body {
    return {
      ...(commit !== undefined && this.#item.commitCharactersSupport && { commitCharacters: [...commit] }),
      ...(snippet && this.#item.snippetSupport && { insertTextFormat: InsertTextFormat.Snippet }),
    };
  }

  /** What most items of a list have, where the client lets the list say it. */
  #common(bodies: readonly Body[]): Body {
    const most = <Key extends keyof Body>(key: Key): Pick<Body, Key> | false => {
      const values = bodies.map((body) => body[key]);
      const first = values.find((value) => value !== undefined);
      const same = values.filter((value) => `${value}` === `${first}`).length;
      return this.#defaults.has(key) && first !== undefined && same > bodies.length / 2 && ({ [key]: first } as Pick<Body, Key>);
    };
    return { ...most('commitCharacters'), ...most('insertTextFormat') };
  }

  get #adjustsIndents(): boolean {
    return this.#item.insertTextModeSupport?.valueSet.includes(InsertTextMode.adjustIndentation) ?? false;
  }

  /** Lines after the first are indented here, unless the client does it. */
  #newText({ label, insert = label, snippet, plain }: Suggestion, indent: string): string {
    const text = snippet && !this.#item.snippetSupport ? plain ?? onOneLine(insert) : insert;
    return this.#adjustsIndents ? text : text.replaceAll('\n', `\n${indent}`);
  }

  #beside({ suffix, detail }: Suggestion): Pick<CompletionItem, 'labelDetails' | 'detail'> {
    if (suffix === undefined && detail === undefined) return {};
    if (!this.#item.labelDetailsSupport) return { detail: `${detail ?? ''}${suffix ?? ''}`.trim() };
    return { labelDetails: { ...(suffix !== undefined && { detail: suffix }), ...(detail !== undefined && { description: detail }) } };
  }

  #deprecated({ deprecated }: Suggestion): Pick<CompletionItem, 'tags' | 'deprecated'> {
    if (!deprecated) return {};
    if (this.#item.tagSupport?.valueSet.includes(CompletionItemTag.Deprecated)) return { tags: [CompletionItemTag.Deprecated] };
    return this.#item.deprecatedSupport ? { deprecated: true } : {};
  }
}

const editOf = (range: EditRange, newText: string): NonNullable<CompletionItem['textEdit']> => ('insert' in range ? { newText, ...range } : { range, newText });

/** What an item has otherwise than its list: where that has more, it says that it has none. */
function unlike(body: Body, common: Body): Body {
  const { commitCharacters = [], insertTextFormat = InsertTextFormat.PlainText } = body;
  return {
    ...(`${commitCharacters}` !== `${common.commitCharacters ?? []}` && { commitCharacters }),
    ...(insertTextFormat !== (common.insertTextFormat ?? InsertTextFormat.PlainText) && { insertTextFormat }),
  };
}
