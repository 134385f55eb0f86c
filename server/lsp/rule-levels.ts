import type { Level } from '../core/index.js';

export type Levels = ReadonlyMap<string, Level | 'off'>;

/** Levels by rule, of each file: the user's, and those of the project, which go first, so that everybody sees what CI sees. */
export class RuleLevels {
  /** By file or folder, a folder with a slash at its end. */
  readonly #user = new Map<string, Levels>();
  readonly #project = new Map<string, Levels>();
  readonly #joined = new Map<string, { readonly levels: Levels; readonly state: number }>();
  #common: Levels = new Map();
  #folders: readonly string[] = [];
  #state = 0;

  /** The same object while nothing changes. */
  of(path: string): Levels {
    const known = this.#joined.get(path);
    if (known?.state === this.#state) return known.levels;
    const joined = new Map([...this.#userIn(path), ...(this.#project.get(path) ?? [])]);
    const levels = known && isSame(known.levels, joined) ? known.levels : joined;
    this.#joined.set(path, { levels, state: this.#state });
    return levels;
  }

  /** Sets the user's levels in a file or folder, or where nothing else is known; says whether that changes anything. */
  setUser(levels: Levels, path?: string): boolean {
    const before = path === undefined ? this.#common : this.#userIn(path);
    if (path === undefined) this.#common = levels;
    else this.#user.set(path, levels);
    return this.#hasChanged(before, levels);
  }

  /** Sets the project's levels of a file; says whether that changes anything. */
  setProject(levels: Levels, path: string): boolean {
    const before = this.#project.get(path) ?? new Map();
    this.#project.set(path, levels);
    return this.#hasChanged(before, levels);
  }

  /** Whether the project's levels of a file were set. */
  hasProject(path: string): boolean {
    return this.#project.has(path);
  }

  /** Says that the project's levels of all files but some are to be set anew. */
  forgetProject(isKept: (path: string) => boolean): void {
    for (const path of [...this.#project.keys()].filter((file) => !isKept(file))) this.#project.delete(path);
    this.#state++;
  }

  /** The folders of the workspace. */
  setFolders(folders: readonly string[]): void {
    this.#folders = folders;
    this.#state++;
  }

  forget(path: string): void {
    this.#user.delete(path);
    this.#project.delete(path);
    this.#joined.delete(path);
  }

  /** Those of the file, else those of the innermost folder that it is in. */
  #userIn(path: string): Levels {
    const inside = this.#folders.filter((folder) => path.startsWith(folder)).reduce((inner, folder) => (folder.length > inner.length ? folder : inner), '');
    return this.#user.get(path) ?? this.#user.get(inside) ?? this.#common;
  }

  #hasChanged(before: Levels, now: Levels): boolean {
    if (isSame(before, now)) return false;
    this.#state++;
    return true;
  }
}

const isSame = (left: Levels, right: Levels): boolean =>
  left.size === right.size && [...left].every(([rule, level]) => right.get(rule) === level);
