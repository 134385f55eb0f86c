import type { CancellationToken, Connection, InitializeParams } from 'vscode-languageserver';
import { checkFile, type CheckOptions, type CheckResult, type Document, type Level } from '../core/index.js';
import { fieldOf } from './any-value.js';
import { Displays } from './display.js';
import { Documents, type OpenFile } from './documents.js';
import { folderOf, pathOfUri, uriOfPath, type Files } from './files.js';
import { ProjectConfigurations } from './project-configuration.js';

/** What the last check of an open file came to. */
export interface Checked {
  readonly document: Document;
  readonly options: CheckOptions;
  readonly result: CheckResult;
  /** Files it looked into. */
  readonly reads: ReadonlySet<string>;
  /** Files it would have to look into and that nobody has loaded yet. */
  readonly wanted: ReadonlySet<string>;
  /** The state of all texts and settings it was made in. */
  readonly state: number;
}

/** One conversation: the client's abilities, the texts, the settings, and what was found. */
export class Session {
  readonly connection: Connection;
  readonly client: InitializeParams['capabilities'];
  readonly documents = new Documents();
  readonly configurations: ProjectConfigurations;
  /** What is shown besides findings, by file. */
  readonly display: Displays;
  /** Whether the client asks for diagnostics, and doesn’t want them pushed all the same: then none are. */
  readonly pulls: boolean;
  /** Where the pages of the rules are, if the client says. */
  readonly rulePages: string | undefined;
  /** Commands that the client says it has. */
  readonly clientCommands: ReadonlySet<string>;
  readonly #files: Files;
  readonly #today: () => string;
  readonly #checks = new Map<string, Checked>();
  readonly #results = new Map<string, { readonly document: unknown; readonly state: number; readonly result: CheckResult }>();
  readonly #loading = new Map<string, Promise<void>>();
  #folders: readonly string[];
  readonly #options = new Map<string, CheckOptions>();
  /** Levels by file: the user's, those of the project, and both together. */
  readonly #levels = new Map<string, Levels>();
  readonly #projectLevels = new Map<string, Levels>();
  readonly #joinedLevels = new Map<string, Levels>();
  #commonLevels: Levels = new Map();
  #state = 0;
  #waiting = new Set<() => void>();
  #isAskingToPull = false;

  constructor(connection: Connection, params: InitializeParams, files: Files, today: () => string) {
    this.connection = connection;
    this.client = params.capabilities;
    this.pulls = params.capabilities.textDocument?.diagnostic !== undefined && fieldOf(params.initializationOptions, 'diagnostics') !== 'push';
    this.#files = files;
    this.display = new Displays(connection, params.capabilities);
    this.configurations = new ProjectConfigurations(files);
    this.#today = today;
    this.#folders = (params.workspaceFolders ?? []).map(({ uri }) => asFolder(uri));
    const pages = fieldOf(params.initializationOptions, 'rulePages');
    const commands = fieldOf(params.initializationOptions, 'commands');
    this.clientCommands = new Set(Array.isArray(commands) ? commands.filter((name): name is string => typeof name === 'string') : []);
    this.rulePages = typeof pages === 'string' ? pages : undefined;
  }

  /** Runs a handler so that it never fails: a crash is logged and answered with `otherwise`. */
  guard<Params, Result>(what: string, otherwise: Result, handler: (params: Params) => Result): (params: Params) => Result {
    return (params) => {
      try {
        return handler(params);
      } catch (error) {
        this.log(what, error);
        return otherwise;
      }
    };
  }

  /** The same for a handler that has to wait. */
  guardLater<Params, Result>(what: string, otherwise: Result, handler: (params: Params) => Promise<Result>): (params: Params) => Promise<Result> {
    return async (params) => {
      try {
        return await handler(params);
      } catch (error) {
        this.log(what, error);
        return otherwise;
      }
    };
  }

  log(what: string, error: unknown): void {
    this.connection.console.error(`${what} failed: ${error instanceof Error ? error.stack ?? error.message : `${error}`}`);
  }

