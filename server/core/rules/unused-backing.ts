import { bad, defineRule, fixed, good } from './rule.js';
import { placeOfUnused, removal, unusedIn, type Unused } from './unused-names.js';

/** A backing that no region takes bytes from. */
export const unusedBacking = defineRule({
  name: 'unused-backing',
  over: 'file',
  level: 'note',
  group: 'language',
  summary: 'No region takes bytes from a backing.',
  since: '0.1.0',
  why: `A backing costs host memory when the VMM allocates it, and huge pages when it is \`hugetlb\`, whether the guest sees it
or not. Mostly the \`from\` of a region is missing: without one the region has anonymous memory of its own, and is
mapped page by page.`,

  examples: [
    bad(
      `
      vm web {
        backing ram0 size 4 GiB hugetlb 1 GiB
                ^^^^ no region takes bytes from \`ram0\`
        ram low at 0 size 4 GiB
      }
    `,
      fixed('Remove `ram0`', `
        -   backing ram0 size 4 GiB hugetlb 1 GiB
      `),
    ),
    good(`
      vm web {
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0 size 4 GiB from ram0
      }
    `),
  ],

  check: (subject) => unusedIn(subject, 'backing'),
  locate: placeOfUnused,
  message: ({ name }: Unused) => `no region takes bytes from \`${name}\``,
  fixes: (unused: Unused) => [removal(unused)],
  unused: true,
});
