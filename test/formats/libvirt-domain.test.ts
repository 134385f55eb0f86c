import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFormat, type ImportOptions } from '../../server/core/formats/index.js';
import { readLibvirtDomain } from '../../server/core/formats/libvirt-domain.js';
import { readQemuCommandLine } from '../../server/core/formats/qemu-command-line.js';
import type { QemuBackend, QemuMachine } from '../../server/core/formats/qemu-machine.js';
import { mutated } from './mutations.js';

const DOMAIN = `<domain type='kvm'>
  <name>web</name>
  <maxMemory slots='4' unit='GiB'>64</maxMemory>
  <memory unit='MiB'>8192</memory>
  <memoryBacking>
    <hugepages><page size='1' unit='GiB'/></hugepages>
    <access mode='shared'/>
  </memoryBacking>
  <os><type arch='x86_64' machine='pc-q35-9.2'>hvm</type></os>
  <cpu mode='host-passthrough'>
    <numa><cell id='0' cpus='0-3' memory='6' unit='GiB'/></numa>
  </cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <memory model='dimm'><target><size unit='GiB'>2</size><node>0</node></target></memory>
    <hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></hostdev>
    <iommu model='intel'><driver intremap='on' aw_bits='48'/></iommu>
  </devices>
</domain>
`;

function importOf(text: string, options: ImportOptions = {}): { text: string; notes: readonly string[] } {
  const result = importFormat('libvirt-xml', [{ path: 'web.xml', text }], options);
  assert.ok('text' in result, JSON.stringify(result));
  return result;
}

function errorOf(text: string): string {
  const result = importFormat('libvirt-xml', [{ path: 'f', text }]);
  assert.ok('errors' in result, 'expected an error');
  return `${result.errors[0]?.line}: ${result.errors[0]?.message}`;
}

