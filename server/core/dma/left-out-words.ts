import { formatAddress, formatSize } from '../layout/address.js';
import type { Plan } from './plan.js';
import type { LeftOut } from './requests.js';

/** Why a VMM leaves a range out of a region, in one phrase about `subject`. */
export function reasonLeftOut({ region, range, kept, because }: LeftOut, { page, alignment }: Pick<Plan, 'page' | 'alignment'>, subject = 'it'): string {
  if (kept.length > 0) return `carved for ${kept.map(({ name }) => `\`${name}\``).join(', ')}`;
  if (because === 'bit-63') return `${subject} has bit 63 set, which QEMU takes for a BAR that is being sized`;
  if (because === 'unaligned') {
    const { backing, range: whole, offset } = region;
    const begins = `begins at ${formatAddress(offset ?? 0n)} in ${backing?.own ? 'its memory' : `\`${backing?.name ?? ''}\``}`;
    return `${subject} is at ${formatAddress(whole?.base ?? range.base)} and ${begins}, which differ within a page of ${formatSize(page)}`;
  }
  return `QEMU maps whole pages of ${formatSize(region.kind === 'bar' ? alignment : page)}`;
}
