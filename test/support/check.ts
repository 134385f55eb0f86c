import assert from 'node:assert/strict';
import { openDocument, type Document } from '../../server/core/syntax/document.js';
import { checkFile, type CheckOptions } from '../../server/core/rules/check.js';
import type { CheckedFile } from '../../server/core/rules/checked-file.js';
import { offersFor, type Offer } from '../../server/core/rules/offers.js';
import type { Finding } from '../../server/core/rules/rule.js';
import type { World } from '../../server/core/layout/scope.js';
import { applyEdits } from '../../server/core/text/text-edit.js';
import { dedent, draw, readPicture, type Mark } from './picture.js';

/** The only test code that knows the checker's API: tests are data. */

export const TODAY = '2026-11-22';

export interface Checked extends CheckedFile {
  readonly text: string;
  readonly document: Document;
}

/** Checks a text; `files` are beside it. */
export function check(text: string, files: ReadonlyMap<string, string> = new Map(), options: CheckOptions = { today: TODAY }): Checked {
  const document = openDocument(text);
  const documents = new Map([...files].map(([name, content]) => [name, openDocument(content)]));
  const world: World = {
    read: (path) => (path === 'main.vmlayout' ? document : documents.get(path) ?? { error: 'there is no such file' }),
  };
  return { path: 'main.vmlayout', text, document, world, options, result: checkFile('main.vmlayout', world, options) };
}

/** Where a finding is in the text. */
export function spanOf(finding: Finding, document: Document): { start: number; end: number } {
  const start = document.starts[document.items.indexOf(finding.place.item)] ?? 0;
  return { start: start + finding.place.start, end: start + finding.place.end };
}

export function offersOf(checked: Checked, finding: Finding): Offer[] {
  return offersFor(finding, checked);
}

export const applyOffer = (checked: Checked, offer: Offer): string => applyEdits(checked.text, offer.edits);

/** The findings drawn under the text, each as `rule: message`; those of `implied` without the rule's name. */
export function drawFindings({ text, document, result }: Checked, implied?: string): string {
  const marks = result.findings.map((finding): Mark => {
    const label = finding.rule === implied ? finding.message : `${finding.rule}: ${finding.message}`;
    return { ...spanOf(finding, document), label };
  });
  return draw(text, marks);
}

/** Compares what the linter says with what is drawn: every finding of every level. */
export function checkLint(picture: string, options?: CheckOptions): Checked {
  const { text, files, drawn } = readPicture(picture);
  const checked = check(text, files, options);
  assert.equal(drawFindings(checked), drawn);
  return checked;
}

/** Applies the fix of this title, offered for any finding, and compares the text. */
export function checkFix(picture: string, title: string, expected: string): void {
  const { text, files } = readPicture(picture);
  const checked = check(text, files);
  const offers = checked.result.findings.flatMap((finding) => offersOf(checked, finding));
  const offer = offers.find((candidate) => candidate.title === title);
  assert.ok(offer, `no fix “${title}” among:\n${offers.map((candidate) => `  ${candidate.title}`).join('\n')}`);
  assert.equal(applyOffer(checked, offer), dedent(expected));
}

/** No fix whose title begins so is offered for any finding. */
export function checkNoFix(picture: string, beginning: string): void {
  const { text, files } = readPicture(picture);
  const checked = check(text, files);
  const titles = checked.result.findings.flatMap((finding) => offersOf(checked, finding)).map(({ title }) => title);
  assert.deepEqual(titles.filter((title) => title.startsWith(beginning)), []);
}
