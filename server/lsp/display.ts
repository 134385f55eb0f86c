import type { Connection } from 'vscode-languageserver';
import type { Abilities } from './abilities.js';
import { SHOW_ALL, type Display } from './settings.js';

/** What the user wants to see in each file; tells the client to ask again where that changes. */
export class Displays {
  readonly #connection: Connection;
  readonly #client: Abilities;
  readonly #ofFiles = new Map<string, Display>();
  #common = SHOW_ALL;

  constructor(connection: Connection, client: Abilities) {
    this.#connection = connection;
    this.#client = client;
  }

  of(path: string): Display {
    return this.#ofFiles.get(path) ?? this.#common;
  }

  /** Sets it for a file, or for all of which nothing is known. */
  set(display: Display, path?: string): void {
    const before = path === undefined ? this.#common : this.of(path);
    if (path === undefined) this.#common = display;
    else this.#ofFiles.set(path, display);
    if (!isSame(before, display)) this.refresh();
  }

  forget(path: string): void {
    this.#ofFiles.delete(path);
  }

  /** Says that what is shown is another now, though no text of the client’s changed. */
  refresh(): void {
    const asked = [
      ...(this.#client.refreshesHints ? [this.#connection.languages.inlayHint.refresh()] : []),
      ...(this.#client.refreshesLenses ? [this.#connection.sendRequest('workspace/codeLens/refresh')] : []),
    ];
    // A client that is gone needs none.
    for (const request of asked) request.catch(() => undefined);
  }
}

const isSame = (left: Display, right: Display): boolean => left.lenses === right.lenses && left.hints.size === right.hints.size && [...left.hints].every((kind) => right.hints.has(kind));
