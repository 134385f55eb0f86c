import { resolveBeside } from '../layout/scope.js';
import { treeOf } from '../syntax/document.js';
import type { Declaration } from '../syntax/nodes.js';
import type { TextEdit } from '../text/text-edit.js';
import { inDocument, type Cursor } from './cursor.js';
import type { EditorFile } from './editor-file.js';

/** A declaration moved to a file of its own, and an import in its place. */
export interface Extracted {
  readonly name: string;
  readonly newFile: { readonly path: string; readonly text: string };
  readonly edits: readonly TextEdit[];
}

/** The host at the cursor in a file of its own beside this one. The second way takes the imports of this file along. */
export function extractHost(file: EditorFile, cursor: Cursor): Extracted[] {
  const host = cursor.nodes.find((node): node is Declaration => node.kind === 'declaration');
  const { item, offset } = cursor;
  if (host?.keyword.text !== 'host' || host.name?.kind !== 'word' || offset < host.keyword.start || offset > host.name.end) return [];
  const name = host.name.text;
  const path = resolveBeside(file.path, `${name}.vmlayout`);
  const state = file.world.read(path);
  if (path === file.path || (state !== 'missing' && !('error' in state))) return [];
  const text = `${item.text.slice(host.start, host.end)}\n`;
  const imports = importsIn(file);
  const edits = [{ ...inDocument(cursor, host), newText: `import "${name}.vmlayout"` }];
  return [text, ...(imports === '' ? [] : [`${imports}\n${text}`])].map((content) => ({ name, newFile: { path, text: content }, edits }));
}

/** The import lines of a file. */
const importsIn = ({ document }: EditorFile): string =>
  document.items.flatMap((item) => treeOf(item).members.flatMap((member) => (member.kind === 'declaration' && member.keyword.text === 'import' ? [`${item.text.slice(member.keyword.start, member.end)}\n`] : []))).join('');
