import { alignUp, GIB, KIB, MIB } from '../layout/address.js';
import type { Element } from '../layout/elements.js';
import type { Evaluator } from '../layout/evaluate.js';
import { baseOf, lengthOf } from '../layout/extents.js';
import { writeAddress } from '../layout/written.js';
import { REGION_KEYWORDS } from '../syntax/vocabulary.js';

/** The address after the highest region of a vm, aligned to the largest usual block that fits into the region to be placed. */
export function freeAddress(region: Element, evaluator: Evaluator): string | undefined {
  const address = alignUp(highestEnd(region.parent, evaluator, region), blockFor(region, evaluator));
  return address < 1n << 64n ? writeAddress(address) : undefined;
}

/** One past the highest region of a vm; 0 where it has none. `besides` doesn't count. */
export function highestEnd(vm: Element | undefined, evaluator: Evaluator, besides?: Element): bigint {
  const others = (vm?.children ?? []).filter((child) => child !== besides && REGION_KEYWORDS.has(child.keyword));
  const ends = others.flatMap((other) => {
    const base = baseOf(other, evaluator);
    const length = lengthOf(other, evaluator);
    return base.type === 'quantity' && length.type === 'quantity' ? [base.value + length.value] : [];
  });
  return ends.reduce((most, end) => (end > most ? end : most), 0n);
}

function blockFor(region: Element, evaluator: Evaluator): bigint {
  const length = lengthOf(region, evaluator);
  if (length.type !== 'quantity') return 2n * MIB;
  return [GIB, 2n * MIB].find((block) => block <= length.value) ?? 4n * KIB;
}
