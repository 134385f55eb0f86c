import { bad, defineLanguageRule, good } from './rule.js';

/** A value or a declaration is defined by itself. */
export const cycle = defineLanguageRule({
  name: 'cycle',
  summary: 'A value is defined by itself, or a declaration is `like` itself.',
  since: '0.1.0',
  why: `The order of declarations means nothing, so a region may stand at the end of one that is declared below it. But
somewhere an address has to be written: where each region is placed by the other, neither has a place.`,

  examples: [
    bad(`
      vm web {
        ram low at high.end size 1 GiB
            ^^^ \`low\` is defined by itself
        ram high at low.end size 1 GiB
      }
    `),
    good(`
      vm web {
        ram high at low.end size 1 GiB
        ram low at 0 size 1 GiB
      }
    `),
  ],
});
