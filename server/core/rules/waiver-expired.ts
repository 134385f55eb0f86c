import { bad, defineRule, fixed, good, type Waiver } from './rule.js';

/** A waiver past its date. */
export const waiverExpired = defineRule({
  name: 'waiver-expired',
  over: 'file',
  level: 'warning',
  group: 'policy',
  summary: 'A waiver is past its date and waives nothing any more.',
  since: '0.1.0',
  why: `A waiver with a date is a promise to look again. \`until\` names the last day it holds; from the next day on what it
waived is told again, and this says why.`,

  examples: [
    bad(
      `
      vm web {
        policy aligned
        ram low at 0 size 4 GiB
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "until the firmware is updated" until 2025-12-31
                                                                          ^^^^^^^^^^ \`policy/blocks\` was waived until this day; now its findings are told
      }
    `,
      fixed('Remove the waiver', `
        -   allow policy/blocks because "until the firmware is updated" until 2025-12-31
      `),
    ),
    good(`
      vm web {
        policy aligned
        ram low at 0 size 4 GiB
        rom flash at 4 GiB size 64 KiB
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in region
        allow policy/blocks on flash because "until the firmware is updated" until 2030-12-31
      }
    `),
  ],

  check: ({ waivers }) => waivers.filter(({ expired }) => expired),
  locate: ({ until, place }: Waiver) => until ?? place,
  message: ({ rule, owner }: Waiver) => `\`${rule}\` was waived until this day; now its findings are told${owner === undefined ? '' : ` (owner: ${owner})`}`,
  fixes: ({ removal }: Waiver) => [{ title: 'Remove the waiver', safe: false, edits: [removal] }],
});
