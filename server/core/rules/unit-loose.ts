import { placeOf, type Place } from '../layout/place.js';
import type { Integer } from '../syntax/nodes.js';
import { overviewOf, surveyOf } from '../syntax/survey.js';
import { bad, defineRule, fixed, fixOf, good } from './rule.js';

/** A unit as people paste it, which others read in another way. */
export const unitLoose = defineRule({
  name: 'unit-loose',
  over: 'file',
  level: 'warning',
  group: 'language',
  summary: 'A quantity has a unit that not everyone reads alike, such as `4G` or `512MB`.',
  since: '0.1.0',
  why: `QEMU's \`-m 4G\` and the kernel's \`mem=4G\` mean 4 × 2^30 bytes; a data sheet's 4 GB are 4 × 10^9, and the 7 % between
them is a hole or an overlap. Here \`4G\`, \`4g\`, \`4Gi\` and \`4GB\` are read as binary, and the exact spelling is \`4 GiB\`.`,

  examples: [
    bad(
      `
      vm web {
        ram low at 0 size 4G
                          ^^ \`4G\` is read as \`4 GiB\`
      }
    `,
      fixed('Write `4 GiB`', `
        -   ram low at 0 size 4G
        +   ram low at 0 size 4 GiB
      `),
    ),
    good(`
      vm web {
        ram low at 0 size 4 GiB
      }
    `),
  ],

  check: ({ scope: { path, document } }) => overviewOf(document).loose.flatMap((item) => surveyOf(item).loose.map((node) => ({ node, place: placeOf({ path, item }, node) }))),
  locate: ({ place }) => place,
  message: (fact) => `\`${spelt(fact)}\` is read as \`${fact.node.exact}\``,
  fixes: ({ place, node }: Loose) => [fixOf(place, { start: node.start, end: node.end, newText: node.exact ?? '', title: `Write \`${node.exact}\``, safe: true })],
});

interface Loose {
  readonly node: Integer;
  readonly place: Place;
}

const spelt = ({ place }: Loose): string => place.item.text.slice(place.start, place.end);
