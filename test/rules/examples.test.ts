import assert from 'node:assert/strict';
import { RULES } from '../../server/core/rules/catalogue.js';
import type { Example, SealedRule } from '../../server/core/rules/rule.js';
import { applyOffer, check, drawFindings, offersOf, type Checked } from '../support/check.js';
import { readPicture, withChange } from '../support/picture.js';

// Every example of every rule runs: place, message, titles of fixes and what they make of the text. A fix that is shown
// is then applied again and again until nothing changes, ten rounds at most.

for (const rule of RULES) {
  describe(`rule ${rule.name}`, () => {
    it('has a bad and a good example', () => {
      assert.ok(rule.examples.some(({ kind }) => kind === 'bad'));
      assert.ok(rule.examples.some(({ kind }) => kind === 'good'));
    });
    for (const [index, example] of rule.examples.entries()) {
      it(`${example.kind} example ${index + 1}`, () => {
        if (example.kind === 'good') checkGood(rule, example.text);
        else checkBad(rule, example);
      });
    }
  });
}

function checkGood(rule: SealedRule, text: string): void {
  const { text: source, files } = readPicture(text);
  const checked = check(source, files);
  assert.equal(drawFindings(checked, rule.name), source);
}

function checkBad(rule: SealedRule, example: Extract<Example, { kind: 'bad' }>): void {
  const { text, files, drawn } = readPicture(example.text);
  const checked = check(text, files);
  assert.equal(drawFindings(checked, rule.name), drawn);
  const offers = checked.result.findings.filter((finding) => finding.rule === rule.name).flatMap((finding) => offersOf(checked, finding));
  for (const { title, change } of example.fixes) {
    const offer = offers.find((candidate) => candidate.title === title);
    assert.ok(offer, `no fix “${title}” among:\n${offers.map((candidate) => `  ${candidate.title}`).join('\n')}`);
    assert.equal(applyOffer(checked, offer), withChange(text, change));
  }
  for (const offer of offers) converges(rule, applyOffer(checked, offer), files);
}

/** The first fix of the rule, over and over, comes to an end. */
function converges(rule: SealedRule, text: string, files: ReadonlyMap<string, string>): void {
  let current = text;
  for (let round = 0; round < 10; round++) {
    const checked: Checked = check(current, files);
    const first = checked.result.findings.filter((finding) => finding.rule === rule.name).flatMap((finding) => offersOf(checked, finding))[0];
    if (!first) return;
    current = applyOffer(checked, first);
  }
  assert.fail(`the fixes of ${rule.name} don’t come to an end:\n${current}`);
}
