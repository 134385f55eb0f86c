import { ErrorCodes, ResponseError, type CancellationToken, type Connection, type InitializeParams } from 'vscode-languageserver';
import { checkNextVersion, folderOf, isLoaded, type CheckedFile, type CheckOptions, type CheckResult, type Document, type TextState } from '../core/index.js';
import { abilitiesOf, type Abilities } from './abilities.js';
import { Displays } from './display.js';
import { Documents, type OpenFile } from './documents.js';
import { foldersOf, pathOfUri, uriOfPath, type Files } from './files.js';
import { ProjectConfigurations } from './project-configuration.js';
import { RuleLevels } from './rule-levels.js';

/** What the last check of a file came to; its text, where it is open or loaded. */
export interface Checked<Text = Document> extends CheckedFile {
  readonly document: Text;
  /** The same object for as long as nothing changes that the check looked into. */
  readonly result: CheckResult;
  /** Files it looked into, and what it found there. */
  readonly reads: ReadonlyMap<string, TextState>;
  /** Files it would have to look into and that nobody has loaded yet. */
  readonly wanted: ReadonlySet<string>;
  /** The state of all texts and settings in which it was last found to hold. */
  readonly state: number;
}

/** One conversation: the client's abilities, the texts, the settings, and what was found. */
export class Session {
  readonly connection: Connection;
  readonly client: Abilities;
  readonly documents = new Documents();
  readonly configurations: ProjectConfigurations;
  /** What is shown besides findings, by file. */
  readonly display: Displays;
  readonly #files: Files;
  readonly #today: () => string;
  readonly #checks = new Map<string, Checked<TextState>>();
  readonly #loading = new Map<string, Promise<void>>();
  #folders: readonly string[];
  #listed: Promise<readonly string[]> | undefined;
  readonly #options = new Map<string, CheckOptions>();
  readonly #followers: ((path: string) => void)[] = [];
  readonly levels = new RuleLevels();
  /** Settled once the settings of the workspace are known, and the client tells of files that change: what is read before that could be old for ever. */
  ready: Promise<unknown> = Promise.resolve();
  #state = 0;
  #waiting = new Set<() => void>();
  #isAskingToPull = false;
  #isEnded = false;

