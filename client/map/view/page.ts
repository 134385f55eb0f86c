// The page of the map's view. Its policy lets nothing in but the extension's own script and style sheet, and
// images that the page makes itself for export; nothing leaves it.

import { escaped } from '../../../server/core/map/svg.js';
import type { MapWords } from './words.js';

export interface PageParts {
  /** Fresh for each page. */
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
  /** Where VS Code serves the extension's files from. */
  readonly source: string;
  readonly words: MapWords;
  /** The language of the words, as in `lang`. */
  readonly language: string;
}

export function mapPage({ nonce, script, style, source, words, language }: PageParts): string {
  const said = (key: Exclude<keyof MapWords, 'headings' | 'levels'>): string => escaped(words[key]);
  return `<!DOCTYPE html>
<html lang="${escaped(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'; img-src data:;">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>${said('title')}</title>
</head>
<body data-words="${escaped(JSON.stringify(words))}">
<svg class="patterns" aria-hidden="true" focusable="false"><defs id="patterns"></defs></svg>
<main>
<h1 class="unseen">${said('title')}</h1>
<div role="group" aria-label="${said('title')}" id="toolbar">
<label class="chooser"><span class="unseen">${said('choice')}</span><select id="choice"></select></label>
<span class="group" role="group" aria-label="${said('scale')}">
<button id="compressed" type="button" aria-pressed="true" title="${said('compressedAbout')}">${said('compressed')}</button><button id="exact" type="button" aria-pressed="false" title="${said('exactAbout')}">${said('exact')}</button>
</span>
<span class="group" role="group" aria-label="${said('zoom')}">
<button id="zoom-out" type="button" title="${said('zoomOut')} (-)" aria-label="${said('zoomOut')}">−</button><button id="zoom-in" type="button" title="${said('zoomIn')} (+)" aria-label="${said('zoomIn')}">+</button><button id="fit" type="button" title="${said('allAbout')} (0)">${said('all')}</button>
</span>
<button id="stances" type="button" aria-pressed="false" title="${said('stancesAbout')}">${said('stances')}</button>
<span class="space"></span>
<span class="group" role="group" aria-label="${said('export')}"><button id="export-svg" type="button">SVG</button><button id="export-png" type="button">PNG</button></span>
<span id="sequence" hidden><label for="step">${said('hotplug')}</label> <select id="order" aria-label="${said('order')}"></select> <input id="step" type="range" min="0" max="0" value="0"> <output id="step-words" for="step"></output></span>
</div>
<p id="asked"></p>
<div id="chart" class="is-empty" role="application" tabindex="0" aria-label="${said('title')}" aria-roledescription="${said('title')}" aria-describedby="keys">
<svg id="drawing" aria-hidden="true" focusable="false"></svg>
<output id="address" aria-label="${said('address')}" aria-live="off"></output>
<p id="empty" hidden></p>
</div>
<p id="keys" class="unseen">${said('keys')}</p>
<p id="said" class="unseen" role="status" aria-live="polite"></p>
<section id="below" hidden>
<details id="findings-part" open><summary>${said('findings')} <span id="findings-count"></span></summary><ol id="findings"></ol></details>
<details id="steps-part" hidden><summary>${said('hotplug')} <span id="steps-about"></span></summary><ol id="steps"></ol></details>
<details id="legend-part"><summary>${said('legend')}</summary><ul id="legend"></ul></details>
<details id="table-part"><summary>${said('table')} <span id="table-count"></span></summary><div id="table-box" tabindex="-1"><table id="table"><caption class="unseen">${said('caption')}</caption><thead id="table-head"></thead><tbody id="rows"></tbody></table></div></details>
</section>
</main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
