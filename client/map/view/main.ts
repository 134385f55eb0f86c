import { rangeWords, sizeWords } from '../../../server/core/map/sizes.js';
import type { View } from '../../../server/core/map/axis.js';
import { HATCHES } from '../../../server/core/map/svg.js';
import { FORCED_COLOURS, HIGH_CONTRAST_DARK, HIGH_CONTRAST_LIGHT, DARK_COLOURS, LIGHT_COLOURS, LOOKS } from '../../../server/core/map/palette.js';
import { Chart } from './chart.js';
import { Controls } from './controls.js';
import { pictureOf } from './export.js';
import { Findings } from './findings.js';
import { wishOf } from './keys.js';
import type { Choice, ExportFormat, ToView } from './messages.js';
import { recall, remember } from './remembered.js';
import { Drawing, EMPTY, endOf, itemOf, kinOf, wholeWindow, withAnswer, type State } from './state.js';
import { Steps } from './steps.js';
import { byId, vscode, words } from './surroundings.js';
import { Table } from './table.js';
import { filled } from './words.js';

// One state, and everything on the screen shows it: whoever changes something makes a new state.

let state: State = { ...EMPTY, ...recall(vscode.getState()) };

// Colours of VS Code's themes where it has one for the purpose; the others by kind of theme.
const sheet = new CSSStyleSheet();
sheet.replaceSync(`body{${LIGHT_COLOURS}} body.vscode-dark{${DARK_COLOURS}} body.vscode-high-contrast{${HIGH_CONTRAST_DARK}} body.vscode-high-contrast-light{${HIGH_CONTRAST_LIGHT}}
html body[class*=vscode]{--map-ground:var(--vscode-editor-background);--map-text:var(--vscode-editor-foreground);--map-track:color-mix(in srgb,var(--map-text) 5%,var(--map-ground));--map-hairline:color-mix(in srgb,var(--map-text) 11%,var(--map-ground))}
@media (forced-colors:active){html body[class*=vscode]{${FORCED_COLOURS}}}
${LOOKS.replace(/^text\{/m, ':where(#drawing) text{')}`);
document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
byId<SVGElement>('patterns').innerHTML = HATCHES;

const chart = new Chart(state, { moved, chose, choseHit });
const table = new Table({ chose, left: () => chart.focus() });
const steps = new Steps({ stepped: (step) => set({ step }) });
const findings = new Findings({ choseHit, laidOver, applied });
const controls = new Controls({
  chose: (choice) => ask({ choice }), scaled: (scale) => set({ scale, isWhole: true, window: wholeWindow({ ...state, scale }) }),
  zoomed: (factor) => chart.zoom(factor), all: showAll, stances: () => ask({ stances: !state.showsStances }), exported,
  ordered: (sequence) => set({ sequence, step: endOf(state.model.sequences[sequence]) }), stepped: (step) => set({ step }),
});

function set(change: Partial<State>): void {
  state = { ...state, ...change };
  chart.show(state);
  table.show(state);
  findings.show(state);
  steps.show(state);
  controls.show(state);
  vscode.setState(remember(state));
}

function moved(window: View['window']): void {
  const whole = wholeWindow(state);
  set({ window, isWhole: window.base === whole.base && window.end === whole.end });
}

function showAll(): void {
  chart.go(wholeWindow(state));
}

/** Chooses an item, says what it is, and shows it in the text. */
function chose(item: string | undefined, reveal: boolean): void {
  set({ selected: item, kin: item === undefined ? new Set() : kinOf(state, item) });
  say(item);
  if (reveal && item !== undefined) revealInText(item, false);
  if (item !== undefined && !reveal) showInDrawing(item);
}

function showInDrawing(id: string): void {
  const item = itemOf(state, id);
  if (item) chart.reveal(item.range);
}

function revealInText(id: string, focus: boolean): void {
  const place = itemOf(state, id)?.place;
  if (place) vscode.postMessage({ kind: 'reveal', place, focus });
}

function say(id: string | undefined): void {
  const item = itemOf(state, id);
  const numbers = item ? state.model.hits.filter(({ items }) => items.includes(item.id)).map(({ number, rule }) => filled(words.finding, number, rule)) : [];
  byId('said').textContent = item ? [`${item.kept ?? item.kind} ${item.name}`, rangeWords(item.range), sizeWords(item.range.end - item.range.base), ...item.details, ...numbers].join(', ') : '';
}

function choseHit(number: number | undefined): void {
  set({ hit: number, fixes: undefined, fix: undefined });
  const hit = state.model.hits.find((one) => one.number === number);
  if (!hit) return;
  byId<HTMLDetailsElement>('findings-part').open = true;
  if (hit.place) vscode.postMessage({ kind: 'reveal', place: hit.place, focus: false });
  const range = hit.witness && hit.space !== 'memory' ? hit.witness : itemOf(state, hit.items[0])?.range;
  if (range) chart.reveal(range);
  byId(`hit-${hit.number}`).scrollIntoView({ block: 'nearest' });
  ask({});
}

/** Lays a fix over the map, which it is a change of: the stances have their own. */
function laidOver(fix: number | undefined): void {
  set({ fix });
  if (fix !== undefined && state.showsStances) ask({ stances: false });
}

function applied(fix: number): void {
  const title = state.fixes?.[fix]?.title;
  if (title !== undefined) vscode.postMessage({ kind: 'fix', version: state.version, title });
}

function ask({ choice = state.choice, stances = state.showsStances }: { choice?: Choice | undefined; stances?: boolean }): void {
  if (!choice) return;
  if (stances !== state.showsStances) set({ showsStances: stances });
  vscode.postMessage({ kind: 'choose', choice, stances, ...(state.hit !== undefined && { fixesOf: state.hit }) });
}

async function exported(format: ExportFormat): Promise<void> {
  const subject = new Drawing().subjectOf(state);
  const name = [state.model.vm, state.model.host, 'map'].filter((part) => part).join('-');
  vscode.postMessage({ kind: 'save', format, name, content: await pictureOf(format, subject, state) });
}

byId('chart').addEventListener('keydown', (event) => {
  const wish = wishOf(event, state);
  if (!wish) return;
  event.preventDefault();
  if (wish.kind === 'choose') chose(wish.item, false);
  else if (wish.kind === 'zoom') chart.zoom(wish.factor);
  else if (wish.kind === 'pan') chart.pan(wish.share);
  else if (wish.kind === 'all') showAll();
  else if (wish.kind === 'table') table.focus();
  else if (state.selected === undefined) return;
  else if (wish.kind === 'fit') chart.fit(itemOf(state, state.selected)?.range ?? state.window);
  else revealInText(state.selected, true);
});

window.addEventListener('message', ({ data }: MessageEvent<ToView>) => {
  if (data.kind === 'map') {
    set(withAnswer(state, data.file, data.answer));
    controls.tell(data.answer.map ? '' : words.noVm);
  } else if (data.kind === 'nothing') {
    controls.tell(data.why);
  } else if (data.kind === 'export') {
    void exported(data.format);
  } else if (data.kind === 'focus') {
    chart.focus();
  } else {
    // What was chosen here stays chosen: choosing moves the cursor, too.
    const [first] = state.selected !== undefined && data.items.includes(state.selected) ? [state.selected] : data.items;
    set({ selected: first, kin: new Set(data.items) });
    if (first !== undefined) showInDrawing(first);
  }
});

set({});
vscode.postMessage({ kind: 'ready' });
