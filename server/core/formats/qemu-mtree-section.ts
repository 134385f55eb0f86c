import type { Range } from '../layout/intervals.js';

/** What flat views and trees of `info mtree` have in common: a region of memory on a line. */
export const SECTION_TYPES = ['ram', 'rom', 'romd', 'ramd', 'i/o'] as const;

/**
 * `ram`, `rom` (read-only RAM, or a read-only alias of a ROM device), `romd` (a ROM device such as flash, in the mode
 * in which it reads as memory), `ramd` (memory of a device), `i/o` (registers, and everything else).
 */
export type SectionType = (typeof SECTION_TYPES)[number];

export interface FlatSection {
  readonly line: number;
  readonly range: Range;
  readonly priority: number;
  readonly type: SectionType;
  /** Printed as `nv-ram`: contents outlive the machine. */
  readonly nonvolatile: boolean;
  /** Name of the memory region. */
  readonly region: string;
  /** Where the section begins in its region, in bytes. */
  readonly offset: bigint;
  /** `obj path=/objects/pc.ram` and the like, with `-o`; empty without. */
  readonly owner: string;
  /** Whether KVM has a memory slot for it. */
  readonly accelerated: boolean;
}

const ACCELERATORS = /(?: (?:kvm|hvf|whpx|nvmm|mshv|xen))+$/i;
const OWNERS = /(?: (?:owner|parent):\{[^{}]*\}| orphan)+$/;

/** `NAME @OFFSET owner:{…} KVM`, taken apart from its end because names may hold anything. */
export function parseName(text: string): Pick<FlatSection, 'region' | 'offset' | 'owner' | 'accelerated'> {
  const accelerated = ACCELERATORS.test(text);
  const unmarked = text.replace(ACCELERATORS, '');
  const owners = OWNERS.exec(unmarked)?.[0] ?? '';
  const named = unmarked.slice(0, unmarked.length - owners.length);
  const [, region = named, offset = '0'] = /^(.*) @([0-9a-f]{1,16})$/.exec(named) ?? [];
  const owner = owners.trim().replace(/^(?:owner|parent):\{([^{}]*)\}.*$/, '$1');
  return { region, offset: BigInt(`0x${offset}`), owner, accelerated };
}
