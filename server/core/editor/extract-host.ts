import { resolveBeside } from '../layout/scope.js';
import { commentsAbove } from '../syntax/comments.js';
import { textOfDocument, treeOf } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import { lineStart } from '../text/lines.js';
import type { Span } from '../text/span.js';
import type { TextEdit } from '../text/text-edit.js';
import { inDocument, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';

/** A declaration moved to a file of its own, and an import in its place. */
export interface Extracted {
  readonly name: string;
  readonly newFile: { readonly path: string; readonly text: string };
  readonly edits: readonly TextEdit[];
}

/** The host at the cursor, with the comments above it, in a file of its own beside this one. The second way takes the imports of this file along. */
export function extractHost(file: EditorFile, cursor: Cursor): Extracted[] {
  const host = cursor.nodes.find((node): node is Declaration => node.kind === 'declaration');
  const { offset } = cursor;
  if (host?.keyword.text !== 'host' || host.name?.kind !== 'word' || offset < host.keyword.start || offset > host.name.end) return [];
  const name = host.name.text;
  const path = resolveBeside(file.path, `${name}.vmlayout`);
  const state = file.world.read(path);
  if (path === file.path || (state !== 'missing' && !('error' in state))) return [];
  const whole = withComments(inDocument(cursor, host), textOfDocument(file.document));
  const text = `${textOfDocument(file.document).slice(whole.start, whole.end)}\n`;
  const imports = importsIn(file);
  const edits = [{ ...whole, newText: `import "${name}.vmlayout"` }];
  return [text, ...(imports === '' ? [] : [`${imports}\n${text}`])].map((content) => ({ name, newFile: { path, text: content }, edits }));
}

function withComments({ start, end }: Span, text: string): Span {
  const line = lineStart(text, start);
  return { start: text.slice(line, start).trim() === '' ? commentsAbove(text, line) : start, end };
}

/** The import lines of a file. */
const importsIn = ({ document }: EditorFile): string =>
  document.items.flatMap((item) => treeOf(item).members.flatMap((member) => (member.kind === 'declaration' && member.keyword.text === 'import' ? [`${item.text.slice(member.keyword.start, member.end)}\n`] : []))).join('');
