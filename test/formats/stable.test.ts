import assert from 'node:assert/strict';
import { formattedText } from '../../server/core/syntax/format.js';
import { importInputs, type ImportFile } from '../../server/core/formats/index.js';
import { check } from '../support/check.js';
import { fileAt, importedLayouts, MTREE_DATA } from './imported.js';

// What is imported can be printed, formatted and checked again without a change.

describe('every imported layout is stable', () => {
  it('as the formatter would write it, with the same findings each time', () => {
    let count = 0;
    for (const { name, text } of importedLayouts()) {
      assert.equal(formattedText(text), text, name);
      count += 1;
    }
    assert.ok(count > 250);
  });

  it('in its findings', () => {
    for (const { name, text } of [...importedLayouts()].filter((_, index) => index % 10 === 0)) {
      const told = (): string[] => check(text).result.findings.map(({ rule, message }) => `${rule}: ${message}`);
      assert.deepEqual(told(), told(), name);
    }
  });
});

const MSI = '0x00000000fee00000 0x00000000feefffff msi\n';
const IOMEM = '00001000-bfffffff : System RAM\nfee00000-fee00fff : Local APIC\n100000000-1ffffffff : System RAM\n';
const groups = (machine: string, ...numbers: number[]): ImportFile[] => numbers.map((group) => ({ path: `${machine}/${group}/reserved_regions`, text: MSI, machine, group: String(group) }));

function joined(...inputs: Parameters<typeof importInputs>[0]): string {
  const result = importInputs(inputs);
  assert.ok('text' in result, JSON.stringify(result));
  assert.equal(formattedText(result.text), result.text);
  assert.deepEqual(check(result.text).result.findings.filter(({ rule }) => /syntax|unknown|duplicate|type|value/.test(rule)).map(({ message }) => message), []);
  return result.text;
}

describe('several inputs', () => {
  it('make one host of what sysfs and /proc/iomem tell, and a guest that runs on it', () => {
    const text = joined(
      { format: 'reserved-regions', files: groups('/sys/kernel/iommu_groups', 1, 2) },
      { format: 'iomem', files: [{ path: '/proc/iomem', text: IOMEM }] },
      { format: 'qemu-mtree', files: [fileAt(MTREE_DATA, 'q35-4g.mtree-fo.txt')] },
    );
    assert.deepEqual(text.match(/^(?:host|vm) .*$/gm), ['host machine {', 'vm q35_4g on machine {']);
    assert.equal(text.match(/^ {2}arch x86_64\b/gm)?.length, 1);
    assert.match(text, /^ {2}group 2 \{[^]*^ {2}memory system_ram at 0x1000 \.\.= 0xbfff_ffff/m);
    assert.match(text, /^ {2}\/\/ assign group1, group2$/m);
  });

  it('say of nothing that one of them tells that the other doesn’t tell it', () => {
    const sysfs = { format: 'reserved-regions' as const, files: [{ path: '/sys/kernel/iommu_groups/1/reserved_regions', text: '0x0000000008000000 0x00000000080fffff msi\n' }] };
    const iomem = { format: 'iomem' as const, files: [{ path: '/proc/iomem', text: '40000000-83fffffff : System RAM\n' }] };
    const untold = (...inputs: Parameters<typeof importInputs>[0]): string[] => (joined(...inputs).match(/^.*(?:architecture|aren’t in \/proc\/iomem).*$/gm) ?? []);
    assert.deepEqual(untold(iomem), [
      '// no name in /proc/iomem tells the architecture: write `arch`',
      '// the IOMMU and its groups aren’t in /proc/iomem: /sys/kernel/iommu_groups tells them',
    ]);
    assert.deepEqual(untold(sysfs, iomem), []);
    assert.deepEqual(untold(iomem, sysfs), []);
  });

  it('make a host of each file of reserved regions', () => {
    const text = joined({ format: 'reserved-regions', files: [{ path: 'altra.txt', text: MSI }, { path: 'epyc.txt', text: MSI }, ...groups('lab', 3)] });
    assert.deepEqual(text.match(/^host .*$/gm), ['host altra {', 'host epyc {', 'host machine {']);
  });

  it('tell where two of them don’t go together', () => {
    const result = importInputs([
      { format: 'reserved-regions', files: [{ path: '-', text: '0x0000000008000000 0x00000000080fffff msi\n' }] },
      { format: 'iomem', files: [{ path: '/proc/iomem', text: IOMEM }] },
    ]);
    assert.ok('text' in result);
    assert.ok(result.notes.some((note) => note.includes('`arch arm64` above and `arch x86_64` here don’t go together')));
  });

  it('give a name to the one thing that is meant', () => {
    const input = { format: 'iomem' as const, files: [{ path: 'a.txt', text: IOMEM }, { path: 'b.txt', text: IOMEM }] };
    const result = importInputs([input], { name: 'lab' });
    assert.ok('errors' in result);
    assert.equal(result.errors[0]?.message, 'one name is given, and there are several to name: a, b');
  });
});
