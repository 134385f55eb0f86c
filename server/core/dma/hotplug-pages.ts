import { ADDRESS_SPACE, smallest } from '../layout/address.js';
import { openContainer } from './contract.js';
import type { HotplugSystem } from './hotplug-replay.js';
import type { AttachRequest } from './verdict.js';
import { ALL_ADDRESSES } from './usable-ranges.js';

/** Which page mappings must be multiples of, whoever is attached. Asked once for each set of leaf sizes. */
export class Pages {
  readonly #system: HotplugSystem;
  readonly #attached: readonly AttachRequest[];
  readonly #known = new Map<string, bigint>();

  constructor(system: HotplugSystem, attached: readonly AttachRequest[]) {
    this.#system = system;
    this.#attached = attached;
  }

  /** Bytes, with these groups beside those that are attached; 1 where nobody is. */
  with(groups: readonly AttachRequest[]): bigint {
    const key = groups.map(sizesOf).sort().join('|');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let container = openContainer(this.#system.options);
    for (const group of [...this.#attached, ...groups]) [container] = container.attach({ ...group, kept: [], aperture: ALL_ADDRESSES });
    const page = container.alignment();
    this.#known.set(key, page);
    return page;
  }

  /** Pairs that have a coarser page together than each of them by itself, one pair for each pair of leaf sizes. */
  *coarserPairs<T>(groups: readonly T[], groupOf: (group: T) => AttachRequest): Generator<readonly [T, T]> {
    const kinds = new Map(groups.map((group) => [sizesOf(groupOf(group)), group]));
    for (const left of kinds.values()) {
      for (const right of groups) {
        const [one, two] = [groupOf(left), groupOf(right)];
        if (left !== right && this.with([one, two]) > this.with([one]) && this.with([one, two]) > this.with([two])) yield [left, right];
      }
    }
  }
}

const sizesOf = ({ pageSizes }: AttachRequest): string => pageSizes.join(',');

/** The coarsest page that divides all of these. */
export const leastOf = (alignments: readonly bigint[]): bigint => smallest(ADDRESS_SPACE, ...alignments);
