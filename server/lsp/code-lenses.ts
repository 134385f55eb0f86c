import type { CodeLens, Command, ServerCapabilities } from 'vscode-languageserver';
import { codeLensesIn, type CodeLens as CoreLens } from '../core/index.js';
import { positionAt, rangeOf } from './convert.js';
import type { OpenFile } from './documents.js';
import type { Session } from './session.js';

/** Commands of the client that lenses may call; a client says which of them it has. */
const SHOW_MAP = 'vmlayout.showMap';
const COMPARE_STANCES = 'vmlayout.compareStances';

/** What each vm comes to and what can be done with it, above its declaration; on a host, who runs on it. */
export function answerCodeLenses(session: Session): ServerCapabilities {
  const known = session.client.commands;
  session.connection.onCodeLens(session.guard('code lenses', null, ({ textDocument }): CodeLens[] | null => {
    const file = session.documents.get(textDocument.uri);
    if (!file) return null;
    if (!session.display.of(file.path).lenses) return [];
    const { path, document } = file;
    const others = session.documents.all.filter((other) => other.path !== path).map((other) => session.check(other).result);
    const lenses = codeLensesIn(session.check(file), others);
    return lenses.flatMap((lens) => {
      const command = commandOf(file, lens);
      return command.command === '' || known.has(command.command) ? [{ range: rangeOf(document, lens), command }] : [];
    });
  }));
  return { codeLensProvider: { resolveProvider: false } };
}

/** What only tells has no command. */
function commandOf({ uri, document }: OpenFile, { title, action }: CoreLens): Command {
  switch (action?.kind) {
    case 'map':
      return { title, command: SHOW_MAP, arguments: [uri, { vm: action.vm, ...(action.host !== undefined && { host: action.host }) }] };
    case 'compare':
      return { title, command: COMPARE_STANCES, arguments: [uri, positionAt(document, action.offset)] };
    case undefined:
      return { title, command: '' };
  }
}