describe('import of libvirt domains', () => {
  it('writes the guest that QEMU’s arguments would give', () => {
    const { text } = importOf(DOMAIN, { host: { path: 'lab.vmlayout', text: 'host lab { device gpu "0000:01:00.0" }' } });
    const args = importFormat('qemu-args', [{ path: 'web.xml', text:
      "qemu-system-x86_64 -name guest=web -nodefaults -machine pc-q35-9.2 -accel kvm -cpu host -m size=6G,slots=4,maxmem=64G -smp 1 -object memory-backend-file,id=ram-node0,mem-path=/dev/hugepages1G/x,size=6G,share=on -numa node,memdev=ram-node0 -object memory-backend-file,id=memdimm0,mem-path=/dev/hugepages1G/x,size=2G,share=on -device pc-dimm,id=dimm0,memdev=memdimm0,node=0 -device vfio-pci,host=0000:01:00.0 -device intel-iommu,aw-bits=48" }],
    { host: { path: 'lab.vmlayout', text: 'host lab { device gpu "0000:01:00.0" }' } });
    assert.ok('text' in args);
    const bare = (layout: string): string => layout.replace(/ *\/\/.*$/gm, '');
    assert.equal(bare(text), bare(args.text));
    assert.match(text, /vm web like q35 on lab \{[^]*hugetlb 1 GiB share label "ram-node0"[^]*assign gpu behind viommu/);
  });

  it('counts in the units of libvirt', () => {
    const sized = (text: string): bigint | undefined => {
      const read = readLibvirtDomain(`<domain type='qemu'><memory ${text}</memory></domain>`);
      assert.ok('machine' in read);
      return read.machine.memory.size;
    };
    assert.deepEqual(["unit='KiB'>1048576", '>1048576', "unit='GiB'>1", "unit='g'>1", "unit='bytes'>1073741824", "unit='KB'>1000", "unit='MiB'>1"].map(sized), [...Array(5).fill(1n << 30n), 1n << 20n, 1n << 20n]);
  });

  it('finds the document in what is pasted with it', () => {
    const pasted = `root@kvm:~# virsh dumpxml web\nsudo: unable to resolve host kvm\n${DOMAIN}\nroot@kvm:~# `;
    assert.equal(importOf(pasted).text, importOf(DOMAIN).text);
    assert.equal(importOf(DOMAIN.replace(/^/gm, '> ')).text, importOf(DOMAIN).text);
    assert.match(errorOf(`$ virsh dumpxml web\n${DOMAIN.replace('</domain>', '')}`), /^2: <domain> isn’t closed/);
    assert.match(errorOf('error: failed to get domain'), /^1: text outside of the root element/);
  });

  it('has the graphics window of the first card, and the firmware', () => {
    const withDevice = (device: string): string => importOf(DOMAIN.replace('<devices>', `<devices>${device}`)).text;
    for (const type of ['vga', 'qxl', 'virtio', 'cirrus']) assert.doesNotMatch(withDevice(`<video><model type='${type}'/></video>`), /VGA/);
    for (const type of ['bochs', 'none', 'ramfb']) assert.match(withDevice(`<video><model type='${type}'/></video>`), /const VGA = false/);
    assert.match(withDevice('<video><model type=\'vga\'/></video><video><model type=\'bochs\' primary=\'yes\'/></video>'), /const VGA = false/);
    assert.match(importOf(DOMAIN.replace('</type>', '</type><loader>/usr/share/seabios/bios.bin</loader>')).notes.join(), /`-bios \/usr\/share\/seabios\/bios.bin` is taken for 256 KiB/);
  });

  it('tells what goes past it to QEMU, and what it doesn’t know', () => {
    const direct = "<qemu:commandline>\n<qemu:arg value='-device'/>\n<qemu:arg value='ivshmem-plain,memdev=x'/>\n</qemu:commandline>\n</domain>";
    assert.match(importOf(DOMAIN.replace('</domain>', direct)).notes.join('\n'), /^line 19: <qemu:commandline> goes to QEMU as it stands, and isn’t read here: -device ivshmem-plain,memdev=x$/m);
    assert.match(importOf(DOMAIN.replace("model='intel'", "model='newer'")).notes.join('\n'), /^line 17: an IOMMU of the model newer is not written$/m);
  });

  it('counts the CPUs that are there at start-up', () => {
    const arm = (vcpu: string): string => importOf(`<domain type='qemu'><memory unit='GiB'>2</memory>${vcpu}<os><type arch='aarch64' machine='virt'>hvm</type></os></domain>`).text;
    assert.match(arm("<vcpu current='2'>8</vcpu>"), /const CPUS = 2$/m);
    assert.match(arm('<vcpu>8</vcpu>'), /const CPUS = 8$/m);
  });

  it('refuses what libvirt refuses, and says where', () => {
    assert.match(errorOf(DOMAIN.replace("machine='pc-q35-9.2'", "machine='pc'")), /^17: an Intel IOMMU is there for q35 machines only/);
    assert.match(errorOf(DOMAIN.replace(/<numa>.*<\/numa>/, '')), /^15: memory hot-plug wants a NUMA node/);
    assert.match(errorOf(DOMAIN.replace("<page size='1' unit='GiB'/>", "<page size='1' unit='GiB' nodeset='3'/>")), /^6: huge pages for node 3/);
    assert.match(errorOf(DOMAIN.replace("<page size='1' unit='GiB'/>", "<page size='1' unit='GiB'/><page size='2' unit='MiB'/>")), /^6: a second size of huge pages/);
    assert.match(errorOf(DOMAIN.replace("unit='MiB'>8192", "unit='parsec'>8192").replace(/<numa>.*<\/numa>/, '').replace(/<maxMemory.*\n/, '')), /^3: `parsec` is no unit/);
    assert.match(errorOf(DOMAIN.replace("memory='6' unit='GiB'", "memory='99999999999' unit='GiB'")), /^11: 99999999999 GiB are more than 2\^64 bytes/);
    assert.match(errorOf(DOMAIN.replace('</node>', "</node><address base='0x10000000000000000'/>")), /^15: `0x10000000000000000` is no address below 2\^64/);
    assert.match(errorOf('<network/>'), /^1: <network> is no <domain>/);
    assert.match(errorOf(DOMAIN.replace('<domain', '<!DOCTYPE d [<!ENTITY a "b">]><domain')), /^1: a document type is refused/);
  });

  it('never throws, whatever is done to a domain', function () {
    this.timeout(60_000);
    const count = mutated([DOMAIN], ["<memory unit='EiB'>", '</target>', "nodeset='0-4095'", '<cell ', "slot='0xffffffff'", '&lt;', '/>', '<domain>', "'"], 600, (text) => {
      const result = importFormat('libvirt-xml', [{ path: 'f', text }]);
      if ('errors' in result) for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.split('\n').length);
    });
    assert.equal(count, 600);
  });
});

