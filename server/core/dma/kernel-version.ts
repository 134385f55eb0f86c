import type { KernelRelease } from '../layout/model.js';

/** A Linux release, as far as verdicts depend on it: `6.12` of `6.12.95-1`. */
export type KernelVersion = KernelRelease;

/** Reads `6.6`, `v5.4-rc2` or a whole `uname -r`; nothing if the text doesn't start with a release. */
export function parseKernel(text: string): KernelVersion | undefined {
  const match = /^\s*v?(\d{1,4})\.(\d{1,4})(?!\d)/.exec(text);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

/** Whether `kernel` is the release `major.minor` or a later one. */
export const atLeast = (kernel: KernelVersion, major: number, minor: number): boolean =>
  kernel.major > major || (kernel.major === major && kernel.minor >= minor);

export const formatKernel = (kernel: KernelVersion): string => `${kernel.major}.${kernel.minor}`;
