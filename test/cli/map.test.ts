import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { assertMisuse, checkGolden, vmlayout } from '../support/command-line.js';

// What `map` prints. How it is drawn is tested in test/map.

describe('vmlayout map', () => {
  for (const name of ['doorbell', 'policy', 'hotplug', 'terabyte']) {
    it(`prints the map of ${name}`, async () => {
      checkGolden(`${name}.map.txt`, (await vmlayout(['map', `examples/${name}.vmlayout`])).out);
    });
  }

  it('draws', async () => {
    checkGolden('doorbell.map.svg', (await vmlayout(['map', 'examples/doorbell.vmlayout', '--format', 'svg'])).out);
    checkGolden('terabyte.map.svg', (await vmlayout(['map', 'examples/terabyte.vmlayout', '--format', 'svg', '--scale', 'exact'])).out);
  });

  it('draws the picture of its page', async () => {
    const { out } = await vmlayout(['map', 'examples/policy.vmlayout', '--format', 'svg']);
    if (process.env['UPDATE']) writeFileSync('docs/map.svg', out);
    assert.equal(readFileSync('docs/map.svg', 'utf8'), out, 'docs/map.svg is out of date: run `npm run update`');
  });

  it('makes tables', async () => {
    checkGolden('policy.map.markdown.txt', (await vmlayout(['map', 'examples/policy.vmlayout', '--format', 'markdown'])).out);
  });

  it('ends with 1 where `check` has an error to tell', async () => {
    assert.equal((await vmlayout(['map', 'examples/doorbell.vmlayout'])).status, 1);
    assert.equal((await vmlayout(['map', 'examples/pc-high-ram.vmlayout'])).status, 0);
  });

  it('shows a guest without a host', async () => {
    const { status, out } = await vmlayout(['map', '-'], { input: 'vm lost { ram low at 0 size 1 GiB }\n' });
    assert.equal(status, 0);
    assert.match(out, /^vm lost .*no host/);
    assert.doesNotMatch(out, /IOVA/);
  });

  it('draws the addresses that are asked for, to the byte', async () => {
    const { out } = await vmlayout(['map', 'examples/doorbell.vmlayout', '--format', 'svg', '--from', '0x10_1001_0040', '--to', '0x1010010043']);
    for (const address of ['0x10_1001_0040', '0x10_1001_0041', '0x10_1001_0044']) assert.ok(out.includes(`>${address}<`), address);
    assert.doesNotMatch(out, />0x10_1002_0000</);
  });

  it('takes addresses that are some, and only where it draws', async () => {
    const file = 'examples/doorbell.vmlayout';
    for (const word of ['1 GiB', '0x', '-1', '0x1_0000_0000_0000_0000', '1e3']) {
      assertMisuse(await vmlayout(['map', file, '--format', 'svg', `--from=${word}`]), `map: \`--from\` asks for an address such as 0x800_0000, below 2^64, not \`${word}\``);
    }
    assertMisuse(await vmlayout(['map', file, '--format', 'svg', '--from', '2', '--to', '1']), 'map: `--to` is below `--from`');
    assertMisuse(await vmlayout(['map', file, '--scale', 'exact']), 'map: `--scale` is for `--format svg`');
    assertMisuse(await vmlayout(['map', file, '--format', 'png']), 'map: `--format` is text, svg or markdown, not `png`');
  });
});
