import { bad, defineRule, fixed, good } from './rule.js';
import { placeOfUnused, removal, unusedIn, type Unused } from './unused-names.js';

/** A constant that nothing uses. */
export const unusedConst = defineRule({
  name: 'unused-const',
  over: 'file',
  level: 'note',
  group: 'language',
  summary: 'Nothing in the file uses a constant.',
  since: '0.1.0',
  why: `A constant that nothing uses is either left over, or the place that should use it has a number of its own that will
not follow it. Constants of a file without a vm are there for others, as are those of a model; what replaces the constant
of another vm is used there.`,

  examples: [
    bad(
      `
      const GUEST_RAM = 4 GiB
            ^^^^^^^^^ nothing in this file uses \`GUEST_RAM\`

      vm web {
        ram low at 0 size 2 GiB
      }
    `,
      fixed('Remove `GUEST_RAM`', `
        - const GUEST_RAM = 4 GiB
        -
          vm web {
      `),
    ),
    good(`
      vm small {
        const RAM
        ram low at 0 size RAM
      }
      vm web like small {
        const RAM = 2 GiB
      }
    `),
  ],

  check: (subject) => unusedIn(subject, 'const'),
  locate: placeOfUnused,
  message: ({ name }: Unused) => `nothing in this file uses \`${name}\``,
  fixes: (unused: Unused) => [removal(unused)],
  unused: true,
});