  constructor(connection: Connection, params: InitializeParams, files: Files, today: () => string) {
    this.connection = connection;
    this.client = abilitiesOf(params);
    this.#files = files;
    this.display = new Displays(connection, this.client);
    this.configurations = new ProjectConfigurations(files);
    this.#today = today;
    this.#folders = foldersOf(params).map(asFolder);
    this.levels.setFolders(this.#folders);
  }

  /** Runs a handler so that it never fails: a crash is logged and answered with `otherwise`. After the end it is refused. */
  guard<Params, Result>(what: string, otherwise: Result, handler: (params: Params) => Result): (params: Params) => Result {
    return (params) => {
      if (this.#isEnded) throw new ResponseError(ErrorCodes.InvalidRequest, 'the server was told to shut down');
      try {
        return handler(params);
      } catch (error) {
        this.log(what, error);
        return otherwise;
      }
    };
  }

  /** The same for a handler that has to wait, and may refuse to answer. */
  guardLater<Params extends unknown[], Result>(what: string, otherwise: Result, handler: (...params: Params) => Promise<Result>): (...params: Params) => Promise<Result> {
    return async (...params) => {
      if (this.#isEnded) throw new ResponseError(ErrorCodes.InvalidRequest, 'the server was told to shut down');
      try {
        return await handler(...params);
      } catch (error) {
        if (error instanceof ResponseError) throw error;
        this.log(what, error);
        return otherwise;
      }
    };
  }

  /** Says that the client wants nothing any more. */
  end(): void {
    this.#isEnded = true;
    this.changed();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  log(what: string, error: unknown): void {
    this.connection.console.error(`${what} failed: ${error instanceof Error ? error.stack ?? error.message : `${error}`}`);
  }

  /** What an open file comes to, in the present state of all texts: checked again only where something changed that it looks into. */
  check(file: OpenFile): Checked {
    return this.#checked(file.path, file.document);
  }

  /** The same of a file that is open or loaded. */
  checkAt(path: string): Checked<TextState> {
    return this.#checked(path, this.documents.read(path));
  }

  #checked<Text extends TextState>(path: string, document: Text): Checked<Text> {
    const options = this.#optionsFor(path);
    const known = this.#checks.get(path);
    if (known && known.document === document && known.options === options && (known.state === this.#state || this.#readsTheSame(known))) {
      const still = { ...known, document, state: this.#state };
      this.#checks.set(path, still);
      return still;
    }
    const [reads, wanted] = [new Map<string, TextState>(), new Set<string>()];
    const world = {
      read: (asked: string) => {
        const loaded = this.documents.read(asked);
        reads.set(asked, loaded);
        if (loaded === 'missing') wanted.add(asked);
        return loaded;
      },
    };
    const result = checkNextVersion(path, world, options, known?.result);
    const checked = { path, document, world: this.documents, options, result, reads, wanted, state: this.#state };
    this.#checks.set(path, checked);
    return checked;
  }

  #readsTheSame({ reads }: Checked<TextState>): boolean {
    for (const [path, loaded] of reads) if (this.documents.read(path) !== loaded) return false;
    return true;
  }

  /** Every layout of the workspace, and whatever is open besides: loaded first, where the host can list them. */
  async everyFile(): Promise<{ readonly path: string; readonly document: Document }[]> {
    const paths = await this.everyPath();
    await Promise.all(paths.filter((path) => this.documents.read(path) === 'missing').map((path) => this.load(path)));
    return paths.flatMap((path) => {
      const document = this.documents.read(path);
      return isLoaded(document) ? [{ path, document }] : [];
    });
  }

  /** The paths of all these files; none is loaded. */
  async everyPath(): Promise<string[]> {
    return [...new Set([...this.documents.all.map(({ path }) => path), ...(await this.#layouts())])];
  }

  /** Layouts below the folders of the workspace: listed once, where the client tells of files that come and go. */
  #layouts(): Promise<readonly string[]> {
    if (this.#listed) return this.#listed;
    const listed = Promise.all(this.#folders.map((folder) => this.#layoutsBelow(folder))).then((paths) => paths.flat());
    if (this.client.registersFiles) this.#listed = listed;
    return listed;
  }

  /** Never fails: a folder that can't be listed now may be later, and the others are there meanwhile. */
  async #layoutsBelow(folder: string): Promise<string[]> {
    try {
      return ((await this.#files.list?.(uriOfPath(folder))) ?? []).map(pathOfUri);
    } catch (error) {
      this.log(`listing ${folder}`, error);
      this.forgetListed();
      return [];
    }
  }

  /** Says that layouts may have come or gone. */
  forgetListed(): void {
    this.#listed = undefined;
  }

  /** Says that the stored text of a file may be another one now: what is loaded, or on its way, is old. */
  forgetLoaded(path: string): void {
    this.documents.forget(path);
    this.#loading.delete(path);
  }

  /** The files in a folder (with a slash at its end), and below, of which something is known or on its way. */
  knownBelow(folder: string): string[] {
    const known = [...this.documents.present.map(({ path }) => path), ...this.#loading.keys(), ...this.#checks.keys(), ...this.configurations.known];
    return [...new Set(known)].filter((path) => path.startsWith(folder));
  }

  /** The folders of the workspace, as the settings that hold in them are asked for. */
  get folders(): { readonly uri: string; readonly path: string }[] {
    return this.#folders.map((path) => ({ uri: uriOfPath(path.replace(/\/$/, '')), path }));
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
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        cancelling.dispose();
        resolve();
      };
      const cancelling = token.onCancellationRequested(wake);
      this.#waiting.add(wake);
    });
  }

  /** Says to a client that asks for diagnostics that they are others now, though no text of its own changed; several times at once are one. */
  askToPull(): void {
    if (this.#isAskingToPull || !this.client.refreshesDiagnostics) return;
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

  /** Lets messages that came meanwhile be read; in milliseconds, how long. */
  pause(milliseconds = 0): Promise<void> {
    return this.#files.pause?.(milliseconds) ?? Promise.resolve();
  }

  /** Calls for each file that is closed or gone. */
  onForgotten(follow: (path: string) => void): void {
    this.#followers.push(follow);
  }

  /** Forgets what is known of a file that is closed or gone. */
  forget(path: string): void {
    for (const follow of this.#followers) follow(path);
    this.documents.forget(path);
    this.display.forget(path);
    this.#checks.delete(path);
    this.#options.delete(path);
    this.levels.forget(path);
  }

  setFolders(added: readonly string[], removed: readonly string[]): void {
    const gone = new Set(removed.map(asFolder));
    this.#folders = [...this.#folders.filter((folder) => !gone.has(folder)), ...added.map(asFolder)];
    // What may be read is another question now, and what holds there.
    this.documents.forgetLoaded();
    this.#loading.clear();
    this.forgetListed();
    this.levels.setFolders(this.#folders);
    this.changed();
  }

  /** Loads the text of a path, once however often it is asked for meanwhile. Never fails: an error is kept as such. */
  load(path: string): Promise<void> {
    const running = this.#loading.get(path);
    if (running) return running;
    const loading = this.#read(path).then((loaded) => {
      // The file has changed meanwhile: who waits asks again.
      if (this.#loading.get(path) !== loading) return;
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

  /** The same object while neither the date nor the levels change. */
  #optionsFor(path: string): CheckOptions {
    const known = this.#options.get(path);
    const [today, levels] = [this.#today(), this.levels.of(path)];
    if (known?.today === today && known.levels === levels) return known;
    const options = { today, levels };
    this.#options.set(path, options);
    return options;
  }
}

const asFolder = (uri: string): string => pathOfUri(uri).replace(/\/*$/, '/');
