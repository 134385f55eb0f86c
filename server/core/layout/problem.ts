import type { Repair } from '../syntax/problems.js';
import type { Place } from './place.js';

/** Rules of the language: what names and values have to obey. Each is told by the rule of that name. */
export type LanguageRule =
  | 'unknown-name'
  | 'duplicate-name'
  | 'type-mismatch'
  | 'value-range'
  | 'cycle'
  | 'import-missing'
  | 'property-lost'
  | 'value-missing';

/** Something in the text that can't be understood, at the place that caused it. */
export interface Problem {
  readonly rule: LanguageRule;
  readonly place: Place;
  readonly message: string;
  /** The other party, if there is one. */
  readonly note?: { readonly place: Place; readonly message: string };
  /** A replacement in the same item that would mend it. */
  readonly repair?: Repair;
}
