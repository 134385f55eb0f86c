import { importsOf } from './library-imports.js';
import { bad, defineLanguageRule, fixed, good } from './rule.js';

/** A name or a fixed word that stands for nothing. */
export const unknownName = defineLanguageRule({
  name: 'unknown-name',
  summary: 'A name, a field, a function, a rule or a fixed word stands for nothing.',
  since: '0.1.0',
  why: `Names are looked up from the inside out: what a policy binds, the block they stand in, the vm or host around it, the
top of the file, and the files that it imports (not what those import). A value that rests on an unknown name is unknown,
and checks that need it keep silent; so each such name is told.

A hyphen belongs to a name where a letter follows it: \`RAM-HOLE\` is one name, a subtraction has spaces.`,

  examples: [
    bad(
      `
      const RAM = 4 GiB
      const HOLE = 1 MiB

      vm web {
        ram low at 0 size RAM-HOLE
                          ^^^^^^^^ nothing here is called \`RAM-HOLE\`; did you mean \`RAM - HOLE\`?
      }
    `,
      fixed('Change to `RAM - HOLE`', `
        -   ram low at 0 size RAM-HOLE
        +   ram low at 0 size RAM - HOLE
      `),
    ),
    bad(
      `
      vm web {
        policy lage
               ^^^^ there is no policy \`lage\`; did you mean \`large\`?
        ram low at 0 size 4 GiB
        mmio uart at lwo.end size 4 KiB
                     ^^^ nothing here is called \`lwo\`; did you mean \`low\`?
      }

      policy large {
        deny region-overlpa
             ^^^^^^^^^^^^^^ there is no rule \`region-overlpa\`; did you mean \`region-overlap\`?
        require r.sise >= 2 MiB for r in ramm
                                         ^^^^ there is no selector \`ramm\`; did you mean \`ram\`?
        require aligned(r.bsae, 2 MiB) for r in ram
                          ^^^^ \`r\` has no \`bsae\`; did you mean \`base\`?
      }
    `,
      fixed('Change to `low`', `
        -   mmio uart at lwo.end size 4 KiB
        +   mmio uart at low.end size 4 KiB
      `),
    ),
    bad(
      `
      vm web {
        policy basic
               ^^^^^ there is no policy \`basic\`
        ram low at 0 size 4 GiB
      }
    `,
      fixed('Import `std:policies/basic`', `
        + import "std:policies/basic"
        +
          vm web {
      `),
    ),
    good(`
      const RAM = 4 GiB

      vm web {
        ram low at 0 size RAM
        mmio uart at low.end size 4 KiB
      }
    `),
  ],

  fixesOf: ({ place }, subject) => importsOf(place, subject),
});
