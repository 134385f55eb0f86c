import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { importFormat } from '../../server/core/formats/index.js';
import { check, type Checked } from '../support/check.js';
import { importedLayouts } from './imported.js';

// Real input, from end to end: what QEMU and sysfs print becomes a layout that checks and plans.

const LANGUAGE = new Set(['syntax', 'unknown-name', 'duplicate-name', 'type-mismatch', 'value-range', 'cycle', 'unit-loose']);

describe('every imported layout', () => {
  for (const { name, text } of importedLayouts()) {
    it(`${name} checks without an error of the language`, () => {
      const { result } = check(text);
      assert.deepEqual(result.findings.filter(({ rule }) => LANGUAGE.has(rule)).map(({ message }) => message), []);
    });
  }
});

describe('a dump of a real machine joined with a real host’s ranges', () => {
  const SMMU = '0x0000000008000000 0x00000000080fffff msi\n';
  const INTEL = '0x00000000fee00000 0x00000000feefffff msi\n';
  const AMD = `${INTEL}0x000000fd00000000 0x000000ffffffffff reserved\n`;

  it('meets the doorbell of an x86 host where an arm64 guest has RAM there', () => {
    const checked = joined('virt-64g', INTEL);
    const [plan] = plansOf(checked);
    assert.deepEqual(plan?.maps.map(({ range, verdict }) => [range.base, range.end, verdict.errno]), [[0x4000_0000n, 0x10_4000_0000n, 'EINVAL']]);
    assert.ok(checked.result.findings.some(({ rule, witness }) => rule === 'doorbell-overlap' && witness?.base === 0xfee0_0000n));
  });

  it('is accepted on a host whose window lies elsewhere', () => {
    const [plan] = plansOf(joined('virt-64g', SMMU));
    assert.deepEqual(plan?.maps.map(({ verdict }) => verdict.errno), ['ok']);
  });

  it('meets the HyperTransport range with the high RAM of an Intel guest model', () => {
    const checked = joined('q35-intel-1536g', AMD);
    const refused = plansOf(checked).flatMap(({ maps }) => maps.filter(({ verdict }) => verdict.errno !== 'ok'));
    assert.deepEqual(refused.map(({ range }) => range), [{ base: 0x1_0000_0000n, end: 0x180_8000_0000n }]);
    assert.ok(checked.result.findings.some(({ rule }) => rule === 'reserved-overlap'));
  });

  it('is accepted where QEMU moved the high RAM past that range', () => {
    const [plan] = plansOf(joined('q35-epyc-1536g', AMD));
    assert.deepEqual(plan?.maps.filter(({ verdict }) => verdict.errno !== 'ok'), []);
    assert.ok(plan?.maps.some(({ range }) => range.base === 0x100_0000_0000n));
  });
});

/** The layout of a committed dump on an imported host, with its one device assigned. */
function joined(machine: string, reservedRegions: string): Checked {
  const host = imported('reserved-regions', [{ path: '1/reserved_regions', text: reservedRegions, group: '1' }], {});
  const dump = readFileSync(`test/data/qemu-mtree/${machine}.mtree-fo.txt`, 'utf8');
  const guest = imported('qemu-mtree', [{ path: `${machine}.txt`, text: dump }], { host: { path: 'lab.vmlayout', text: host } });
  assert.match(guest, /\/\/ assign group1\n/);
  return check(guest.replace('// assign group1', 'assign group1'), new Map([['lab.vmlayout', host]]));
}

function imported(...[format, files, options]: Required<Parameters<typeof importFormat>>): string {
  const result = importFormat(format, files, { name: format === 'qemu-mtree' ? 'guest' : 'lab', ...options });
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

const plansOf = (checked: Checked) => checked.result.vms.flatMap(({ plan }) => (plan ? [plan] : []));
