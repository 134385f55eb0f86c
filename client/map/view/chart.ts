import { addressAt, panned, positionOf, zoomed, type View } from '../../../server/core/map/axis.js';
import { leastWidth } from '../../../server/core/map/columns.js';
import { drawHeadings, drawMap, HEADINGS } from '../../../server/core/map/scene.js';
import { svgOf } from '../../../server/core/map/svg.js';
import { writeAddress } from '../../../server/core/layout/written.js';
import { Drawing, momentOf, type State } from './state.js';
import { byId, wantsLessMotion } from './surroundings.js';

type Window = View['window'];

/** Pixels above the first and below the last address, for what stands on the edge. */
const EDGE = 12;
/** Pixels beside the drawing. */
const PADDING = 6;

export interface ChartListener {
  moved(window: Window): void;
  chose(item: string | undefined, reveal: boolean): void;
  choseHit(number: number): void;
}

/** The drawing: it shows a state, and tells where the user goes and what is pointed at. Drawn at most once a frame. */
export class Chart {
  readonly #drawing = new Drawing();
  readonly #box = byId('chart');
  readonly #svg = byId<SVGSVGElement>('drawing');
  readonly #listener: ChartListener;
  #state: State;
  #pending = 0;
  #moving = 0;
  /** Where the pointer went down, as long as it is. */
  #drag: { y: number; window: Window; moved: boolean } | undefined;

