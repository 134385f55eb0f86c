import { rowsOf, type Row } from '../../../server/core/map/rows.js';
import type { State } from './state.js';
import { byId, make, words } from './surroundings.js';

const ROW_HEIGHT = 24;
/** Rows that are there above and below what can be seen. */
const SPARE = 12;

export interface TableListener {
  chose(item: string, reveal: boolean): void;
  /** Back to the drawing. */
  left(): void;
}

/**
 * The same content as a table: one row can be reached with Tab, the arrow keys go on from there. Of many rows only those
 * in view are in the page, and each says which of how many it is.
 */
export class Table {
  readonly #box = byId('table-box');
  readonly #body = byId('rows');
  readonly #listener: TableListener;
  #rows: readonly Row[] = [];
  #of: State['model'] | undefined;
  #selected: string | undefined;
  /** The row that Tab leads to. */
  #active = 0;
  #from = -1;
  #to = -1;

  constructor(listener: TableListener) {
    this.#listener = listener;
    byId('table-head').append(make('tr', { 'aria-rowindex': 1 }, ...words.headings.map((heading) => make('th', { scope: 'col' }, heading))));
    this.#box.addEventListener('scroll', () => this.#fill(false));
    this.#body.addEventListener('keydown', (event) => this.#key(event));
    this.#body.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest('tr[data-item]') : null;
      if (row) this.#listener.chose(row.getAttribute('data-item') ?? '', true);
    });
    byId<HTMLDetailsElement>('table-part').addEventListener('toggle', () => this.#fill(true));
  }

  show(state: State): void {
    const changed = state.model !== this.#of;
    if (changed) {
      this.#of = state.model;
      this.#rows = rowsOf(state.model);
      this.#active = Math.min(this.#active, Math.max(0, this.#rows.length - 1));
      byId('table-count').textContent = `(${this.#rows.length})`;
      byId('table').setAttribute('aria-rowcount', `${this.#rows.length + 1}`);
    }
    if (!changed && state.selected === this.#selected) return;
    this.#selected = state.selected;
    const chosen = this.#rows.findIndex(({ item }) => item === state.selected);
    if (chosen >= 0) this.#scrollTo(chosen);
    this.#fill(true);
  }

  /** Opens the table and goes to the chosen item in it. */
  focus(): void {
    byId<HTMLDetailsElement>('table-part').open = true;
    this.#scrollTo(this.#active);
    this.#fill(true);
    this.#focus();
    byId('table-part').scrollIntoView({ block: 'nearest' });
  }

  #scrollTo(index: number): void {
    this.#active = index;
    const top = index * ROW_HEIGHT;
    const height = this.#box.clientHeight - ROW_HEIGHT;
    if (top < this.#box.scrollTop) this.#box.scrollTop = top;
    else if (top + ROW_HEIGHT > this.#box.scrollTop + height) this.#box.scrollTop = top + ROW_HEIGHT - height;
  }

  #fill(anew: boolean): void {
    if (!byId<HTMLDetailsElement>('table-part').open) return;
    const first = Math.max(0, Math.floor(this.#box.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.#rows.length, first + Math.ceil(Math.max(this.#box.clientHeight, 200) / ROW_HEIGHT) + 2 * SPARE);
    if (!anew && first === this.#from && last === this.#to) return;
    [this.#from, this.#to] = [first, last];
    const hadFocus = this.#body.contains(document.activeElement);
    const rows = this.#rows.slice(first, last).map((row, index) => this.#rowOf(row, first + index));
    this.#body.replaceChildren(space(first), ...rows, space(this.#rows.length - last));
    if (hadFocus) this.#focus();
  }

  #rowOf({ item, space: where, first, last, size, kind, name, details, hits }: Row, index: number): HTMLElement {
    const cells = [where, first, last, size, kind, name, hits.join(', '), details].map((text, column) =>
      column === 5 ? make('th', { scope: 'row' }, text) : make('td', { class: column === 1 || column === 2 ? 'address' : undefined }, text));
    return make('tr', { 'data-item': item, 'data-index': index, 'aria-rowindex': index + 2, tabindex: index === this.#active ? 0 : -1, 'aria-selected': item === this.#selected }, ...cells);
  }

  #key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -this.#rows.length, End: this.#rows.length };
    const move = moves[event.key];
    const item = this.#rows[this.#active]?.item;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (item !== undefined) this.#listener.chose(item, true);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.#listener.left();
    } else if (move !== undefined) {
      event.preventDefault();
      this.#scrollTo(Math.min(this.#rows.length - 1, Math.max(0, this.#active + move)));
      this.#fill(true);
      this.#focus();
      const next = this.#rows[this.#active]?.item;
      if (next !== undefined) this.#listener.chose(next, false);
    }
  }

  #focus(): void {
    this.#body.querySelector<HTMLElement>(`tr[data-index="${this.#active}"]`)?.focus({ preventScroll: true });
  }
}

/** Keeps the place of rows that are not in the page. */
function space(rows: number): HTMLElement {
  const cell = make('td', { colspan: words.headings.length });
  cell.style.height = `${rows * ROW_HEIGHT}px`;
  const row = make('tr', { 'aria-hidden': true, class: 'spare' }, cell);
  row.hidden = rows === 0;
  return row;
}
