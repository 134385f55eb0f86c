import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { vmlayout } from '../support/command-line.js';

// A command line that stands on a page is what was run, and the `text` block right below it is what it printed.

const PAGES = ['docs/exporting.md'];

for (const path of PAGES) {
  const shown = [...readFileSync(path, 'utf8').matchAll(/^```sh\nvmlayout (.*)\n```\n\n```text\n([^]*?)^```$/gm)];
  describe(`commands in ${path}`, () => {
    it('are there', () => assert.ok(shown.length > 0));
    for (const [, command = '', printed] of shown) {
      it(`vmlayout ${command}`, async () => {
        const { out, err } = await vmlayout(command.split(' '));
        assert.equal(out + err, printed);
      });
    }
  });
}

describe('commands in docs/walkthrough/check.md', () => {
  it('print what stands there', async () => {
    const { out } = await vmlayout(['check', 'examples/doorbell.vmlayout']);
    const [first = ''] = out.split('\n');
    assert.ok(readFileSync('docs/walkthrough/check.md', 'utf8').includes(first.replace('examples/', '')), first);
  });
});
