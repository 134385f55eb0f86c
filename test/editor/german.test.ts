// What VS Code shows of the extension where its language is German: what the extension says itself is German, what the server says is not.
// VS Code's own words are English here, too, for want of its translation.

import assert from 'node:assert/strict';
import { describeEditor } from './session.js';

const REGIONS = '0x0000000008000000 0x00000000080fffff msi\n0x00000000fee00000 0x00000000feefffff msi\n';

describeEditor('in German', {}, (session) => {
  it('are commands, views, questions, the map and settings, and findings are not', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    const { display } = workbench;
    await workbench.errors(1);
    const commands = (await display.commands('Karte')).join('\n');
    for (const title of ['Karte anzeigen', 'In die Karte gehen', 'Karte als SVG exportieren']) assert.match(commands, new RegExp(`^VM Layout: ${title}\\b`, 'm'));
    await workbench.openView('VM-Bereiche', /^web *auf altra$/);
    await workbench.openView('VM-Layout-Befunde', /doorbell window.*Zeile 27$/);
    await display.languageStatus(/Fehler: 1, Warnungen: 0 Neu starten/);
    await workbench.screenshot('german-1-views');

    await workbench.run('VM Layout: Importieren …');
    const entries = (await display.question('Importieren aus')).join('\n');
    assert.match(entries, /^Dateien … mtree, QEMU-Kommandozeile,.*\nZwischenablage\nDieser Rechner/);
    await workbench.screenshot('german-2-question');
    await workbench.press('Escape');

    const map = await workbench.showMap('Karte anzeigen');
    await map.locator('#hit-1', { hasText: 'covers the doorbell window' }).click();
    assert.equal(await map.locator('html').getAttribute('lang'), 'de');
    const words = await map.locator('body').innerText();
    for (const word of ['web auf altra', 'Maßstäblich', 'Strategien', 'Befunde', 'Legende', 'Tabelle']) assert.ok(words.includes(word), `${word} in\n${words}`);
    assert.deepEqual(await map.locator('#table-head th').allTextContents(), ['Adressraum', 'Von', 'Bis', 'Größe', 'Art', 'Name', 'Befunde', 'Inhalt']);
    await map.locator('#look-0', { hasText: 'Anzeigen' }).click();
    await map.locator('#look-0[aria-pressed="true"]', { hasText: 'Anzeigen' }).waitFor();
    await map.locator('#apply-0', { hasText: 'Anwenden' }).waitFor();
    await workbench.screenshot('german-3-map');

    await workbench.focusEditor();
    await workbench.goTo(/^\/\/\/ A guest/m);
    await workbench.copy(REGIONS);
    await workbench.paste();
    await workbench.notification(/Das sieht nach reserved-regions aus\. In ein Layout umwandeln\?/, 'Umwandeln');
    await workbench.shows(/^ +reserved .*at 0x0?800_0000 .*msi/);

    await display.settings('@ext:vmlayout.vmlayout', /Inlay Hints: Size Zeigt bei Angaben mit Ende die Größe: 1 MiB\./, /Rules Stufen einzelner Regeln/);
    await workbench.screenshot('german-5-settings');
  });

  it('is the walkthrough, with its pages', async () => {
    const workbench = await session().openExample('doorbell.vmlayout');
    await workbench.errors(1);
    const steps = await workbench.walkthrough('Den Speicher einer VM planen');
    assert.deepEqual(steps, ['Mit einem Rechner beginnen', 'Einen Befund lesen', 'Eine Schnellkorrektur anwenden', 'Die Karte ansehen', 'In der CI prüfen']);
    await workbench.walkthroughStep('In der CI prüfen', 'In der CI und im Terminal');
    await workbench.screenshot('german-6-walkthrough');
  });
}, { language: 'de' });
