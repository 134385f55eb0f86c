import type { ScaleName } from '../../../server/core/map/axis.js';
import type { Sequence } from '../../../server/core/map/model.js';
import type { Choice, ExportFormat } from './messages.js';
import { endOf, momentOf, type State } from './state.js';
import { byId, make, words } from './surroundings.js';
import { filled } from './words.js';

export interface ControlsListener {
  chose(choice: Choice): void;
  scaled(scale: ScaleName): void;
  zoomed(factor: number): void;
  all(): void;
  stances(): void;
  ordered(sequence: number): void;
  stepped(step: number): void;
  exported(format: ExportFormat): void;
}

/** The row of controls above the drawing, and what is asked of which kernel below them. */
export class Controls {
  readonly #choice = byId<HTMLSelectElement>('choice');
  readonly #step = byId<HTMLInputElement>('step');
  readonly #order = byId<HTMLSelectElement>('order');
  #choices: readonly Choice[] = [];
  #sequences: readonly Sequence[] = [];

  constructor(listener: ControlsListener) {
    this.#choice.addEventListener('change', () => {
      const choice = this.#choices[this.#choice.selectedIndex];
      if (choice) listener.chose(choice);
    });
    this.#order.addEventListener('change', () => listener.ordered(this.#order.selectedIndex));
    this.#step.addEventListener('input', () => listener.stepped(this.#step.valueAsNumber));
    const deeds: Readonly<Record<string, () => void>> = {
      compressed: () => listener.scaled('compressed'), exact: () => listener.scaled('exact'),
      'zoom-in': () => listener.zoomed(1 / 1.6), 'zoom-out': () => listener.zoomed(1.6), fit: () => listener.all(),
      stances: () => listener.stances(), 'export-svg': () => listener.exported('svg'), 'export-png': () => listener.exported('png'),
    };
    for (const [id, deed] of Object.entries(deeds)) byId(id).addEventListener('click', deed);
  }

  show(state: State): void {
    this.#showChoices(state);
    const { scale, showsStances, model, stances } = state;
    byId('compressed').setAttribute('aria-pressed', `${scale === 'compressed'}`);
    byId('exact').setAttribute('aria-pressed', `${scale === 'exact'}`);
    byId('stances').setAttribute('aria-pressed', `${showsStances}`);
    byId<HTMLButtonElement>('stances').disabled = model.host === undefined;
    const isNothing = model.vm === '';
    for (const id of ['export-svg', 'export-png']) byId<HTMLButtonElement>(id).disabled = isNothing;
    for (const id of ['choice', 'below']) byId(id).hidden = isNothing;
    this.#showStep(state);
    const facts = showsStances
      ? stances.map(({ stance, outcome }) => `${stance}: ${outcome ?? ''}`)
      : [model.asked, model.host === undefined ? '' : `on-overlap ${model.stance}`, model.totals];
    setText('asked', isNothing ? '' : facts.filter((part) => part !== '').join(' · '));
    byId('chart').setAttribute('aria-label', isNothing ? words.title : filled(words.mapOf, wordsOf(model), model.items.length, model.hits.length));
  }

  /** Says why there is nothing to be seen; nothing where there is. */
  tell(why: string): void {
    byId('empty').textContent = why;
    byId('empty').hidden = why === '';
    byId('chart').classList.toggle('is-empty', why !== '');
  }

  #showChoices({ choices, choice }: State): void {
    if (choices !== this.#choices) {
      this.#choices = choices;
      this.#choice.replaceChildren(...choices.map((one) => make('option', {}, wordsOf(one))));
    }
    this.#choice.selectedIndex = choices.findIndex(({ vm, host }) => vm === choice?.vm && host === choice.host);
  }

  #showStep(state: State): void {
    const { model: { sequences }, sequence, step, showsStances } = state;
    byId('sequence').hidden = showsStances || (sequences.length < 2 && endOf(sequences[0]) === 0);
    if (sequences !== this.#sequences) {
      this.#sequences = sequences;
      this.#order.replaceChildren(...sequences.map(({ label }) => make('option', {}, label)));
    }
    this.#order.hidden = sequences.length < 2;
    this.#order.selectedIndex = sequence;
    this.#step.max = `${endOf(sequences[sequence])}`;
    this.#step.value = `${step}`;
    const shown = momentOf(state);
    const said = shown ? `${shown.label}: ${shown.verdict}` : '';
    setText('step-words', said);
    byId('step-words').title = [said, shown?.reason ?? ''].filter((part) => part !== '').join('\n');
    byId('step-words').classList.toggle('refused', shown !== undefined && shown.verdict !== 'ok');
    this.#step.setAttribute('aria-valuetext', [said, shown?.reason ?? ''].filter((part) => part !== '').join(', '));
  }
}

const wordsOf = ({ vm, host }: { readonly vm: string; readonly host?: string | undefined }): string => (host === undefined ? vm : filled(words.on, vm, host));

function setText(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}