const published = join(process.env['VMLAYOUT_CORPUS'] ?? '', 'libvirt');

/** The page that arguments name by the directory it lies in; `host` where libvirt asks the host. */
function pageOf({ hugePage, path = '' }: QemuBackend): string {
  const [, digits, letter] = /hugepages(\d+)([KMG])/.exec(path) ?? [];
  return hugePage === undefined ? (digits === undefined ? '' : `${digits}${letter}`) : hugePage === true ? 'host' : `${hugePage >> (hugePage >= 1n << 30n ? 30n : 20n)}${hugePage >= 1n << 30n ? 'G' : 'M'}`;
}

/** What of a guest shapes its memory map. */
function shapeOf(machine: QemuMachine, isXml: boolean): unknown {
  const backends = machine.backends.filter(({ id }) => !/^(?:shmmem-|memepc)/.test(id));
  return {
    target: machine.target,
    type: machine.type,
    accelerator: machine.accelerator,
    cpu: machine.target === 'ppc64' ? '' : machine.cpu?.model,
    width: [...(machine.cpu?.options ?? [])].filter(([key]) => key.includes('phys')),
    cpus: machine.smp.cpus,
    memory: Object.values(machine.memory).map(String),
    backends: backends.map((backend) => [backend.id, String(backend.size), backend.share, backend.hostNodes]),
    pages: backends.map((backend) => (isXml ? pageOf(backend) : pageOf(backend))),
    nodes: machine.nodes.map(({ number, backend, cpus }) => [number, backend, cpus]),
    devices: machine.memoryDevices.filter(({ kind }) => kind !== 'other').map((device) => [device.id, device.kind, device.backend, device.node, ...[device.address, device.block, device.requested, device.label].map(String)]),
    assigned: machine.assigned.map(({ host }) => host),
    holes: [...machine.globals].filter(([key]) => key.includes('hole')),
    viommus: machine.devices.filter(({ driver }) => /iommu/.test(driver)).map(({ driver, properties }) => [driver.replace(/-pci$/, ''), properties.get('aw-bits')]),
    gic: machine.options.get('gic-version'),
    flashes: machine.flashes,
  };
}

(process.env['VMLAYOUT_CORPUS'] && existsSync(published) ? describe : describe.skip)('libvirt’s own domains', () => {
  it('are the guests that libvirt starts, and are refused where libvirt refuses them', () => {
    const names = readdirSync(published);
    const counted = { same: 0, refused: 0, unmodelled: 0 };
    for (const name of names.filter((one) => one.endsWith('.xml'))) {
      const text = readFileSync(join(published, name), 'utf8');
      const beside = (ending: string): string | undefined => names.find((one) => one.startsWith(`${name.slice(0, -4)}.`) && one.endsWith(ending));
      const read = readLibvirtDomain(text);
      if (beside('.err') !== undefined) {
        assert.ok('message' in read, `${name} is accepted`);
        counted.refused += 1;
        continue;
      }
      assert.ok('machine' in read, `${name}: ${'message' in read ? read.message : ''}`);
      const args = readQemuCommandLine(readFileSync(join(published, beside('.args') ?? ''), 'utf8'));
      assert.ok('machine' in args, name);
      const [mine, expected] = [shapeOf(read.machine, true), shapeOf(args.machine, false)] as { pages: string[] }[];
      assert.ok(mine && expected);
      // Which page the host has as its own isn’t in the domain.
      const pages = mine.pages.map((page, index) => (page === 'host' ? (expected.pages[index] ?? page) : page));
      assert.deepEqual({ ...mine, pages }, expected, name);
      counted.same += 1;
      const result = importFormat('libvirt-xml', [{ path: name, text }]);
      if ('errors' in result) {
        assert.match(result.errors[0]?.message ?? '', /has no model of the machine `pseries`/, name);
        counted.unmodelled += 1;
      }
    }
    assert.deepEqual(counted, { same: 31, refused: 6, unmodelled: 2 });
  });
});
