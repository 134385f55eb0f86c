// The page of the map's view. Its policy lets nothing in but the extension's own script and style sheet, and
// images that the page makes itself for export; nothing leaves it.

export interface PageParts {
  /** Fresh for each page. */
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
  /** Where VS Code serves the extension's files from. */
  readonly source: string;
}

export function mapPage({ nonce, script, style, source }: PageParts): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'; img-src data:;">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Memory map</title>
</head>
<body>
<svg class="patterns" aria-hidden="true" focusable="false"><defs id="patterns"></defs></svg>
<main>
<h1 class="unseen">Memory map</h1>
<div role="toolbar" aria-label="Map" id="toolbar">
<label class="chooser"><span class="unseen">Guest and host</span><select id="choice"></select></label>
<span class="group" role="group" aria-label="Scale">
<button id="compressed" type="button" aria-pressed="true" title="Empty addresses are drawn short">Compressed</button><button id="exact" type="button" aria-pressed="false" title="All addresses are drawn alike">To scale</button>
</span>
<span class="group" role="group" aria-label="Zoom">
<button id="zoom-out" type="button" title="Zoom out (-)" aria-label="Zoom out">−</button><button id="zoom-in" type="button" title="Zoom in (+)" aria-label="Zoom in">+</button><button id="fit" type="button" title="Show everything (0)">All</button>
</span>
<button id="stances" type="button" aria-pressed="false" title="What reject, carve and tolerate come to, side by side">Stances</button>
<span id="sequence" hidden><label for="step">Hot-plug</label> <input id="step" type="range" min="0" max="0" value="0"> <output id="step-words" for="step"></output></span>
<span class="space"></span>
<span class="group" role="group" aria-label="Export"><button id="export-svg" type="button">SVG</button><button id="export-png" type="button">PNG</button></span>
</div>
<p id="facts"><output id="address" aria-label="Address under the pointer"></output><span id="asked"></span></p>
<div id="chart" role="application" tabindex="0" aria-label="Memory map" aria-roledescription="memory map" aria-describedby="keys">
<svg id="drawing" aria-hidden="true" focusable="false"></svg>
<p id="empty" hidden></p>
</div>
<p id="keys" class="unseen">Up and down go from item to item, left and right between the spaces. Plus and minus zoom, zero shows everything, Page Up and Page Down move the view. F zooms to the item, Enter shows it in the text, Escape chooses nothing. The table below has the same content.</p>
<p id="said" class="unseen" role="status" aria-live="polite"></p>
<section id="below">
<details id="findings-part" open><summary>Findings <span id="findings-count"></span></summary><ol id="findings"></ol></details>
<details id="legend-part"><summary>Legend</summary><ul id="legend"></ul></details>
<details id="table-part"><summary>Table <span id="table-count"></span></summary><div id="table-box" tabindex="-1"><table id="table"><caption class="unseen">What stands at which addresses</caption><thead id="table-head"></thead><tbody id="rows"></tbody></table></div></details>
</section>
</main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
