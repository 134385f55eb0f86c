import assert from 'node:assert/strict';
import type { Offer } from '../../server/core/rules/offers.js';
import { formattedText } from '../../server/core/syntax/format.js';
import { applyOffer, check, offersOf, type Checked } from '../support/check.js';
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

describe('the text of fixes', () => {
  const texts = allTexts().map(({ text }) => formattedText(text));
  const withReturns = (text: string): string => text.replaceAll('\n', '\r\n');

  it('is formatted where the text was', () => {
    for (const text of texts) {
      const checked = check(text);
      for (const offer of offersIn(checked).flat()) {
        const after = applyOffer(checked, offer);
        assert.equal(after, formattedText(after), offer.title);
      }
    }
  });

  it('has the line breaks that the text has', () => {
    for (const text of texts) {
      const [plain, other] = [check(text), check(withReturns(text))];
      const [made, wanted] = [other, plain].map((checked) => offersIn(checked).flat().map((offer) => ({ title: offer.title, text: applyOffer(checked, offer) })));
      assert.deepEqual(made, wanted?.map(({ title, text: after }) => ({ title, text: withReturns(after) })));
    }
  });

  it('stays on the line of a block that has one', () => {
    const host = 'host h { page 4 KiB; bits 48; iommu i { model smmu-v3; granule 4 KiB; bits 48; reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi }; group 1 { device nic "0" } }\n';
    const made = madeBy(`${host}vm web on h { ram low at 0 size 1 GiB; assign nic }\n`);
    assert.equal(made('Let the VMM carve'), `${host}vm web on h { on-overlap carve; ram low at 0 size 1 GiB; avoid doorbell-hole at 0x800_0000 size 1 MiB via reserved-memory; assign nic }\n`);
    assert.equal(madeBy('vm web { const A = 1; const B = 2; ram low at 0 size 1 GiB }\n')('Remove `B`'), 'vm web { const A = 1; ram low at 0 size 1 GiB }\n');
    assert.equal(madeBy('vm web { const A = 1; const B = 2; ram low at 0 size 1 GiB }\n')('Remove `A`'), 'vm web { const B = 2; ram low at 0 size 1 GiB }\n');
  });

  it('keeps comments in their column, farther right if it has to, but not too far', () => {
    const text = 'vm web {\n  slots 3                       // three\n  ram low at 0 size 1 GiB       // low\n  ram more at 1023 MiB size 4M  // more\n}\n';
    const columns = (more: string, column: number): string =>
      `vm web {\n${[['slots 3', 'three'], ['ram low at 0 size 1 GiB', 'low'], [more, 'more']].map(([code = '', comment]) => `  ${code.padEnd(column)}// ${comment}\n`).join('')}}\n`;
    assert.equal(columns('ram more at 1023 MiB size 4M', 30), text);
    assert.equal(madeBy(text)('Move `more`'), columns('ram more at 0x4000_0000 size 4M', 33));
    assert.equal(madeBy(text)('Write `4 MiB`'), columns('ram more at 1023 MiB size 4 MiB', 33));
    assert.equal(madeBy(text)('Allow region-overlap on `more`'), text.replace('4M  //', '4M allow region-overlap because "say why this is right here" //'));
  });
});

/** What the offer whose title begins so makes of a text. */
function madeBy(text: string): (title: string) => string | undefined {
  const checked = check(text);
  return (title) => offersIn(checked).flat().filter((offer) => offer.title.startsWith(title)).map((offer) => applyOffer(checked, offer))[0];
}
