import assert from 'node:assert/strict';
import { valueOf } from '../support/evaluate.js';

const VM = `
  vm web {
    ram low at 0 size 4 GiB
    ram high at 5 GiB size 1 GiB
    avoid gap at 3 GiB size 2 GiB
  }
`;

describe('functions', () => {
  checkValues([
    ['align_up(0x1001, 4 KiB)', '8192'],
    ['align_up(4 KiB, 4 KiB)', 'size 4 KiB'],
    ['align_down(web.high.last, 1 GiB)', 'address 0x140000000'],
    ['align_up(1, 0)', 'value-range: a block is at least 1 byte'],
    ['align_up(1, web.low.base)', 'type-mismatch: expected a size to align to, found an address'],
    ['aligned(web.high, 1 GiB)', 'true'],
    ['aligned(web.high, 2 GiB)', 'false'],
    ['aligned(web.high.base, 2 GiB)', 'false'],
    ['aligned("x", 2 GiB)', 'type-mismatch: expected an address or a region, found a text'],
    ['overlaps(web.low, web.gap)', 'true'],
    ['overlaps(web.low, web.high)', 'false'],
    ['contains(web.low, web.low)', 'true'],
    ['contains(web.low, web.gap)', 'false'],
    ['distance(web.low, web.high)', 'size 1 GiB'],
    ['distance(web.high, web.low)', 'size 1 GiB'],
    ['distance(web.low, web.gap)', 'size 0'],
    ['distance(web.low, 1)', 'type-mismatch: expected a region, found a number'],
    ['min(3 GiB, 2 GiB, 4 GiB)', 'size 2 GiB'],
    ['max(1, 2)', '2'],
    ['max(1, 1 GiB)', 'type-mismatch: a size can’t be compared with a number'],
    ['max(web.low.end, web.high.end)', 'address 0x180000000'],
    ['if(1 < 2, 4 KiB, 1 / 0)', 'size 4 KiB'],
    ['if(1 > 2, 1 / 0, 7)', '7'],
    ['if(1, 2, 3)', 'type-mismatch: `if` asks for a condition, and this is a number'],
    ['if(true, 2)', 'type-mismatch: `if(condition, then, otherwise)` takes 3 arguments, not 2'],
    ['count(1)', 'type-mismatch: expected a list, found a number'],
    ['sum(1)', 'type-mismatch: expected a list, found a number'],
    ['version("x")', 'type-mismatch: expected a version such as `6.6`, found a text'],
    ['algined(1, 2)', 'unknown-name: there is no function `algined`; did you mean `aligned`?'],
    ['web.low.coverage(2 MiB)', 'unknown-name: a `ram` has no `coverage(…)`'],
  ]);
});

function checkValues(rows: readonly (readonly [expression: string, value: string])[]): void {
  for (const [expression, value] of rows) it(`${expression} is ${value}`, () => assert.equal(valueOf(expression, VM), value));
}
