import type { Space } from '../../../server/core/map/model.js';
import type { PlacedItem, State } from './state.js';

/** What a key on the drawing asks for. */
export type Wish =
  | { readonly kind: 'choose'; readonly item: string | undefined }
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'pan'; readonly share: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'fit' }
  | { readonly kind: 'reveal' }
  | { readonly kind: 'table' };

/** The wish behind a key; nothing where the key is not for the drawing. */
export function wishOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent, state: State): Wish | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  switch (key) {
    case 'ArrowDown':
      return shiftKey ? { kind: 'pan', share: 0.15 } : neighbour(state, 1);
    case 'ArrowUp':
      return shiftKey ? { kind: 'pan', share: -0.15 } : neighbour(state, -1);
    case 'ArrowRight':
      return across(state, 'iova');
    case 'ArrowLeft':
      return across(state, 'gpa');
    case 'Home':
      return { kind: 'choose', item: inSpace(state, spaceOf(state))[0]?.id };
    case 'End':
      return { kind: 'choose', item: inSpace(state, spaceOf(state)).at(-1)?.id };
    case 'PageDown':
      return { kind: 'pan', share: 0.8 };
    case 'PageUp':
      return { kind: 'pan', share: -0.8 };
    case '+':
    case '=':
      return { kind: 'zoom', factor: 1 / 1.6 };
    case '-':
    case '_':
      return { kind: 'zoom', factor: 1.6 };
    case '0':
      return { kind: 'all' };
    case 'f':
    case 'F':
      return { kind: 'fit' };
    case 'Enter':
    case ' ':
      return { kind: 'reveal' };
    case 't':
    case 'T':
      return { kind: 'table' };
    case 'Escape':
      return { kind: 'choose', item: undefined };
    default:
      return undefined;
  }
}

const selectedOf = ({ model, selected }: State): PlacedItem | undefined => model.items.find(({ id }) => id === selected);

const spaceOf = (state: State): Space => selectedOf(state)?.space ?? 'gpa';

const inSpace = ({ model }: State, space: Space): PlacedItem[] => model.items.filter((item) => item.space === space);

/** The next item of the same space, or the first. */
function neighbour(state: State, by: 1 | -1): Wish {
  const items = inSpace(state, spaceOf(state));
  const at = items.findIndex(({ id }) => id === state.selected);
  const next = at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by));
  return { kind: 'choose', item: items[next]?.id };
}

/** The item of another space that begins nearest to the chosen one. */
function across(state: State, space: Space): Wish {
  const base = selectedOf(state)?.range.base ?? 0n;
  const away = ({ range }: PlacedItem): bigint => (range.base > base ? range.base - base : base - range.base);
  const [first, ...others] = inSpace(state, space);
  const nearest = first && others.reduce((best, item) => (away(item) < away(best) ? item : best), first);
  return { kind: 'choose', item: nearest?.id ?? state.selected };
}
