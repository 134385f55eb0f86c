/// <reference lib="dom" />
// The view of the map on the screen of a real browser: what is drawn, what keys and pointers do, whether everyone
// can use it, and how fast it is.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { objectionsIn } from './axe.js';
import { MapPage, type Theme } from './map-page.js';
import { chromiumOrSkip, CHROMIUM_FLAGS } from './session.js';

const example = (name: string): string => readFileSync(`examples/${name}.vmlayout`, 'utf8');

describe('editor: the view of the map', function () {
  this.timeout(120_000);
  this.slow(10_000);
  // As in `describeEditor`: a busy machine loses a key or a click now and then.
  this.retries(1);

  let browser: Browser;
  let map: MapPage | undefined;

  before(async function () {
    browser = await chromium.launch({ executablePath: chromiumOrSkip(this), args: CHROMIUM_FLAGS });
  });

  afterEach(async () => {
    assert.deepEqual(map?.complaints ?? [], []);
    await map?.close();
    map = undefined;
  });

  after(async () => {
    await browser?.close();
  });

  const open = async (text: string, options: Parameters<typeof MapPage.open>[2] = {}): Promise<MapPage> => (map = await MapPage.open(browser, text, options));

  for (const theme of ['light', 'dark', 'high-contrast', 'high-contrast-light'] satisfies Theme[]) {
    it(`has nothing that axe objects to: ${theme}`, async () => {
      const { page } = await open(example('policy'), { theme, height: 1000 });
      await page.locator('#table-part summary').click();
      await page.locator('#rows tr[data-item]').first().waitFor();
      await page.locator('#legend-part summary').click();
      await page.locator('#hit-1').click();
      await page.locator('#look-0, .fixes').first().waitFor();
      await map!.screenshot(`policy, ${theme}`);
      assert.deepEqual(await objectionsIn(page), []);
    });
  }

  it('shows an item in the text when it is clicked, with all that is written there', async () => {
    const { page } = await open(example('doorbell'));
    await page.locator('#drawing [data-item="gpa/its"]').click({ position: { x: 8, y: 4 } });
    const { place, focus } = map!.last('reveal') ?? {};
    assert.equal(focus, false);
    assert.equal(example('doorbell').split('\n')[place?.range.start.line ?? 0]?.slice(place?.range.start.character, place?.range.end.character), 'its');
    assert.match(await page.locator('#said').innerText(), /mmio its, 0x10_1000_0000 – 0x10_1001_ffff, 128 KiB/);
    await map!.settle();
    assert.equal(await page.locator('#drawing .ring').count(), 1);
  });

  it('marks what is written at the cursor, and keeps what was chosen of it', async () => {
    const { page } = await open(example('policy'));
    await map!.send({ kind: 'cursor', items: ['gpa/low', 'iova/low-a', 'iova/low-b'] });
    await map!.settle();
    assert.equal(await page.locator('#drawing .is-kin').count(), 3);
    await page.locator('#drawing [data-item="iova/low-b"]').first().click({ position: { x: 6, y: 6 } });
    await map!.send({ kind: 'cursor', items: ['gpa/low', 'iova/low-a', 'iova/low-b'] });
    await map!.settle();
    assert.match(await page.locator('#said').innerText(), /^map low-b/);
    await map!.send({ kind: 'cursor', items: [] });
    await map!.settle();
    assert.equal(await page.locator('#drawing .ring').count(), 0);
  });

  it('is used with keys alone: choose, go across, zoom, show in the text', async () => {
    const { page } = await open(example('doorbell'));
    const said = page.locator('#said');
    await page.locator('#chart').focus();
    const heard: string[] = [];
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'End', 'Home']) {
      await page.keyboard.press(key);
      heard.push((await said.innerText()).split(',')[0] ?? '');
    }
    assert.deepEqual(heard, ['ram low', 'mmio its', 'doorbell its-doorbell', 'sw-msi msi', 'outside not translated', 'doorbell its-doorbell', 'doorbell its-doorbell', 'ram low']);
    await page.keyboard.press('Enter');
    assert.equal(map!.last('reveal')?.focus, true);
    await page.keyboard.press('Escape');
    assert.equal(await said.innerText(), '');
  });

  it('zooms from all addresses to a byte with exact labels, and back', async () => {
    const { page } = await open(example('doorbell'));
    const labels = () => page.locator('#drawing .t-end, #drawing .t-tick').allTextContents();
    assert.ok((await labels()).includes('2^64'));
    await page.locator('#chart').focus();
    for (const key of ['End', 'f', '+', '+', '+', '+', '+', '+']) await page.keyboard.press(key);
    await map!.settle();
    const near = await labels();
    // The byte in the middle of the doorbell’s four.
    assert.deepEqual([...new Set(near)], ['0x10_1001_0042', '0x10_1001_0043']);
    await map!.screenshot('bytes');
    await page.keyboard.press('0');
    await map!.settle();
    assert.ok((await labels()).includes('2^64'));
  });

  it('zooms with the wheel around the pointer, and pans by dragging', async () => {
    const { page } = await open(example('terabyte'));
    await page.locator('#exact').click();
    const box = (await page.locator('#chart').boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 300);
    const under = () => page.locator('#address').innerText();
    const before = BigInt((await under()).replaceAll('_', ''));
    for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(0, -240);
    await map!.settle();
    await page.mouse.move(box.x + 301, box.y + 300);
    const after = BigInt((await under()).replaceAll('_', ''));
    const away = after > before ? after - before : before - after;
    assert.ok(away < 1n << 32n, `${away} bytes away`);
    await page.mouse.down();
    await page.mouse.move(box.x + 301, box.y + 200, { steps: 5 });
    await page.mouse.up();
    await page.mouse.move(box.x + 301, box.y + 201);
    const moved = BigInt((await under()).replaceAll('_', ''));
    assert.ok((moved > after ? moved - after : after - moved) < 1n << 32n, 'the address went along with the pointer');
  });

  it('lays what a fix makes of it over the map, asks to apply it, and follows the text', async () => {
    const { page } = await open(example('doorbell'), { theme: 'dark' });
    await page.locator('#hit-1').click();
    await page.locator('#look-0').click();
    await map!.settle();
    assert.deepEqual((await page.locator('#drawing .t-ghost').allTextContents()).map((words) => words.split(' ')[1]), ['doorbell-hole', 'low-a', 'low-b']);
    await map!.screenshot('fix laid over');
    await page.locator('#apply-0').click();
    assert.match(map!.last('fix')?.title ?? '', /^Split `low` around the doorbell/);
    await map!.edit(example('doorbell').replace('ram low at 0', 'ram low at 1 GiB'));
    await page.locator('#findings .none').waitFor();
    await map!.settle();
    assert.equal(await page.locator('#drawing .ghost-fresh').count(), 0);
    assert.equal(await page.locator('#drawing .is-refused').count(), 0);
  });

  it('says what is open, pressed and chosen, and of which fix a button is', async () => {
    const { page } = await open(example('doorbell'));
    const hit = page.locator('#hit-1');
    assert.equal(await hit.getAttribute('aria-expanded'), 'false');
    await hit.click();
    await map!.settle();
    assert.equal(await hit.getAttribute('aria-expanded'), 'true');
    const look = page.locator('#look-0');
    assert.equal(await look.getAttribute('aria-pressed'), 'false');
    const before = await look.boundingBox();
    await look.click();
    await map!.settle();
    assert.equal(await look.getAttribute('aria-pressed'), 'true');
    assert.deepEqual((await look.boundingBox())?.width, before?.width);
    for (const button of [look, page.locator('#apply-0')]) {
      assert.match(await page.locator(`#${await button.getAttribute('aria-describedby')}`).innerText(), /^Split low around the doorbell/);
    }
    await page.locator('#table-part summary').click();
    await page.locator('#rows tr[data-item="gpa/its"]').click();
    await map!.settle();
    assert.deepEqual(await page.locator('#rows tr[aria-selected="true"] th').allInnerTexts(), ['its']);
    assert.equal(await page.locator('#rows tr[aria-selected="false"]').count(), 5);
    assert.equal(await page.locator('#chart').getAttribute('aria-label'), 'Memory map of web on altra; items: 6, findings: 1');
  });

  it('leaves everything in its place when the pointer comes, and at each step', async () => {
    const top = async (): Promise<number> => (await map!.page.locator('#chart').boundingBox())!.y;
    for (const [name, width] of [['doorbell', 560], ['qemu-guest', 860]] as const) {
      const { page } = await open(example(name), { width });
      const before = await top();
      await page.mouse.move(width / 2, before + 300);
      await page.locator('#address', { hasText: '0x' }).waitFor();
      assert.equal(await top(), before, name);
      await map!.close();
    }
    for (const width of [300, 500, 900, 1100]) {
      const { page } = await open(example('hotplug-order'), { width });
      await page.locator('#step').focus();
      const places = new Set<string>();
      for (const key of ['End', 'ArrowLeft', 'ArrowLeft']) {
        await page.keyboard.press(key);
        const { x, y } = (await page.locator('#step').boundingBox())!;
        places.add(`${x} ${y} ${await top()}`);
      }
      assert.equal(places.size, 1, `${width}: ${[...places].join('; ')}`);
      const words = (await page.locator('#step-words').boundingBox())!;
      assert.ok(words.x + words.width <= width, `${width}: the words of the step end at ${words.x + words.width}`);
      if (width !== 1100) await map!.close();
    }
  });

  it('says that there is nothing to be drawn, and nothing besides', async () => {
    const { page } = await open('host altra { page 4 KiB }\n');
    assert.equal(await page.locator('#empty').innerText(), 'No vm is declared here that could be drawn.');
    for (const id of ['drawing', 'below', 'choice']) assert.equal(await page.locator(`#${id}`).isVisible(), false, id);
    assert.equal(await page.locator('#export-svg').isDisabled(), true);
    await map!.edit(example('doorbell'));
    await page.locator('#drawing .v-ram').first().waitFor();
    for (const id of ['below', 'choice', 'export-svg']) assert.equal(await page.locator(`#${id}`).isVisible(), true, id);
  });

  it('goes through the hot-plug sequence', async () => {
    const { page } = await open(example('hotplug'));
    assert.match(await page.locator('#step-words').innerText(), /^fpga is plugged in: EADDRINUSE$/);
    assert.equal(await page.locator('#drawing [data-item="iova/mailbox"]').count(), 1);
    await map!.screenshot('hot-plug refused');
    const frames = page.locator('#drawing .hit-error');
    assert.equal(await frames.count(), 1);
    await page.locator('#step').focus();
    await page.keyboard.press('ArrowLeft');
    await map!.settle();
    assert.equal(await page.locator('#step-words').innerText(), 'start-up: ok');
    assert.equal(await page.locator('#drawing [data-item="iova/mailbox"]').count(), 0);
  });

  it('goes through another sequence, refused or not, with what each step maps', async () => {
    const { page } = await open(example('hotplug-order'), { theme: 'dark', height: 1000 });
    assert.deepEqual(await page.locator('#order option').allInnerTexts(), HOTPLUG_ORDERS);
    await page.locator('#order').selectOption('only dimm');
    await page.locator('#drawing [data-item="iova/dimm"]:not(.is-refused)').first().waitFor();
    await page.locator('#order').selectOption('as declared');
    await page.locator('#drawing [data-item="iova/dimm"].is-refused').first().waitFor();
    await page.locator('#steps-part summary').click();
    assert.deepEqual(await page.locator('#steps li').allInnerTexts().then((lines) => lines.map((line) => line.replace(/\s+/g, ' ').replace(/ after .*/, ' …'))), [
      'start-up: ok maps low, high · keeps msi', 'accelerator is plugged in: ok keeps mailbox', 'dimm arrives: EINVAL …',
    ]);
    await map!.screenshot('hot-plug sequence');
    await page.locator('#step-1').click();
    await page.locator('#drawing [data-item="iova/dimm"]').first().waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'step-1');
  });

  it('draws the stances side by side', async () => {
    const { page } = await open(example('terabyte'));
    await page.locator('#stances').click();
    await page.locator('#drawing .t-head', { hasText: 'tolerate' }).waitFor();
    assert.deepEqual(await page.locator('#drawing .t-head').allTextContents(), ['Guest-physical', 'reject *', 'carve', 'tolerate', 'relocate']);
    assert.match(await page.locator('#asked').innerText(), /^reject \*: EINVAL at start-up · carve: starts, 12 GiB lost · .* · relocate: starts, high at 0x100_0000_0000$/);
    await map!.screenshot('stances');
    await page.locator('#stances').click();
    await page.locator('#drawing .t-head', { hasText: 'Memory' }).waitFor();
  });

  it('goes back from the stances to the map that a fix changes', async () => {
    const { page } = await open(example('doorbell'));
    await page.locator('#stances').click();
    await page.locator('#drawing .t-head', { hasText: 'tolerate' }).waitFor();
    await page.locator('#hit-1').click();
    await page.locator('#look-0').click();
    await page.locator('#drawing .ghost-fresh').first().waitFor();
    assert.equal(await page.locator('#stances').getAttribute('aria-pressed'), 'false');
  });

  it('points at the edge to findings out of view, and leads to them', async () => {
    const { page } = await open(example('doorbell'));
    await page.locator('#chart').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'f']) await page.keyboard.press(key);
    await page.locator('#drawing path.badge[data-hit="1"]').click();
    await map!.settle();
    assert.equal(await page.locator('#drawing path.badge').count(), 0);
    assert.equal(await page.locator('#drawing circle.badge[data-hit="1"]').count(), 1);
  });

  it('fits into a narrow view', async () => {
    const { page } = await open(example('doorbell'), { width: 380, height: 760, theme: 'dark' });
    assert.deepEqual(await page.locator('#drawing .t-head').allTextContents(), ['Guest', 'IOVA']);
    assert.equal(await page.evaluate(() => document.querySelector('#chart')!.scrollWidth <= document.querySelector('#chart')!.clientWidth), true);
    await map!.screenshot('narrow');
  });

  it('is drawn in the system’s colours where those are forced', async () => {
    const { page } = await open(example('doorbell'), { theme: 'dark' });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.locator('#hit-1').click();
    await page.locator('#look-0').click();
    await page.locator('#drawing .ghost-fresh').first().waitFor();
    await map!.screenshot('forced colours');
    const [ground, edge] = await page.evaluate(() => {
      const { fill, stroke } = getComputedStyle(document.querySelector('#drawing .v-ram')!);
      const { backgroundColor, color } = getComputedStyle(document.body);
      return [[fill, backgroundColor], [stroke, color]];
    });
    assert.equal(ground?.[0], ground?.[1]);
    assert.equal(edge?.[0], edge?.[1]);
    // Colours of text are forced when it is painted; what axe reads are still those of the theme.
    assert.deepEqual((await objectionsIn(page)).filter(([rule]) => rule !== 'color-contrast'), []);
  });

  it('is in the README as the command line prints it', async () => {
    const svg = readFileSync('docs/map.svg', 'utf8');
    const page = await browser.newPage({ deviceScaleFactor: 2, colorScheme: 'light' });
    try {
      await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
      const picture = await page.locator('svg').first().screenshot();
      if (process.env['UPDATE'] !== undefined) writeFileSync('docs/map.png', picture);
      const size = (png: Buffer): number[] => [png.readUInt32BE(16), png.readUInt32BE(20)];
      assert.deepEqual(size(readFileSync('docs/map.png')), size(picture), 'docs/map.png is not of docs/map.svg: npm run pictures');
    } finally {
      await page.close();
    }
  });

  it('goes to another guest', async () => {
    const { page } = await open(example('pc-high-ram'));
    assert.deepEqual(await page.locator('#choice option').allInnerTexts(), ['build on xeon', 'build-q35 on xeon']);
    await page.locator('#choice').selectOption('build-q35 on xeon');
    await page.locator('#asked', { hasText: '8 × 1 GiB' }).waitFor();
  });

  it('has a table with the same content, one row of which Tab leads to', async () => {
    const { page } = await open(example('policy'));
    await page.locator('#table-part summary').click();
    const rows = page.locator('#rows tr[data-item]');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 12);
    assert.equal(await page.locator('#rows tr[tabindex="0"]').count(), 1);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    assert.equal(focused, 'guest-physical0x10_0000_00000x10_03ff_ffff64 MiBromflashr; anonymous; dma off');
    assert.match(await page.locator('#said').innerText(), /^rom flash/);
    await page.keyboard.press('Enter');
    assert.ok(map!.last('reveal'));
  });

  it('exports what is shown, as SVG and as PNG', async () => {
    const { page } = await open(example('doorbell'));
    await page.locator('#export-svg').click();
    const svg = map!.last('save');
    assert.deepEqual([svg?.format, svg?.name], ['svg', 'web-altra-map']);
    assert.match(svg?.content ?? '', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/);
    await map!.send({ kind: 'export', format: 'png' });
    while (map!.last('save')?.format !== 'png') await map!.settle();
    const png = Buffer.from(map!.last('save')?.content ?? '', 'base64');
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg?.content ?? '') ?? [];
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [2 * Number(width), 2 * Number(height)]);
  });

  it('exports a PNG as light or dark as the theme', async () => {
    const grounds: Record<string, number> = {};
    for (const theme of ['light', 'dark', 'high-contrast', 'high-contrast-light'] satisfies Theme[]) {
      const { page } = await open(example('doorbell'), { theme });
      await page.locator('#export-png').click();
      while (!map!.last('save')) await map!.settle();
      grounds[theme] = await page.evaluate(async (content) => {
        const image = new Image();
        image.src = `data:image/png;base64,${content}`;
        await image.decode();
        const context = document.createElement('canvas').getContext('2d')!;
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, 1, 1).data[0] ?? -1;
      }, map!.last('save')?.content);
      if (theme !== 'high-contrast-light') await map!.close();
    }
    assert.deepEqual(grounds, { light: 0xff, dark: 0x0f, 'high-contrast': 0x0f, 'high-contrast-light': 0xff });
  });

  for (const motion of [true, false]) {
    it(motion ? 'moves in steps that can be followed' : 'moves at once where less motion is wanted', async () => {
      const { page } = await open(example('doorbell'), { motion });
      await page.locator('#chart').focus();
      await page.evaluate(() => {
        const seen = new Set<string>();
        const look = (): void => void seen.add([...document.querySelectorAll('#drawing .t-end')].map(({ textContent }) => textContent).join(' '));
        look();
        new MutationObserver(look).observe(document.querySelector('#drawing')!, { childList: true, subtree: true });
        (window as unknown as { seen: Set<string> }).seen = seen;
      });
      await page.keyboard.press('+');
      // However slow the machine is, it comes to rest.
      const seen = (): Promise<number> => page.evaluate(() => (window as unknown as { seen: Set<string> }).seen.size);
      for (let before = -1, now = await seen(); now !== before || now < 2; before = now, now = await seen()) await page.waitForTimeout(500);
      if (motion) assert.ok((await seen()) > 2, `${await seen()} pictures`);
      else assert.equal(await seen(), 2);
    });
  }

  it('stays fluid with ten thousand regions', async () => {
    const { page } = await open(tenThousand(), { height: 900 });
    const frames = await page.evaluate(async () => {
      const chart = document.querySelector('#chart')!;
      const { left, top } = chart.getBoundingClientRect();
      const { frameMilliseconds } = window as unknown as { frameMilliseconds: number[] };
      frameMilliseconds.length = 0;
      for (let turn = 0; turn < 160; turn++) {
        chart.dispatchEvent(new WheelEvent('wheel', { deltaY: turn < 80 ? -160 : 160, clientX: left + 300, clientY: top + 420, cancelable: true, bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      }
      // Ours ask for frames, too: those take no time.
      return frameMilliseconds.filter((_, index) => index % 2 === 0);
    });
    const elements = await page.locator('#drawing *').count();
    const sorted = frames.sort((left, right) => left - right);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    console.log(`      frame: median ${at(0.5).toFixed(1)} ms, 95% ${at(0.95).toFixed(1)} ms, slowest ${at(1).toFixed(1)} ms; ${elements} elements at the end`);
    await map!.screenshot('ten thousand');
    assert.ok(elements < 6000, `${elements} elements`);
  });
});

/** What examples/hotplug-order.vmlayout may be told in. */
const HOTPLUG_ORDERS = ['as declared', 'only accelerator', 'dimm, then accelerator', 'only dimm', 'only pool'];

function tenThousand(): string {
  const regions = Array.from({ length: 10_000 }, (_, index) => `  mmio dev${index} at 0x${(0x1000_0000_0000 + index * 0x4000 + (index % 7) * 0x1000).toString(16)} size ${index % 3 === 0 ? 8 : 4} KiB`);
  return `${example('doorbell').replace(/\}\s*$/, '')}\n${regions.join('\n')}\n}\n`;
}
