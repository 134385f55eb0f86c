/** What the readers of other people's formats take and give. */

export interface ImportFile {
  /** Where the text came from, as the user would write it; used in messages and to name what is imported. */
  readonly path: string;
  readonly text: string;
  /** The IOMMU group that the file belongs to, where the caller knows it (a sysfs directory). */
  readonly group?: string;
  /** Names of the devices in that group, as sysfs lists them beside the file: `0000:01:00.0`. */
  readonly devices?: readonly string[];
  /** The machine that the file is about, where several files are about one. */
  readonly machine?: string;
  /** What the file holds, where that is no text; then `text` is empty. */
  readonly bytes?: Uint8Array;
  /** Asks for a file that this one includes, by what stands in its `#include`. Nothing if it can't be had. */
  readonly include?: (name: string, from: string) => { readonly path: string; readonly text: string } | undefined;
}

/** The layout of the host that an imported vm is said to run on. */
export interface ImportHost {
  /** Written into `import "…"`. */
  readonly path: string;
  /** The text of that layout: its hosts are looked up in it. */
  readonly text?: string;
  /** The host's name, instead of looking into `text`. */
  readonly name?: string;
}

export interface ImportOptions {
  /** Name of the vm or host to write, instead of one made from the file's name. */
  readonly name?: string;
  readonly host?: ImportHost;
  /** Whether all that is read of hosts is of one machine, however the files are called. */
  readonly isOneMachine?: boolean;
  /** Whether a device tree is that of a host or of a guest, instead of what it looks like. */
  readonly as?: 'host' | 'vm';
}

export interface LineError {
  /** Counted from 1. */
  readonly line: number;
  /** The byte at fault, in a file that has no lines. */
  readonly offset?: number;
  readonly message: string;
}

export interface ImportError extends LineError {
  readonly path: string;
}

/** A layout, and what it could not say; or what is wrong with the input, and then no text at all. */
export type ImportResult =
  | { readonly text: string; readonly notes: readonly string[] }
  | { readonly errors: readonly ImportError[] };

/** Errors told per file; more would bury the first, which is mostly the cause. */
export const MOST_ERRORS = 20;

/** Ranges that a file may hold. Real machines have some hundred; the rest is no memory map. */
export const MOST_RANGES = 20_000;

/** The last part of a path, whichever slash it is written with. */
export const fileName = (path: string): string => /[^/\\]*$/.exec(path)?.[0] ?? path;
