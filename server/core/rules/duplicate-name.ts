import { placeOf, type Place } from '../layout/place.js';
import type { Problem } from '../layout/problem.js';
import { policyName, type FileScope, type Source } from '../layout/scope.js';
import { textOf } from '../syntax/nodes.js';
import { bad, defineLanguageRule, fixed, good } from './rule.js';

/** A name is declared twice in one block. */
export const duplicateName = defineLanguageRule({
  name: 'duplicate-name',
  summary: 'A block, or the top of a file, declares a name twice.',
  since: '0.1.0',
  why: `The second declaration can't be spoken of: every use of the name means the first. Regions, backings and constants
of a vm share their names; a \`map\` may be called like the region it maps, and policies are a table of their own. Two
declarations of one name are fine where \`when\` leaves only one of them, and in a vm that is \`like\` another one, where the
second replaces the first.

A host that a vm is \`on\` twice is told, too, and counts once.`,

  examples: [
    bad(`
      vm web {
        ram low at 0 size 2 GiB
        ram low at 4 GiB size 2 GiB
            ^^^ the name \`low\` is taken
      }
      vm web {
         ^^^ the name \`web\` is taken
      }
    `),
    bad(
      `
      host a { page 4 KiB }
      host b { page 4 KiB }

      vm web on a, b, a {
                      ^ the vm is \`on\` \`a\` twice
        ram low at 0 size 2 GiB
      }
    `,
      fixed('Remove the second `a`', `
        - vm web on a, b, a {
        + vm web on a, b {
      `),
    ),
    good(`
      const BIG = false

      vm web {
        ram low at 0 size 2 GiB when not BIG
        ram low at 0 size 8 GiB when BIG
        map low to low
      }
    `),
  ],

  also: ({ scope }) => atTheTop(scope),
});

function* atTheTop(scope: FileScope): Generator<Problem> {
  for (const [first, ...others] of scope.duplicates()) {
    if (!first) continue;
    const name = textOf(first.declaration.name) ?? policyName(first.declaration) ?? '';
    const note = { place: placeOfName(first), message: `\`${name}\` is declared here` };
    for (const other of others) yield { rule: 'duplicate-name', place: placeOfName(other), message: `the name \`${name}\` is taken`, note };
  }
}

function placeOfName(source: Source): Place {
  const { name, head, keyword } = source.declaration;
  return placeOf(source, name ?? head ?? keyword);
}
