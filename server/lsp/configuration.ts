import { DidChangeConfigurationNotification, DidChangeWatchedFilesNotification, type ServerCapabilities } from 'vscode-languageserver';
import { fieldOf } from './any-value.js';
import { refreshAll } from './diagnostics.js';
import type { Session } from './session.js';
import { readSettings, SECTION } from './settings.js';
import { WATCHERS } from './watched-files.js';

/** Follows the user's settings and the folders of the workspace. */
export function followWorkspace(session: Session): ServerCapabilities {
  const { connection, client } = session;

  connection.onInitialized(session.guard('starting', undefined, () => {
    if (client.tellsFolders) followFolders(session);
    session.ready = Promise.all([register(session), readAgain(session)]);
  }));
  connection.onDidChangeConfiguration(session.guard('changing settings', undefined, ({ settings }) => {
    void readAgain(session, fieldOf(settings, SECTION));
  }));

  return { workspace: { workspaceFolders: { supported: true, changeNotifications: true } } };
}

/** Asks to be told of what the client tells only on demand. */
async function register(session: Session): Promise<void> {
  const { connection, client } = session;
  try {
    if (client.registersSettings) {
      await connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION });
    }
    if (client.registersFiles) {
      await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: WATCHERS });
    }
  } catch (error) {
    session.log('registering', error);
  }
}

function followFolders(session: Session): void {
  session.connection.workspace.onDidChangeWorkspaceFolders(session.guard('changing folders', undefined, ({ added, removed }) => {
    session.setFolders(added.map(({ uri }) => uri), removed.map(({ uri }) => uri));
    refreshAll(session, session.documents.all);
    session.ready = readAgain(session);
  }));
}

async function readAgain(session: Session, sent?: unknown): Promise<void> {
  const changed = await readSettings(session, [...session.documents.all, ...session.folders], sent);
  // What holds in a folder may hold in every file there.
  if (changed.length > 0) refreshAll(session, [...session.documents.all, ...changed]);
}
