import { bad, defineRule, fixed, good, type Waiver } from './rule.js';

/** A waiver that waives nothing. */
export const waiverUnused = defineRule({
  name: 'waiver-unused',
  over: 'file',
  level: 'warning',
  group: 'policy',
  summary: 'A waiver silences nothing.',
  since: '0.1.0',
  why: `A waiver that waives nothing lies in wait: the next change that breaks the rule there passes unseen, with a reason
that was given for something else. One that a later \`deny\`, \`warn\` or \`note\` overrules is no better: it reads as if the
findings were waived, and they are told. It is judged in the vms that the policy holds for; one that no vm could need yet is
left alone.`,

  examples: [
    bad(
      `
      vm web {
        policy aligned
        ram low at 0 size 4 GiB
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks on low because "firmware wants it so"
              ^^^^^^^^^^^^^ nothing breaks \`policy/blocks\` here: the waiver has no use
      }
    `,
      fixed('Remove the waiver', `
        -   allow policy/blocks on low because "firmware wants it so"
      `),
    ),
    bad(
      `
      vm web {
        policy aligned
        ram low at 0 size 3 MiB
            ^^^ policy/blocks: \`aligned(r, 2 MiB)\` is false for \`low\`: 0x0-0x2fffff
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in ram
        allow policy/blocks because "firmware wants it so"
              ^^^^^^^^^^^^^ a later \`deny\` tells what breaks \`policy/blocks\` here: the waiver has no use
        deny policy/blocks
      }
    `,
      fixed('Remove the waiver', `
        -   allow policy/blocks because "firmware wants it so"
      `),
    ),
    good(`
      vm web {
        policy aligned
        ram low at 0 size 4 GiB
        ram high at 4 GiB size 3 MiB allow policy/blocks because "shared with the firmware"
      }

      policy aligned {
        require blocks: aligned(r, 2 MiB) for r in ram
      }
    `),
  ],

  check: ({ waivers }) => waivers.filter(({ expired, used }) => !expired && !used),
  locate: ({ place }: Waiver) => place,
  message: wordsOf,
  notes: ({ overruledBy }: Waiver) => (overruledBy ? [{ place: overruledBy.place, message: 'later statements win' }] : []),
  fixes: ({ removal }: Waiver) => [{ title: 'Remove the waiver', safe: false, edits: [removal] }],
  unused: true,
});

function wordsOf({ rule, over, overruledBy }: Waiver): string {
  if (overruledBy) return `a later \`${overruledBy.verb}\` tells what breaks \`${rule}\` here: the waiver has no use`;
  if (over === 'vm') return `nothing breaks \`${rule}\` here: the waiver has no use`;
  return `\`${rule}\` is told of ${over === 'host' ? 'hosts' : 'files'}, and a waiver holds for vms: it has no use; vmlayout.json or --rule sets the level`;
}
