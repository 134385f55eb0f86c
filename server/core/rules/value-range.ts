import { bad, defineLanguageRule, good } from './rule.js';

/** A value of the right kind that can't be. */
export const valueRange = defineLanguageRule({
  name: 'value-range',
  summary: 'A value is too large, too small, or none at all.',
  since: '0.1.0',
  why: `Arithmetic is exact: nothing wraps at 2^64 and nothing is rounded, as it would be in C or in a spreadsheet. The check
is on the property: an address lies below 2^64, an end or a size is at most 2^64, a size is at least one byte, a page is a
power of two. Division by zero has no value, and what asks for neither read nor write is no mapping.`,

  examples: [
    bad(`
      vm web {
        ram low at 0 size 0
                          ^ a size is at least 1 byte
        ram high at 0xffff_ffff_f000_0000 size 1 GiB
            ^^^^ \`high\` ends past 2^64
        mmio uart at 0x1000 .. 0x800
                               ^^^^^ the range ends before it begins
        backing pages size 1 GiB / (2 - 2)
                           ^^^^^^^^^^^^^^^ division by zero
        rom flash at 2 GiB size 1 MiB from pages
      }
    `),
    bad(`
      vm web {
        ram low at 0 size 1 GiB
        map all to low access x
                              ^ \`x\` asks for neither read nor write: VFIO and iommufd refuse such a mapping with EINVAL
      }
    `),
    good(`
      vm web {
        ram low at 0 size 1 GiB
        ram high at 0xffff_ffff_c000_0000 ..= 0xffff_ffff_ffff_ffff
      }
    `),
  ],
});
