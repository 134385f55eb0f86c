// Each story of docs/stories.md in a real VS Code: what the page quotes is what is listed there, and its picture is of that.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeEditor } from './session.js';

const PAGE = readFileSync('docs/stories.md', 'utf8');

/** What the page quotes of an example: the place, the message and the rule. */
const QUOTED = /^examples\/(\S+\.vmlayout):(\d+):(\d+): (?:error|warning): (.*) \[([a-z-]+)\]$/gm;

// Nothing is around the text and the map, and nothing is there for a moment only, as scroll bars are: pictures differ only where what they show does.
const SETTINGS = {
  'window.title': '${activeEditorShort}', 'window.commandCenter': false, 'workbench.activityBar.location': 'hidden', 'breadcrumbs.enabled': false,
  'editor.minimap.enabled': false, 'editor.stickyScroll.enabled': false, 'editor.scrollbar.vertical': 'hidden', 'editor.scrollbar.horizontal': 'hidden',
};

describeEditor('stories', SETTINGS, (session) => {
  for (const [, file = '', line = '', column = '', message = '', rule = ''] of PAGE.matchAll(QUOTED)) {
    it(`${file}: ${rule}`, async () => {
      const name = file.replace('.vmlayout', '');
      assert.ok(PAGE.includes(`](stories/${name}.png)`), `docs/stories.md shows no picture of ${file}`);
      const workbench = await session().openExample(file);
      const told = await workbench.problems();
      assert.ok(told.some((problem) => problem.includes(message) && problem.includes(rule) && problem.endsWith(`[Ln ${line}, Col ${column}]`)), told.join('\n'));
      await workbench.press('Control+J', 'Control+B');
      await workbench.goToPlace(Number(line), Number(column));
      const map = await workbench.showMap();
      await map.locator('#hit-1').click();
      await workbench.cursorIn(Number(line));
      await map.locator('#apply-0').waitFor();
      await workbench.screenshot(`story-${name}`, `stories/${name}`);
    });
  }
});
