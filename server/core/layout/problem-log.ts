import { ADDRESS_SPACE, formatAddress } from './address.js';
import type { Place } from './place.js';
import type { LanguageRule, Problem } from './problem.js';
import { describe, type Value } from './values.js';

/** Gathers what is wrong, and takes values for what a place wants: what doesn't fit is told there, and is nothing. */
export class ProblemLog {
  readonly problems: Problem[] = [];

  /** A bare number, size or address as an address below 2^64; a size counts from 0. */
  wantAddress(value: Value, place: Place): bigint | undefined {
    if (value.type !== 'quantity') return this.#wrongType(value, place, 'an address');
    if (value.value >= 0n && value.value < ADDRESS_SPACE) return value.value;
    const why = value.value < 0n ? 'is below 0' : 'is not below 2^64';
    this.report('value-range', place, `the address ${formatAddress(value.value)} ${why}`);
    return undefined;
  }

  /** A bare number or size as a size of at least 1 byte and at most 2^64 bytes. */
  wantSize(value: Value, place: Place): bigint | undefined {
    if (value.type !== 'quantity' || value.unit === 'address') return this.#wrongType(value, place, 'a size');
    if (value.value > 0n && value.value <= ADDRESS_SPACE) return value.value;
    const why = value.value <= 0n ? 'a size is at least 1 byte' : `the size ${formatAddress(value.value)} is more than 2^64 bytes`;
    this.report('value-range', place, why);
    return undefined;
  }

  /** A bare number between two bounds, both inclusive. */
  wantNumber(value: Value, place: Place, least: bigint, most: bigint): bigint | undefined {
    if (value.type !== 'quantity' || value.unit !== 'bare') return this.#wrongType(value, place, 'a number');
    if (value.value >= least && value.value <= most) return value.value;
    this.report('value-range', place, `${value.value} is not between ${least} and ${most}`);
    return undefined;
  }

  #wrongType(value: Value, place: Place, wanted: string): undefined {
    if (value.type !== 'unknown') this.report('type-mismatch', place, `expected ${wanted}, found ${describe(value)}`);
    return undefined;
  }

  report(rule: LanguageRule, place: Place, message: string, more: Pick<Problem, 'note' | 'repair'> = {}): void {
    this.problems.push({ rule, place, message, ...more });
  }
}
