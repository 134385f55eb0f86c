import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { vmlayout } from '../support/command-line.js';

// docs/stories.md quotes what the program prints of the examples; it has to go on printing it.

const [, ...STORIES] = readFileSync('docs/stories.md', 'utf8').split(/^## /m);

describe('stories', () => {
  it('are six', () => assert.equal(STORIES.length, 6));

  for (const story of STORIES) {
    const [title = ''] = story.split('\n');
    const file = /`(examples\/[\w-]+\.vmlayout)`/.exec(story)?.[1] ?? '';
    const quoted = /```text\n([^]*?)\n```/.exec(story)?.[1] ?? '';

    it(`${title}: is what the program prints`, async () => {
      const { out } = await vmlayout([story.includes('`vmlayout fleet`') ? 'fleet' : 'check', file]);
      assert.ok(quoted.length > 80);
      assert.ok(out.includes(`${quoted}\n`), `${out}\nhas not\n${quoted}`);
    });
  }
});