  constructor(state: State, listener: ChartListener) {
    this.#state = state;
    this.#listener = listener;
    new ResizeObserver(() => this.#request()).observe(this.#box);
    this.#box.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.#box.addEventListener('pointerdown', (event) => this.#down(event));
    this.#box.addEventListener('pointermove', (event) => this.#move(event));
    this.#box.addEventListener('pointerup', (event) => this.#up(event));
    this.#box.addEventListener('pointercancel', () => this.#drop());
    this.#box.addEventListener('dblclick', (event) => this.#zoomAt(this.#positionOf(event), 0.4, true));
    this.#box.addEventListener('pointerleave', () => this.#tellAddress(undefined));
  }

  show(state: State): void {
    this.#state = state;
    this.#request();
  }

  get #height(): number {
    return Math.max(60, this.#box.clientHeight - HEADINGS - 2 * EDGE);
  }

  get view(): View {
    return this.#drawing.viewOf(this.#state, this.#height);
  }

  focus(): void {
    this.#box.focus();
  }

  /** Zooms around a position, or around the middle. */
  zoom(factor: number, position = this.#height / 2): void {
    this.#zoomAt(position, factor, true);
  }

  pan(share: number): void {
    this.go(panned(this.view, share * this.#height));
  }

  /** Goes to a window, in a short move where the user doesn't mind motion. */
  go(target: Window): void {
    cancelAnimationFrame(this.#moving);
    if (wantsLessMotion()) return this.#listener.moved(target);
    const [from, began] = [this.#state.window, performance.now()];
    const step = (now: number): void => {
      const done = Math.min(1, (now - began) / MOVE_MILLISECONDS);
      this.#listener.moved(done === 1 ? target : between(from, target, done * (2 - done)));
      if (done < 1) this.#moving = requestAnimationFrame(step);
    };
    this.#moving = requestAnimationFrame(step);
  }

  /** Moves the window so that a range can be seen; nothing where it can be already. */
  reveal({ base, end }: Window): void {
    const view = this.view;
    const [top, bottom] = [positionOf(view, base), positionOf(view, end)];
    if (bottom > 8 && top < view.height - 8 && bottom - top >= 1) return;
    if (bottom - top >= 1) return this.go(panned(view, (top + bottom) / 2 - view.height / 2));
    this.fit({ base, end });
  }

  /** Zooms so that a range fills about half of the height. */
  fit({ base, end }: Window): void {
    const size = end - base;
    const axis = this.#drawing.axisOf(this.#state);
    const around = this.#drawing.viewOf({ ...this.#state, window: { base, end } }, this.#height);
    const margin = axis.cells.length > 1 ? { base: addressAt(around, -0.4 * around.height), end: addressAt(around, 1.4 * around.height) } : { base: base - size, end: end + size };
    this.go({ base: margin.base < 0n ? 0n : margin.base, end: margin.end });
  }

  #request(): void {
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const view = this.view;
    const subject = this.#drawing.subjectOf(this.#state);
    const width = Math.max(leastWidth(subject.models.length), this.#box.clientWidth - 2 * PADDING);
    const marks = { selected: this.#state.selected, kin: this.#state.kin, moment: this.#state.showsStances ? undefined : momentOf(this.#state), hit: this.#state.hit };
    this.#svg.setAttribute('viewBox', `0 ${-HEADINGS - EDGE} ${width} ${view.height + HEADINGS + 2 * EDGE}`);
    this.#svg.setAttribute('width', `${width}`);
    this.#svg.setAttribute('height', `${view.height + HEADINGS + 2 * EDGE}`);
    const body = svgOf(drawMap(subject, view, width, marks));
    const clip = `<svg y="${-EDGE}" width="${width}" height="${view.height + 2 * EDGE}" viewBox="0 ${-EDGE} ${width} ${view.height + 2 * EDGE}">${body}</svg>`;
    this.#svg.innerHTML = `${clip}<g transform="translate(0 ${-HEADINGS - EDGE + 2})">${svgOf(drawHeadings(subject.models, width))}</g>`;
  }

  #positionOf(event: MouseEvent): number {
    return event.clientY - this.#box.getBoundingClientRect().top - HEADINGS - EDGE + this.#box.scrollTop;
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 24;
    // As in maps of the world: the wheel zooms, and pans with Shift; a pinch comes as a wheel with Ctrl.
    if (event.shiftKey) this.#listener.moved(panned(this.view, lines || event.deltaX));
    else this.#zoomAt(this.#positionOf(event), Math.exp(Math.max(-300, Math.min(300, lines)) / (event.ctrlKey ? 90 : 420)), false);
  }

  #zoomAt(position: number, factor: number, moving: boolean): void {
    const target = zoomed(this.view, Math.min(this.#height, Math.max(0, position)), factor);
    if (moving) this.go(target);
    else this.#listener.moved(target);
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    cancelAnimationFrame(this.#moving);
    this.#drag = { y: event.clientY, window: this.#state.window, moved: false };
  }

  #move(event: PointerEvent): void {
    this.#tellAddress(this.#positionOf(event));
    const drag = this.#drag;
    if (!drag) return;
    const pixels = drag.y - event.clientY;
    if (!drag.moved && Math.abs(pixels) < 4) return;
    if (!drag.moved) this.#box.setPointerCapture(event.pointerId);
    drag.moved = true;
    this.#listener.moved(panned(this.#drawing.viewOf({ ...this.#state, window: drag.window }, this.#height), pixels));
  }

  #up(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drop();
    if (!drag || drag.moved) return;
    const target = event.target instanceof Element ? event.target.closest('[data-item],[data-hit]') : null;
    const hit = target?.getAttribute('data-hit');
    const isMany = event.target instanceof Element && event.target.classList.contains('v-many');
    if (isMany) this.#zoomAt(this.#positionOf(event), 0.25, true);
    else if (hit) this.#listener.choseHit(Number(hit));
    else this.#listener.chose(target?.getAttribute('data-item') ?? undefined, true);
  }

  #drop(): void {
    this.#drag = undefined;
  }

  /** The exact address under the pointer. */
  #tellAddress(position: number | undefined): void {
    const isIn = position !== undefined && position >= 0 && position < this.#height;
    byId('address').textContent = isIn ? writeAddress(addressAt(this.view, position)) : '';
  }
}

const MOVE_MILLISECONDS = 180;

/** A window on the way from one to another, so that the zoom goes evenly. */
function between(from: Window, to: Window, share: number): Window {
  const ratio = Number(to.end - to.base) / Number(from.end - from.base);
  const done = Math.abs(ratio - 1) < 1e-6 ? share : (1 - ratio ** share) / (1 - ratio);
  const along = (start: bigint, end: bigint): bigint => start + BigInt(Math.round(Number(end - start) * done));
  return { base: along(from.base, to.base), end: along(from.end, to.end) };
}
