import assert from 'node:assert/strict';
import { findingsOf, regionsOf } from '../support/evaluate.js';

// Where regions lie, and which bytes of their backing they take.

describe('an extent', () => {
  it('is written with its size, its last byte, or one past it', () => {
    checkRegions(
      `
      vm web {
        ram a at 0 size 4 KiB
        ram b at 0x1000 ..= 0x1fff
        ram c at 0x2000 .. 0x3000
        ram d at c.end size b.size
        ram e at c.end + d.size .. d.end + 8 KiB
      }
    `,
      ['a 0x0-0xfff', 'b 0x1000-0x1fff', 'c 0x2000-0x2fff', 'd 0x3000-0x3fff', 'e 0x4000-0x5fff'],
    );
  });

  it('reaches 2^64 and not past it', () => {
    checkRegions(
      `
      vm web {
        ram whole at 0 size 16 EiB
        avoid last at 0xffff_ffff_ffff_ffff size 1
        avoid inclusive at 0 ..= 0xffff_ffff_ffff_ffff
        avoid open at 0 .. 1 << 64
        mmio past at 0xffff_ffff_ffff_ffff size 2
        mmio far at whole.end size 1
        mmio long at 0 size 16 EiB + 1 B
        mmio wide at 1 ..= 1 << 64
      }
    `,
      [
        'whole 0x0-0xffffffffffffffff',
        'last 0xffffffffffffffff-0xffffffffffffffff',
        'inclusive 0x0-0xffffffffffffffff',
        'open 0x0-0xffffffffffffffff',
        'past unknown',
        'far unknown',
        'long unknown',
        'wide unknown',
      ],
      [
        'value-range: `past` ends past 2^64',
        'value-range: the address 0x10000000000000000 is not below 2^64',
        'value-range: the size 0x10000000000000001 is more than 2^64 bytes',
        'value-range: `wide` ends past 2^64',
      ],
    );
  });

  it('does not run backwards', () => {
    const text = `
      vm web {
        ram a at 0x2000 .. 0x1000
        ram b at 0x2000 .. 0x2000
        ram c at 0x2000 ..= 0x1fff
        ram d at 0x2000 ..= 0x2000
        ram e at 0 size 0
        ram f at 0 - 4096 size 1
      }
    `;
    checkRegions(text, ['a unknown', 'b unknown', 'c unknown', 'd 0x2000-0x2000', 'e unknown', 'f unknown'], [
      'value-range: the range ends before it begins',
      'value-range: the range ends before it begins',
      'value-range: the range ends before it begins',
      'value-range: a size is at least 1 byte',
      'value-range: the address -0x1000 is below 0',
    ]);
  });

  it('silences only what depends on it', () => {
    checkRegions(
      `
      vm web {
        ram a at nowhere size 1 GiB
        ram b at a.end size 1 GiB
        ram c at 0 size a.size
        ram d at 0 size 1 GiB
      }
    `,
      ['a unknown', 'b unknown', 'c 0x0-0x3fffffff', 'd 0x0-0x3fffffff'],
      ['unknown-name: nothing here is called `nowhere`', 'region-overlap: `d` lies in `c` (0x0-0x3fffffff): KVM_SET_USER_MEMORY_REGION fails with EEXIST'],
    );
  });
});

describe('the bytes of a backing', () => {
  it('are taken one after the other', () => {
    checkRegions(
      `
      vm web {
        backing ram0 size 16 GiB
        ram low at 0 size 3 GiB from ram0
        ram high at 4 GiB size 1 GiB from ram0
        ram top at 8 GiB size 1 GiB from ram0 + 8 GiB
        ram back at 12 GiB size 1 GiB from ram0 + 5 GiB
        ram last at 16 GiB size 1 GiB from ram0
      }
    `,
      [
        'low 0x0-0xbfffffff ram0+0x0',
        'high 0x100000000-0x13fffffff ram0+0xc0000000',
        'top 0x200000000-0x23fffffff ram0+0x200000000',
        'back 0x300000000-0x33fffffff ram0+0x140000000',
        'last 0x400000000-0x43fffffff ram0+0x240000000',
      ],
    );
  });

  it('are used up by holes and roms, and not by what is not there', () => {
    checkRegions(
      `
      vm web {
        backing ram0 size 16 GiB
        ram low at 0 size 640 KiB from ram0
        hole vga at 0xa_0000 size 128 KiB from ram0
        rom bios at 0xc_0000 size 256 KiB from ram0
        ram gone at 2 GiB size 1 GiB from ram0 when false
        rom again at 3 GiB alias bios
        ram rest at 1 MiB size 1 MiB from ram0
      }
    `,
      [
        'low 0x0-0x9ffff ram0+0x0',
        'vga 0xa0000-0xbffff ram0+0xa0000',
        'bios 0xc0000-0xfffff ram0+0xc0000',
        'again 0xc0000000-0xc003ffff ram0+0xc0000',
        'rest 0x100000-0x1fffff ram0+0x100000',
      ],
    );
  });

  it('can’t be told after a size that is unknown', () => {
    checkRegions(
      `
      vm web {
        backing ram0 size 16 GiB
        ram low at 0 size nothing from ram0
        ram high at 4 GiB size 1 GiB from ram0
        ram top at 8 GiB size 1 GiB from ram0 + 8 GiB
      }
    `,
      ['low unknown ram0+0x0', 'high 0x100000000-0x13fffffff ram0+unknown', 'top 0x200000000-0x23fffffff ram0+0x200000000'],
      ['unknown-name: nothing here is called `nothing`'],
    );
  });

  it('come from memory that vms share, each beginning at its start', () => {
    const text = `
      backing shared size 1 GiB share
      vm one {
        ram window at 0 size 512 MiB from shared share
      }
      vm two {
        ram window at 0 size 512 MiB from shared share
      }
    `;
    assert.deepEqual(regionsOf(text, new Map(), 'two'), ['window 0x0-0x1fffffff shared+0x0']);
    assert.deepEqual(findingsOf(text), []);
  });

  it('are shown again by an alias, from its offset on', () => {
    checkRegions(
      `
      vm web {
        backing ram0 size 4 GiB
        ram low at 0 size 2 GiB from ram0
        ram high at 4 GiB size 2 GiB from ram0
        ram mirror at 8 GiB alias high + 1 GiB
        ram part at 12 GiB size 4 KiB alias low
      }
    `,
      [
        'low 0x0-0x7fffffff ram0+0x0',
        'high 0x100000000-0x17fffffff ram0+0x80000000',
        'mirror 0x200000000-0x23fffffff ram0+0xc0000000',
        'part 0x300000000-0x300000fff ram0+0x0',
      ],
    );
  });

  it('are named by a backing', () => {
    assert.deepEqual(
      findingsOf(`
        vm web {
          backing ram0 size 1 GiB
          ram low at 0 size 1 GiB from ram0 - 4 KiB
          ram mid at 1 GiB size 1 GiB from low
          ram high at 2 GiB size 1 GiB from 4 GiB
        }
      `),
      [
        'value-range: the offset is below 0',
        'type-mismatch: `low` is a ram, not a backing',
        'type-mismatch: expected the name of a backing',
      ],
    );
  });
});

function checkRegions(text: string, regions: readonly string[], findings: readonly string[] = []): void {
  assert.deepEqual(regionsOf(text), regions);
  assert.deepEqual(findingsOf(text), findings);
}
