import { FileChangeType, WatchKind, type FileEvent, type FileSystemWatcher, type ServerCapabilities } from 'vscode-languageserver';
import { CONFIGURATION_NAME } from '../core/index.js';
import { refreshAll } from './diagnostics.js';
import { pathOfUri } from './files.js';
import { forgetConfiguration, isConfiguration, readProject } from './project-configuration.js';
import type { Session } from './session.js';

/**
 * What a client is asked to watch. Of a folder that comes or goes it may tell the folder alone, as VS Code does, and a folder may be called
 * anything.
 */
export const WATCHERS: FileSystemWatcher[] = [
  { globPattern: '**/*.vmlayout' },
  { globPattern: `**/${CONFIGURATION_NAME}` },
  { globPattern: '**/*', kind: WatchKind.Create | WatchKind.Delete },
];

/** Follows layouts and configurations that change outside of the editor. */
export function followFiles(session: Session): ServerCapabilities {
  session.connection.onDidChangeWatchedFiles(session.guard('watching', undefined, ({ changes }) => {
    if (changes.some(({ type }) => type !== FileChangeType.Changed)) session.forgetListed();
    const concerned = changes.flatMap((change) => concernedBy(session, change));
    if (concerned.length > 0) forgetAll(session, concerned);
  }));
  return {};
}

/** A file that may be another one now, or is gone. */
interface Concerned {
  readonly path: string;
  readonly isGone: boolean;
}

/** The file that has changed, or those that are known below a folder: that they aren’t there may be what is known. */
function concernedBy(session: Session, { uri, type }: FileEvent): Concerned[] {
  const path = pathOfUri(uri).replace(/\/$/, '');
  const below = type === FileChangeType.Changed ? [] : session.knownBelow(`${path}/`);
  const isOne = path.endsWith('.vmlayout') || isConfiguration(path) || session.documents.read(path) !== 'missing';
  return [...(isOne ? [path] : []), ...below].map((file) => ({ path: file, isGone: type === FileChangeType.Deleted }));
}

function forgetAll(session: Session, concerned: readonly Concerned[]): void {
  const { documents } = session;
  const paths = concerned.map(({ path }) => path);
  for (const path of paths) session.forgetLoaded(path);
  for (const { path, isGone } of concerned) if (isGone && !documents.at(path)) session.forget(path);
  const configurations = paths.filter(isConfiguration);
  for (const path of configurations) forgetConfiguration(session, path);
  if (configurations.length > 0) {
    session.levels.forgetProject((path) => documents.at(path) !== undefined);
    void readProject(session, documents.all).then((changed) => refreshAll(session, changed));
  }
  session.changed();
  if (session.client.pullsDiagnostics) return session.askToPull();
  refreshAll(session, new Set(paths.flatMap((path) => session.dependantsOf(path))));
}
