/** Colours by what they are for; each is a custom property, so that a page around the drawing can set its own. */
const LIGHT = {
  ground: '#ffffff', text: '#1f2328', faint: '#57606a', line: '#8c959f', hairline: '#e4e8ec', track: '#f3f5f7', accent: '#0969da',
  ram: '#d6e6fb', 'ram-edge': '#2f6fc4', rom: '#cdeee8', 'rom-edge': '#0f766e', mmio: '#e6e0fb', 'mmio-edge': '#6d4fc9',
  bar: '#f7dcf6', 'bar-edge': '#a3359b', 'window-edge': '#6d4fc9', doorbell: '#fdeac0', 'doorbell-edge': '#a85b08', 'hole-edge': '#6e7781',
  avoid: '#eceff2', 'avoid-edge': '#57606a', map: '#d5f0dc', 'map-edge': '#1a7f37', kept: '#fff6e0', 'kept-edge': '#a85b08',
  reserved: '#eceef0', 'reserved-edge': '#57606a', direct: '#fbe3ef', 'direct-edge': '#b02a6f', outside: '#f3f5f7', 'outside-edge': '#afb8c1',
  memory: '#f4ecdf', 'memory-edge': '#8a6a33', ribbon: '#6e8bb0', error: '#c11f2a', 'error-ground': '#ffe3e1', warning: '#9a6700', 'warning-ground': '#fff3cf', note: '#0969da',
  'on-badge': '#ffffff', 'leaf-4': '#2a7f62', 'leaf-3': '#74a94a', 'leaf-2': '#d9a520', 'leaf-1': '#dd7a2b', 'leaf-0': '#c8423c', fresh: '#1a7f37', many: '#e9eef5', 'many-edge': '#7d8ea3',
};

const DARK: typeof LIGHT = {
  ground: '#0f1318', text: '#e8edf2', faint: '#9aa4af', line: '#5d6772', hairline: '#222932', track: '#181e25', accent: '#4493f8',
  ram: '#17345c', 'ram-edge': '#5b9df0', rom: '#0e3d38', 'rom-edge': '#34c0ae', mmio: '#2f2660', 'mmio-edge': '#a58bfa',
  bar: '#481c4b', 'bar-edge': '#e279d8', 'window-edge': '#a58bfa', doorbell: '#4a3408', 'doorbell-edge': '#f0b13c', 'hole-edge': '#8b949e',
  avoid: '#262d36', 'avoid-edge': '#9aa4af', map: '#123d22', 'map-edge': '#4cc267', kept: '#352b12', 'kept-edge': '#f0b13c',
  reserved: '#282f38', 'reserved-edge': '#9aa4af', direct: '#451a31', 'direct-edge': '#f083b5', outside: '#181e25', 'outside-edge': '#3d4651',
  memory: '#35291a', 'memory-edge': '#cfa75f', ribbon: '#7f9cc4', error: '#ff6a63', 'error-ground': '#4d1a1d', warning: '#e3b341', 'warning-ground': '#3d2f0a', note: '#4493f8',
  'on-badge': '#0f1318', 'leaf-4': '#3fae87', 'leaf-3': '#8cc265', 'leaf-2': '#e5bd4a', 'leaf-1': '#ec9450', 'leaf-0': '#f0716a', fresh: '#4cc267', many: '#232c38', 'many-edge': '#7c8ca1',
};

/** Colours that something stands on. */
const GROUNDS = ['ram', 'rom', 'mmio', 'bar', 'doorbell', 'avoid', 'map', 'kept', 'reserved', 'direct', 'outside', 'memory', 'many', 'error-ground', 'warning-ground', 'track', 'ground'];

/** Black or white grounds, and edges that tell the kinds apart; hatches and dashes still do so without any colour. */
const onPlain = (colours: typeof LIGHT, ground: string, text: string): typeof LIGHT => {
  const plain = Object.fromEntries(GROUNDS.map((name) => [name, ground]));
  return { ...colours, ...plain, text, faint: text, line: text, 'outside-edge': text, 'on-badge': ground };
};

const declared = (colours: typeof LIGHT): string => Object.entries(colours).map(([name, colour]) => `--map-${name}:${colour}`).join(';');

export const LIGHT_COLOURS = declared(LIGHT);
export const DARK_COLOURS = declared(DARK);
export const HIGH_CONTRAST_DARK = declared(onPlain(DARK, '#000000', '#ffffff'));
export const HIGH_CONTRAST_LIGHT = declared(onPlain(LIGHT, '#ffffff', '#000000'));

/** Where the system forces its colours: its own pair, with shades only where they tell sizes of leaves and levels apart. */
const FORCED = {
  ...(Object.fromEntries(Object.keys(LIGHT).map((name) => [name, 'CanvasText'])) as typeof LIGHT),
  ...Object.fromEntries(GROUNDS.map((name) => [name, 'Canvas'])), 'on-badge': 'Canvas', accent: 'Highlight', ribbon: 'GrayText', hairline: 'GrayText', faint: 'CanvasText',
  'leaf-4': 'CanvasText', 'leaf-3': 'CanvasText', 'leaf-2': 'GrayText', 'leaf-1': 'Highlight', 'leaf-0': 'Highlight',
};

export const FORCED_COLOURS = declared(FORCED);

const fill = (look: string, ground: string, edge: string): string => `.${look}{fill:var(--map-${ground});stroke:var(--map-${edge})}`;

