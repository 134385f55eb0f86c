import type { Leaves } from '../dma/leaves.js';
import { formatAddress } from '../layout/address.js';

/** Counts by the size of the leaf: there are fewer than 2^53 leaves of a page in 2^64 bytes, so a number holds them. */
export const leavesRecord = (leaves: Leaves) => Object.fromEntries([...leaves].map(([size, count]) => [formatAddress(size), Number(count)]));
