import assert from 'node:assert/strict';
import fc from 'fast-check';
import { valueOf } from '../support/evaluate.js';

// Arithmetic is exact and unbounded, and every quantity knows what it counts.

const VM = `
  vm web {
    ram low at 0x1000 size 4 GiB - 4 KiB
    ram high at low.end + 1 GiB size 1 GiB
  }
`;

describe('numbers', () => {
  checkValues([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['10 - 2 - 3', '5'],
    ['1 - 2', '-1'],
    ['0xff + 0b101 + 0o17', '275'],
    ['1_000', '1000'],
    ['7 % 4', '3'],
    ['(0 - 7) % 4', '1'],
    ['12 / 4', '3'],
    ['1 << 64', '18446744073709551616'],
    ['(1 << 64) - 1 == ~0', 'true'],
    ['0xffff_ffff_ffff_ffff + 1', '18446744073709551616'],
    ['(1 << 200) / (1 << 198)', '4'],
    ['0xf0 & 0x3c | 1', '49'],
    ['~0xfff & 0x1234_5678', '305418240'],
    ['1 << 2 + 1', '8'],
    ['1 | 2 & 3', '3'],
  ]);

  it('add, multiply and subtract as mathematics has it', () => {
    const whole = fc.bigInt({ min: 0n, max: 1n << 80n });
    fc.assert(
      fc.property(whole, whole, whole, (a, b, c) => {
        assert.equal(valueOf(`${a} + ${b} * ${c} - ${b}`), `${a + b * c - b}`);
        assert.equal(valueOf(`${a} * ${c} / ${c === 0n ? 1n : c}`), `${c === 0n ? 0n : a}`);
      }),
      { numRuns: 200 },
    );
  });
});

describe('units', () => {
  checkValues([
    ['4 GiB', 'size 4 GiB'],
    ['4GiB', 'size 4 GiB'],
    ['0x10 MiB', 'size 16 MiB'],
    ['3.5 GiB', 'size 3584 MiB'],
    ['0.5 KiB', 'size 512 B'],
    ['1 KiB + 1 B', 'size 1025 B'],
    ['4G', 'size 4 GiB'],
    ['4g', 'size 4 GiB'],
    ['4Gi', 'size 4 GiB'],
    ['4GB', 'size 4 GiB'],
    ['512m', 'size 512 MiB'],
    ['16 EiB', 'size 16 EiB'],
    ['2 * 4 KiB', 'size 8 KiB'],
    ['4 KiB * 2', 'size 8 KiB'],
    ['1 GiB / 2 MiB', '512'],
    ['1 GiB / 4', 'size 256 MiB'],
    ['1 GiB % 3 MiB', 'size 1 MiB'],
    ['1 GiB >> 10', 'size 1 MiB'],
    ['0.3 B', 'value-range: this is no whole number of bytes'],
    ['1 GiB * 1 GiB', 'type-mismatch: a size * a size means nothing'],
    ['4 KiB == 4096', 'type-mismatch: a size can’t be compared with a number'],
    ['4 KiB > 0', 'true'],
  ]);
});

describe('nothing rounds', () => {
  checkValues([
    ['10 / 4', '250%'],
    ['1 / 3', '33.33%'],
    ['1 / 3 * 3', 'type-mismatch: `*` works on numbers, not on a share'],
    ['1 / 3 < 34%', 'true'],
    ['2 GiB / 3 GiB >= 2 / 3', 'true'],
    ['1 GiB / 3', 'value-range: 1 GiB / 3 is no whole number of bytes; `align_down` rounds'],
    ['align_down(1 GiB, 3) / 3', 'size 0x15555555'],
    ['90% == 9 / 10', 'true'],
    ['99.95% < 1', 'true'],
    ['1 / 0', 'value-range: division by zero'],
    ['1 GiB % (3 - 3)', 'value-range: division by zero'],
    ['1 << 1000', 'value-range: a shift by 1000 bits'],
    ['1 << (1 - 2)', 'value-range: a shift by -1 bits'],
    ['(1 << 400) * (1 << 400)', 'value-range: a number past 512 bits'],
  ]);
});

describe('addresses', () => {
  checkValues(
    [
      ['web.low.base', 'address 0x1000'],
      ['web.low.end', 'address 0x100000000'],
      ['web.low.last', 'address 0xffffffff'],
      ['web.low.size', 'size 4095 MiB + 1020 KiB'],
      ['web.high.base - web.low.end', 'size 1 GiB'],
      ['web.low.end + 4 KiB', 'address 0x100001000'],
      ['4 KiB + web.low.end', 'address 0x100001000'],
      ['web.low.end - 0x1000', 'address 0xfffff000'],
      ['web.low.base + web.low.base', 'type-mismatch: an address + an address means nothing'],
      ['4 KiB - web.low.base', 'type-mismatch: a size - an address means nothing'],
      ['web.low.base * 2', 'type-mismatch: an address * a number means nothing'],
      ['web.high.base % 1 GiB', 'size 0'],
      ['web.low.end & ~0xfff', 'address 0x100000000'],
      ['web.low.base < web.high.base', 'true'],
      ['web.low.base == 0x1000', 'true'],
      ['web.low.base == 4 KiB', 'true'],
      ['web.low.kind', '"ram"'],
      ['web.low.kind == "ram"', 'true'],
      ['web.low.name', '"low"'],
      ['web.low == web.low', 'true'],
      ['web.low == web.high', 'false'],
      ['web.low.write and not web.low.execute', 'true'],
      ['web.low.node', '0'],
      ['web.low.bsae', 'unknown-name: `low` has no `bsae`; did you mean `base`?'],
      ['web.lwo.base', 'unknown-name: `web` has no `lwo`; did you mean `low`?'],
      ['web.low.base.size', 'type-mismatch: `base` is an address and has no `size`'],
    ],
    VM,
  );
});

describe('conditions', () => {
  checkValues([
    ['true and false', 'false'],
    ['not false or 1 / 0 == 1', 'true'],
    ['false and 1 / 0 == 1', 'false'],
    ['not 1 > 2', 'true'],
    ['not (1 > 2) and 2 > 1', 'true'],
    ['1 and true', 'type-mismatch: `and` joins conditions, and this is a number'],
    ['not 1', 'type-mismatch: `not` doesn’t work on a number'],
    ['"a" == "b"', 'false'],
    ['"a" < "b"', 'type-mismatch: a text has no order'],
    ['1 <= 2 < 3', 'unknown'],
    ['6.6 < 6.12', 'true'],
    ['version(6.6) == version(6.6)', 'true'],
    ['version(7) > 6.18', 'true'],
  ]);
});

function checkValues(rows: readonly (readonly [expression: string, value: string])[], around = ''): void {
  for (const [expression, value] of rows) it(`${expression} is ${value}`, () => assert.equal(valueOf(expression, around), value));
}
