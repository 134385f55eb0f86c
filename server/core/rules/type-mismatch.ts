import { bad, defineLanguageRule, good } from './rule.js';

/** A value of one kind stands where another is needed. */
export const typeMismatch = defineLanguageRule({
  name: 'type-mismatch',
  summary: 'A value is of another kind than its place wants, or an operation joins kinds that don’t go together.',
  since: '0.1.0',
  why: `Addresses, sizes and plain numbers are told apart, because mixing them is how layouts break: an address minus an
address is a size, an address plus a size is an address, and two addresses have no sum. A bare number takes the kind that
its place wants, and a size stands for an address counted from 0. Declarations have kinds, too: what is mapped for DMA has
bytes, and a hole, a doorbell or what is to be avoided is addresses alone.`,

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
    bad(`
      vm web {
        ram low at 0 size 1 GiB
        hole gap at 1 GiB size 1 GiB dma on
                                     ^^^^^^ there is nothing in a hole that could be mapped for DMA
        map all to low
        map more to gap
                    ^^^ \`gap\` is a hole, not a ram or rom or mmio or bar or window
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
