import { DidChangeConfigurationNotification, DidChangeWatchedFilesNotification, type ServerCapabilities } from 'vscode-languageserver';
import { refreshAll } from './diagnostics.js';
import type { Session } from './session.js';
import { fieldOf, levelsIn, SECTION } from './settings.js';

/** Follows the user's settings, the folders of the workspace, and layouts that change outside of the editor. */
export function followWorkspace(session: Session): ServerCapabilities {
  const { connection, client } = session;

  connection.onInitialized(session.guard('starting', undefined, () => {
    void register(session);
    if (client.workspace?.workspaceFolders) followFolders(session);
    void readSettings(session);
  }));
  connection.onDidChangeConfiguration(session.guard('changing settings', undefined, ({ settings }) => {
    void readSettings(session, fieldOf(settings, SECTION));
  }));

  return { workspace: { workspaceFolders: { supported: true, changeNotifications: true } } };
}

/** Asks to be told of what the client tells only on demand. */
async function register(session: Session): Promise<void> {
  const { connection, client } = session;
  try {
    if (client.workspace?.didChangeConfiguration?.dynamicRegistration) {
      await connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION });
    }
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
      await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: [{ globPattern: '**/*.vmlayout' }] });
    }
  } catch (error) {
    session.log('registering', error);
  }
}

function followFolders(session: Session): void {
  session.connection.workspace.onDidChangeWorkspaceFolders(session.guard('changing folders', undefined, ({ added, removed }) => {
    session.setFolders(added.map(({ uri }) => uri), removed.map(({ uri }) => uri));
  }));
}

/** Reads the settings from the client, or takes those it sent along. */
async function readSettings(session: Session, sent?: unknown): Promise<void> {
  try {
    const asks = session.client.workspace?.configuration ?? false;
    const settings: unknown = asks ? await session.connection.workspace.getConfiguration(SECTION) : sent;
    if (session.setLevels(levelsIn(settings))) refreshAll(session, session.documents.all);
  } catch (error) {
    session.log('reading settings', error);
  }
}
