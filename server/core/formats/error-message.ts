/** A message that a kernel, a VMM or a manager prints, and what it means for a layout. */
export interface ErrorMessage {
  /** Kebab-case; stable. */
  readonly id: string;
  /** Who prints it. */
  readonly program: string;
  /** Where it is printed: file and function, with versions where the wording changed. */
  readonly source: string;
  readonly pattern: RegExp;
  /** The architecture of the machines that it is about, where it is about one. */
  readonly arch?: 'arm64' | 'x86_64';
  /** Messages of one family in a row are about one error; the one with its numbers is told. */
  readonly family?: 'mapping';
  read(groups: Readonly<Record<string, string | undefined>>): Told;
  /** What is told once more numbers are known, where they stand on lines of their own. */
  tell?(asked: Asked): Told;
}

/** What was asked for: addresses and sizes in bytes. */
export interface Asked {
  /** What was tried, in a few words: `map memory for DMA`. */
  readonly what: string;
  readonly iova?: bigint;
  readonly size?: bigint;
  /** `EINVAL`. */
  readonly errno?: string;
  /** The name the VMM has for the memory: `pc.ram`. */
  readonly region?: string;
  /** The device, as `0000:01:00.0`. */
  readonly device?: string;
  /** RLIMIT_MEMLOCK, in bytes. */
  readonly memlock?: bigint;
  /** A width of addresses that was too small. */
  readonly bits?: number;
}

/** What an error means. */
export interface Told {
  readonly asked: Asked;
  /** The rule that would have told it, where the layout is to blame. */
  readonly rule?: string;
  readonly reason: string;
  readonly fix: string;
}

/** Numbers of Linux for the errors of these interfaces: include/uapi/asm-generic/errno-base.h and errno.h. */
const ERRNOS: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ['EPERM', 'Operation not permitted'],
  2: ['ENOENT', 'No such file or directory'],
  7: ['E2BIG', 'Argument list too long'],
  12: ['ENOMEM', 'Cannot allocate memory'],
  14: ['EFAULT', 'Bad address'],
  16: ['EBUSY', 'Device or resource busy'],
  17: ['EEXIST', 'File exists'],
  22: ['EINVAL', 'Invalid argument'],
  28: ['ENOSPC', 'No space left on device'],
  75: ['EOVERFLOW', 'Value too large for defined data type'],
  95: ['EOPNOTSUPP', 'Operation not supported'],
  98: ['EADDRINUSE', 'Address already in use'],
};

/** The name of an error from its number, with or without a sign, or from the text that the C library has for it. */
export function errnoOf(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  if (/^-?\d+$/.test(written)) return ERRNOS[Math.abs(Number(written))]?.[0] ?? written;
  return Object.values(ERRNOS).find(([, text]) => text === written)?.[0];
}

/** A hexadecimal or decimal number, if there is one. */
export const numberIn = (written: string | undefined): bigint | undefined => (written === undefined ? undefined : BigInt(written));

/** Leaves out what isn't known. */
export function asking(what: string, facts: { readonly [Fact in keyof Omit<Asked, 'what'>]: Asked[Fact] | undefined }): Asked {
  return { what, ...(Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Omit<Asked, 'what'>) };
}
