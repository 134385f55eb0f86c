import { isThere, type Step } from '../../../server/core/map/model.js';
import { endOf, type PlacedModel, type State } from './state.js';
import { byId, make, words } from './surroundings.js';
import { filled } from './words.js';

export interface StepsListener {
  stepped(step: number): void;
}

/** The chosen sequence step by step: what becomes of each arrival and why, what is mapped with it, and what it keeps. */
export class Steps {
  readonly #list = byId('steps');
  readonly #listener: StepsListener;
  #shown: readonly unknown[] = [];

  constructor(listener: StepsListener) {
    this.#listener = listener;
  }

  show({ model, sequence, step, showsStances }: State): void {
    const shown = [model, sequence, step, showsStances];
    if (shown.every((part, index) => part === this.#shown[index])) return;
    this.#shown = shown;
    const all = model.sequences[sequence];
    byId('steps-part').hidden = showsStances || endOf(all) === 0;
    byId('steps-about').textContent = `(${endOf(all)})`;
    const focused = document.activeElement?.id;
    this.#list.replaceChildren(...(all?.steps ?? []).map((one, index, steps) => this.#entry(one, index, steps[index - 1], step, model)));
    if (focused?.startsWith('step-')) document.getElementById(focused)?.focus();
  }

  #entry(one: Step, index: number, before: Step | undefined, current: number, model: PlacedModel): HTMLElement {
    const { label, verdict, reason } = one;
    const button = make('button', { type: 'button', id: `step-${index}`, class: 'step', 'aria-current': index === current ? 'step' : undefined },
      make('span', { class: 'rule' }, label), ': ', make('span', { class: verdict === 'ok' ? '' : 'refused' }, verdict));
    button.addEventListener('click', () => this.#listener.stepped(index));
    return make('li', {}, button, make('span', { class: 'about' }, [reason, ...broughtBy(one, before, model)].filter((part) => part !== '').join(' · ')));
  }
}

/** What is mapped and kept from a step on; of a refused one nothing is. */
function broughtBy(step: Step, before: Step | undefined, { items }: PlacedModel): string[] {
  if (step.verdict !== 'ok' && before) return [];
  const fresh = items.filter((item) => item.space === 'iova' && isThere(item, step) && !(before && isThere(item, before)));
  const names = (kind: string): string => listed(fresh.filter((item) => item.kind === kind && (item.verdict ?? 'ok') === 'ok').map(({ name }) => name));
  const [maps, keeps] = [names('map'), names('kept')];
  return [...(maps === '' ? [] : [filled(words.maps, maps)]), ...(keeps === '' ? [] : [filled(words.keeps, keeps)])];
}

const MOST_NAMES = 8;

const listed = (names: readonly string[]): string => (names.length > MOST_NAMES ? `${names.slice(0, MOST_NAMES).join(', ')}, … (${names.length})` : names.join(', '));
