import { libraryDocument } from '../layout/lookup.js';
import { placedIn, type Place, type PlacedEdit } from '../layout/place.js';
import { FileScope } from '../layout/scope.js';
import { LIBRARY } from '../std/generated/library.js';
import { commentsAbove } from '../syntax/comments.js';
import { textOfDocument } from '../syntax/document.js';
import { lineStart } from '../text/lines.js';
import { linesAfter } from './edits.js';
import type { FileSubject, Fix } from './rule.js';

/** What a file could mean by a name that it doesn’t know: a host, vm or policy of the shipped library, one import for each. */
export function importsOf({ path, item, start, end }: Place, { scope }: FileSubject): Fix[] {
  if (path !== scope.path) return [];
  return filesDeclaring(item.text.slice(start, end)).map((file) => ({ title: `Import \`${file}\``, safe: false, reveals: true, edits: importEdits(file, scope) }));
}

const SHARED: ReadonlySet<string> = new Set(['host', 'vm', 'policy']);

/** The files of the library that declare a host, vm or policy of this name. */
const filesDeclaring = (name: string): string[] =>
  [...LIBRARY].flatMap(([file, text]) => {
    const document = text.includes(name) ? libraryDocument(file) : undefined;
    const scope = document && FileScope.of(file, document);
    const found = scope?.find(name, 'names') ?? scope?.find(name, 'policies');
    return found && SHARED.has(found.keyword) ? [file] : [];
  });

/** Below the last import, or above all that is declared. */
function importEdits(file: string, { path, document, declarations }: FileScope): PlacedEdit[] {
  const line = `import "${file}"`;
  const last = declarations.findLast(({ keyword }) => keyword === 'import');
  if (last) return [linesAfter({ origin: last }, [line])];
  const [first] = declarations;
  const base = document.starts[first ? document.items.indexOf(first.item) : 0] ?? 0;
  const text = textOfDocument(document);
  const at = commentsAbove(text, lineStart(text, base + (first?.declaration.start ?? 0)));
  return placedIn(document, path, { start: at, end: at, newText: `${line}\n\n` });
}
