import { formatCount, formatSize } from '../layout/address.js';
import { display, type Value } from '../layout/values.js';
import { writeAddress } from '../layout/written.js';

/** `16 GiB` = `0x4_0000_0000` = `17,179,869,184`: the ways it can be written, its own first; nothing for what can't be known. */
export const valueText = (value: Value): string =>
  spellingsOf(value)
    .map((spelling) => `\`${spelling}\``)
    .join(' = ');

/** None for what has no value, and one for what has but a single way to be written. */
export function spellingsOf(value: Value): string[] {
  if (value.type === 'unknown' || value.type === 'thing') return [];
  if (value.type !== 'quantity' || value.value < 10n) return [display(value)];
  const sized = formatSize(value.value);
  const [sizes, address, count] = [/^\d{1,5} [KMGTPE]?i?B$/.test(sized) ? [sized] : [], writeAddress(value.value), formatCount(value.value)];
  switch (value.unit) {
    case 'size':
      return [...sizes, address, count];
    case 'address':
      return [address, ...sizes, count];
    case 'bare':
      return [count, address, ...(value.value % 1024n === 0n ? sizes : [])];
  }
}
