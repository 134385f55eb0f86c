import { compressedAxis, EVERYTHING, EXACT, viewOf, windowAround, type Axis, type ScaleName, type View } from '../../../server/core/map/axis.js';
import { atStep, type MapItem, type MapModel, type Sequence, type Step } from '../../../server/core/map/model.js';
import { modelOfRecord } from '../../../server/core/map/record.js';
import { prepare, type PreparedSubject } from '../../../server/core/map/scene.js';
import type { Choice, MapAnswer, MapPlace } from './messages.js';

export type PlacedModel = MapModel<MapPlace>;
export type PlacedItem = MapItem<MapPlace>;
type Window = View['window'];

/** A fix whose map can be laid over the present one. */
export interface OfferedFix {
  readonly title: string;
  readonly map: PlacedModel;
}

/** Everything that decides what is on the screen. Addresses are bigint, the zoom is the window of addresses. */
export interface State {
  readonly file: string;
  readonly version: number;
  readonly choices: readonly Choice[];
  readonly choice: Choice | undefined;
  readonly model: PlacedModel;
  readonly stances: readonly PlacedModel[];
  readonly showsStances: boolean;
  readonly scale: ScaleName;
  readonly window: Window;
  /** Whether the window is the whole drawing, and stays so when that changes. */
  readonly isWhole: boolean;
  readonly selected: string | undefined;
  readonly kin: ReadonlySet<string>;
  /** The finding that is chosen, its fixes, and which of them is laid over. */
  readonly hit: number | undefined;
  readonly fixes: readonly OfferedFix[] | undefined;
  readonly fix: number | undefined;
  /** The order in which things come, and the step in it; the last one at first. */
  readonly sequence: number;
  readonly step: number;
}

const NO_MAP: PlacedModel = { vm: '', host: undefined, asked: '', stance: '', items: [], leaves: [], backings: [], hits: [], sequences: [], totals: '' };

export const EMPTY: State = {
  file: '', version: 0, choices: [], choice: undefined, model: NO_MAP, stances: [], showsStances: false, scale: 'compressed', window: EVERYTHING, isWhole: true,
  selected: undefined, kin: new Set(), hit: undefined, fixes: undefined, fix: undefined, sequence: 0, step: 0,
};

/** The state with what the server answered: what was chosen stays chosen as long as it is there. */
export function withAnswer(state: State, file: string, answer: MapAnswer): State {
  const model = answer.map ? modelOfRecord(answer.map) : NO_MAP;
  const same = file === state.file && model.vm === state.choice?.vm && model.host === state.choice.host;
  const ids = new Set(model.items.map(({ id }) => id));
  const hit = same && state.hit !== undefined && model.hits.some(({ number, rule }) => number === state.hit && rule === ruleOf(state)) ? state.hit : undefined;
  const next: State = {
    ...state,
    file, version: answer.version, choices: answer.choices, model,
    choice: model.vm === '' ? undefined : { vm: model.vm, ...(model.host !== undefined && { host: model.host }) },
    stances: answer.stances?.map((record) => modelOfRecord(record)) ?? [],
    selected: same && state.selected !== undefined && ids.has(state.selected) ? state.selected : undefined,
    kin: new Set([...state.kin].filter((id) => ids.has(id))),
    hit,
    fixes: hit === undefined ? undefined : answer.fixes?.map(({ title, map }) => ({ title, map: modelOfRecord(map) })),
    fix: hit === undefined || !answer.fixes || state.fix === undefined || state.fix >= answer.fixes.length ? undefined : state.fix,
    ...momentIn(model, same ? state : EMPTY),
    isWhole: same ? state.isWhole : true,
  };
  return next.isWhole ? { ...next, window: wholeWindow(next) } : next;
}

/** The same step of the same sequence as before, or the end of the first one. */
function momentIn({ sequences }: PlacedModel, { model, sequence, step }: State): Pick<State, 'sequence' | 'step'> {
  // A page that was just restored has no map yet, but knows what it showed.
  const isRestored = model === NO_MAP && step > 0;
  const label = model.sequences[sequence]?.label;
  const same = isRestored ? sequence : sequences.findIndex((one) => one.label === label);
  const last = endOf(sequences[same] ?? sequences[0]);
  if (!sequences[same]) return { sequence: 0, step: last };
  return { sequence: same, step: isRestored || step < endOf(model.sequences[sequence]) ? Math.min(step, last) : last };
}

/** The number of a sequence's last step. */
export const endOf = (sequence: Sequence | undefined): number => Math.max(0, (sequence?.steps.length ?? 0) - 1);

/** The step that is shown. */
export const momentOf = ({ model, sequence, step }: State): Step | undefined => model.sequences[sequence]?.steps[step];

const ruleOf = ({ model, hit }: State): string | undefined => model.hits.find(({ number }) => number === hit)?.rule;

/** The models that are drawn: one, or one for each stance. */
const drawnModels = (state: State): readonly [PlacedModel, ...PlacedModel[]] => {
  const [first, ...others] = state.showsStances ? state.stances : [];
  return first ? [first, ...others] : [atStep(state.model, momentOf(state))];
};

/** The map after the fix that is laid over. */
const ghostOf = ({ fixes, fix, showsStances }: State): PlacedModel | undefined => (showsStances || fix === undefined ? undefined : fixes?.[fix]?.map);

/** What is drawn, prepared once for each state that differs in it. */
export class Drawing {
  #key: readonly unknown[] = [];
  #subject: PreparedSubject | undefined;
  #axis: Axis = EXACT;

  subjectOf(state: State): PreparedSubject {
    this.#renew(state);
    return this.#subject ?? prepare({ models: [state.model] });
  }

  axisOf(state: State): Axis {
    this.#renew(state);
    return this.#axis;
  }

  viewOf(state: State, height: number): View {
    return viewOf(this.axisOf(state), state.window, height);
  }

  #renew(state: State): void {
    const after = ghostOf(state);
    const key = [state.model, state.sequence, state.step, state.showsStances, state.stances, state.scale, after];
    if (this.#subject && key.every((part, index) => part === this.#key[index])) return;
    this.#key = key;
    const models = drawnModels(state);
    this.#subject = prepare({ models, after });
    this.#axis = state.scale === 'exact' ? EXACT : compressedAxis(after ? [...models, after] : models);
  }
}

/** The window that shows everything: to scale what stands somewhere, compressed all addresses. */
export function wholeWindow({ scale, model }: State): Window {
  if (scale === 'compressed') return EVERYTHING;
  return windowAround(model.items.filter(({ kind }) => kind !== 'outside').map(({ range }) => range), 0.02);
}

/** The item with an id, in whichever model. */
export const itemOf = ({ model, stances }: State, id: string | undefined): PlacedItem | undefined =>
  id === undefined ? undefined : [model, ...stances].flatMap(({ items }) => items).find((item) => item.id === id);

/** Items that are written in the same place as another one, that one included. */
export function kinOf({ model }: State, id: string): Set<string> {
  const place = model.items.find((item) => item.id === id)?.place;
  const same = model.items.filter((item) => place && item.place && samePlace(item.place, place)).map((item) => item.id);
  return new Set([id, ...same]);
}

const samePlace = (left: MapPlace, right: MapPlace): boolean =>
  left.uri === right.uri && left.range.start.line === right.range.start.line && left.range.start.character === right.range.start.character;
