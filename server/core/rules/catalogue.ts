import type { SealedRule } from './rule.js';
import { doorbellOverlap } from './doorbell-overlap.js';

/** Every rule, in the order in which findings at one place are told: the more specific before the more general. */
export const RULES: readonly SealedRule[] = [doorbellOverlap];
