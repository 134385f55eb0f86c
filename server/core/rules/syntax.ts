import type { Place } from '../layout/place.js';
import type { FileScope } from '../layout/scope.js';
import { LENGTH_LIMIT, type Item } from '../syntax/document.js';
import type { SyntaxProblem } from '../syntax/problems.js';
import { overviewOf, surveyOf } from '../syntax/survey.js';
import { bad, defineRule, fixed, fixOf, good } from './rule.js';

/** The text is damaged, or a word stands where it means nothing. */
export const syntax = defineRule({
  name: 'syntax',
  over: 'file',
  level: 'error',
  group: 'language',
  summary: 'The text is no layout: something is missing, unclosed, or stands where it means nothing.',
  since: '0.1.0',
  why: `What can't be read can't be judged. Everything around the damage still is: a missing address silences the checks of
its own region, an unclosed brace spoils its own declaration. A declaration ends with its line, so what belongs to it
follows on the line or stands in a \`{ }\` block that opens there.

A text longer than 16 Mi characters is not read at all.`,

  examples: [
    bad(
      `
      vm web {
        ram low at 0
          size 4 GiB
          ^^^^ \`size\` belongs on the line of \`ram\`, or in its block
        ram high at size 4 GiB
                 ^^ expected an address after \`at\`
      }
    `,
      fixed('Join to the line above', `
        -   ram low at 0
        -     size 4 GiB
        +   ram low at 0 size 4 GiB
      `),
    ),
    bad(
      `
      const SIZE = 4 GiB

      policy small {
        require 1 MiB <= r.size <= SIZE for r in ram
                                ^^ comparisons don’t chain; join two with \`and\`
        require aligned(r, 2 MiB for r in ram
                       ^ this \`(\` is never closed
      }
    `,
      fixed('Join two comparisons with `and`', `
        -   require 1 MiB <= r.size <= SIZE for r in ram
        +   require 1 MiB <= r.size and r.size <= SIZE for r in ram
      `),
      fixed('Insert `)`', `
        -   require aligned(r, 2 MiB for r in ram
        +   require aligned(r, 2 MiB) for r in ram
      `),
    ),
    good(`
      vm web {
        ram low at 0 size 4 GiB
        ram high {
          at 4 GiB
          size 4 GiB
        }
      }
    `),
  ],

  check: ({ scope }) => damageIn(scope),
  locate: ({ place }) => place,
  message: ({ problem }) => problem.message,
  fixes: ({ place, problem }) => (problem.repair ? [fixOf(place, problem.repair)] : []),
});

interface Damage {
  readonly place: Place;
  readonly problem: SyntaxProblem;
}

function damageIn({ path, document }: FileScope): Damage[] {
  const [first] = document.items;
  if (document.oversized && first) return [oversized(path, first)];
  const damage = overviewOf(document).damaged.flatMap((item) => surveyOf(item).damage.map((problem) => ({ place: { path, item, start: problem.start, end: problem.end }, problem })));
  const listings = new Set<string>();
  return damage.filter(({ problem: { listing } }) => listing === undefined || (!listings.has(listing) && listings.add(listing)));
}

function oversized(path: string, item: Item): Damage {
  const lineEnd = item.text.indexOf('\n');
  const end = Math.max(1, lineEnd < 0 ? item.text.length : lineEnd);
  const message = `this text is longer than ${LENGTH_LIMIT >> 20} Mi characters; it is not read`;
  return { place: { path, item, start: 0, end: Math.min(end, 80) }, problem: { start: 0, end, message } };
}
