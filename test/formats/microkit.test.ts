import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat } from '../../server/core/formats/index.js';
import { readXml } from '../../server/core/formats/xml.js';
import { check } from '../support/check.js';
import { filesIn } from './imported.js';
import { mutated } from './mutations.js';
import { quantity } from './readers.js';

function importOf(text: string, path = 'a.system'): { text: string; notes: readonly string[] } {
  const result = importFormat('microkit', [{ path, text }]);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

function errorOf(text: string): string {
  const result = importFormat('microkit', [{ path: 'f', text }]);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

const SYSTEM = `<?xml version="1.0" encoding="UTF-8"?>
<system>
    <memory_region name="buffer" size="0x1_000" phys_addr="0x9_000_000" />
    <memory_region name="ram" size="0x20_0000" page_size="0x20_0000" />
    <memory_region name="file" prefill_path="a.bin" />
    <io_address_space name="nic" peripheral_id="0:3.0" domain_id="1">
        <iomap mr="buffer" iovaddr="0x1000" perms="r" />
    </io_address_space>
    <protection_domain name="vmm" priority="254">
        <map mr="buffer" vaddr="0x2_000_000" perms="rw" cached="false" />
        <map mr="file" vaddr="0x3_000_000" />
        <virtual_machine name="guest">
            <map mr="ram" vaddr="0x40000000" perms="rwx" />
        </virtual_machine>
    </protection_domain>
</system>
`;

describe('import of Microkit systems', () => {
  it('reads as a layout', () => {
    assert.equal(
      importOf(SYSTEM).text,
      `// Imported from the Microkit system a.system. Each comment tells the line it comes from.
// line 5: "file" is as large as the file that fills it: it stands as a comment, and so does what maps it
backing buffer size 4 KiB physical at 0x900_0000 share   // line 3
backing ram_memory size 2 MiB hugetlb 2 MiB label "ram"  // line 4
// line 5: memory region "file", as large as its file

// arch x86_64 and model vt-d are assumed: only there the Microkit has I/O address spaces
host machine {
  arch x86_64    // assumed
  page 4 KiB     // seL4 on x86
  contract none  // nobody is asked: the capabilities decide
  iommu iommu0 {
    model vt-d  // assumed
    bits 39     // what seL4 maps at most
  }
  device pci_0_3_0 "0000:00:03.0" // line 6: nic
}

vm io_nic on machine {
  vmm microkit                                                  // line 6: I/O address space: its addresses are IOVAs
  ram buffer_map at 0x1000 size 4 KiB from buffer + 0 access r  // line 7

  assign pci_0_3_0
}

vm vmm_space {
  vmm microkit                                                        // line 9: protection domain: its addresses are virtual
  mmio buffer_map at 0x200_0000 size 4 KiB from buffer + 0 access rw  // line 10: not cached
  // line 11: "file" at 0x300_0000, as large as its file
}

vm guest {
  vmm microkit                                                                 // line 12: virtual machine: its addresses are guest-physical
  ram ram_memory_map at 0x4000_0000 size 2 MiB from ram_memory + 0 access rwx  // line 13
}
`,
    );
  });

  it('tells what the Microkit would refuse, and where', () => {
    const one = (region: string, rest = ''): string => `<system>\n<memory_region name="m" ${region} />\n${rest}\n</system>`;
    const space = (maps: string): string => `<protection_domain name="p">${maps}</protection_domain>`;
    assert.match(errorOf(one('size="0x200_000sd"')), /^2: `size` is no number: 0x200_000sd/);
    assert.match(errorOf(one('')), /^2: `m` has no size/);
    assert.match(errorOf(one('size="0x1001"')), /^2: 0x1001 bytes are no multiple of the page/);
    assert.match(errorOf(one('size="0x2000" page_size="0x2001"')), /^2: 0x2001 is no size of a page/);
    assert.match(errorOf(one('size="0x1000" phys_addr="0xffff_ffff_ffff_ffff"')), /^2: 0xffffffffffffffff is no multiple/);
    assert.match(errorOf(one('size="0x1000" phys_addr="0x1_0000_0000_0000_0000"')), /^2: `phys_addr` is past 2\^64/);
    assert.match(errorOf(one('size="0x1000"', space('<map mr="x" vaddr="0" />'))), /^3: there is no memory region `x`/);
    assert.match(errorOf(one('size="0x1000"', space('<map mr="m" vaddr="0x1000000000000000" />'))), /^3: `m` reaches to 0x1000000000000fff, and addresses here have 47 bits/);
    assert.match(errorOf(one('size="0x1000"', space('<map mr="m" />'))), /^3: <map> has no `vaddr`/);
    assert.match(errorOf(one('size="0x1000"', space('<map mr="m" vaddr="0" perms="xr" />'))), /^3: `xr` is none of r, w, x/);
    assert.match(errorOf('<domain/>'), /^1: <domain> is no <system>/);
  });

  it('never throws, whatever is done to a system', function () {
    this.timeout(30_000);
    const count = mutated([SYSTEM], ['<', '>', '/>', '"', '&amp;', '<!DOCTYPE x>', '<map mr="ram" vaddr="', '-->', '<!--', ']]>'], 500, (text) => {
      const result = importFormat('microkit', [{ path: 'f', text }]);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
    });
    assert.equal(count, 500);
  });
});

describe('hostile XML', () => {
  const errorIn = (source: string): string => {
    const result = readXml(source);
    assert.ok('message' in result, 'expected an error');
    return `${result.line}: ${result.message}`;
  };

  it('can’t declare entities', () => {
    const bomb = '<!DOCTYPE lolz [\n<!ENTITY lol "lol">\n<!ENTITY lol1 "&lol;&lol;&lol;">\n]>\n<lolz>&lol1;</lolz>';
    assert.equal(errorIn(bomb), '1: a document type is refused: it could declare entities that grow without end');
    assert.equal(errorIn('<?xml version="1.0"?>\n<a>&lol1;</a>'), '2: `&lol1;` stands for nothing: documents can’t declare entities here');
    assert.equal(errorIn('<a b="&#x110000;"/>'), '1: `&#x110000;` stands for nothing: documents can’t declare entities here');
    assert.ok('name' in readXml('<a b="&lt;&#65;&#x42;">&amp;<!-- & --><![CDATA[&x;]]></a>'));
  });

  it('tells the line', () => {
    assert.equal(errorIn('<a>\n<b>\n</a>'), '3: </a> doesn’t close <b> of line 2');
    assert.equal(errorIn('<a>\n<b/>\n'), '1: <a> isn’t closed');
    assert.equal(errorIn('<a/>\n<b/>'), '2: a second root element');
    assert.equal(errorIn('\n\n'), '1: there is no element');
    assert.equal(errorIn('\nhello'), '2: text outside of the root element');
    assert.equal(errorIn('<a b="1" b="2"/>'), '1: `b` stands twice');
    assert.equal(errorIn('<a>\n<!-- x'), '2: a comment has no end');
    assert.equal(errorIn('<a b=1/>'), '1: expected an attribute or `>` in <a>');
    assert.equal(errorIn('</a>'), '1: </a> closes nothing');
    assert.equal(errorIn('<a>'.repeat(1_000_000)), '1: elements lie in each other more than 100 deep');
    assert.equal(errorIn(`<a>${'<b/>'.repeat(1_000_000)}</a>`), '1: more than 100000 elements');
  });

  it('takes as long as it is', function () {
    this.timeout(20_000);
    const start = performance.now();
    for (const source of [`<a ${' '.repeat(2_000_000)}>`, `<a b="${'x'.repeat(2_000_000)}"/>`, `<a>${'&amp;'.repeat(300_000)}</a>`, `<a>${'x<!---->'.repeat(200_000)}</a>`, '<'.repeat(1_000_000), `<a>${'\n'.repeat(2_000_000)}<b></a>`]) readXml(source);
    assert.ok(performance.now() - start < 10_000);
  });
});

const published = join(process.env['VMLAYOUT_CORPUS'] ?? '', 'layouts-as-code/microkit');

(process.env['VMLAYOUT_CORPUS'] && existsSync(published) ? describe : describe.skip)('Microkit systems as they were published', () => {
  it('are accepted or refused as the Microkit does', () => {
    const names = filesIn(published, '.system');
    assert.equal(names.length, 23);
    const counted = { accepted: 0, refused: 0, found: 0 };
    for (const name of names) {
      const text = readFileSync(join(published, name), 'utf8');
      const isAccepted = readFileSync(join(published, name.replace('.system', '.source')), 'utf8').includes('expected: accepted');
      const result = importFormat('microkit', [{ path: name, text }]);
      if ('errors' in result) {
        assert.ok(!isAccepted, `${name}: ${result.errors[0]?.message}`);
        counted.refused += 1;
        continue;
      }
      const errors = check(result.text).result.findings.filter(({ level }) => level === 'error');
      assert.deepEqual(errors.map(({ rule }) => rule).filter((rule) => rule !== 'region-overlap'), [], name);
      assert.equal(errors.length === 0, isAccepted, name);
      counted[isAccepted ? 'accepted' : 'found'] += 1;
      checkTable(name, result.text);
    }
    assert.deepEqual(counted, { accepted: 9, refused: 11, found: 3 });
  });
});

/** Every region and map of the table beside a system, with its numbers. */
function checkTable(name: string, layout: string): void {
  const rows = readFileSync(join(published, name.replace('.system', '.tsv')), 'utf8').trimEnd().split('\n').slice(1).map((row) => row.split('\t'));
  const regions = rows.filter(([element, , , , size]) => element === 'memory_region' && size !== '-');
  const sizes = [...layout.matchAll(/^backing \S+ size (0x\w+|\d+ \w+)/gm)].map(([, size = '']) => quantity(size));
  assert.deepEqual(sizes, regions.map(([, , , , size = '']) => BigInt(size.replaceAll('_', ''))), name);
  const sized = new Set(regions.map(([, region]) => region));
  const maps = rows.filter(([element, region]) => /^(?:io)?map$/.test(element ?? '') && sized.has(region)).map(([, , , address = '']) => BigInt(address.replaceAll('_', '')));
  const written = [...layout.matchAll(/^ {2}(?:ram|mmio) \S+ at (\S+) size/gm)].map(([, address = '']) => quantity(address));
  assert.deepEqual([...written].sort(), [...maps].sort(), name);
}