/** How the classes of the drawing look, in terms of the colours. */
export const LOOKS = [
  '.ground{fill:var(--map-ground)}',
  '.track{fill:var(--map-track)}.tear{fill:var(--map-ground)}.tear-edge{fill:none;stroke:var(--map-line);stroke-width:.8}',
  '.axis{fill:none;stroke:var(--map-line)}.hairline{fill:none;stroke:var(--map-hairline)}',
  ...['ram', 'rom', 'mmio', 'bar', 'doorbell', 'avoid', 'map', 'memory', 'outside'].map((kind) => fill(`v-${kind}`, kind, `${kind}-edge`)),
  '.v-window{fill:var(--map-ground);fill-opacity:.5;stroke:var(--map-window-edge);stroke-dasharray:5 3}',
  '.v-hole,.v-left-out{fill:var(--map-ground);stroke:var(--map-hole-edge);stroke-dasharray:3 3}',
  '.v-many{fill:var(--map-many);stroke:var(--map-many-edge)}',
  fill('v-kept', 'kept', 'kept-edge'), fill('v-kept-reserved', 'reserved', 'reserved-edge'),
  fill('v-kept-direct', 'direct', 'direct-edge'), fill('v-kept-direct-relaxable', 'direct', 'direct-edge'),
  '.is-refused{fill:var(--map-error-ground);stroke:var(--map-error)}.is-later{stroke-dasharray:4 3;fill-opacity:.45}.is-shared{stroke-width:2}.is-kin{stroke:var(--map-accent);stroke-width:2}',
  '.hatch{stroke:none;pointer-events:none}',
  ...([['msi', 'kept-edge'], ['reserved', 'reserved-edge'], ['direct', 'direct-edge'], ['outside', 'outside-edge'], ['avoid', 'avoid-edge'], ['many', 'many-edge']] as const)
    .map(([name, edge]) => `.hatch-${name}{fill:none;stroke:var(--map-${edge});stroke-width:${name === 'outside' ? '.6' : '.9'};stroke-opacity:${name === 'avoid' ? '.55' : '.7'}}`),
  '.ribbon{fill:var(--map-ribbon);fill-opacity:.2;stroke:none}.joint{fill:none;stroke:var(--map-memory-edge);stroke-dasharray:1.5 3}.ribbon.is-selected{fill:var(--map-accent);fill-opacity:.35}',
  ...[0, 1, 2, 3, 4].map((step) => `.leaf-${step}{fill:var(--map-leaf-${step})}`),
  '.leaf-border{fill:none;stroke:var(--map-ground);stroke-opacity:.75}',
  '.hit-error{fill:var(--map-error);fill-opacity:.1;stroke:var(--map-error);stroke-width:1.8}.hit-error.is-tinted{fill-opacity:0}.hit-warning{fill:none;stroke:var(--map-warning);stroke-width:1.8}',
  ...['error', 'warning', 'note'].map((level) => `.badge-${level}{fill:var(--map-${level})}`),
  '.badge{stroke:var(--map-ground);stroke-width:1.5}.badge.is-selected{stroke:var(--map-text);stroke-width:2}.hit-error.is-selected,.hit-warning.is-selected,.hit-note.is-selected{stroke-width:3.4}',
  '.hit-note{fill:none;stroke:var(--map-note);stroke-width:1.8}',
  '.ring{fill:none;stroke:var(--map-accent);stroke-width:2.2;pointer-events:none}',
  '.ghost-fresh{fill:var(--map-fresh);fill-opacity:.14;stroke:var(--map-fresh);stroke-width:1.6;stroke-dasharray:6 3;pointer-events:none}',
  '.is-gone{opacity:.4;stroke-dasharray:2 3}',
  'text{fill:var(--map-text);pointer-events:none;font:400 10.5px/1 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}',
  '.t-title{font-size:17px;font-weight:650}.t-head{font-size:12.5px;font-weight:650}.t-name{font-size:12px;font-weight:600}',
  '.t-kind{font-weight:400;font-size:10.5px}',
  '.t-sub,.t-detail,.t-kind,.t-tick,.t-gap,.t-note{fill:var(--map-faint)}.t-gap{font-style:italic}.t-note{font-size:12px}.t-message{font-size:12px}',
  '.t-size,.t-range,.t-end,.t-tick{font-family:ui-monospace,SFMono-Regular,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace}.t-range{fill:var(--map-faint)}',
  '.halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}',
  ...['kept', 'reserved', 'direct', 'outside', 'avoid', 'many'].map((name) => `.halo-${name}{stroke:var(--map-${name})}`),
  '.is-unmapped{opacity:.3}.ribbon.is-refused{fill:var(--map-error);fill-opacity:.1;stroke:none}',
  '.t-code{font-family:ui-monospace,SFMono-Regular,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;font-weight:600}',
  '.t-refused{fill:var(--map-error);font-weight:600}.t-why{fill:var(--map-error)}.t-badge{fill:var(--map-on-badge);font-weight:700;font-size:10px}.t-ghost{fill:var(--map-fresh);font-weight:600;font-size:11px}',
].join('\n');

/** The style of a drawing that stands by itself: light, or dark where the reader's surroundings are. */
export const STANDALONE_STYLE = `svg{${LIGHT_COLOURS}}
@media (prefers-color-scheme:dark){svg{${DARK_COLOURS}}}
${LOOKS}`;
