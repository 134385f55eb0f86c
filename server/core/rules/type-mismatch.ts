import { bad, defineLanguageRule, good } from './rule.js';

/** A value of one kind stands where another is needed. */
export const typeMismatch = defineLanguageRule({
  name: 'type-mismatch',
  summary: 'A value is of another kind than its place wants, or an operation joins kinds that don’t go together.',
  since: '0.1.0',
  why: `Addresses, sizes and plain numbers are told apart, because mixing them is how layouts break: an address minus an
address is a size, an address plus a size is an address, and two addresses have no sum. A bare number takes the kind that
its place wants, and a size stands for an address counted from 0.`,

  examples: [
    bad(`
      vm web {
        ram low at 0 size 1 GiB
        ram high at low.base + low.end size 1 GiB
                    ^^^^^^^^^^^^^^^^^^ an address + an address means nothing
        mmio uart at 0x900_0000 size low.base
                                     ^^^^^^^^ expected a size, found an address
      }
    `),
    good(`
      vm web {
        ram low at 0 size 1 GiB
        ram high at low.end + 1 GiB size low.end - low.base
      }
    `),
  ],
});
