import assert from 'node:assert/strict';
import { assertMisuse, checkGolden, inFolder, vmlayout } from '../support/command-line.js';
import { violations } from '../support/json-schema.js';
import { outputSchema } from '../support/machine-output.js';

// `explain --log`: from a line of a log to the region, the rule and the fix.

const LOG = `-device vfio-pci,host=0000:81:00.0: VFIO_MAP_DMA failed: Invalid argument
qemu-system-x86_64: -device vfio-pci,host=0000:81:00.0: vfio 0000:81:00.0: memory listener initialization failed: Region pc.ram: vfio_container_dma_map(0x55d0c0ffee00, 0x100000000, 0x17f80000000, 0x7f0000000000) = -22 (Invalid argument)
kernel: vfio_pin_pages_remote: RLIMIT_MEMLOCK (8388608) exceeded
`;

interface Output {
  readonly errors: readonly {
    readonly rule?: string;
    readonly reason: string;
    readonly regions: readonly { readonly vm: string; readonly name: string; readonly base: string }[];
    readonly planned: readonly string[];
    readonly fixes: readonly string[];
  }[];
}

const explained = async (log: string, ...layout: string[]): Promise<Output['errors']> => {
  const { status, out } = await vmlayout(['explain', '--log', '-', ...layout, '--format', 'json'], { input: log });
  assert.equal(status, 0);
  assert.deepEqual(violations(JSON.parse(out), outputSchema('explain-log')), []);
  return (JSON.parse(out) as Output).errors;
};

describe('vmlayout explain --log', () => {
  it('names the region, the rule and the fixes of the layout', async () => {
    await inFolder({ 'vm.log': LOG }, async (folder) => {
      const { status, out, err } = await vmlayout(['explain', '--log', `${folder}/vm.log`, 'examples/terabyte.vmlayout']);
      assert.deepEqual({ status, err }, { status: 0, err: '' });
      checkGolden('explain-log.txt', out.replaceAll(folder, 'FOLDER'));
    });
    const [error] = await explained(LOG, 'examples/terabyte.vmlayout');
    assert.deepEqual(error?.regions.map(({ vm, name, base }) => `${vm}.${name} ${base}`), ['training.high 0x100000000']);
    assert.equal(error?.rule, 'reserved-overlap');
    assert.match(error.reason, /`hypertransport`/);
    assert.ok(error.fixes.some((fix) => /^Split `high` around/.test(fix)));
  });

  it('explains without a layout, too', async () => {
    const [error, memlock] = await explained(LOG);
    assert.deepEqual([error?.rule, error?.regions, error?.planned], ['reserved-overlap', [], []]);
    assert.match(error?.reason ?? '', /HyperTransport range of AMD hosts \(0xfd00000000-0xffffffffff\)/);
    assert.equal(memlock?.rule, 'memlock-limit');
  });

  it('says where the machine isn’t as the layout says', async () => {
    const [error] = await explained('vfio_container_dma_map(0x1, 0x0, 0x8000000, 0x2) = -22 (Invalid argument)', 'examples/written-maps.vmlayout');
    assert.match(error?.planned[0] ?? '', /^vm router on altra: by this layout it is allowed, so the machine isn’t as the layout says/);
    const [beyond] = await explained('vfio_container_dma_map(0x1, 0x4000000000000, 0x8000000, 0x2) = -22 (Invalid argument)', 'examples/written-maps.vmlayout');
    assert.match(beyond?.planned[0] ?? '', /^vm router on altra: the IOMMU translates 0x0-0xffffffffffff only$/);
  });

  it('takes from the layout only what is of such a machine', async () => {
    const layout = 'host h {\n  arch x86_64\n  page 4 KiB\n}\nvm big on h {\n  vmm qemu\n  bits 40\n  ram high at 0 size 2 TiB\n}\n';
    await inFolder({ 'big.vmlayout': layout }, async (folder) => {
      const reasonOf = async (line: string): Promise<string | undefined> => (await explained(`qemu: ${line}\n`, `${folder}/big.vmlayout`))[0]?.reason;
      assert.match((await reasonOf('Address space limit 0xffffffffff < 0x1ffffffffff phys-bits too low (40)')) ?? '', /^`high` reaches past the 40 bits of the guest/);
      assert.match((await reasonOf('Address space limit 0xfffffffff < 0x1ffffffffff phys-bits too low (36)')) ?? '', /^the highest address, 0x1ffffffffff, needs 41 bits/);
      for (const bits of [36, 40]) {
        const reason = await reasonOf(`Addressing limited to ${bits} bits, but memory exceeds it by 1073741824 bytes`);
        assert.equal(reason, `the guest’s memory begins at 1 GiB and ends 1 GiB past 2^${bits}`);
      }
    });
  });

  it('says of a BAR under iommufd what the check says', async () => {
    const [error] = await explained('qemu: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?\n');
    assert.match(error?.reason ?? '', /by its address iommufd maps no BAR .*; from Linux 6\.19 on a VMM can ask for it as a dma-buf/);
  });

  it('refuses what it can’t explain', async () => {
    assertMisuse(await vmlayout(['explain', '--log', '-'], { input: 'all is well\n' }), '<stdin>: no line of it is a message that is known here');
    assertMisuse(await vmlayout(['explain', '--log', 'none.log']), 'none.log: there is no such file');
    assertMisuse(await vmlayout(['explain', '--log', '-', 'none.vmlayout'], { input: LOG }), 'none.vmlayout: there is no such file');
    assertMisuse(await vmlayout(['explain', '--log', '-', 'a', 'b'], { input: LOG }), 'explain: one layout at a time');
    assertMisuse(await vmlayout(['explain', 'block-split', '--format', 'json']), 'explain: `--format` and `--today` go with `--log`');
  });
});
