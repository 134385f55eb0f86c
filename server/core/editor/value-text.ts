import { formatCount, formatSize } from '../layout/address.js';
import { display, type Value } from '../layout/values.js';
import { writeAddress } from '../layout/written.js';

/** `16 GiB = 0x4_0000_0000 = 17,179,869,184`, in whichever ways it can be written; nothing for what can't be known. */
export function valueText(value: Value): string {
  if (value.type === 'unknown' || value.type === 'thing') return '';
  if (value.type !== 'quantity' || value.value < 0n) return `\`${display(value)}\``;
  const spellings = new Set([display(value), formatSize(value.value), writeAddress(value.value), formatCount(value.value)]);
  return [...spellings].map((spelling) => `\`${spelling}\``).join(' = ');
}
