import { existsSync } from 'node:fs';
import path from 'node:path';
import { CONFIGURATION_NAME, LineIndex, readConfiguration, type Configuration } from '../core/index.js';
import { STANDARD_INPUT, type Files } from './files.js';
import { Misuse } from './session.js';

/** A configuration, and the folder that its globs count from. */
export interface FoundConfiguration extends Configuration {
  readonly folder: string;
}

/** The `vmlayout.json` of each folder, each read once. */
export class Configurations {
  readonly #folder: string;
  readonly #files: Files;
  readonly #known = new Map<string, FoundConfiguration | undefined>();

  constructor(folder: string, files: Files) {
    this.#folder = folder;
    this.#files = files;
  }

  /** That of the working directory: it holds for a whole run. */
  get own(): FoundConfiguration | undefined {
    return this.#above(path.resolve(this.#folder));
  }

  /** That of a file: the nearest in its folder, or above it. Misuse where something in it is wrong. */
  of(name: string): FoundConfiguration | undefined {
    return name === STANDARD_INPUT ? this.own : this.#above(path.dirname(path.resolve(this.#folder, name)));
  }

  #above(folder: string): FoundConfiguration | undefined {
    if (!this.#known.has(folder)) {
      const parent = path.dirname(folder);
      this.#known.set(folder, this.#in(folder) ?? (parent === folder ? undefined : this.#above(parent)));
    }
    return this.#known.get(folder);
  }

  #in(folder: string): FoundConfiguration | undefined {
    const file = path.join(folder, CONFIGURATION_NAME);
    if (!existsSync(file)) return undefined;
    const shown = path.relative(this.#folder, file) || file;
    const loaded = this.#files.read(file);
    if ('error' in loaded) throw new Misuse(`${shown}: ${loaded.error}`);
    const { configuration, problems } = readConfiguration(loaded.text);
    const [problem, ...others] = problems;
    if (!problem) return { ...configuration, folder };
    const { line, character } = new LineIndex(loaded.text).positionOf(problem.start);
    throw new Misuse(`${shown}:${line + 1}:${character + 1}: ${problem.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`);
  }
}
