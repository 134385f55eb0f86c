import { svgOf } from '../../../server/core/map/svg.js';
import { legendOf } from '../../../server/core/map/legend.js';
import { rect } from '../../../server/core/map/shapes.js';
import type { State } from './state.js';
import { byId, make, words } from './surroundings.js';

export interface FindingsListener {
  choseHit(number: number | undefined): void;
  laidOver(fix: number | undefined): void;
  applied(fix: number): void;
}

/** The findings by their numbers; of the chosen one also its fixes, which can be looked at before they are applied. */
export class Findings {
  readonly #list = byId('findings');
  readonly #listener: FindingsListener;
  #shown: readonly unknown[] = [];

  constructor(listener: FindingsListener) {
    this.#listener = listener;
  }

  show(state: State): void {
    const shown = [state.model, state.hit, state.fixes, state.fix];
    if (shown.every((part, index) => part === this.#shown[index])) return;
    this.#shown = shown;
    const { hits } = state.model;
    const focused = document.activeElement?.id;
    byId('findings-count').textContent = `(${hits.length})`;
    this.#list.replaceChildren(...hits.map((hit) => this.#entry(hit, state)));
    if (hits.length === 0) this.#list.append(make('li', { class: 'none' }, words.nothingFound));
    if (focused) document.getElementById(focused)?.focus();
    showLegend(state);
  }

  #entry({ number, level, rule, message }: State['model']['hits'][number], state: State): HTMLElement {
    const chosen = state.hit === number;
    const button = make('button', { type: 'button', id: `hit-${number}`, class: 'hit', 'aria-expanded': chosen },
      make('span', { class: `badge badge-${level}` }, `${number}`), make('span', { class: 'unseen' }, `${words.levels[level]}: `), make('span', { class: 'rule' }, rule), ' ', ...code(message));
    button.addEventListener('click', () => this.#listener.choseHit(chosen ? undefined : number));
    return make('li', {}, button, ...(chosen ? [this.#fixes(state)] : []));
  }

  #fixes({ fixes, fix }: State): HTMLElement {
    if (!fixes) return make('p', { class: 'fixes' }, words.lookingForFixes);
    if (fixes.length === 0) return make('p', { class: 'fixes' }, words.noFix);
    return make('ul', { class: 'fixes' }, ...fixes.map(({ title }, index) => {
      const look = make('button', { type: 'button', id: `look-${index}`, 'aria-pressed': fix === index, 'aria-describedby': `fix-${index}`, title: words.showAbout }, words.show);
      look.addEventListener('click', () => this.#listener.laidOver(fix === index ? undefined : index));
      const apply = make('button', { type: 'button', id: `apply-${index}`, 'aria-describedby': `fix-${index}` }, words.apply);
      apply.addEventListener('click', () => this.#listener.applied(index));
      return make('li', {}, look, apply, make('span', { id: `fix-${index}` }, ...code(title)));
    }));
  }
}

/** Words between backticks as code. */
const code = (message: string): (Node | string)[] => message.split('`').map((part, index) => (index % 2 === 1 ? make('code', {}, part) : part));

function showLegend({ model }: State): void {
  byId('legend').replaceChildren(...legendOf([model]).map(({ look, words: meaning }) => {
    const swatch = make('span', { class: 'swatch', 'aria-hidden': true });
    swatch.innerHTML = `<svg width="18" height="12">${svgOf([rect(look, 0.5, 0.5, 17, 11, { radius: 2 })])}</svg>`;
    return make('li', {}, swatch, meaning);
  }));
}
