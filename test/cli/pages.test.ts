import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inFolder, vmlayout } from '../support/command-line.js';

// A command line that stands on a page is what was run, and the `text` block right below it is what it printed.

const WEB = (ram: string): string => `host altra {
  arch arm64
  kernel 6.12
  page 4 KiB
  iommu smmu0 {
    model smmu-v3
    granule 4 KiB
    bits 48
    reserved msi at 0x0800_0000 ..= 0x080f_ffff kind sw-msi
  }
  group 14 { device nic "0000:01:00.0" }
}

vm web on altra {
  ram low at ${ram} size 1 GiB backing hugetlb 2 MiB
  assign nic
}
`;

interface Page {
  readonly path: string;
  /** What stands in the folder where its commands are run; that of the examples if left out. */
  readonly files?: Readonly<Record<string, string>>;
  /** What `git show` prints into a command. */
  readonly committed?: string;
}

const PAGES: readonly Page[] = [
  { path: 'docs/exporting.md' },
  { path: 'docs/fleets.md' },
  { path: 'docs/changes.md', files: { 'web.vmlayout': WEB('0'), 'web.vmlayout.abi': '# Written by `vmlayout snapshot --write`.\nvm web: ram low: 0x40000000-0x7fffffff rw\n', 'mtree.txt': 'FlatView #0\n AS "memory", root: system\n Root memory region: system\n  0000000040000000-000000007fffffff (prio 0, ram): mach-virt.ram kvm\n' }, committed: WEB('1 GiB') },
  {
    path: 'docs/ci.md',
    files: {
      'vm.log': 'qemu-system-x86_64: warning: slow\nqemu-system-x86_64: -device vfio-pci,host=0000:81:00.0: Region pc.ram: vfio_container_dma_map(0x55d0c0ffee00, 0x100000000, 0x17f80000000, 0x7f0000000000) = -22 (Invalid argument)\n',
      'terabyte.vmlayout': readFileSync('examples/terabyte.vmlayout', 'utf8'),
    },
  },
];

for (const { path, files, committed = '' } of PAGES) {
  const shown = [...readFileSync(path, 'utf8').matchAll(/^```sh\n(git show \S+ \| )?vmlayout (.*)\n```\n\n```text\n([^]*?)^```$/gm)];
  describe(`commands in ${path}`, () => {
    it('are there', () => assert.ok(shown.length > 0));
    for (const [, shows, command = '', printed] of shown) {
      it(`vmlayout ${command}`, async () => {
        const run = async (folder?: string): Promise<void> => {
          const { out, err } = await vmlayout(command.replace(/ +#.*$/, '').split(' '), { ...(folder === undefined ? {} : { folder }), input: shows ? committed : '' });
          assert.equal(out + err, printed);
        };
        if (files) await inFolder(files, (folder) => run(folder));
        else await run();
      });
    }
  });
}

describe('the example of docs/importing.md', () => {
  it('is what is printed', async () => {
    const [, listing = '', layout = ''] = /<<'LISTING'\n([^]*?)^LISTING\n```\n\n```vmlayout\n([^]*?)^```$/m.exec(readFileSync('docs/importing.md', 'utf8')) ?? [];
    assert.ok(listing !== '' && layout !== '');
    assert.equal((await vmlayout(['import', '-'], { input: listing })).out, layout);
  });
});

describe('commands in the walkthrough', () => {
  // VS Code looks for the page of its own language beside the one that the manifest names.
  for (const page of ['check.md', 'check.nls.de.md']) {
    it(`print what stands in ${page}`, async () => {
      const { out } = await vmlayout(['check', 'examples/doorbell.vmlayout']);
      const [first = ''] = out.split('\n');
      assert.ok(readFileSync(`docs/walkthrough/${page}`, 'utf8').includes(first.replace('examples/', '')), first);
    });
  }
});
