import type { MapRecord } from '../../../server/core/map/record.js';

/** What the view of the map and the extension tell each other. Addresses are hexadecimal strings. */

/** Where something is written, in lines and characters from 0. */
export interface MapPlace {
  readonly uri: string;
  readonly range: PlaceRange;
  /** Its whole declaration. */
  readonly whole: PlaceRange;
}

export interface PlaceRange {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

export type PlacedRecord = MapRecord<MapPlace>;

export interface Choice {
  readonly vm: string;
  readonly host?: string;
}

/** What the language server answers to `vmlayout/map`. */
export interface MapAnswer {
  readonly version: number;
  readonly choices: readonly Choice[];
  readonly map?: PlacedRecord;
  readonly stances?: readonly PlacedRecord[];
  readonly fixes?: readonly { readonly title: string; readonly edits: readonly unknown[]; readonly map: PlacedRecord }[];
}

export type ToView =
  | { readonly kind: 'map'; readonly file: string; readonly answer: MapAnswer }
  | { readonly kind: 'nothing'; readonly why: string }
  /** The cursor stands in the declaration of these items. */
  | { readonly kind: 'cursor'; readonly items: readonly string[] }
  | { readonly kind: 'export'; readonly format: ExportFormat }
  /** The keyboard is for the drawing from now on. */
  | { readonly kind: 'focus' };

export type ExportFormat = 'svg' | 'png';

export type ToExtension =
  | { readonly kind: 'ready' }
  | { readonly kind: 'choose'; readonly choice: Choice; readonly stances: boolean; readonly fixesOf?: number }
  /** Show the declaration in the text; with `focus` the cursor goes there, too. */
  | { readonly kind: 'reveal'; readonly place: MapPlace; readonly focus: boolean }
  /** Apply a fix that was offered for the text in this version. */
  | { readonly kind: 'fix'; readonly version: number; readonly title: string }
  /** `content` is text, or base64 of a PNG. */
  | { readonly kind: 'save'; readonly format: ExportFormat; readonly name: string; readonly content: string };
