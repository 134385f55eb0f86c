import { formatPlural } from '../layout/address.js';
import { bad, defineRule, good, type Waiver } from './rule.js';

/** Days before its last one from which on a waiver is told. */
const NOTICE_DAYS = 14;

/** A waiver that is about to end. */
export const waiverExpiring = defineRule({
  name: 'waiver-expiring',
  over: 'file',
  level: 'note',
  group: 'policy',
  summary: 'A waiver that is in use ends within two weeks.',
  since: '0.1.0',
  why: `On the day after \`until\` what was waived is told again, and a build that was green is red without a change to any
layout. Two weeks before, there is still time to mend the layout or to agree on another date. A waiver that nothing needs
is \`waiver-unused\`, however near its end.`,

  examples: [
    bad(
      `
      vm web {
        policy aligned
        ram low at 0 size 3 MiB
      }

      policy aligned {
        owner "firmware team"
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "until the firmware is updated" until 2026-11-30
                                                                          ^^^^^^^^^^ \`policy/blocks\` is waived for 8 more days; then its findings are told (owner: firmware team)
      }
    `,
    ),
    good(`
      vm web {
        policy aligned
        ram low at 0 size 3 MiB
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "until the firmware is updated" until 2026-12-07
      }
    `),
  ],

  check: ({ waivers }) => waivers.filter(({ used, daysLeft }) => used && daysLeft !== undefined && daysLeft >= 0 && daysLeft <= NOTICE_DAYS),
  locate: ({ until, place }: Waiver) => until ?? place,
  message: ({ rule, daysLeft = 0, owner }: Waiver) =>
    `\`${rule}\` is waived ${daysLeft === 0 ? 'today for the last time' : `for ${formatPlural(daysLeft, 'more day', 'more days')}`}; then its findings are told${owner === undefined ? '' : ` (owner: ${owner})`}`,
});
