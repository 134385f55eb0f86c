import assert from 'node:assert/strict';
import { labelsAt } from '../support/cursor.js';

const VM = (inside: string): string => `host altra { kernel 6.12 }\nvm web on altra {\n  ram low at 0 size 1 GiB\n  ${inside}\n}\npolicy strict { require no-wx: true }\n`;

/** What is typed up to the character behind which the editor asks: these begin nothing. */
const SILENT: readonly string[] = [
  'host h {\n  device nic "0000:01:00.0"$0\n}',
  'import "lib1.vmlayout"$0',
  VM('mmio m at 4 GiB size 1 label "x"$0'),
  '  /$0',
  VM('ram more at 4 GiB size 4 GiB /$0'),
  VM('require small:$0'),
  VM('ram more at 4 GiB size 3.$0'),
  VM('ram more at 0x1000.$0'),
  VM('ram more at 0x1000 .$0'),
  VM('ram more at 0x1000 ..$0'),
  VM('ram more at low.end..$0'),
  VM('ram more at (low).$0'),
];

/** Behind these there is something to choose. */
const TALKATIVE: readonly [text: string, ...first: string[]][] = [
  ['import "$0"', 'std:iommu/amd'],
  ['import "std:$0"', 'std:iommu/amd'],
  ['import "std:machines/$0"', 'std:machines/bhyve'],
  ['import std:$0', 'std:iommu/amd'],
  [VM('require host.arch == "$0"'), 'arm64'],
  [VM('ram more at low.$0'), 'base', 'size', 'end', 'last'],
  [VM('mmio m at 4 GiB size 1 allow policy/$0'), 'policy/no-wx'],
  ['host h {\n  kernel 6.$0\n}', '6.18', '6.12', '6.6', '6.1'],
  [VM('require host.kernel >= 6.$0'), '6.18', '6.12', '6.6', '6.1'],
];

describe('completion behind a character that opens lists', () => {
  for (const text of SILENT) {
    const trigger = text[text.indexOf('$0') - 1] ?? '';
    it(`is silent: ${lineOf(text)}`, () => assert.deepEqual(labelsAt(text, trigger), []));
  }

  for (const [text, ...first] of TALKATIVE) {
    const trigger = text[text.indexOf('$0') - 1] ?? '';
    it(`suggests: ${lineOf(text)}`, () => assert.deepEqual(labelsAt(text, trigger).slice(0, first.length), first));
  }

  it('answers who asks behind a string, a range and a slash', () => {
    for (const text of ['host h {\n  device nic "01"$0\n}', VM('ram more at low.end ..$0'), VM('ram more at 4 GiB /$0')]) assert.notDeepEqual(labelsAt(text), []);
  });

  it('is silent behind the point of a number, whoever asks', () => {
    for (const text of [VM('ram more at 4 GiB size 3.$0'), VM('ram more at 0x1000 .$0')]) assert.deepEqual(labelsAt(text), []);
  });
});

function lineOf(text: string): string {
  const cursor = text.indexOf('$0');
  return text.slice(text.lastIndexOf('\n', cursor) + 1).split('\n')[0]?.replace('$0', '█').trim() ?? '';
}
