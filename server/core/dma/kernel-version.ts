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

/**
 * The releases from which on a contract answers otherwise, and the one before all of them (`undefined`): type1 counts
 * mappings since 5.1, looks at ranges since 5.4, refuses `direct` everywhere since 6.6, names a wrap-around since 6.18;
 * iommufd came with 6.2.
 */
export const KERNEL_CHANGES: Readonly<Record<'type1' | 'iommufd', readonly (KernelVersion | undefined)[]>> = {
  type1: [undefined, { major: 5, minor: 1 }, { major: 5, minor: 4 }, { major: 6, minor: 6 }, { major: 6, minor: 18 }],
  iommufd: [{ major: 6, minor: 2 }, { major: 6, minor: 6 }, { major: 6, minor: 18 }],
};

export const formatKernel = (kernel: KernelVersion): string => `${kernel.major}.${kernel.minor}`;