  /** What an open file comes to, in the present state of all texts: checked again only where something changed. */
  check(file: OpenFile): Checked {
    const options = this.#optionsFor(file.path);
    const known = this.#checks.get(file.path);
    if (known && known.state === this.#state && known.document === file.document && known.options === options) return known;
    const [reads, wanted] = [new Set<string>(), new Set<string>()];
    const world = {
      read: (path: string) => {
        const state = this.documents.read(path);
        reads.add(path);
        if (state === 'missing') wanted.add(path);
        return state;
      },
    };
    const result = checkFile(file.path, world, options, known?.result);
    const checked = { document: file.document, options, result, reads, wanted, state: this.#state };
    this.#checks.set(file.path, checked);
    return checked;
  }

  /** What a file comes to, open or loaded; `wanted` takes the files that would have to be loaded first. */
  resultOf(path: string, wanted?: Set<string>): CheckResult {
    const open = this.documents.at(path);
    if (open) return this.check(open).result;
    const document = this.documents.read(path);
    const known = this.#results.get(path);
    if (known && known.document === document && known.state === this.#state) return known.result;
    const world = {
      read: (asked: string) => {
        const state = this.documents.read(asked);
        if (state === 'missing') wanted?.add(asked);
        return state;
      },
    };
    const result = checkFile(path, world, this.#optionsFor(path), known?.result);
    this.#results.set(path, { document, state: this.#state, result });
    return result;
  }

  /** Every layout of the workspace, and whatever is open besides: loaded first, where the host can list them. */
  async everyFile(): Promise<{ readonly path: string; readonly document: Document }[]> {
    const paths = await this.everyPath();
    await Promise.all(paths.filter((path) => this.documents.read(path) === 'missing').map((path) => this.load(path)));
    return paths.flatMap((path) => {
      const document = this.documents.read(path);
      return document === 'missing' || 'error' in document ? [] : [{ path, document }];
    });
  }

  /** The paths of all these files; none is loaded. */
  async everyPath(): Promise<string[]> {
    const listed = await Promise.all(this.#folders.map(async (folder) => (await this.#files.list?.(uriOfPath(folder))) ?? []));
    return [...new Set([...this.documents.all.map(({ path }) => path), ...listed.flat().map(pathOfUri)])];
  }

  /** Open files whose last check looked into a path, besides that file itself. */
  dependantsOf(path: string): OpenFile[] {
    return this.documents.all.filter((file) => file.path !== path && (this.#checks.get(file.path)?.reads.has(path) ?? false));
  }

  /** Says that a text is another one now, so that no earlier check holds. */
  changed(): void {
    this.#state++;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Today’s date, such as `2026-11-22`. */
  get today(): string {
    return this.#today();
  }

  /** A number that grows with each change of a text or a setting. */
  get state(): number {
    return this.#state;
  }

  /** Waits until there is a change after a state, or nobody wants to know any more. */
  changedSince(state: number, token: CancellationToken): Promise<void> {
    if (this.#state !== state || token.isCancellationRequested) return Promise.resolve();
    return new Promise((wake) => {
      this.#waiting.add(wake);
      token.onCancellationRequested(() => {
        this.#waiting.delete(wake);
        wake();
      });
    });
  }

  /** Says to a client that asks for diagnostics that they are others now, though no text of its own changed; several times at once are one. */
  askToPull(): void {
    this.changed();
    if (this.#isAskingToPull || !this.client.workspace?.diagnostics?.refreshSupport) return;
    this.#isAskingToPull = true;
    void Promise.resolve().then(() => {
      this.#isAskingToPull = false;
      // A client that is gone needs none.
      this.connection.languages.diagnostics.refresh().catch(() => undefined);
    });
  }

  /** Whether a file lies in a folder of the workspace. */
  isInWorkspace(path: string): boolean {
    return this.#folders.some((folder) => folder !== '' && path.startsWith(folder));
  }

  /** What a file that isn’t open comes to, loaded with all that it imports. */
  async loaded(path: string): Promise<{ readonly result: CheckResult; readonly document: Document | undefined }> {
    // Each round loads what the one before came to know; imports of imports aren’t followed for ever.
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const wanted = new Set<string>();
      this.resultOf(path, wanted);
      if (wanted.size === 0) break;
      await Promise.all(Array.from(wanted, (other) => this.load(other)));
    }
    const document = this.documents.read(path);
    return { result: this.resultOf(path), document: document === 'missing' || 'error' in document ? undefined : document };
  }

  /** Lets messages that came meanwhile be read. */
  pause(): Promise<void> {
    return this.#files.pause?.() ?? Promise.resolve();
  }

  /** Forgets what is known of a file that was closed. */
  forget(path: string): void {
    this.documents.forget(path);
    this.display.forget(path);
    this.#checks.delete(path);
    this.#options.delete(path);
    this.#levels.delete(path);
    this.#projectLevels.delete(path);
    this.#joinedLevels.delete(path);
  }

  /** Sets the user's levels of rules in a file, or in all of which nothing is known; says whether that changes anything. */
  setLevels(levels: Levels, path?: string): boolean {
    const before = path === undefined ? this.#commonLevels : this.#levels.get(path) ?? this.#commonLevels;
    if (path === undefined) this.#commonLevels = levels;
    else this.#levels.set(path, levels);
    return this.#joinedAnew(before, levels);
  }

  /** Sets the levels that the project's `vmlayout.json` has for a file: they go before the user's, so that everybody sees what CI sees. */
  setProjectLevels(levels: Levels, path: string): boolean {
    const before = this.#projectLevels.get(path) ?? new Map();
    this.#projectLevels.set(path, levels);
    return this.#joinedAnew(before, levels);
  }

  #joinedAnew(before: Levels, now: Levels): boolean {
    if (sameLevels(before, now)) return false;
    this.#joinedLevels.clear();
    return true;
  }

  setFolders(added: readonly string[], removed: readonly string[]): void {
    const gone = new Set(removed.map(asFolder));
    this.#folders = [...this.#folders.filter((folder) => !gone.has(folder)), ...added.map(asFolder)];
    // What may be read is another question now.
    this.documents.forgetLoaded();
    this.changed();
  }

  /** Loads the text of a path, once however often it is asked for meanwhile. Never fails: an error is kept as such. */
  load(path: string): Promise<void> {
    const running = this.#loading.get(path);
    if (running) return running;
    const loading = this.#read(path).then((loaded) => {
      this.#loading.delete(path);
      this.documents.store(path, loaded);
      this.changed();
    });
    this.#loading.set(path, loading);
    return loading;
  }

  /** The URI of a file: as the client spells it where it is open. */
  uriOf(path: string): string {
    return this.documents.at(path)?.uri ?? uriOfPath(path);
  }

  async #read(path: string): Promise<string | { readonly error: string }> {
    if (!this.#mayRead(path)) return { error: 'it is outside of the workspace' };
    try {
      return await this.#files.read(uriOfPath(path));
    } catch (error) {
      this.log(`reading ${path}`, error);
      return { error: 'it can’t be read' };
    }
  }

  /** Files of the workspace, and those beside a file that the user has opened from elsewhere. */
  #mayRead(path: string): boolean {
    const opened = this.documents.all.map((file) => folderOf(file.path));
    return [...this.#folders, ...opened].some((folder) => folder !== '' && path.startsWith(folder));
  }

  /** The same object while nothing changes. */
  #levelsIn(path: string): Levels {
    const joined = this.#joinedLevels.get(path) ?? new Map([...(this.#levels.get(path) ?? this.#commonLevels), ...(this.#projectLevels.get(path) ?? [])]);
    this.#joinedLevels.set(path, joined);
    return joined;
  }

  /** The same object while neither the date nor the levels change. */
  #optionsFor(path: string): CheckOptions {
    const known = this.#options.get(path);
    const [today, levels] = [this.#today(), this.#levelsIn(path)];
    if (known?.today === today && known.levels === levels) return known;
    const options = { today, levels };
    this.#options.set(path, options);
    return options;
  }
}

type Levels = ReadonlyMap<string, Level | 'off'>;

const MOST_ROUNDS = 100;

const sameLevels = (left: Levels, right: Levels): boolean =>
  left.size === right.size && [...left].every(([rule, level]) => right.get(rule) === level);

const asFolder = (uri: string): string => pathOfUri(uri).replace(/\/*$/, '/');
