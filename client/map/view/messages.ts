import type { Choice, MapAnswer, MapPlace } from '../../../server/lsp/requests.js';

export type { Choice, MapAnswer, MapPlace, PlacedRecord, PlaceRange } from '../../../server/lsp/requests.js';

/** What the view of the map and the extension tell each other. */

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
