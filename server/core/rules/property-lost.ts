import { bad, defineLanguageRule, fixed, good } from './rule.js';

/** A declaration replaces another one and forgets some of what that said. */
export const propertyLost = defineLanguageRule({
  name: 'property-lost',
  level: 'note',
  summary: 'What replaces a declaration of the vm or host that is `like`d leaves a property out.',
  since: '0.1.0',
  why: `A declaration with the same kind and name replaces the other one whole: nothing of it stays. That is easy to read,
and easy to forget. RAM that loses its \`from\` has anonymous memory of its own, and is mapped page by page; an IOMMU that
loses its \`reserved\` ranges hides every overlap with them.`,

  examples: [
    bad(
      `
      vm small {
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0 size 2 GiB from ram0
      }

      vm web like small {
        ram low at 0 size 4 GiB
            ^^^ \`low\` is replaced whole, and loses \`from\`
      }
    `,
      fixed('Keep `from`', `
        -   ram low at 0 size 4 GiB
        +   ram low at 0 size 4 GiB from ram0
      `),
    ),
    good(`
      vm small {
        backing ram0 size 4 GiB hugetlb 1 GiB
        ram low at 0 size 2 GiB from ram0
      }

      vm web like small {
        ram low at 0 size 4 GiB backing hugetlb 1 GiB
      }
    `),
  ],
});
