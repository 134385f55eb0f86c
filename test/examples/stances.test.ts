import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { check, spanOf, type Checked } from '../support/check.js';
import { vmlayout } from '../support/command-line.js';
import { draw, readPicture } from '../support/picture.js';
import { CONTRACTS, cellOf, EVENTS, fileName, stanceLayout, STANCES } from './stances-table.js';

// The table of docs/stances.md: each cell is a vm of a layout under examples/stances, and says what its plan comes to. And
// docs/discussion-2016.md: each position is a layout, followed by what the program prints of it.

const isUpdate = process.env['UPDATE'] === '1';

/** Compares a file with what it should be, or rewrites it. */
function checkText(path: string, text: string): void {
  if (isUpdate) writeFileSync(path, text);
  assert.equal(readFileSync(path, 'utf8'), text, `${path} is out of date: run \`npm run update\``);
}

describe('the stances table', () => {
  before(() => {
    if (isUpdate) mkdirSync('examples/stances', { recursive: true });
  });

  for (const stance of STANCES) {
    for (const contract of CONTRACTS) it(`${fileName(stance, contract)} is as the table says`, () => checkText(fileName(stance, contract), stanceLayout(stance, contract)));
  }

  it('shows what the plans come to', () => {
    const sections = EVENTS.map(({ vm, title, about }) => {
      const rows = STANCES.map((stance) => `| ${stance} | ${CONTRACTS.map((contract) => `[${cell(stance, contract, vm)}](../${fileName(stance, contract)})`).join(' | ')} |`);
      const heading = title[0]?.toUpperCase() + title.slice(1);
      return `### ${heading}\n\n${about}\n\n| | ${CONTRACTS.map((contract) => contract.title).join(' | ')} |\n|---|${CONTRACTS.map(() => '---|').join('')}\n${rows.join('\n')}\n`;
    });
    checkText('docs/stances.md', between(readFileSync('docs/stances.md', 'utf8'), sections.join('\n')));
  });
});

const cell = (stance: (typeof STANCES)[number], contract: (typeof CONTRACTS)[number], vm: (typeof EVENTS)[number]['vm']): string => {
  const plan = check(stanceLayout(stance, contract)).result.vms.find((one) => one.vm.name === vm)?.plan;
  assert.ok(plan);
  return cellOf(plan, vm);
};

/** A page with the part between its two marks written anew. */
function between(page: string, part: string): string {
  const [head, , tail] = page.split(/<!-- (?:table|end of table) -->/);
  assert.ok(head !== undefined && tail !== undefined);
  return `${head}<!-- table -->\n\n${part}\n<!-- end of table -->${tail}`;
}

describe('the discussion of 2016, replayed', () => {
  const path = 'docs/discussion-2016.md';

  it('shows what the program finds and prints', async () => {
    let layout = '';
    const shown: string[] = [];
    for (const part of readFileSync(path, 'utf8').split(/^(```[^]*?^```)$/m)) {
      const [, language, text = ''] = /^```(\w+)\n([^]*)^```$/m.exec(part) ?? [];
      if (language === 'vmlayout') {
        const { text: written } = readPicture(text);
        layout = written;
        shown.push(`\`\`\`vmlayout\n${drawErrors(check(written))}\`\`\``);
      } else if (language === 'console') {
        const command = /^\$ vmlayout (.*)$/m.exec(text)?.[1] ?? '';
        const { out } = await vmlayout(command.replace('layout.vmlayout', '-').split(' '), { input: layout });
        shown.push(`\`\`\`console\n$ vmlayout ${command}\n${out.trimEnd()}\n\`\`\``);
      } else {
        shown.push(part);
      }
    }
    checkText(path, shown.join(''));
  });
});

/** The errors, drawn under the lines that they are about. */
const drawErrors = ({ text, document, result }: Checked): string =>
  draw(text, result.findings.filter(({ level }) => level === 'error').map((finding) => ({ ...spanOf(finding, document), label: `${finding.rule}: ${finding.message}` })));
