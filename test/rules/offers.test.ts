import assert from 'node:assert/strict';
import type { Offer } from '../../server/core/rules/offers.js';
import { check, offersOf, type Checked } from '../support/check.js';
import { allTexts } from '../support/texts.js';

// What holds for every fix that is offered, whatever the rule.

/** The offers of each finding of a text. */
const offersIn = (checked: Checked): Offer[][] => checked.result.findings.map((finding) => offersOf(checked, finding));

describe('the preferred fix', () => {
  it('is the first, and neither silences what was found nor leads to something else', () => {
    const all = allTexts().flatMap(({ text }) => offersIn(check(text)));
    for (const offers of all) {
      assert.deepEqual(offers.slice(1).filter(({ preferred }) => preferred), []);
      assert.deepEqual(offers.filter(({ preferred, title }) => preferred && (/^Allow /.test(title) || title.includes('(then '))), []);
    }
    const firsts = all.flatMap(([first]) => first ?? []);
    assert.ok(firsts.some(({ title, preferred }) => title.startsWith('Allow ') && !preferred));
    assert.ok(firsts.some(({ title, preferred }) => title.includes('(then ') && !preferred));
    assert.ok(firsts.filter(({ preferred }) => preferred).length > 50);
  });
});
