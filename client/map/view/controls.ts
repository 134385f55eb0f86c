import type { ScaleName } from '../../../server/core/map/axis.js';
import type { Choice, ExportFormat } from './messages.js';
import type { State } from './state.js';
import { byId, make } from './surroundings.js';

export interface ControlsListener {
  chose(choice: Choice): void;
  scaled(scale: ScaleName): void;
  zoomed(factor: number): void;
  all(): void;
  stances(): void;
  stepped(step: number): void;
  exported(format: ExportFormat): void;
}

/** The row of controls above the drawing, and what is asked of which kernel below them. */
export class Controls {
  readonly #choice = byId<HTMLSelectElement>('choice');
  readonly #step = byId<HTMLInputElement>('step');
  #choices: readonly Choice[] = [];

  constructor(listener: ControlsListener) {
    this.#choice.addEventListener('change', () => {
      const choice = this.#choices[this.#choice.selectedIndex];
      if (choice) listener.chose(choice);
    });
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
    const { scale, showsStances, model, step } = state;
    byId('compressed').setAttribute('aria-pressed', `${scale === 'compressed'}`);
    byId('exact').setAttribute('aria-pressed', `${scale === 'exact'}`);
    byId('stances').setAttribute('aria-pressed', `${showsStances}`);
    byId<HTMLButtonElement>('stances').disabled = model.host === undefined;
    byId('sequence').hidden = model.steps.length < 2;
    this.#step.max = `${Math.max(0, model.steps.length - 1)}`;
    this.#step.value = `${step}`;
    this.#showStep(state);
    setText('asked', model.vm === '' ? '' : [model.asked, model.host === undefined ? '' : `on-overlap ${model.stance}`, model.totals].filter((words) => words !== '').join(' · '));
    byId('chart').setAttribute('aria-label', model.vm === '' ? 'Memory map' : `Memory map of ${wordsOf(model)}, ${model.items.length} items, ${model.hits.length} findings`);
  }

  /** Says why there is nothing to be seen; nothing where there is. */
  tell(why: string): void {
    byId('empty').textContent = why;
    byId('empty').hidden = why === '';
  }

  #showChoices({ choices, choice }: State): void {
    if (choices !== this.#choices) {
      this.#choices = choices;
      this.#choice.replaceChildren(...choices.map((one) => make('option', {}, wordsOf(one))));
    }
    this.#choice.selectedIndex = choices.findIndex(({ vm, host }) => vm === choice?.vm && host === choice.host);
  }

  #showStep({ model, step }: State): void {
    const shown = model.steps[step];
    const words = shown ? `${shown.label}: ${shown.verdict}` : '';
    setText('step-words', words);
    byId('step-words').title = shown?.reason ?? '';
    byId('step-words').classList.toggle('refused', shown !== undefined && shown.verdict !== 'ok');
    this.#step.setAttribute('aria-valuetext', [words, shown?.reason ?? ''].filter((part) => part !== '').join(', '));
  }
}

const wordsOf = ({ vm, host }: { readonly vm: string; readonly host?: string | undefined }): string => (host === undefined ? vm : `${vm} on ${host}`);

function setText(id: string, words: string): void {
  const element = byId(id);
  if (element.textContent !== words) element.textContent = words;
}
